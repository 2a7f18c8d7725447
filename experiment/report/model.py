"""The effect of trust on one question's ratings, by a mixed model.

The mixed model is fitted to cell means (participant x clinician x temperature level), each
weighted by its number of trials:

    rating = intercept + trust + temperature
             + participant: intercept, temperature slope, trust slope
             + participant x clinician
             + clinician: intercept, trust slope
             + residual / trials

Trust is coded +1/2 (the lower level) and -1/2 (the higher), so that its coefficient is low minus
high. A participant meets a clinician at one level only: a clinician's trust slope is therefore
estimated across participants, and a design whose counterbalancing flips every clinician makes it
possible. All random effects are independent; since trust is balanced within participants and
within clinicians, correlations between intercepts and slopes don't enter the trust effect.
Clinicians are random too, since the question is about doctors, not about these eight: without
their trust slopes the test takes what holds for a few faces for what holds in general (Judd,
Westfall & Kenny 2012, J Pers Soc Psychol 103(1), 54-69).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from experiment.report.inference import Interval, NoFit, t_interval, two_sided
from experiment.report.mixed import Fit, fit
from experiment.report.reml import Array, Component, Problem

if TYPE_CHECKING:
    import pandas as pd

TRUST, TEMPERATURE = "trust (lower minus higher)", "temperature"
PARTICIPANT, BY_TEMPERATURE = "participant", "participant × temperature"
BY_TRUST, PAIR = "participant × trust", "participant × clinician"
CLINICIAN, CLINICIAN_TRUST = "clinician", "clinician × trust"
# In this order they are left out where the fit doesn't converge; what the test rests on never is.
EXPENDABLE = (PAIR, BY_TEMPERATURE, CLINICIAN)
FEWEST = 4  # participants and clinicians: below, their variances can't be told from chance


@dataclass(frozen=True)
class TrustEffect:
    """Low minus high trust in points of the scale, by the mixed model.

    `standardised` is the effect in standard deviations of a single rating, all variances of the
    model added up (Westfall, Kenny & Judd 2014, J Exp Psychol Gen 143(5), 2020-2045); its interval
    takes that standard deviation as known. `df`: Satterthwaite's, but never more than the clinicians
    met at both levels minus one. `notes`: what was done besides the plain fit.
    """

    raw: Interval
    se: float
    df: float
    satterthwaite_df: float
    t: float
    p: float
    standardised: Interval
    sd: float
    fit: Fit
    participants: tuple[str, ...]
    clinicians: tuple[str, ...]
    n_trials: int
    notes: tuple[str, ...]


def trust_effect(cells: pd.DataFrame, trusts: tuple[str, str]) -> TrustEffect:
    """Fit the mixed model to cell means (`experiment.report.tables.cell_means`).

    `trusts`: the two levels compared, the lower one first. Raises `NoFit` where the data don't
    allow it.
    """
    participants = tuple(sorted(set(cells["participant"])))
    clinicians = tuple(sorted(set(cells["clinician"])))
    most_df = _check(cells, participants, clinicians, trusts) - 1
    problem, notes = design(cells, participants, clinicians, trusts)
    found, more = _fit(problem)
    raw, se, free = found.estimate(TRUST), found.se(TRUST), found.df(TRUST)
    df = min(free, float(most_df))
    sd = math.sqrt(_variance_of_a_rating(found))
    interval = t_interval(raw, se, df)
    return TrustEffect(
        raw=interval,
        se=se,
        df=df,
        satterthwaite_df=free,
        t=raw / se,
        p=two_sided(raw / se, df),
        standardised=Interval(*(value / sd for value in (raw, interval.low, interval.high))),
        sd=sd,
        fit=found,
        participants=participants,
        clinicians=clinicians,
        n_trials=int(cells["n"].sum()),
        notes=(*notes, *more),
    )


def _check(
    cells: pd.DataFrame,
    participants: tuple[str, ...],
    clinicians: tuple[str, ...],
    trusts: tuple[str, str],
) -> int:
    """Raise `NoFit`, or give the number of clinicians that were met at both trust levels."""
    for what, names in (("participants", participants), ("clinicians", clinicians)):
        if len(names) < FEWEST:
            n = f"{len(names)} {what if len(names) != 1 else what.removesuffix('s')}"
            raise NoFit(
                f"there are ratings of {n}; with fewer than {FEWEST} their variance can't be "
                f"estimated"
            )
    if float(cells["mean"].max() - cells["mean"].min()) < 1e-9:
        raise NoFit("all ratings are the same")
    twice = cells[cells.duplicated(["participant", "clinician", "level"])]
    if len(twice):
        raise NoFit(
            f"{twice['participant'].iloc[0]} met {twice['clinician'].iloc[0]} at both trust levels, "
            f"but the model takes one level a clinician"
        )
    both = int((cells.groupby("clinician")["trust"].nunique() == len(trusts)).sum())
    if both < FEWEST:
        raise NoFit(
            f"{both} of {len(clinicians)} clinicians were met at both trust levels; with fewer than "
            f"{FEWEST} trust can't be told from who they are"
        )
    return both


def design(
    cells: pd.DataFrame,
    participants: tuple[str, ...],
    clinicians: tuple[str, ...],
    trusts: tuple[str, str],
) -> tuple[Problem, tuple[str, ...]]:
    """Arrays of participants x (clinicians x levels), and notes on what the data don't allow."""
    levels = 1 + int(cells["level"].max())
    shape = (len(participants), len(clinicians), levels)
    place = (
        cells["participant"].map({name: i for i, name in enumerate(participants)}).to_numpy(),
        cells["clinician"].map({name: i for i, name in enumerate(clinicians)}).to_numpy(),
        cells["level"].to_numpy(),
    )
    y, weights, trust = (np.zeros(shape) for _ in range(3))
    y[place], weights[place] = cells["mean"], cells["n"]
    trust[place] = np.where(cells["trust"] == trusts[0], 0.5, -0.5)
    steps = np.linspace(-0.5, 0.5, levels) if levels > 1 else np.zeros(1)
    ones, heat = np.ones(shape), np.broadcast_to(steps, shape)
    who = np.broadcast_to(np.eye(len(clinicians))[:, None, :], (*shape, len(clinicians)))
    fixed = [ones, trust, *([heat] if levels > 1 else [])]
    components = [
        Component(PARTICIPANT, _flat(ones[..., None]), shared=False),
        Component(BY_TRUST, _flat(trust[..., None]), shared=False),
        Component(CLINICIAN, _flat(who), shared=True),
        Component(CLINICIAN_TRUST, _flat(who * trust[..., None]), shared=True),
    ]
    notes = []
    if levels > 1:
        components.append(Component(BY_TEMPERATURE, _flat(heat[..., None]), shared=False))
    if ((weights > 0).sum(axis=2) > 1).any():
        components.append(Component(PAIR, _flat(who), shared=False))
    else:
        notes.append(
            "no participant rated a clinician at two temperatures, so that participant × clinician "
            "isn't told apart from the residual"
        )
    if levels > 2:
        notes.append(f"temperature is entered as one linear step over its {levels} levels")
    names = ("intercept", TRUST, *([TEMPERATURE] if levels > 1 else []))
    problem = Problem(
        _flat(y[..., None])[..., 0],
        _flat(weights[..., None])[..., 0],
        _flat(np.stack(fixed, axis=3)),
        names,
        tuple(components),
    )
    return problem, tuple(notes)


