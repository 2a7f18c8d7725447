"""Skin detail drawn in a front plane of rest coordinates: relief in mm, colour as a factor, roughness.

The package's skin textures hold about 60 pixels across a face: enough for soft colour, not for pores or creases.
So relief and fine colour are drawn here, at 8 pixels a millimetre, from noise and splines, and looked up by the base
mesh's x and y (which every identity shares, so that they follow its features).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import splev, splprep
from scipy.ndimage import gaussian_filter, zoom
from scipy.spatial import cKDTree

from stimuli.pipeline.base_mesh import Floats, smooth_step
from stimuli.pipeline.identity import Identity

X_RANGE, Y_RANGE = (-1.0, 1.0), (5.9, 8.3)
PIXELS_PER_DM = 800
WIDTH = int((X_RANGE[1] - X_RANGE[0]) * PIXELS_PER_DM)
HEIGHT = int((Y_RANGE[1] - Y_RANGE[0]) * PIXELS_PER_DM)
PX_PER_MM = PIXELS_PER_DM / 100


@dataclass(frozen=True)
class SkinMaps:
    """`relief` (h, w) in mm; `colour` (h, w, 3), a factor on the base colour; `roughness` (h, w), an addition."""

    relief: Floats
    colour: Floats
    roughness: Floats


def grid() -> tuple[Floats, Floats]:
    """Rest x and y in dm of the map's pixels, each (h, w), top row first."""
    x = np.linspace(*X_RANGE, WIDTH)
    y = np.linspace(Y_RANGE[1], Y_RANGE[0], HEIGHT)
    return np.meshgrid(x, y)


def map_uv(rest: Floats) -> Floats:
    """Map coordinates (n, 2), 0-1 with v up, of rest positions (n, 3)."""
    u = (rest[:, 0] - X_RANGE[0]) / (X_RANGE[1] - X_RANGE[0])
    v = (rest[:, 1] - Y_RANGE[0]) / (Y_RANGE[1] - Y_RANGE[0])
    return np.stack([u, v], 1)


def skin_maps(person: Identity, seed: int) -> SkinMaps:
    """The maps of one identity; the same seed gives the same skin."""
    rng = np.random.default_rng(seed)
    x, y = grid()
    smooth = {"light": 1.0, "tan": 0.9, "brown": 0.8, "dark": 0.35}[
        person.skin_tone
    ]  # gloss shows relief more
    creases = smooth * _creases(person)
    stubble, shade = _stubble(rng, x, y, person.beard)
    pores = _pores(rng, x, y)
    relief = smooth * (pores * (0.75 + 0.5 * person.age) + _noise_relief(rng, person.age)) - creases
    relief += 0.05 * stubble * (person.beard > 0.2)
    colour = _redness(x, y, person) * _unevenness(rng, person) * _spots(rng, x, y, person)
    colour *= _under_eyes(x, y, person.age)
    colour *= (1 - 0.15 * np.clip(creases / 0.5, 0, 1))[..., None] ** np.array([0.7, 1.0, 1.05])
    colour *= 1 - shade
    # pores as colour too: the denoiser keeps what lies in the albedo
    colour *= 1 - 0.12 * np.clip(-pores / 0.042, 0, 1)[..., None]
    shine = (
        _blob(x, y, 0, 7.85, 0.5, 0.25)
        + _blob(x, y, 0, 7.0, 0.10, 0.22)
        + _blob(x, y, 0, 6.35, 0.14, 0.08)
    )
    roughness = -0.06 * shine + 0.03 * _bandpass(rng, 3, 12)
    fade = _border_fade(x, y)
    return SkinMaps(relief * fade, 1 + (colour - 1) * fade[..., None], roughness * fade)


def _blob(x: Floats, y: Floats, cx: float, cy: float, sx: float, sy: float) -> Floats:
    return np.exp(-(((x - cx) / sx) ** 2) - ((y - cy) / sy) ** 2)


def _both(x: Floats, y: Floats, cx: float, cy: float, sx: float, sy: float) -> Floats:
    return _blob(np.abs(x), y, cx, cy, sx, sy)


