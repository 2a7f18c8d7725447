"""Makes the levels of one identity alike in all but the face, and the face alike in mean luminance and RMS contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stimuli.pipeline.base_mesh import Floats

REC709 = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class Brightness:
    """Mean linear-light luminance of the face (0-1) and its RMS contrast (standard deviation over mean)."""

    luminance: float
    contrast: float


def to_linear(encoded: Floats) -> Floats:
    """sRGB-encoded 0-1 to linear light."""
    return np.where(
        encoded <= 0.04045, encoded / 12.92, ((np.maximum(encoded, 0) + 0.055) / 1.055) ** 2.4
    )


def to_encoded(linear: Floats) -> Floats:
    """Linear light to sRGB-encoded 0-1."""
    clipped = np.clip(linear, 0, 1)
    return np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** (1 / 2.4) - 0.055)


def ellipse(width: int, height: int, centre: Floats, radii: Floats, feather: float) -> Floats:
    """1 inside an ellipse, 0 outside, (height, width), fading over the outer `feather` share of its radius."""
    y, x = np.mgrid[0:height, 0:width]
    r = np.hypot((x + 0.5 - centre[0]) / radii[0], (y + 0.5 - centre[1]) / radii[1])
    t = np.clip((1 - r) / feather, 0, 1)
    return t * t * (3 - 2 * t)


def face_region(width: int, height: int, centre: Floats, radii: Floats) -> Floats:
    """Where the face's brightness is measured: inside hairline, ears and jaw."""
    return ellipse(
        width, height, centre + np.array([0, 0.02 * radii[1]]), radii * (0.60, 0.72), 0.25
    )


def combined(
    neutral: Floats, level: Floats, width: int, height: int, centre: Floats, radii: Floats
) -> Floats:
    """The neutral picture with the face of another level: coat and background stay the neutral one's."""
    mask = ellipse(width, height, centre, radii, 0.12)[..., None]
    return np.where(mask > 0, neutral * (1 - mask) + level * mask, neutral)


def brightness(encoded: Floats, region: Floats) -> Brightness:
    """A picture's (h, w, 3) brightness in a weighted region (h, w)."""
    light = to_linear(encoded) @ REC709
    mean = float((light * region).sum() / region.sum())
    variance = float((((light - mean) ** 2) * region).sum() / region.sum())
    return Brightness(mean, float(np.sqrt(variance)) / mean)


def matched(encoded: Floats, region: Floats, soft: Floats, wish: Brightness) -> NDArray[np.uint8]:
    """The picture as 8-bit (h, w, 3) with the region's brightness as wished, changed only where `soft` (h, w) > 0.

    Luminance goes through a gain and a power, colour ratios stay; both are found by iteration on the rounded picture.
    """
    linear = to_linear(encoded)
    light = np.maximum(linear @ REC709, 1e-6)
    gain, power = 1.0, 1.0
    grain = (
        np.random.default_rng(0).random(light.shape)[..., None] - 0.5
    )  # no bands; the same in every picture
    out = _rounded(encoded, grain)
    for _ in range(16):
        factor = gain * (light / wish.luminance) ** (power - 1)
        blended = 1 + (factor - 1) * soft
        changed = np.where(soft[..., None] > 0, to_encoded(linear * blended[..., None]), encoded)
        out = _rounded(changed, grain)
        now = brightness(out / 255, region)
        if (
            abs(now.luminance / wish.luminance - 1) < 1e-4
            and abs(now.contrast / wish.contrast - 1) < 1e-3
        ):
            break
        gain *= wish.luminance / now.luminance
        power *= wish.contrast / now.contrast
    return out.astype(np.uint8)


def _rounded(encoded: Floats, grain: Floats) -> Floats:
    return np.clip(np.round(encoded * 255 + grain), 0, 255)
