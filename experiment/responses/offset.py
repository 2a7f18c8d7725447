"""How far another clock is from the session's, measured by asking both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Offset:
    """`session time = other clock's stamp + seconds`, right to within `uncertainty_s`."""

    measured_at: float
    seconds: float
    uncertainty_s: float


def measure_offset(
    session: Callable[[], float], other: Callable[[], float], tries: int = 5
) -> Offset:
    """Read the other clock between two readings of the session's, and take the narrowest pair.

    However long the computer was busy in between, the other clock was read within the pair, so
    half its width bounds the error.
    """
    best: Offset | None = None
    for _ in range(tries):
        before = session()
        there = other()
        after = session()
        half = (after - before) / 2
        if best is None or half < best.uncertainty_s:
            best = Offset(after, before + half - there, half)
    assert best is not None
    return best