def _border_fade(x: Floats, y: Floats) -> Floats:
    return (
        smooth_step(1 - np.abs(x), 0.02, 0.15)
        * smooth_step(y, Y_RANGE[0] + 0.02, Y_RANGE[0] + 0.12)
        * smooth_step(-y, -Y_RANGE[1] + 0.02, -Y_RANGE[1] + 0.12)
    )


def _bandpass(rng: np.random.Generator, fine: float, coarse: float) -> Floats:
    """Noise between two blurs (in pixels), unit variance."""
    shrink = max(1, int(fine / 2))  # soft noise is made small and enlarged
    shape = (HEIGHT // shrink + 2, WIDTH // shrink + 2)
    white = rng.standard_normal(shape).astype(np.float32)
    noise = gaussian_filter(white, fine / shrink) - gaussian_filter(white, coarse / shrink)
    if shrink > 1:
        noise = zoom(noise, shrink, order=1)
    noise = noise[:HEIGHT, :WIDTH]
    return noise / noise.std()


def _pores(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    """Small dimples, deeper on nose, inner cheeks and forehead, mm (negative)."""
    dots = (rng.random((HEIGHT, WIDTH)) < 0.011) * rng.uniform(0.4, 1.0, (HEIGHT, WIDTH))
    dimples = gaussian_filter(dots, 1.5) * (2 * np.pi * 1.5**2)
    where = (
        0.40 + 0.8 * _both(x, y, 0.28, 6.98, 0.26, 0.25) + 0.8 * _blob(x, y, 0, 6.95, 0.16, 0.25)
    )
    where += 0.3 * _blob(x, y, 0, 7.75, 0.55, 0.22) + 0.4 * _blob(x, y, 0, 6.33, 0.2, 0.12)
    lips = _blob(x, y, 0, 6.60, 0.26, 0.10)
    return -0.042 * dimples * where * (1 - np.clip(lips * 1.6, 0, 1))


def _noise_relief(rng: np.random.Generator, age: float) -> Floats:
    fine = 0.0075 * _bandpass(rng, 1.2, 3.5)
    middle = (0.010 + 0.012 * age) * _bandpass(rng, 4, 14)
    return fine + middle + (0.010 + 0.020 * age) * _bandpass(rng, 14, 50)


# Lines of the face: points (x, y) in rest dm, width mm, depth mm at age 1, depth at age 0.
_LINES: tuple[tuple[tuple[tuple[float, float], ...], float, float, float], ...] = (
    (((-0.44, 7.80), (-0.22, 7.83), (0, 7.79), (0.22, 7.83), (0.44, 7.80)), 1.8, 0.20, 0.0),
    (((-0.40, 7.92), (-0.20, 7.945), (0, 7.91), (0.20, 7.945), (0.40, 7.92)), 1.8, 0.18, 0.0),
    (((-0.36, 7.695), (-0.18, 7.72), (0, 7.69), (0.2, 7.72), (0.38, 7.69)), 1.6, 0.14, 0.0),
    # between the brows: wide and shallow, for narrow ones look drawn
    (((-0.068, 7.44), (-0.085, 7.53), (-0.070, 7.64)), 2.0, 0.10, 0.0),
    (((0.060, 7.45), (0.078, 7.53), (0.082, 7.62)), 1.8, 0.08, 0.0),
)
_LOWER_LID = ((0.15, 7.18), (0.24, 7.115), (0.34, 7.10), (0.43, 7.13))
_TEAR_TROUGH = ((0.20, 7.11), (0.29, 7.045), (0.40, 7.04))
_UNDER_EYE = (_LOWER_LID, _TEAR_TROUGH)
_PAIRED_LINES: tuple[tuple[tuple[tuple[float, float], ...], float, float, float], ...] = (
    (((0.195, 6.90), (0.255, 6.82), (0.31, 6.72), (0.335, 6.62)), 2.6, 0.34, 0.02),  # nasolabial
    (((0.285, 6.58), (0.31, 6.50), (0.315, 6.43)), 2.0, 0.12, 0.0),  # marionette
    (_LOWER_LID, 1.8, 0.20, 0.03),
    (_TEAR_TROUGH, 2.4, 0.13, 0.0),
    (((0.50, 7.29), (0.56, 7.32), (0.62, 7.37)), 1.2, 0.11, 0.0),  # crow's feet
    (((0.50, 7.26), (0.57, 7.26), (0.64, 7.265)), 1.2, 0.12, 0.0),
    (((0.49, 7.23), (0.55, 7.20), (0.62, 7.16)), 1.2, 0.10, 0.0),
    (((0.44, 6.95), (0.47, 6.82), (0.46, 6.68)), 1.6, 0.05, 0.0),  # cheek
)


def _creases(person: Identity) -> Floats:
    """Depth of the face's lines, mm, >= 0."""
    strength = person.age**1.25 * (1.0 if person.sex == "male" else 0.8)
    depth = np.zeros((HEIGHT, WIDTH))
    rng = np.random.default_rng(5)
    lines: list[Any] = list(_LINES)
    for points, width, old, young in _PAIRED_LINES:
        if person.skin_tone == "dark" and points in _UNDER_EYE:
            old, young = 0.3 * old, 0.3 * young  # gloss would make scars of them
        lines.append((points, width, old, young))
        lines.append((tuple((-px, py + 0.008) for px, py in points), width, old, young))
    for points, width, old, young in lines:
        amount = old * strength + young
        if amount > 0.01:
            _draw_line(depth, np.array(points), width * PX_PER_MM, amount, rng)
    return depth


def _draw_line(
    depth: Floats, points: Floats, width: float, amount: float, rng: np.random.Generator
) -> None:
    """Adds one line with a Gaussian profile that fades at its ends and wavers a little."""
    tck, _ = splprep(points.T, k=min(3, len(points) - 1), s=0)
    t = np.linspace(0, 1, 160)
    x, y = (np.asarray(a) for a in splev(t, tck))  # type: ignore[call-overload]
    y = y + gaussian_filter(rng.standard_normal(160), 14) * 0.02
    column = (np.array(x) - X_RANGE[0]) * PIXELS_PER_DM
    row = (Y_RANGE[1] - np.array(y)) * PIXELS_PER_DM
    strength = np.clip(np.minimum(t, 1 - t) / 0.22, 0, 1) * (
        0.8 + 0.2 * gaussian_filter(rng.standard_normal(160), 10) * 6
    )
    margin = int(4 * width)
    r0, r1 = max(int(row.min()) - margin, 0), min(int(row.max()) + margin, HEIGHT)
    c0, c1 = max(int(column.min()) - margin, 0), min(int(column.max()) + margin, WIDTH)
    rows, columns = np.mgrid[r0:r1, c0:c1]
    distance, index = cKDTree(np.stack([row, column], 1)).query(
        np.stack([rows.ravel(), columns.ravel()], 1)
    )
    profile = np.exp(-0.5 * (distance / (width * 0.5)) ** 2) + 0.35 * np.exp(
        -0.5 * (distance / (width * 1.3)) ** 2
    )
    patch = (amount * np.clip(strength, 0, 1.4)[index] * profile).reshape(rows.shape)
    depth[r0:r1, c0:c1] = np.maximum(depth[r0:r1, c0:c1], patch)


def _redness(x: Floats, y: Floats, person: Identity) -> Floats:
    amount = _both(x, y, 0.42, 6.98, 0.24, 0.20) + 0.9 * _blob(x, y, 0, 6.92, 0.15, 0.13)
    amount += 0.6 * _blob(x, y, 0, 6.33, 0.16, 0.11) + 0.25 * _blob(x, y, 0, 7.8, 0.4, 0.2)
    strength = {"light": 0.13, "tan": 0.10, "brown": 0.08, "dark": 0.06}[person.skin_tone]
    strength *= 1.0 + 0.25 * person.age
    return 1 - strength * np.clip(amount, 0, 1.2)[..., None] * np.array([0.15, 1.0, 0.95])


def _unevenness(rng: np.random.Generator, person: Identity) -> Floats:
    amount = 0.016 + 0.014 * person.age
    light = (
        amount * _bandpass(rng, 18, 70)
        + 0.012 * _bandpass(rng, 5, 16)
        + 0.022 * _bandpass(rng, 1.2, 4)
    )
    hue = (0.012 + 0.003 * person.age) * _bandpass(rng, 10, 45)
    return 1 + light[..., None] + hue[..., None] * np.array([0.5, -0.6, -0.5])


def _spots(rng: np.random.Generator, x: Floats, y: Floats, person: Identity) -> Floats:
    """Freckles and age spots, and one small mole."""
    fair = {"light": 1.0, "tan": 0.6, "brown": 0.6, "dark": 0.5}[person.skin_tone]
    colour = np.ones((HEIGHT, WIDTH, 3))
    count = int(260 * fair * (0.5 + person.age))
    on_cheeks = rng.random(count) < 0.6
    cx = np.where(
        on_cheeks,
        rng.choice([-1, 1], count) * rng.normal(0.36, 0.16, count),
        rng.normal(0, 0.45, count),
    )
    cy = np.where(on_cheeks, rng.normal(6.98, 0.16, count), rng.normal(7.3, 0.5, count))
    size = rng.uniform(2.0, 4.0 + 5 * person.age, count)
    dark = rng.uniform(0.015, 0.07 + 0.04 * person.age, count) * fair
    for px, py, s, d in zip(cx, cy, size, dark, strict=True):
        _spot(colour, px, py, s, d)
    _spot(colour, rng.uniform(-0.55, 0.55), rng.choice([7.05, 7.85]), 4.0, 0.18)
    return colour


def _spot(colour: Floats, x: float, y: float, sigma: float, amount: float) -> None:
    column, row = (x - X_RANGE[0]) * PIXELS_PER_DM, (Y_RANGE[1] - y) * PIXELS_PER_DM
    reach = int(3 * sigma)
    r0, r1, c0, c1 = int(row) - reach, int(row) + reach, int(column) - reach, int(column) + reach
    if r0 < 0 or c0 < 0 or r1 >= HEIGHT or c1 >= WIDTH:
        return
    rows, columns = np.mgrid[r0:r1, c0:c1]
    blob = amount * np.exp(-0.5 * (((rows - row) ** 2 + (columns - column) ** 2) / sigma**2) ** 1.5)
    colour[r0:r1, c0:c1] *= 1 - blob[..., None] * np.array([0.85, 1.0, 1.1])


def _under_eyes(x: Floats, y: Floats, age: float) -> Floats:
    amount = (0.07 + 0.10 * age) * _both(x, y, 0.27, 7.13, 0.16, 0.075)
    amount += 0.05 * _both(x, y, 0.30, 7.40, 0.20, 0.06)  # upper lid
    return 1 - amount[..., None] * np.array([1.0, 1.05, 0.85])


def beard_region(x: Floats, y: Floats) -> Floats:
    """Where stubble grows, 0-1: moustache, chin, jaw and sideburns, around bare lips."""
    ax = np.abs(x)
    cheek_line = 6.60 + 0.48 * smooth_step(ax, 0.42, 0.80)
    area = smooth_step(cheek_line - y, -0.06, 0.07)
    moustache = (
        smooth_step(y, 6.64, 6.70) * smooth_step(-y, -6.86, -6.79) * smooth_step(-ax, -0.34, -0.24)
    )
    lips = np.clip(1.7 * np.exp(-((ax / 0.27) ** 4) - ((y - 6.605) / 0.085) ** 4), 0, 1)
    return np.clip(np.maximum(area, 0.9 * moustache), 0, 1) * (1 - lips)


def _stubble(rng: np.random.Generator, x: Floats, y: Floats, beard: float) -> tuple[Floats, Floats]:
    """Dots of stubble (h, w), 0-1, and the darkening they and the roots under the skin cause (h, w, 3)."""
    if beard <= 0:
        return np.zeros_like(x), np.zeros((*x.shape, 3))
    area = beard_region(x, y)
    dots = (rng.random(x.shape) < 0.030 * np.clip(beard * 1.3, 0.3, 1)) * rng.uniform(
        0.4, 1.0, x.shape
    )
    dots = np.clip(gaussian_filter(dots, (1.6, 1.1)) * 10, 0, 1) * area
    patchy = 1 + 0.15 * gaussian_filter(rng.standard_normal(x.shape), 25) * 60
    bed = beard * 0.17 * area * np.clip(patchy, 0.6, 1.3)
    shade = bed[..., None] * np.array([1.0, 0.95, 0.80]) + (0.26 * beard * dots)[..., None]
    return dots, np.clip(shade, 0, 0.8)
