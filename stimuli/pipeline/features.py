"""Measures on the mesh for the five published features of facial trustworthiness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stimuli.pipeline.base_mesh import BODY_VERTICES, Floats, base_mesh, nearest


def _eye_height(v: Floats) -> float:
    groups = base_mesh().groups
    return float(v[np.concatenate([groups["helper-l-eye"], groups["helper-r-eye"]]), 1].mean())


def _both_sides(x: float, y: float, z: float) -> list[int]:
    return [nearest(x, y, z), nearest(-x, y, z)]


def inner_brow_height(v: Floats) -> float:
    """Height of the brows' inner ends over the centres of the eyes, mm."""
    return 100 * (float(v[_both_sides(0.13, 7.52, 1.47), 1].mean()) - _eye_height(v))


def mouth_corner_height(v: Floats) -> float:
    """Height of the mouth's corners over the middle of the lips' seam, mm."""
    corners = v[_both_sides(0.262, 6.655, 1.33), 1].mean()
    return 100 * float(corners - v[nearest(0.0, 6.60, 1.5), 1])


def cheekbone_fullness(v: Floats) -> float:
    """How far the cheekbones stand out from the ears' plane to the front and side, mm."""
    cheeks = v[_both_sides(0.52, 7.02, 1.15)]
    return 100 * float((np.abs(cheeks[:, 0]) + cheeks[:, 2]).mean() / np.sqrt(2))


def chin_width(v: Floats) -> float:
    """Distance between the two sides of the chin, mm."""
    left, right = _both_sides(0.25, 6.33, 1.30)
    return 100 * float(np.linalg.norm(v[left] - v[right]))


def bridge_shallowness(v: Floats) -> float:
    """Minus the depth of the nose bridge behind the line from glabella to tip, mm: grows as the bridge shallows."""
    middle = np.abs(base_mesh().vertices[:BODY_VERTICES, 0]) < 1e-3
    base = base_mesh().vertices[:BODY_VERTICES]
    profile = middle & (base[:, 2] > 1.4) & (base[:, 1] > 6.85) & (base[:, 1] < 7.6)
    line = v[:BODY_VERTICES][profile][:, 1:]
    tip = line[np.argmax(line[:, 1])]
    glabella = v[nearest(0.0, 7.55, 1.55), 1:]
    along = (tip - glabella) / np.linalg.norm(tip - glabella)
    between = (line[:, 0] < glabella[0]) & (line[:, 0] > tip[0])
    offset = line[between] - glabella
    depth = along[0] * offset[:, 1] - along[1] * offset[:, 0]
    return -100 * float(np.abs(depth).max())


FEATURES: dict[str, Callable[[Floats], float]] = {
    "inner brow height": inner_brow_height,
    "mouth-corner height": mouth_corner_height,
    "cheekbone fullness": cheekbone_fullness,
    "chin width": chin_width,
    "shallowness of the nose bridge": bridge_shallowness,
}
