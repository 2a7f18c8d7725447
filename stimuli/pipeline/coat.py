"""The white coat: body, collar, notched lapels, and what turns in at the front edge."""

from __future__ import annotations

import numpy as np

from stimuli.pipeline.base_mesh import Floats, smooth_step
from stimuli.pipeline.blender import add_mesh
from stimuli.pipeline.cloth_shell import Shell, cut
from stimuli.pipeline.drape import add_sheet, between, curve, drape, even, mirrored, polyline
from stimuli.pipeline.fabric import WHITE_COAT, cloth
from stimuli.pipeline.neck import NECK

GORGE_HEIGHT = 5.58
"""Where the seam between collar and lapel leaves the fold, dm."""
SEAM, COLLAR_TIP, LAPEL_TIP = np.array([[0.42, -0.13], [0.26, 0.19], [0.34, -0.10]])
"""As seen from the front, dm: along the seam to the notch, and from there to the tips of collar and lapel."""
STEPS = 14
CLOTH_DM = 0.007


def add_coat(sex: str, shell: Shell, inner: Shell, clear: float) -> None:
    """The coat on its own shell over an inner one; its collar stands `clear` dm off the neck."""
    material = cloth("coat", WHITE_COAT, folds=3.0)
    hemmed = cloth("coat lapel", WHITE_COAT, folds=0.8, seam=True)
    line = _break_line(sex, clear)
    fold, _ = shell.lie_on(line, 0.03)
    front = line[:, 2] > 0.0

    def keep(p: Floats) -> Floats:
        opening = np.interp(p[:, 1], fold[front][::-1, 1], np.abs(fold[front][::-1, 0])) + 0.03
        ahead = np.abs(p[:, 0]) - opening
        back = 5.95 - p[:, 1]
        blend = smooth_step(p[:, 2], 0.0, 0.25)
        return ahead * blend + back * (1 - blend)

    body = cut(shell, keep)
    add_mesh("coat", body.points, body.triangles, material)
    gorge = int(np.argmin(np.abs(fold[:, 1] - GORGE_HEIGHT) + 10 * (line[:, 2] < 0)))
    seam_end = fold[gorge, :2] + SEAM
    collar = _collar(shell, fold, gorge, seam_end)
    lapel = _lapel(shell, fold[gorge:], seam_end)
    rim = np.concatenate([collar[:-1, 0], lapel[:, 0]])
    for grid in (collar, mirrored(collar)):
        first = grid is not collar
        add_sheet("coat collar", grid, hemmed, thick=CLOTH_DM, hem_first=first, hem_last=not first)
    for grid in (lapel, mirrored(lapel)):
        first = grid is lapel
        add_sheet("coat lapel", grid, hemmed, thick=CLOTH_DM, hem_first=first, hem_last=not first)
    facing = _facing(rim, inner, (0.15, 0.7) if clear > 0.15 else (0.3, 0.85))
    add_sheet("coat facing", facing, material, thick=0)
    add_sheet("coat facing", mirrored(facing), material, thick=0)


def _break_line(sex: str, clear: float) -> Floats:
    """Where lapel and collar fold over: from the middle of the neck's back over its side to the lower edge."""
    side = NECK[sex][0] + clear
    return curve(
        [(0.0, 6.02, -0.55), (0.62 * side, 6.02, -0.32), (side, 5.93, 0.10), (side * 0.92, 5.72, 0.62),
         (0.50 * side + 0.10, 5.30, 1.0), (0.235, 4.90, 1.2), (0.10, 4.45, 1.35)], 120,
    )  # fmt: skip


def _roll(height: float) -> Floats:
    """How high a flap lies over the coat on its way from the fold to its edge (STEPS + 1,), dm."""
    return height * np.sin(np.linspace(0.25, 1, STEPS + 1) * np.pi) ** 0.8 + 0.012


def _collar(shell: Shell, fold: Floats, gorge: int, seam_end: Floats) -> Floats:
    """From the nape to the seam with the lapel and the notch."""
    fold = fold[: gorge + 1]
    _, normal = shell.lie_on(fold, 0.03)
    outward = np.cross(normal, np.gradient(fold, axis=0))
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    if outward[gorge // 2, 0] < 0:
        outward = -outward
    s = np.linspace(0, 1, gorge + 1)
    across = outward + (0, 1, 0) * (0.55 * smooth_step(s, 0.45, 1.0))[:, None]
    across -= (0, 1, 0) * (0.6 * (1 - smooth_step(s, 0.3, 0.6)))[:, None]
    gap = _roll(0.026) + 0.008
    draped = even(drape(shell, fold, across, 0.46 + 0.04 * s, gap))
    tip = seam_end + COLLAR_TIP
    edge = polyline([fold[-1, :2], seam_end, tip], STEPS + 1)
    seam, _ = shell.lie_on(shell.at_front(edge), gap)
    back = [draped[int(part * gorge), -1] for part in (0.0, 0.15, 0.30, 0.44)]
    rim = curve([*map(tuple, back), tuple(seam[-1])], gorge + 1)
    grid = between(fold, rim, draped[0], seam)
    for _ in range(3):
        on, _ = shell.lie_on(grid.reshape(-1, 3), np.tile(gap, len(grid)))
        grid[:-1] = on.reshape(grid.shape)[:-1]
        grid[1:-1] = 0.25 * grid[:-2] + 0.5 * grid[1:-1] + 0.25 * grid[2:]
    return grid


def _lapel(shell: Shell, fold: Floats, seam_end: Floats) -> Floats:
    """From the seam down to the picture's lower edge, drawn as it is seen from the front."""
    tip = seam_end + LAPEL_TIP
    under = fold[0, :2] + (0.0, 0.03)
    seam = polyline([under, seam_end + np.array([0.0, 0.012]), tip], STEPS + 1)
    middle, low = tip * (0.70, 1) + (0.0, -0.42), fold[-1, :2] + (0.10, 0.0)
    rim = curve([(*tip, 0.0), (*middle, 0.0), (*low, 0.0)], len(fold))[:, :2]
    start = fold[:, :2].copy()
    start[0] = under
    last = polyline([start[-1], rim[-1]], STEPS + 1)
    flat = between(start, rim, seam, last)
    gap = _roll(0.022)
    on, _ = shell.lie_on(shell.at_front(flat.reshape(-1, 2)), np.tile(gap, len(fold)))
    return np.asarray(on.reshape(*flat.shape[:2], 3))


def _facing(fold: Floats, inner: Shell, beside: tuple[float, float]) -> Floats:
    """What turns in at the fold: at the front down onto what's worn below, and back under the coat.

    Beside the neck and behind it, from z `beside` on, it ends under the skin, so that there is no crevice to look into.
    """
    behind = (1 - smooth_step(fold[:, 2], *beside))[:, None]
    ahead = fold * (1.04, 1.0, 1.0) + (0.02, -0.02, -0.05)
    towards = ahead * (1 - behind) + (fold * (0.50, 1.0, 0.80) + (0, -0.02, 0)) * behind
    gap = 0.004 - 0.10 * behind[:, 0]
    below, _ = inner.lie_on(towards, gap)
    for _ in range(8):
        below[1:-1] = 0.25 * below[:-2] + 0.5 * below[1:-1] + 0.25 * below[2:]
    t = np.linspace(0, 1, 6)
    return np.asarray(fold[:, None] * (1 - t[None, :, None]) + below[:, None] * t[None, :, None])
