"""How far raters agree: intraclass correlations and Cronbach's alpha."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Agreement:
    """Of `raters` who judged all portraits.

    `single` and `mean`: ICC(2,1) and ICC(2,k) of Shrout & Fleiss (1979, Psychol Bull 86, 420-428),
    of one rater's judgement and of the mean over all, raters being a sample and their level
    counting. `alpha`: Cronbach's, the same as ICC(3,k), where their level doesn't count. NaN where
    nothing varies.
    """

    raters: int
    single: float
    mean: float
    alpha: float


def agreement(judgements: pd.DataFrame) -> Agreement:
    """Agreement on one question (columns rater, clinician, level, rating).

    Raters who left a portrait out don't count. NaN with fewer than two raters or portraits.
    """
    wide = judgements.pivot_table(index=["clinician", "level"], columns="rater", values="rating")
    y = wide.dropna(axis="columns").to_numpy(dtype=float)
    n, k = y.shape  # portraits, raters
    if n < 2 or k < 2:
        return Agreement(k, math.nan, math.nan, math.nan)
    grand, rows, columns = y.mean(), y.mean(axis=1), y.mean(axis=0)
    between = k * float(((rows - grand) ** 2).sum()) / (n - 1)
    raters = n * float(((columns - grand) ** 2).sum()) / (k - 1)
    rest = float(((y - rows[:, None] - columns + grand) ** 2).sum()) / ((n - 1) * (k - 1))
    if between <= 0.0:
        return Agreement(k, math.nan, math.nan, math.nan)
    single = (between - rest) / (between + (k - 1) * rest + k * (raters - rest) / n)
    mean = (between - rest) / (between + (raters - rest) / n)
    return Agreement(
        k, float(np.clip(single, -1, 1)), float(np.clip(mean, -1, 1)), 1 - rest / between
    )
