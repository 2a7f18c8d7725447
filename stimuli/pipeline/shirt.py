"""A shirt with a turn-down collar: closed with a tie, or its first button open."""

from __future__ import annotations

from typing import Any

import numpy as np

from stimuli.pipeline.base_mesh import Floats, smooth_step
from stimuli.pipeline.blender import add_mesh
from stimuli.pipeline.cloth_shell import Shell, cut
from stimuli.pipeline.drape import add_sheet, between, curve, mirrored, polyline
from stimuli.pipeline.fabric import cloth
from stimuli.pipeline.identity import Identity
from stimuli.pipeline.neck import NECK, ring

KNOT_TOP = 5.82
OPEN_TO, OPEN_SLOPE = 5.20, 0.62
"""An open shirt's lowest visible skin, dm, and how fast the opening widens upwards."""
STEPS = 14
ROWS = 90
PLACKET_HALF = 0.15


def add_shirt(person: Identity, inner: Shell) -> None:
    """Body, front edge, collar and perhaps a tie, over the inner shell."""
    tie = person.tie is not None
    material = cloth("shirt", person.cloth, folds=0.5)

    def keep(p: Floats) -> Floats:
        around = 5.98 - (0.30 if tie else 0.52) * smooth_step(p[:, 2], -0.1, 0.9) - p[:, 1]
        gap = np.abs(p[:, 0]) - OPEN_SLOPE * (p[:, 1] - OPEN_TO)
        opened = (not tie) & (p[:, 2] > 0.4) & (p[:, 1] > OPEN_TO)
        return np.where(opened, np.minimum(around, gap), around)

    body = cut(inner, keep)
    add_mesh("shirt", body.points, body.triangles, material)
    _placket(inner, material, 5.66 if tie else OPEN_TO, 0.0 if tie else 1 / OPEN_SLOPE)
    collar = _collar(person.sex, inner, tie=tie)
    hemmed = cloth("shirt collar", person.cloth, folds=0.1, seam=True)
    for side in (collar, mirrored(collar)):
        first = side is collar
        add_sheet("collar", side, hemmed, thick=0.014, hem_first=first, hem_last=not first)
    if tie:
        _tie(person, inner)


def _collar(sex: str, inner: Shell, *, tie: bool) -> Floats:
    """Stand and leaf in one, from the front's middle to the nape.

    The leaf is spanned between the fold and an edge that is straight where one sees it.
    """
    half = NECK[sex][0] + 0.06
    begin = 6.0 if tie else np.degrees(np.arcsin(0.185 / half))
    end, point = (5.80, (0.42, 5.25)) if tie else (5.49, (0.45, 5.10))
    degrees = begin + (180 - begin) * np.linspace(0, 1, ROWS) ** 1.15
    sine = np.sin(np.radians(degrees))
    rising = (sine - sine[0]) / (1 - sine[0])
    side = 6.06
    height = np.where(
        degrees < 90,
        end + (side - end) * np.clip(rising, 0, 1) ** 1.15,
        side + 0.24 * smooth_step(degrees, 90, 170),
    )
    fold = inner.push_out(ring(sex, degrees, 0.06, height), 0.03)
    deep = 0.30 if tie else 0.30 * smooth_step(degrees, begin, 90.0)
    low = ring(sex, degrees, 0.035, height - deep)
    inside = fold * (0.97, 1.0, 1.0) + (0.0, -0.010, -0.012)
    stand = low[:, None] + np.linspace(0, 1, 5)[None, :, None] * (inside - low)[:, None]
    tip = inner.at_front(np.array([point]))[0]
    tip, _ = (part[0] for part in inner.lie_on(tip[None], 0.03))
    ahead = inner.at_front(np.array([(point[0] + 0.32, point[1] + 0.34)]))[0]
    straight = polyline([tip, ahead], 40)
    around = curve(
        [tuple(ahead), (half + 0.07, 5.78, 0.45), (half, 5.92, -0.05), (0.36, 6.02, -0.40), (0.0, 6.02, -0.48)], 60
    )  # fmt: skip
    edge = _spaced(np.concatenate([straight, around[1:]]), ROWS)
    first = polyline([fold[0], tip], STEPS + 1)
    last = polyline([fold[-1], edge[-1]], STEPS + 1)
    leaf = between(fold, edge, first, last)
    out = np.stack([np.sin(np.radians(degrees)), np.zeros(ROWS), np.cos(np.radians(degrees))], 1)
    bulge = np.sin(np.pi * np.linspace(0, 1, STEPS + 1) ** 0.5)
    leaf = leaf + 0.022 * bulge[None, :, None] * out[:, None]
    roll = 0.028 + 0.012 * np.sin(np.linspace(0, np.pi, STEPS + 1))
    pushed = inner.push_out(leaf.reshape(-1, 3), np.tile(roll, ROWS)).reshape(leaf.shape)
    return np.concatenate([stand, pushed], 1)


def _spaced(line: Floats, count: int) -> Floats:
    """A line (n, 3) as `count` evenly spaced points."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.linspace(0, length[-1], count)
    return np.stack([np.interp(at, length, line[:, i]) for i in range(3)], 1)


def _placket(inner: Shell, material: Any, top: float, rise: float) -> None:
    """The front edge that the buttonholes sit on; `rise` is how fast its upper edge climbs beside the middle."""
    across = np.concatenate([[-1.0], np.linspace(-1, 1, 13), [1.0]]) * PLACKET_HALF
    upper = top + rise * np.abs(across)
    t = np.linspace(0, 1, 60)[:, None]
    xy = np.stack(np.broadcast_arrays(across[None], upper[None] * (1 - t) + 4.5 * t), -1)
    over = np.full(len(across), 0.014)
    over[[0, -1]] = -0.01
    on, _ = inner.lie_on(inner.at_front(xy.reshape(-1, 2)), np.tile(over, 60))
    add_sheet("placket", on.reshape(60, -1, 3)[:, ::-1], material, thick=0)


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
        down < 0.30, 0.165 - 0.05 * knot**0.8, 0.115 + 0.15 * np.maximum(down - 0.30, 0) ** 0.9
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
