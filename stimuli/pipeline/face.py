"""From an identity and an axis value to vertex positions: macro targets, alignment, torso, trust.

All heads are brought into the base mesh's frame, so that eye height, camera and light agree over identities and hair
grown on the base head fits everyone with a small warp.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from stimuli.pipeline.base_mesh import (
    BODY_VERTICES,
    Floats,
    base_mesh,
    nearest,
    skin_weights,
    smooth_step,
    weighted_sum,
)
from stimuli.pipeline.identity import Identity
from stimuli.pipeline.trust_axis import trust_offset

# Without these the base faces look stern.
NEUTRAL = {"unit/browInnerUp": 0.20, "mouth/mouth-angles-up": 0.18}
MALE_LIDS = {"unit/eyeWideLeft": 0.15, "unit/eyeWideRight": 0.15}
"""The men's base lids hang over a third of the pupil; opened at every level alike."""
MALE_HEAD = 1.025
"""Men's heads are a little larger than women's of the same picture size."""
ARM_DROP_DEG = 30.0
LIPS_OVERLAP = 0.008
"""How far (dm) the lips' inner edges overlap, of which the subdivided surface keeps less."""
UPPER_LIP_EDGE = (
    (0.0, 6.608, 1.553),
    (0.047, 6.611, 1.549),
    (0.101, 6.613, 1.545),
    (0.156, 6.615, 1.516),
    (0.212, 6.615, 1.449),
)
LOWER_LIP_EDGE = (
    (0.0, 6.601, 1.540),
    (0.051, 6.601, 1.534),
    (0.111, 6.604, 1.517),
    (0.172, 6.600, 1.479),
    (0.212, 6.602, 1.437),
)


@dataclass(frozen=True)
class Rest:
    """An identity's neutral vertices (19158, 3) in dm, and the rotation and scale that brought them into frame."""

    vertices: Floats
    turn: Floats


def neutral(person: Identity) -> Rest:
    """The identity at trust 0, head in the base mesh's frame, on the torso of its sex."""
    mesh = base_mesh()
    shape = mesh.vertices + _macro(person.sex, person.ancestry, person.old)
    scale = MALE_HEAD if person.sex == "male" else 1.0
    head, turn = _aligned(shape, scale)
    lids = MALE_LIDS if person.sex == "male" else {}
    head = head + weighted_sum({**NEUTRAL, **lids, **person.targets}) @ turn.T
    torso = _torso(person.sex)
    share = smooth_step(mesh.vertices[:, 1], 5.75, 6.30)
    share = np.maximum(
        share, smooth_step(mesh.vertices[:, 2], 0.9, 1.1) * (mesh.vertices[:, 1] > 6.1)
    )[:, None]
    return Rest(_lips_closed(share * head + (1 - share) * torso), turn)


def vertices(person: Identity, trust: float) -> Floats:
    """The identity's vertices (19158, 3) in dm at an axis value."""
    rest = neutral(person)
    return _lips_closed(rest.vertices + trust_offset(trust) @ rest.turn.T)


def _lips_closed(v: Floats) -> Floats:
    """Brings the lips together where they gape: v (19158, 3), the lips' inner edges overlapping by `LIPS_OVERLAP`.

    Ancestries, ages and lip volumes each part the base mesh's lips by up to 3.5 mm, and one looks into a black
    cavity. The target that closes a mouth says which vertices go with which lip; here both go half the way, weighted
    along the seam by the gap that is there, and kept to the lips, so that chin and corners stay.
    """
    mesh = base_mesh()
    x, y, _ = mesh.vertices.T
    lift = weighted_sum({"unit/mouthClose": 1.0})[:, 1]
    near = smooth_step(y, 6.40, 6.55) * (1 - smooth_step(y, 6.66, 6.78))
    near *= 1 - smooth_step(np.abs(x), 0.225, 0.265)
    out = v.copy()
    for sign, side in ((-1.0, x < 0), (1.0, x >= 0)):
        upper = [nearest(sign * a, b, c) for a, b, c in UPPER_LIP_EDGE]
        lower = [nearest(sign * a, b, c) for a, b, c in LOWER_LIP_EDGE]
        along, below = np.abs(x[upper]), np.abs(x[lower])
        gap = v[upper, 1] - np.interp(along, below, v[lower, 1])
        lift_below = np.interp(along, below, lift[lower])
        weight = (gap + LIPS_OVERLAP) / (lift_below - lift[upper])
        where = np.abs(x[side])
        middle = np.interp(where, along, (lift_below + lift[upper]) / 2)
        out[side, 1] += np.interp(where, along, weight) * (lift[side] - middle) * near[side]
    return out


def eye(v: Floats, side: str) -> tuple[Floats, float]:
    """Centre (3,) and mean radius in dm of the `l` or `r` eyeball."""
    points = v[base_mesh().groups[f"helper-{side}-eye"]]
    centre = points.mean(0)
    return centre, float(np.linalg.norm(points - centre, axis=1).mean())


def _macro(sex: str, ancestry: dict[str, float], old: float) -> Floats:
    weights = {}
    for age, share in (("young", 1 - old), ("old", old)):
        for name, part in ancestry.items():
            weights[f"macrodetails/{name}-{sex}-{age}"] = share * part
        weights[f"macrodetails/universal-{sex}-{age}-averagemuscle-averageweight"] = share
    return weighted_sum(weights)


@cache
def _torso(sex: str) -> Floats:
    """A torso in the base head's frame, arms lowered; the same for everyone of a sex, so that clothes always fit."""
    shape = base_mesh().vertices + _macro(sex, {"caucasian": 1.0}, 0.0)
    shape, _ = _aligned(shape, MALE_HEAD if sex == "male" else 1.0)
    return _arms_lowered(shape)


def _aligned(shape: Floats, scale: float) -> tuple[Floats, Floats]:
    """Rotate, scale and move a shape so that its skull lies on the base mesh's (similarity by least squares)."""
    base = base_mesh().vertices
    skull = np.zeros(len(base), bool)
    skull[:BODY_VERTICES] = (base[:BODY_VERTICES, 1] > 7.1) & (base[:BODY_VERTICES, 2] > -1)
    eyes = np.concatenate([base_mesh().groups["helper-l-eye"], base_mesh().groups["helper-r-eye"]])
    mean_from, mean_to = shape[skull].mean(0), base[skull].mean(0)
    a, b = shape[skull] - mean_from, base[skull] - mean_to
    u, s, vt = np.linalg.svd(b.T @ a)
    rotation = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
    turn = rotation * (scale * s.sum() / (a**2).sum())
    moved = (shape - mean_from) @ turn.T + mean_to
    moved[:, 1:] += (base[eyes].mean(0) - moved[eyes].mean(0))[1:]  # eyes at one height and depth
    return moved, turn


def _arms_lowered(shape: Floats) -> Floats:
    """The rest pose has the arms out; turn them down about the shoulder joints."""
    out = shape.copy()
    for side, sign in (("L", 1.0), ("R", -1.0)):
        joint = shape[base_mesh().groups[f"joint-{side.lower()}-shoulder"]].mean(0)
        weight = np.sum([skin_weights(f"{bone}.{side}") for bone in ARM_BONES], axis=0)
        angle = np.radians(-ARM_DROP_DEG * sign)
        spin = np.array(
            [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
        )
        out += weight[:, None] * ((shape - joint) @ spin.T + joint - shape)
    return out


ARM_BONES = ("upperarm01", "upperarm02", "lowerarm01", "lowerarm02")
