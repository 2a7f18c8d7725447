"""The paired test beside the mixed model: participants' means at lower and at higher trust."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experiment.report.inference import LEVEL, Interval, NoFit, t_interval

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PairedTest:
    """Participants' means at lower and higher trust, compared by a paired t test.

    It asks about these clinicians only. `dz` is mean by SD of the differences, with the interval
    from the noncentral t distribution. `without`: participants without a rating in some condition.
    """

    raw: Interval
    sd: float
    t: float
    df: int
    p: float
    dz: Interval
    without: tuple[str, ...]


def paired_test(cells: pd.DataFrame, trusts: tuple[str, str]) -> PairedTest:
    """Compare participants' means, each condition (trust x level) weighing the same.

    Raises `NoFit` with fewer than two participants who rated in all conditions, or without
    variance.
    """
    from scipy import stats

    means = participant_means(cells, trusts)
    whole = means.dropna()
    differences = (whole[trusts[0]] - whole[trusts[1]]).to_numpy()
    if len(differences) < 2:
        raise NoFit(f"{len(differences)} participant(s) rated in all conditions; a test needs two")
    sd = float(np.std(differences, ddof=1))
    if sd < 1e-9:
        raise NoFit("the differences don't vary between participants")
    n, mean = len(differences), float(np.mean(differences))
    result = stats.ttest_1samp(differences, 0.0)
    t = float(result.statistic)
    low, high = (bound / math.sqrt(n) for bound in _noncentrality(t, n - 1))
    return PairedTest(
        raw=t_interval(mean, sd / math.sqrt(n), n - 1),
        sd=sd,
        t=t,
        df=n - 1,
        p=float(result.pvalue),
        dz=Interval(mean / sd, low, high),
        without=tuple(str(name) for name in means.index[means.isna().any(axis=1)]),
    )


def participant_means(cells: pd.DataFrame, trusts: tuple[str, str]) -> pd.DataFrame:
    """Mean rating by participant (rows) and trust level (columns), levels weighing the same.

    NaN where a participant lacks ratings in a condition, lest temperature be mistaken for trust.
    """
    levels = sorted(set(cells["level"]))
    by_condition = cells.groupby(["participant", "trust", "level"])["mean"].mean()
    table = by_condition.unstack("level").reindex(columns=levels).mean(axis=1, skipna=False)
    return table.unstack("trust").reindex(columns=list(trusts))


def _noncentrality(t: float, df: int) -> tuple[float, float]:
    """The 95 % interval of the noncentrality that a t value speaks for."""
    from scipy import stats
    from scipy.optimize import brentq

    step = math.sqrt(1.0 + t**2 / (2.0 * df))  # about its standard error

    def bound(tail: float) -> float:
        def off(nc: float) -> float:
            return float(stats.nct.cdf(t, df, nc)) - tail

        # Outwards in small steps: far away the distribution function isn't a number any more.
        side = math.copysign(step, off(t))
        place = t
        while off(place) * side > 0:
            place += side
        return float(brentq(off, place - side, place))

    return bound((1 + LEVEL) / 2), bound((1 - LEVEL) / 2)
