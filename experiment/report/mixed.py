"""A linear mixed model with crossed random effects, fitted by restricted maximum likelihood.

Why not a library: statsmodels fits crossed effects as one dense block, so that its time grows with
the third power of the rows (single trials of 160 participants: 101 s), and it tests by Wald's z.
Here participants are blocks that share a few clinicians, and time and memory grow with the number
of participants alone. Tests compare this file with lme4 and with statsmodels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiment.report.reml import Array, Component, Likelihood, Problem, State

STARTS = (0.3, 0.03, 3.0)  # variance ratios at which the search begins, one after the other
STEEPEST = 1e-2  # slope of the deviance by log ratio at which a fit counts as converged
AT_ZERO, SMALL_RATIO = 1e-8, 1e-3  # below the first a ratio is 0; the second would be a little one
HIGHEST_RATIO = 1e6
STEPS = 100

__all__ = ["Component", "Fit", "Problem", "fit"]


@dataclass(frozen=True)
class Fit:
    """What was found.

    `residual` is the variance of a single trial (weight 1). `information` is the expected
    information about the variances (components, then residual), `gradients` each fixed effect's
    sampling variance by these. `effects`: predictions by component, blocks x effects or, of shared
    ones, effects. `fitted` and `residuals` (scaled to a trial's SD; NaN without data): blocks x
    cells. `steepest` is the slope that's left, see `STEEPEST`.
    """

    problem: Problem
    estimates: Array
    covariance: Array
    variances: Array
    residual: float
    effects: dict[str, Array]
    fitted: Array
    residuals: Array
    deviance: float
    steepest: float
    information: Array
    gradients: Array

    @property
    def converged(self) -> bool:
        """Whether the search ended where the deviance is flat."""
        return self.steepest < STEEPEST

    def estimate(self, name: str) -> float:
        """A fixed effect."""
        return float(self.estimates[self._place(name)])

    def se(self, name: str) -> float:
        """Its standard error."""
        place = self._place(name)
        return float(np.sqrt(self.covariance[place, place]))

    def df(self, name: str) -> float:
        """Its degrees of freedom after Satterthwaite.

        From the expected information, as Kenward & Roger (1997, Biometrics 53, 983-997): a
        variance that was estimated as 0 still counts as uncertain. With the observed one, as in
        lmerTest, it would count as known.
        """
        place = self._place(name)
        slope = self.gradients[place]
        spread = float(slope @ np.linalg.pinv(self.information, hermitian=True) @ slope)
        return 2 * float(self.covariance[place, place]) ** 2 / spread

    def variance(self, component: str) -> float:
        """A component's variance; 0 if it isn't in the model."""
        names = [c.name for c in self.problem.components]
        return float(self.variances[names.index(component)]) if component in names else 0.0

    @property
    def at_zero(self) -> list[str]:
        """The components whose variance was estimated as 0, on the boundary of what there can be."""
        pairs = zip(self.problem.components, self.variances, strict=True)
        return [c.name for c, variance in pairs if variance <= AT_ZERO * self.residual]

    def _place(self, name: str) -> int:
        return self.problem.fixed_names.index(name)


def fit(problem: Problem) -> Fit:
    """Fit by REML; the result says whether it converged.

    By Fisher scoring, which takes a handful of steps; where that doesn't settle, by L-BFGS-B from
    several starts. Raises `ValueError` where the cells with data don't tell the fixed effects
    apart.
    """
    likelihood = Likelihood(problem)
    ratios = _score(likelihood)
    if _steepest(likelihood, ratios) < STEEPEST:
        return _result(problem, likelihood, ratios)
    return _result(problem, likelihood, _search(likelihood, ratios))


def _score(likelihood: Likelihood) -> Array:
    """Variance ratios by Fisher scoring, kept at 0 or above (iterated, non-negative MINQUE)."""
    from scipy.optimize import nnls

    ratios = np.full(len(likelihood.components), STARTS[0])
    for _ in range(STEPS):
        state = likelihood.state(ratios)
        s2 = state.rss / likelihood.dof
        values, vectors = np.linalg.eigh(likelihood.information(state, s2))
        root = np.sqrt(np.maximum(values, values[-1] * 1e-12))
        goal = (vectors.T @ likelihood.squares(state) / (2 * s2**2)) / root
        variances, _ = nnls(root[:, None] * vectors.T, goal)
        before, ratios = ratios, variances[:-1] / max(variances[-1], s2 * 1e-6)
        if np.allclose(ratios, before, rtol=1e-6, atol=1e-9):
            break
    return ratios


def _search(likelihood: Likelihood, ratios: Array) -> Array:
    from scipy.optimize import minimize

    best, lowest = ratios, likelihood.deviance(ratios)[0]
    for start in STARTS:
        found = minimize(
            likelihood.deviance,
            np.full(len(ratios), start),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, HIGHEST_RATIO)] * len(ratios),
            options={"maxiter": 1000, "maxfun": 5000, "ftol": 1e-15, "gtol": 1e-10},
        )
        if found.fun < lowest:
            best, lowest = np.asarray(found.x), float(found.fun)
        if _steepest(likelihood, best) < STEEPEST:
            break
    return best


def _steepest(likelihood: Likelihood, ratios: Array) -> float:
    """The steepest slope left: by log ratio; of a ratio at 0, if the deviance falls from there."""
    _, slopes = likelihood.deviance(ratios)
    by_log = np.abs(slopes * ratios)
    at_zero = np.maximum(-slopes, 0.0) * SMALL_RATIO
    return float(np.where(ratios > AT_ZERO, by_log, at_zero).max(initial=0.0))


def _result(problem: Problem, likelihood: Likelihood, ratios: Array) -> Fit:
    state = likelihood.state(ratios)
    s2 = state.rss / likelihood.dof
    effects = _predictions(likelihood, state)
    fitted = problem.fixed @ state.solution[likelihood.m :]
    for component in problem.components:
        found = effects[component.name]
        by_block = "m" if component.shared else "im"
        fitted = fitted + np.einsum(f"icm,{by_block}->ic", component.columns, found)
    residuals = (problem.y - fitted) * np.sqrt(problem.weights)
    return Fit(
        problem=problem,
        estimates=state.solution[likelihood.m :],
        covariance=s2 * state.xx,
        variances=s2 * ratios,
        residual=s2,
        effects=effects,
        fitted=fitted,
        residuals=np.where(problem.weights > 0, residuals, np.nan),
        deviance=state.deviance,
        steepest=_steepest(likelihood, ratios),
        information=likelihood.information(state, s2),
        gradients=likelihood.gradients(state, s2),
    )


def _predictions(likelihood: Likelihood, state: State) -> dict[str, Array]:
    """Random effects as predicted (BLUPs): ratio_k Z_k' P y."""
    components, ratios = likelihood.components, state.ratios
    found = {}
    for place, component in enumerate(components):
        if component.shared:
            found[component.name] = ratios[place] * state.shared_py[likelihood.shared_of == place]
        else:
            mine = state.own_py[:, likelihood.own_of == place]
            found[component.name] = ratios[place] * mine
    return found
