"""The trust axis: which targets move a face from -3 (looks untrustworthy) to +3 (looks trustworthy).

Directions follow the published face model (Oosterhof & Todorov 2008; Todorov et al. 2013): towards trustworthy, inner
brows rise, mouth corners turn up, cheekbones grow fuller, the chin widens, the nose bridge shallows. The units are
arbitrary and not standard deviations of anyone's judgements. Most of the movement is bone structure, so that low isn't
just anger and high isn't just a smile. Eye size, opening, spacing and head roundness stay out: they would add a
babyface dimension.
"""

from __future__ import annotations

import numpy as np

from stimuli.pipeline.base_mesh import BODY_VERTICES, Floats, base_mesh, smooth_step, weighted_sum
from stimuli.pipeline.errors import BAD_INPUT, PipelineError

LEVELS = {"low": -2.0, "neutral": 0.0, "high": 2.0}
LIMIT = 3.0
EXPRESSION = ("unit/", "mouth/mouth-angles")
"""Beginnings of the targets that are facial actions rather than structure."""

# Weights at +2 and at -2.
HIGH = {
    "unit/browInnerUp": 0.08,
    "unit/mouthSmileLeft": 0.02,
    "unit/mouthSmileRight": 0.02,
    "mouth/mouth-angles-up": 0.20,
    "cheek/lr-cheek-bones-incr": 0.80,
    "cheek/lr-cheek-inner-incr": 0.20,
    "cheek/lr-cheek-volume-incr": 0.40,
    "chin/chin-width-incr": 0.28,
    "head/head-fat-incr": 0.04,
    "eyebrows/eyebrows-trans-up": 0.18,
    "eyebrows/eyebrows-trans-backward": 0.75,
    "nose/nose-greek-incr": 0.35,
    "nose/nose-point-width-incr": 0.15,
    "mouth/mouth-lowerlip-volume-incr": 0.20,
    "mouth/mouth-upperlip-volume-incr": 0.15,
    "mouth/mouth-scale-horiz-incr": 0.10,
}
LOW = {
    "unit/browInnerUp": -0.10,
    "unit/mouthFrownLeft": 0.05,
    "unit/mouthFrownRight": 0.05,
    "mouth/mouth-angles-down": 0.14,
    "cheek/lr-cheek-bones-decr": 0.90,
    "cheek/lr-cheek-inner-decr": 0.50,
    "cheek/lr-cheek-volume-decr": 0.60,
    "chin/chin-width-decr": 0.60,
    "chin/chin-triangle": 0.35,
    "head/head-fat-decr": 0.20,
    "eyebrows/eyebrows-trans-down": 0.13,
    "eyebrows/eyebrows-trans-forward": 0.50,
    "nose/nose-greek-decr": 0.25,
    "nose/nose-point-width-decr": 0.20,
    "mouth/mouth-upperlip-volume-decr": 0.30,
    "mouth/mouth-lowerlip-volume-decr": 0.25,
    "mouth/mouth-scale-horiz-decr": 0.10,
}


def trust_offset(trust: float) -> Floats:
    """Offsets (19158, 3) in dm, on the base mesh, for an axis value; zero at neutral and outside the face.

    PipelineError where the value is outside -3 ... +3.
    """
    if not -LIMIT <= trust <= LIMIT:  # also refuses NaN
        raise PipelineError(
            f"trust {trust:g} is outside the axis, which runs from -3 to +3.", BAD_INPUT
        )
    if trust == 0:
        return np.zeros_like(base_mesh().vertices)
    side = HIGH if trust > 0 else LOW
    return _moved({name: weight * abs(trust) / 2 for name, weight in side.items()}, trust > 0)


def movement(trust: float) -> tuple[float, float]:
    """Mean vertex movement on the face (mask above one half) in mm: by expression alone, by bone and volume alone.

    Expression is what muscles do: the facial actions and the raising or lowering of the mouth's corners.
    """
    side = HIGH if trust > 0 else LOW
    on_face = face_mask()[:BODY_VERTICES] > 0.5
    means = []
    for wanted in (True, False):
        part = {
            name: weight * abs(trust) / 2
            for name, weight in side.items()
            if name.startswith(EXPRESSION) == wanted
        }
        offset = _moved(part, trust > 0)[:BODY_VERTICES][on_face]
        means.append(100 * float(np.linalg.norm(offset, axis=1).mean()))
    return means[0], means[1]


def _moved(weights: dict[str, float], high: bool) -> Floats:
    offset = weighted_sum(weights) * face_mask()[:, None]
    if high:
        offset[:, 0] *= 1 - 0.75 * _flank()
    return offset


def _flank() -> Floats:
    """1 beside the cheekbones and 0 elsewhere, (19158,): fuller cheeks go forwards, or jowls bulge before the ears."""
    x, y, _ = base_mesh().vertices.T
    return smooth_step(np.abs(x), 0.50, 0.68) * smooth_step(y, 6.55, 6.75)


def face_mask() -> Floats:
    """1 on the face and 0 on ears, scalp, neck and eyeballs, (19158,): hair, clothes and gaze stay as they are."""
    mesh = base_mesh()
    _, y, z = mesh.vertices.T
    mask = smooth_step(z, 0.35, 0.85) * smooth_step(y, 6.0, 6.28) * (1 - smooth_step(y, 7.75, 8.05))
    for eye in ("helper-l-eye", "helper-r-eye"):
        mask[mesh.groups[eye]] = 0
    return mask