def _flat(array: Array) -> Array:
    """Clinicians x levels as one axis of cells."""
    return np.ascontiguousarray(array.reshape(array.shape[0], -1, array.shape[-1]))


def _fit(problem: Problem) -> tuple[Fit, tuple[str, ...]]:
    """Fit; where it doesn't converge, leave out `EXPENDABLE` components one after the other."""
    notes: list[str] = []
    left = [name for name in EXPENDABLE if name in [c.name for c in problem.components]]
    while True:
        try:
            found = fit(problem)
        except ValueError as error:
            raise NoFit(str(error)) from None
        if found.converged:
            return found, tuple(notes)
        if not left:
            raise NoFit("the fit didn't converge, not even without " + ", ".join(EXPENDABLE))
        out = left.pop(0)
        notes.append(f"the fit didn't converge with {out}, which was left out")
        kept = tuple(component for component in problem.components if component.name != out)
        problem = replace(problem, components=kept)


def _variance_of_a_rating(found: Fit) -> float:
    """Variance of a single rating at a given trust level and temperature.

    Slopes count at their code's square: 1/4 at either end.
    """
    whole = sum(found.variance(name) for name in (PARTICIPANT, CLINICIAN, PAIR))
    quarter = sum(found.variance(name) for name in (BY_TRUST, BY_TEMPERATURE, CLINICIAN_TRUST))
    return whole + quarter / 4 + found.residual
