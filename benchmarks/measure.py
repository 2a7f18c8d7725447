"""One row of the table: ours, the other, the ratio, and whether the goal was reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np


@dataclass(frozen=True)
class Row:
    """Figures with their units in words; `ratio` is ours / other, or what `ratio_of` says."""

    number: int
    what: str
    ours: str
    other: str
    ratio: float | None
    goal: str
    reached: bool | None  # None: the goal can't be judged here
    notes: tuple[str, ...] = ()
    figures: dict[str, float] = field(default_factory=dict)


def p99(values: Sequence[float]) -> float:
    return float(np.percentile(values, 99))


def in_ms(times_s: Sequence[float]) -> str:
    """Median and 99th percentile."""
    return f"{1000 * median(times_s):.3g} / {1000 * p99(times_s):.3g} ms"
