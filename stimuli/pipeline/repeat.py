"""How far two builds of one picture may differ, and how far they do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

TOLERANCE_LEVELS = 1
"""Largest difference of a pixel's red, green or blue between two builds on one machine, in 8-bit levels (of 255)."""


@dataclass(frozen=True)
class Difference:
    """Of two pictures, in 8-bit levels over all pixels and colours; `share` is that of pixels that differ at all."""

    largest: int
    mean: float
    share: float

    @property
    def tolerated(self) -> bool:
        """Whether no pixel differs by more than the tolerance."""
        return self.largest <= TOLERANCE_LEVELS


def difference(one: Path, two: Path) -> Difference:
    """How two pictures of one size differ. Raises `ValueError` where sizes differ, `OSError` for no picture."""
    first, second = _pixels(one), _pixels(two)
    if first.shape != second.shape:
        raise ValueError(f"{one.name} and {two.name} differ in size")
    apart = np.abs(first - second)
    return Difference(int(apart.max()), float(apart.mean()), float((apart.max(axis=2) > 0).mean()))


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), int)
