"""What the clinicians wear: a white coat over scrubs, a blouse or a shirt, all shaped here.

Each garment is a cut shell of the torso with bands and flaps laid over it; `+x` halves are made and mirrored.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stimuli.pipeline.base_mesh import Floats, smooth_step
from stimuli.pipeline.blender import add_mesh
from stimuli.pipeline.cloth_shell import Shell, cut, torso_shell
from stimuli.pipeline.drape import add_sheet, band, curve, drape, mirrored
from stimuli.pipeline.fabric import WHITE_COAT, cloth
from stimuli.pipeline.identity import Identity

NECK = {"male": (0.60, 0.30, 0.60), "female": (0.47, 0.25, 0.52)}
"""Half width of the neck, and z of its middle and half depth, dm, at its base."""


KNOT_TOP = 5.83


def dress(person: Identity, torso: Floats) -> None:
    """Adds the identity's clothes over the torso's vertices (19158, 3)."""
    inner = torso_shell(torso, 0.05, 12)
    if person.outfit == "scrubs":
        _scrubs(person, inner)
    elif person.outfit == "blouse":
        _blouse(person, inner)
    else:
        _shirt(person, inner, tie=person.tie is not None)
    _coat(person, torso_shell(torso, 0.15, 30), inner)


def _add_shell(name: str, shell: Shell, material: Any) -> Any:
    return add_mesh(name, shell.points, shell.triangles, material)


def _ring(sex: str, degrees: Floats, out: float, height: Floats) -> Floats:
    """Points around the base of the neck: azimuth 0 in front, `out` dm wider than the neck."""
    half, middle, deep = NECK[sex]
    a = np.radians(degrees)
    return np.stack([(half + out) * np.sin(a), height, middle + (deep + out) * np.cos(a)], 1)


def _scrubs(person: Identity, inner: Shell) -> None:
    """A V-neck with a sewn band."""
    point, slope = 5.02, 0.60 if person.sex == "female" else 0.66
    side = NECK[person.sex][0] + 0.12

    def keep(p: Floats) -> Floats:
        front = (np.abs(p[:, 0]) - slope * (p[:, 1] - point)) * 1.0
        back = 6.02 - 0.12 - p[:, 1]
        blend = smooth_step(p[:, 2], -0.05, 0.30)
        return np.where(p[:, 1] < point, 1.0, front * blend + back * (1 - blend))

    material = cloth("scrubs", person.cloth, folds=0.9)
    _add_shell("scrubs", cut(inner, keep), material)
    heights = np.linspace(point, 5.80, 60)
    front = inner.at_front(np.stack([slope * (heights - point), heights], 1))
    nape = curve(
        [tuple(front[-1]), (side, 5.93, 0.08), (side * 0.62, 5.93, -0.45), (0.0, 5.90, -0.6)], 40
    )
    line = np.concatenate([front, nape[1:]])
    for _ in range(6):
        line[1:-1] = 0.25 * line[:-2] + 0.5 * line[1:-1] + 0.25 * line[2:]
    placed, normal = inner.lie_on(line, 0.012)
    placed[:60] = line[:60] + 0.012 * normal[:60]
    placed[50:60] -= normal[50:60] * np.linspace(0.0, 0.042, 10)[:, None]
    placed[60:] -= 0.042 * normal[60:]
    for flip in (False, True):
        grid = band(placed, normal, 0.13, 0.035)
        add_sheet("scrubs band", mirrored(grid) if flip else grid, material, thick=0)


def _blouse(person: Identity, inner: Shell) -> None:
    """A round neckline with a fine band."""
    half = NECK[person.sex][0]

    def keep(p: Floats) -> Floats:
        depth = np.clip(p[:, 2], -0.4, 1.1)
        line = 5.90 - 0.46 * smooth_step(depth, 0.0, 0.8)
        return (
            line
            + 0.60 * (np.abs(p[:, 0]) / (half + 0.35)) ** 2.4 * smooth_step(depth, 0.0, 0.6)
            - p[:, 1]
        )

    material = cloth("blouse", person.cloth, folds=0.7, sheen=0.3)
    shell = cut(inner, keep)
    _add_shell("blouse", shell, material)
    degrees = np.linspace(0, 180, 120)
    heights = np.linspace(5.2, 6.1, 400)
    line = []
    for d in degrees:
        column = _ring(person.sex, np.full(400, d), 0.10, heights)
        column, _ = inner.lie_on(column, 0.0)
        line.append(column[np.argmin(np.abs(keep(column)))])
    smoothed = np.array(line)
    for _ in range(12):
        smoothed[1:-1] = 0.25 * smoothed[:-2] + 0.5 * smoothed[1:-1] + 0.25 * smoothed[2:]
    placed, normal = inner.lie_on(smoothed, 0.010)
    placed[[0, -1], 0] = 0.0
    grid = band(placed, normal, 0.085, 0.030)
    add_sheet("blouse band", grid, material, thick=0)
    add_sheet("blouse band", mirrored(grid), material, thick=0)


def _shirt(person: Identity, inner: Shell, *, tie: bool) -> None:
    """A shirt with a turn-down collar; closed with a tie, or its first button open."""
    material = cloth("shirt", person.cloth, folds=0.5)
    open_depth = 0.0 if tie else 0.52

    def keep(p: Floats) -> Floats:
        ring = 5.98 - (0.30 if tie else 0.48) * smooth_step(p[:, 2], -0.1, 0.9) - p[:, 1]
        gap = np.abs(p[:, 0]) - 0.62 * (p[:, 1] - (5.72 - open_depth))
        front = p[:, 2] > 0.4
        return np.where(
            front & (p[:, 1] > 5.72 - open_depth),
            np.minimum(ring, gap) if open_depth else ring,
            ring,
        )

    _add_shell("shirt", cut(inner, keep), material)
    _placket(inner, material, 5.66 if tie else 5.71 - open_depth, 0.30 if tie else 0.26)
    degrees = np.linspace(0.5 if tie else 14, 180, 70)
    back = smooth_step(degrees, 30.0, 150.0)
    ahead = 1 - smooth_step(degrees, 10.0, 85.0)
    base = 5.66 + 0.36 * back - (0.0 if tie else 0.16) * ahead
    rise = 0.24 + 0.06 * back - (0.06 if tie else 0.19) * ahead
    low = _ring(person.sex, degrees, 0.05, base)
    top = _ring(person.sex, degrees, 0.035, base + rise)
    fold = _ring(person.sex, degrees, 0.06, base + rise + 0.015)
    stand = np.stack([low + (top - low) * t for t in np.linspace(0, 1, 6)], 1)
    stand = np.concatenate([stand, ((top + fold) / 2 + (0, 0.012, 0))[:, None]], 1)
    point = 1 - smooth_step(degrees, 8.0, 62.0)
    fall = (0.30 if tie else 0.34) + (0.34 if tie else 0.20) * point
    away = np.radians(degrees * 0.92 + 38 * point)
    down = np.stack(
        [
            np.sin(away) * (0.22 + 0.56 * point),
            np.full(len(degrees), -1.0),
            0.35 * np.cos(away) + 0.1 * point,
        ],
        1,
    )
    steps = 14
    leaf = np.empty((len(degrees), steps + 1, 3))
    leaf[:, 0] = fold
    direction = down / np.linalg.norm(down, axis=1, keepdims=True)
    for k in range(1, steps + 1):
        leaf[:, k] = inner.push_out(
            leaf[:, k - 1] + direction * (fall / steps)[:, None],
            0.035 + 0.02 * np.sin(k / steps * 3),
        )
    grid = np.concatenate([stand, leaf], 1)
    rim = cloth("shirt collar", person.cloth, folds=0.1, seam=True)
    add_sheet("collar", grid, rim, thick=0.022)
    add_sheet("collar", mirrored(grid), rim, thick=0.022)
    if tie:
        _tie(person, inner)


def _placket(inner: Shell, material: Any, top: float, width: float) -> None:
    """The front edge that the buttonholes sit on."""
    line, normal = inner.lie_on(
        curve([(0.0, top, 1.2), (0.0, 5.2, 1.2), (0.0, 4.5, 1.4)], 60), 0.008
    )
    line[:, 0] = 0.0
    add_sheet("placket", band(line, normal, width, 0.022), material, thick=0)


def _tie(person: Identity, inner: Shell) -> None:
    """A knot and a blade."""
    assert person.tie is not None
    stripe = tuple(min(1.0, 2.6 * c + 0.02) for c in person.tie)
    material = cloth("tie", person.tie, folds=0.15, weave=2.0, sheen=0.4, stripes=stripe)  # type: ignore[arg-type]
    heights = np.linspace(KNOT_TOP, 4.55, 60)
    middle, _ = inner.lie_on(np.stack([np.zeros(60), heights, np.full(60, 1.2)], 1), 0.05)
    middle[:, 0], middle[:, 1] = 0, heights
    depth = np.maximum(
        middle[:, 2], np.interp(heights, [5.5, KNOT_TOP], [middle[:, 2].min() - 1, 0.93])
    )
    down = KNOT_TOP - heights
    knot = np.clip(down / 0.30, 0, 1)
    half = np.where(
        down < 0.30, 0.175 - 0.06 * knot**0.8, 0.115 + 0.15 * np.maximum(down - 0.30, 0) ** 0.9
    )
    bulge = np.where(
        down < 0.30, 0.10 * np.sin(np.pi * np.clip(knot * 0.8 + 0.15, 0, 1)) ** 0.6, 0.035
    )
    u = np.linspace(-1, 1, 21)
    round_ = np.sqrt(np.clip(1 - np.abs(u) ** 2.6, 0, 1))
    dimple = (
        0.035 * np.exp(-((u / 0.25) ** 2))[None] * np.exp(-(((down - 0.36) / 0.10) ** 2))[:, None]
    )
    x = half[:, None] * u[None]
    z = depth[:, None] + bulge[:, None] * round_[None] - dimple + 0.03
    y = np.repeat(heights[:, None], 21, 1) + (-0.03 * (u**2))[None] * (down < 0.30)[:, None]
    add_sheet("tie", np.stack([x, y, z], 2)[:, ::-1], material, thick=0.02)


def _break_line(sex: str) -> Floats:
    """Where lapel and collar fold over: from the middle of the neck's back over its side to the lower edge."""
    half = NECK[sex][0]
    side = half + 0.20
    return curve(
        [(0.0, 6.02, -0.55), (0.62 * side, 6.02, -0.32), (side, 5.93, 0.10), (side * 0.92, 5.72, 0.62),
         (0.50 * side + 0.10, 5.30, 1.0), (0.235, 4.90, 1.2), (0.10, 4.45, 1.35)], 120,
    )  # fmt: skip


