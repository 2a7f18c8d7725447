"""The base of the neck, around which collars stand."""

from __future__ import annotations

import numpy as np

from stimuli.pipeline.base_mesh import Floats

NECK = {"male": (0.60, 0.30, 0.60), "female": (0.47, 0.25, 0.52)}
"""Half width of the neck, and z of its middle and half depth, dm, at its base."""


def ring(sex: str, degrees: Floats, out: float, height: Floats) -> Floats:
    """Points (n, 3) around the base of the neck: azimuth 0 in front, `out` dm wider than the neck."""
    half, middle, deep = NECK[sex]
    a = np.radians(degrees)
    return np.stack([(half + out) * np.sin(a), height, middle + (deep + out) * np.cos(a)], 1)
