"""Eyebrows as strands, rooted on the face itself so that they follow the brow at every trust level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.ndimage import gaussian_filter

from stimuli.pipeline.base_mesh import Floats, smooth_step
from stimuli.pipeline.identity import Identity
from stimuli.pipeline.surface import Surface

POINTS = 7


@dataclass(frozen=True)
class BrowShape:
    """The middle line in rest x, y (dm, left brow, from the nose outwards) and the thickness at its points (dm)."""

    line: tuple[tuple[float, float], ...]
    thickness: tuple[float, ...]


BROWS = {
    "soft arch": BrowShape(
        (
            (0.125, 7.456),
            (0.22, 7.493),
            (0.33, 7.508),
            (0.43, 7.502),
            (0.50, 7.483),
            (0.555, 7.440),
        ),
        (0.052, 0.060, 0.052, 0.040, 0.026, 0.008),
    ),
    "straight": BrowShape(
        (
            (0.130, 7.458),
            (0.23, 7.486),
            (0.34, 7.505),
            (0.43, 7.500),
            (0.50, 7.478),
            (0.550, 7.446),
        ),
        (0.056, 0.062, 0.054, 0.044, 0.028, 0.010),
    ),
    "full": BrowShape(
        (
            (0.105, 7.462),
            (0.20, 7.488),
            (0.32, 7.510),
            (0.43, 7.510),
            (0.51, 7.483),
            (0.565, 7.443),
        ),
        (0.054, 0.066, 0.060, 0.050, 0.033, 0.011),
    ),
    "flat": BrowShape(
        (
            (0.115, 7.456),
            (0.21, 7.478),
            (0.33, 7.496),
            (0.43, 7.496),
            (0.51, 7.476),
            (0.560, 7.443),
        ),
        (0.070, 0.080, 0.072, 0.058, 0.038, 0.014),
    ),
}


@dataclass(frozen=True)
class Placed:
    """Strands as rest x, y of each point (n, points, 2) and height over the skin (n, points), dm.

    Made once for an identity, then laid on the face at any trust level: the same hairs every time.
    """

    xy: Floats
    height: Floats


def brow_strands(person: Identity, rng: np.random.Generator) -> Placed:
    """Both brows."""
    shape = BROWS[person.brow]
    count = 1200 if person.sex == "male" else 1350
    inner_angle, outer_angle = (60.0, -6.0) if person.sex == "male" else (46.0, -10.0)
    knots = np.linspace(0, 1, len(shape.line))
    line = make_interp_spline(knots, np.array(shape.line), k=3)
    fine = np.linspace(0, 1, 200)
    share = np.cumsum(np.interp(fine, knots, shape.thickness))  # as many hairs as there is room for
    along = np.interp(rng.random(count), share / share[-1], fine)
    along = np.where(along < 0.06, along + 0.12 * rng.random(count) ** 2, along)  # a soft inner end
    across = np.clip(rng.normal(0, 0.55, count), -1, 1)
    middle, slope = line(along), line.derivative()(along)
    normal = np.stack([-slope[:, 1], slope[:, 0]], 1) / np.linalg.norm(slope, axis=1, keepdims=True)
    half = 0.5 * np.interp(along, knots, shape.thickness)
    side = rng.choice([-1.0, 1.0], count)
    root = middle + normal * (across * half)[:, None] + rng.normal(0, 0.0018, (count, 2))
    angle = np.radians(
        inner_angle * (1 - along) ** 1.5 + outer_angle * along + rng.normal(0, 8, count)
    )
    angle -= (
        np.radians(15) * across * np.clip(along * 4, 0, 1)
    )  # upper hairs lie down, lower ones stand up
    length = (
        rng.uniform(0.045, 0.075, count)
        * (1 - 0.35 * along)
        * (0.6 + 0.4 * smooth_step(along, 0.0, 0.15))
    )
    length *= 0.85
    t = np.linspace(0, 1, POINTS)[None]
    bend = angle[:, None] - np.radians(20) * t
    step = length[:, None] / (POINTS - 1)
    zero = np.zeros((count, 1))
    dx = np.concatenate([zero, np.cumsum(np.cos(bend[:, 1:]) * step, 1)], 1)
    dy = np.concatenate([zero, np.cumsum(np.sin(bend[:, 1:]) * step, 1)], 1)
    xy = root[:, None] + np.stack([dx, dy], 2)
    xy[..., 0] *= side[:, None]
    height = (0.008 + 0.005 * rng.random((count, 1))) * np.sin(t * 2.4) - 0.002
    return Placed(xy, height)


def brow_shadow(
    placed: Placed,
    width: int,
    height: int,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
) -> Floats:
    """How much the skin darkens below the brows, (height, width), 0-1, in the skin maps' front plane."""
    points = placed.xy[:, : POINTS // 2 + 1].reshape(-1, 2)
    column = ((points[:, 0] - x_range[0]) / (x_range[1] - x_range[0]) * width).astype(int)
    row = ((y_range[1] - points[:, 1]) / (y_range[1] - y_range[0]) * height).astype(int)
    out = np.zeros((height, width))
    np.add.at(out, (row, column), 1.0)
    out = gaussian_filter(out, 8)
    return np.clip(out / np.quantile(out[out > 0.01], 0.8), 0, 1)


def lay(placed: Placed, surface: Surface, *, forward: bool = False) -> Floats:
    """Puts strands on a face: (n, points, 3) in dm.

    Roots and points are found by their rest x and y on the front of the skin; `forward` lifts along z from the root
    (lashes) rather than along the skin's normal (brows).
    """
    count, points = placed.xy.shape[:2]
    if forward:
        root = _on_skin(surface, placed.xy[:, 0])
        strands = np.repeat(root[:, None], points, 1)
        strands[..., :2] += placed.xy - placed.xy[:, :1]
        strands[..., 2] += placed.height
        return strands
    flat = placed.xy.reshape(-1, 2)
    where = _on_skin(surface, flat)
    _, near = surface.front.query(flat)
    normal = surface.normals[surface.facing][near]
    return (where + normal * placed.height.reshape(-1, 1)).reshape(count, points, 3)


def _on_skin(surface: Surface, xy: Floats) -> Floats:
    """Skin positions (n, 3) at rest x, y: inverse-distance mean of the nearest front points."""
    distance, near = surface.front.query(xy, k=4)
    weight = 1 / (np.asarray(distance) + 1e-4) ** 2
    weight /= weight.sum(1, keepdims=True)
    return (surface.points[surface.facing][near] * weight[..., None]).sum(1)