def _coat(person: Identity, shell: Shell, inner: Shell) -> None:
    """The white coat: body, collar, notched lapels, and a facing that closes the gap to what's below."""
    material = cloth("coat", WHITE_COAT, folds=3.0)
    edged = cloth("coat lapel", WHITE_COAT, folds=0.8, seam=True)
    line = _break_line(person.sex)
    fold, _ = shell.lie_on(line, 0.03)
    front = line[:, 2] > 0.0

    def keep(p: Floats) -> Floats:
        opening = np.interp(p[:, 1], fold[front][::-1, 1], np.abs(fold[front][::-1, 0])) + 0.03
        ahead = np.abs(p[:, 0]) - opening
        back = 5.95 - p[:, 1]
        blend = smooth_step(p[:, 2], 0.0, 0.25)
        return ahead * blend + back * (1 - blend)

    _add_shell("coat", cut(shell, keep), material)
    tangent = np.gradient(fold, axis=0)
    _, normal = shell.lie_on(fold, 0.03)
    outward = np.cross(normal, tangent)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    if outward[60, 0] < 0:
        outward = -outward
    height = fold[:, 1]
    gorge = int(np.argmin(np.abs(height - 5.56) + 10 * (line[:, 2] < 0)))
    s = np.linspace(0, 1, gorge + 1)
    rise = 0.030 * np.sin(np.linspace(0.25, 1, 15) * np.pi) ** 0.8 + 0.018

    collar_across = outward[: gorge + 1] + (0, 1, 0) * (0.55 * smooth_step(s, 0.45, 1.0))[:, None]
    collar_across -= (0, 1, 0) * (0.6 * (1 - smooth_step(s, 0.3, 0.6)))[:, None]
    width = 0.46 + 0.04 * s
    collar = drape(shell, fold[: gorge + 1], collar_across, width, rise + 0.012)
    collar[-3:] = _straight(collar[-3:])
    t = np.linspace(0, 1, len(fold) - gorge)
    lapel_across = outward[gorge:] + (0, 1, 0) * (0.04 * (1 - smooth_step(t, 0.0, 0.4)))[:, None]
    lapel_width = (0.66 + 0.10 * smooth_step(t, 0.0, 0.10)) * (1 - 0.62 * t**1.2)
    lapel = drape(shell, fold[gorge:], lapel_across, lapel_width, rise)
    rim = np.concatenate([collar[:-1, 0], lapel[:, 0]])
    facing = _facing(rim, inner)
    for grid, cloth_ in ((collar, edged), (lapel, edged), (facing, material)):
        add_sheet("coat flap", grid, cloth_, thick=0.012 if cloth_ is edged else 0.0)
        add_sheet("coat flap", mirrored(grid), cloth_, thick=0.012 if cloth_ is edged else 0.0)


