"""What the group report's tests have in common: intervals, t, and the words when there's none."""

from __future__ import annotations

from dataclasses import dataclass

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % confidence interval."""

    estimate: float
    low: float
    high: float


class NoFit(ValueError):
    """The model can't be fitted to these data; the message says why."""


def t_interval(estimate: float, se: float, df: float) -> Interval:
    """An estimate with the 95 % interval that t gives it."""
    from scipy import stats

    half = float(stats.t.ppf((1 + LEVEL) / 2, df)) * se
    return Interval(estimate, estimate - half, estimate + half)


def two_sided(t: float, df: float) -> float:
    """The two-sided p value of a t."""
    from scipy import stats

    return float(2 * stats.t.sf(abs(t), df))
