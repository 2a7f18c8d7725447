"""Flaps of cloth (lapels, collars, bands): grids that start at a line and are laid over a shell step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.interpolate import make_interp_spline

from stimuli.pipeline.base_mesh import Floats
from stimuli.pipeline.blender import add_mesh, set_attribute
from stimuli.pipeline.cloth_shell import Shell


def curve(points: list[tuple[float, float, float]], count: int) -> Floats:
    """A smooth line (count, 3) through points in dm, evenly spaced."""
    knots = np.array(points)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    dense = make_interp_spline(along, knots, k=min(3, len(knots) - 1))(
        np.linspace(0, along[-1], 600)
    )
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1))])
    return np.stack(
        [np.interp(np.linspace(0, length[-1], count), length, dense[:, i]) for i in range(3)], 1
    )


def drape(
    shell: Shell,
    start: Floats,
    across: Floats,
    width: Floats,
    gap: Floats,
    steps: int = 14,
    stiff: float = 0.6,
) -> Floats:
    """A flap (n, steps + 1, 3) that starts at `start` (n, 3) and goes `width` (n,) dm towards `across` (n, 3).

    `gap` (steps + 1,) is the height over the shell along the way; `stiff` is how straight it goes.
    """
    grid = np.empty((len(start), steps + 1, 3))
    grid[:, 0] = shell.push_out(start, gap[0])
    point, normal = shell.lie_on(start, gap[0])
    direction = _along(across, normal)
    step = (width / steps)[:, None]
    for k in range(1, steps + 1):
        point, normal = shell.lie_on(point + direction * step, gap[k])
        grid[:, k] = point
        direction = _along(stiff * direction + (1 - stiff) * across, normal)
    return grid


def band(line: Floats, normal: Floats, width: float, thick: float, around: int = 10) -> Floats:
    """A rounded flat band along a line (n, 3): a grid (n, around + 1, 3), closed around."""
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    side = np.cross(normal, tangent)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    out = np.cross(tangent, side)
    angle = np.linspace(0, 2 * np.pi, around + 1)
    # a superellipse: flat with round edges
    flat = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.6 * width / 2
    high = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.6 * thick / 2
    return line[:, None] + flat[None, :, None] * side[:, None] + high[None, :, None] * out[:, None]


def add_sheet(
    name: str, grid: Floats, material: Any, *, thick: float = 0.02, smooth_edges: bool = True
) -> Any:
    """A grid (n, m, 3) as a sheet of cloth `thick` dm deep, with attribute `edge` 0 at its start and 1 at its rim."""
    n, m = grid.shape[:2]
    index = np.arange(n * m).reshape(n, m)
    faces = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], -1).reshape(
        -1, 4
    )
    sheet = add_mesh(name, grid.reshape(-1, 3), faces, material)
    rim = np.broadcast_to(np.linspace(0, 1, m), (n, m))
    set_attribute(sheet, "edge", rim.ravel())
    if thick:
        solid = sheet.modifiers.new("thick", "SOLIDIFY")
        solid.thickness = thick / 10
        solid.offset = 0.0
        solid.use_even_offset = False
    if smooth_edges:
        smoothing = sheet.modifiers.new("smooth", "SUBSURF")
        smoothing.levels = smoothing.render_levels = 1
    return sheet


def mirrored(grid: Floats) -> Floats:
    """The other side's flap, its normals kept outward."""
    return (grid * (-1, 1, 1))[::-1]


def _along(direction: Floats, normal: Floats) -> Floats:
    flat = direction - (direction * normal).sum(1, keepdims=True) * normal
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