def _straight(rows: Floats) -> Floats:
    """Rows (n, m, 3) whose points lie on straight lines as seen from the front, their depth kept."""
    t = np.linspace(0, 1, rows.shape[1])[None, :, None]
    out = rows.copy()
    out[..., :2] = (rows[:, :1] * (1 - t) + rows[:, -1:] * t)[..., :2]
    return out


def _facing(fold: Floats, inner: Shell) -> Floats:
    """From the fold inwards and down onto the shirt, so that no dark gap shows."""
    behind = (1 - smooth_step(fold[:, 2], 0.1, 0.5))[
        :, None
    ]  # at the nape it closes on the neck itself
    towards = fold * (0.72, 1.0, 1.0) + (0, -0.16, 0)
    towards = towards * (1 - behind) + (fold * (0.50, 1.0, 0.80) + (0, -0.02, 0)) * behind
    gap = 0.012 - 0.10 * behind[:, 0]  # there it ends under the skin: no crevice to look into
    below, _ = inner.lie_on(towards, gap)
    for _ in range(8):
        below[1:-1] = 0.25 * below[:-2] + 0.5 * below[1:-1] + 0.25 * below[2:]
    t = np.linspace(0, 1, 6)
    grid = fold[:, None] * (1 - t[None, :, None]) + below[:, None] * t[None, :, None]
    least = 0.012 * (1 - t)[None] + gap[:, None] * t[None]
    flat = inner.push_out(grid.reshape(-1, 3), least.ravel()).reshape(grid.shape)
    flat[:, 0] = fold
    return flat
