"""Flaps of cloth (lapels, collars, bands): grids that start at a line and are laid over a shell step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.spatial import cKDTree

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


def even(grid: Floats, degree: int = 5) -> Floats:
    """A flap (n, m, 3) whose width and direction change evenly along its line: no waves at its edge."""
    s = np.linspace(-1, 1, len(grid))
    away = (grid - grid[:, :1]).reshape(len(grid), -1)
    fitted = np.polynomial.polynomial.polyval(
        s, np.polynomial.polynomial.polyfit(s, away, degree)
    ).T
    return np.asarray(grid[:, :1] + fitted.reshape(grid.shape))


def between(start: Floats, rim: Floats, first: Floats, last: Floats) -> Floats:
    """A flap (n, m, 3) that fills four lines: start and rim (n, 3), first and last row (m, 3), corners shared."""
    t = np.linspace(0, 1, len(start))[:, None, None]
    u = np.linspace(0, 1, len(first))[None, :, None]
    ruled = (1 - u) * start[:, None] + u * rim[:, None]
    rows = (1 - t) * first[None] + t * last[None]
    corners = (1 - t) * ((1 - u) * first[0] + u * first[-1]) + t * (
        (1 - u) * last[0] + u * last[-1]
    )
    return np.asarray(ruled + rows - corners)


def polyline(corners: list[Floats], count: int) -> Floats:
    """Straight from corner to corner (count, d), with a point at each corner; evenly spaced within a stretch."""
    knots = np.array(corners)
    length = np.linalg.norm(np.diff(knots, axis=0), axis=1)
    at = np.concatenate([[0], np.round(np.cumsum(length) / length.sum() * (count - 1))])
    return np.stack(
        [np.interp(np.arange(count), at, knots[:, i]) for i in range(knots.shape[1])], 1
    )


def mitred(grid: Floats) -> Floats:
    """A band (n, m, 3) that starts at the body's middle, cut there so that it meets its mirror image."""
    start = grid[0] - (grid[1] - grid[0]) * 12
    out = np.empty_like(grid)
    for j in range(grid.shape[1]):
        path = np.concatenate([start[None, j], grid[:, j]])
        path = path[
            np.concatenate([path[1:, 0] > 0, [True]])
        ]  # from the last point behind the middle
        part = -path[0, 0] / (path[1, 0] - path[0, 0])
        path[0] += part * (path[1] - path[0])
        length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
        even_ = np.linspace(0, length[-1], len(grid))
        out[:, j] = np.stack([np.interp(even_, length, path[:, i]) for i in range(3)], 1)
    return out


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
    name: str,
    grid: Floats,
    material: Any,
    *,
    thick: float = 0.02,
    hem_first: bool = False,
    hem_last: bool = False,
) -> Any:
    """A grid (n, m, 3) as a sheet of cloth `thick` dm deep; attribute `edge` is how far it is to a hem, in dm.

    Its rim is hemmed, and its first row with `hem_first`, its last with `hem_last`.
    """
    n, m = grid.shape[:2]
    index = np.arange(n * m).reshape(n, m)
    faces = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], -1).reshape(
        -1, 4
    )
    sheet = add_mesh(name, grid.reshape(-1, 3), faces, material)
    hems = [grid[:, -1]] + [grid[0]] * hem_first + [grid[-1]] * hem_last
    dense = np.concatenate(
        [
            hem[:-1, None] + np.linspace(0, 1, 8)[None, :, None] * np.diff(hem, axis=0)[:, None]
            for hem in hems
        ]
    )
    away, _ = cKDTree(dense.reshape(-1, 3)).query(grid.reshape(-1, 3))
    set_attribute(sheet, "edge", np.asarray(away))
    if thick:
        solid = sheet.modifiers.new("thick", "SOLIDIFY")
        solid.thickness = thick / 10
        solid.offset = 0.0
        solid.use_even_offset = False
    smoothing = sheet.modifiers.new("smooth", "SUBSURF")
    smoothing.levels = smoothing.render_levels = 1
    return sheet


def mirrored(grid: Floats) -> Floats:
    """The other side's flap, its normals kept outward."""
    return (grid * (-1, 1, 1))[::-1]


def _along(direction: Floats, normal: Floats) -> Floats:
    flat = direction - (direction * normal).sum(1, keepdims=True) * normal
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
