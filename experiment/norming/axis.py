"""Whether a judgement rises along the trust axis, and how much of it happy and angry explain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from experiment.report.inference import Interval, t_interval
from experiment.report.mixed import Component, Problem, fit

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
RATER, RATER_SLOPE, CLINICIAN, CLINICIAN_SLOPE, PORTRAIT = (
    *("rater", "rater slope", "clinician", "clinician slope"),
    "portrait",
)


@dataclass(frozen=True)
class Slope:
    """Points a unit of the axis, with 95 % intervals.

    `mixed` holds for other raters and other clinicians (mixed model, Satterthwaite's degrees of
    freedom `df`), None where that can't be fitted; `raters` for other raters of these clinicians
    alone (a t interval over each rater's own slope).
    """

    mixed: Interval | None
    df: float
    raters: Interval


@dataclass(frozen=True)
class ClinicianSlope:
    """One clinician's slope over raters, mean by level, and whether each level lies above the last."""

    clinician: str
    means: dict[str, float]
    slope: Interval
    rises: bool


@dataclass(frozen=True)
class Explained:
    """How far happy and angry account for trust, over portraits' means and within clinicians.

    `alone` is the slope of trust on the axis, `partial` what is left of it with both judgements in
    the model. The shares are of the variance of trust within clinicians: explained by the axis, by
    the two judgements, by all three.
    """

    portraits: int
    alone: Interval
    partial: Interval
    by_axis: float
    by_judgements: float
    by_all: float

    @property
    def left(self) -> float:
        """The share of the slope that is left; NaN without a slope."""
        return self.partial.estimate / self.alone.estimate if self.alone.estimate else math.nan

    @property
    def added(self) -> float:
        """What the axis explains beyond happy and angry: the change in R2."""
        return self.by_all - self.by_judgements


def slope_over_all(judgements: pd.DataFrame) -> Slope:
    """The slope of one question's judgements on the axis, over all raters and clinicians.

    Raises `ValueError` with fewer than two raters who judged more than one place of the axis.
    """
    wide = judgements.pivot_table(
        index="rater", columns=["clinician", "level"], values="rating", dropna=False
    )
    wide = wide.dropna(axis="columns", how="all")
    places = judgements.groupby(["clinician", "level"])["axis"].first()
    portraits = [(str(column[0]), str(column[1])) for column in wide.columns]
    axis = np.array([float(places[portrait]) for portrait in portraits])
    y = wide.to_numpy(dtype=float)
    interval = _over(_own_slopes(y, axis, [who for who, _ in portraits]))
    mixed, df = _mixed(y, axis, portraits)
    return Slope(mixed, df, interval)


def clinician_slopes(judgements: pd.DataFrame, levels: Sequence[str]) -> list[ClinicianSlope]:
    """The same for each clinician by themselves. `levels`: lowest first."""
    found = []
    for clinician, own in judgements.groupby("clinician", sort=False):
        by_level = own.groupby("level")["rating"].mean()
        means = {level: float(by_level.get(level, math.nan)) for level in levels}
        wide = own.pivot_table(index="rater", columns="axis", values="rating")
        axis = wide.columns.to_numpy(dtype=float)
        slopes = _own_slopes(wide.to_numpy(dtype=float), axis, [str(clinician)] * len(axis))
        values = list(means.values())
        rises = all(later > earlier for earlier, later in pairwise(values))
        found.append(ClinicianSlope(str(clinician), means, _over(slopes), rises))
    return found


def explained(trust: pd.DataFrame, happy: pd.DataFrame, angry: pd.DataFrame) -> Explained:
    """Regress portraits' mean trust on the axis, on mean happy and angry, and on all three.

    Clinicians' own levels are taken out, so that it's about the axis within a clinician. The
    slopes' intervals hold for other portraits and other raters: to the regression's variance comes
    that over raters, by leaving out one after the other (jackknife). Raises `ValueError` where
    there are too few portraits to tell the three apart.
    """
    by_portrait = [
        table.pivot_table(index=["clinician", "level"], columns="rater", values="rating")
        for table in (trust, happy, angry)
    ]
    # Two answers each, so that one is left whoever is left out.
    portraits = by_portrait[0].dropna(thresh=2).index
    for table in by_portrait[1:]:
        portraits = portraits.intersection(table.dropna(thresh=2).index)
    raters = sorted(set(trust["rater"]) | set(happy["rater"]) | set(angry["rater"]))
    answers = np.stack([t.reindex(portraits, columns=raters).to_numpy(float) for t in by_portrait])
    axis = trust.groupby(["clinician", "level"])["axis"].first().reindex(portraits)
    regression = _Regression(axis.to_numpy(float), portraits.get_level_values("clinician"))
    return regression.explained(answers)


class _Regression:
    """Of mean trust on axis, happy and angry, within clinicians."""

    def __init__(self, axis: Floats, clinicians: pd.Index[str]) -> None:
        one_hot = (clinicians.to_numpy()[:, None] == clinicians.unique().to_numpy()).astype(float)
        self._within = np.eye(len(axis)) - one_hot @ np.linalg.pinv(one_hot)
        self._axis, self._df = axis, len(axis) - one_hot.shape[1]

    def explained(self, answers: Floats) -> Explained:
        """`answers`: trust, happy and angry x portraits x raters."""
        if self._df <= 3:
            raise ValueError(
                f"{len(self._axis)} portrait(s) are too few to tell what happy and angry explain "
                f"of trust"
            )
        y, happy, angry = self._means(answers)
        total = float(y @ y)
        line = self._within @ self._axis
        models = [np.column_stack(x) for x in ((line,), (happy, angry), (line, happy, angry))]
        if total <= 0.0 or any(np.linalg.matrix_rank(x) < x.shape[1] for x in models):
            raise ValueError("trust, happy and angry don't vary apart from the axis")
        shares = [1.0 - _rest(x, y) / total for x in models]
        alone, partial = (
            self._interval(x, y, spread)
            for x, spread in zip((models[0], models[2]), self._over_raters(answers), strict=True)
        )
        return Explained(len(y), alone, partial, shares[0], shares[1], shares[2])

    def _means(self, answers: Floats) -> Floats:
        return np.nanmean(answers, axis=2) @ self._within.T

    def _interval(self, x: Floats, y: Floats, over_raters: float) -> Interval:
        df = self._df - x.shape[1]
        variance = _rest(x, y) / df * float(np.linalg.inv(x.T @ x)[0, 0])
        return t_interval(_first(x, y), math.sqrt(variance + over_raters), df)

    def _over_raters(self, answers: Floats) -> tuple[float, float]:
        """The variance over raters of the slope alone and of the partial one."""
        count = answers.shape[2]
        if count < 3:
            return 0.0, 0.0
        line = self._within @ self._axis
        found = []
        for rater in range(count):
            y, happy, angry = self._means(np.delete(answers, rater, axis=2))
            found.append(
                (_first(line[:, None], y), _first(np.column_stack((line, happy, angry)), y))
            )
        alone, partial = np.var(found, axis=0) * (count - 1)
        return float(alone), float(partial)


def _first(x: Floats, y: Floats) -> float:
    return float(np.linalg.lstsq(x, y, rcond=None)[0][0])


def _rest(x: Floats, y: Floats) -> float:
    return float(((y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) ** 2).sum())


def _own_slopes(y: Floats, axis: Floats, clinicians: Sequence[str]) -> Floats:
    """Each rater's slope within clinicians; raters (rows) without one are left out."""
    of = np.array(clinicians)
    slopes = []
    for own in y:
        above = below = 0.0
        for clinician in dict.fromkeys(clinicians):
            known = (of == clinician) & ~np.isnan(own)
            if known.sum() > 1:
                x = axis[known] - axis[known].mean()
                above += float(x @ own[known])
                below += float(x @ x)
        if below > 0.0:
            slopes.append(above / below)
    return np.array(slopes)


def _over(slopes: Floats) -> Interval:
    if len(slopes) < 2:
        raise ValueError(f"{len(slopes)} rater(s) judged portraits along the axis; it needs two")
    error = float(slopes.std(ddof=1)) / math.sqrt(len(slopes))
    return t_interval(float(slopes.mean()), error, len(slopes) - 1)


def _mixed(
    y: Floats, axis: Floats, portraits: Sequence[tuple[str, str]]
) -> tuple[Interval | None, float]:
    """Raters and clinicians random in level and slope, and what a portrait has of its own."""
    raters, cells = y.shape
    who = list(dict.fromkeys(clinician for clinician, _ in portraits))
    one_hot = np.array([[float(clinician == name) for name in who] for clinician, _ in portraits])
    ones, line = np.ones((raters, cells, 1)), np.broadcast_to(axis, (raters, cells))[..., None]

    def for_all(columns: Floats) -> Floats:
        return np.broadcast_to(columns, (raters, *columns.shape)).copy()

    components = [
        Component(RATER, ones, shared=False),
        Component(RATER_SLOPE, line.copy(), shared=False),
        Component(CLINICIAN, for_all(one_hot), shared=True),
        Component(CLINICIAN_SLOPE, for_all(one_hot * axis[:, None]), shared=True),
    ]
    if cells > 2 * len(who):  # with two levels level and slope say all of a portrait
        components.append(Component(PORTRAIT, for_all(np.eye(cells)), shared=True))
    problem = Problem(
        y=np.nan_to_num(y),
        weights=(~np.isnan(y)).astype(float),
        fixed=np.concatenate([ones, line], axis=2),
        fixed_names=("level", "slope"),
        components=tuple(components),
    )
    try:
        found = fit(problem)
    except (ValueError, np.linalg.LinAlgError):
        return None, math.nan
    df = found.df("slope")
    if not found.converged or not df > 0:
        return None, math.nan
    return t_interval(found.estimate("slope"), found.se("slope"), df), df
