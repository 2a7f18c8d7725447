"""The mixed model against dense algebra, other libraries, and data of known make."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.report import mixed, model, paired
from experiment.report.inference import NoFit
from experiment.report.mixed import fit
from experiment.report.model import (
    BY_TEMPERATURE,
    BY_TRUST,
    CLINICIAN,
    CLINICIAN_TRUST,
    PAIR,
    PARTICIPANT,
    TEMPERATURE,
    TRUST,
    design,
    trust_effect,
)
from experiment.report.paired import paired_test
from experiment.report.reml import Array, Likelihood, Problem
from tests.report.studies import cells_of

TRUSTS = ("low", "high")
RATIOS = np.array([0.8, 0.2, 0.1, 0.07, 0.05, 0.02])


def problem_of(cells: pd.DataFrame) -> Problem:
    people, clinicians = sorted(set(cells["participant"])), sorted(set(cells["clinician"]))
    return design(cells, tuple(people), tuple(clinicians), TRUSTS)[0]


def dense(problem: Problem) -> tuple[Array, Array, list[Array], Array]:
    """y, X, Z Z' of each component, and the residual's matrix: one row a cell with data."""
    blocks, cells = problem.y.shape
    known = problem.weights.ravel() > 0
    squares = []
    for component in problem.components:
        size = component.columns.shape[2]
        if component.shared:
            columns = component.columns.reshape(blocks * cells, size)
        else:
            columns = np.zeros((blocks * cells, blocks * size))
            for i in range(blocks):
                columns[i * cells : (i + 1) * cells, i * size : (i + 1) * size] = component.columns[
                    i
                ]
        squares.append(columns[known] @ columns[known].T)
    fixed = problem.fixed.reshape(blocks * cells, -1)[known]
    return problem.y.ravel()[known], fixed, squares, np.diag(1 / problem.weights.ravel()[known])


def test_likelihood_information_and_gradients_are_those_of_dense_algebra() -> None:
    problem = problem_of(cells_of(7, missing=0.4))
    assert (problem.weights == 0).sum() > 0  # some cells are empty
    y, x, squares, rest = dense(problem)
    v = rest + sum(r * zz for r, zz in zip(RATIOS, squares, strict=True))
    vi = np.linalg.inv(v)
    xx = np.linalg.inv(x.T @ vi @ x)
    p = vi - vi @ x @ xx @ x.T @ vi
    dof = len(y) - x.shape[1]
    s2 = float(y @ p @ y) / dof
    log_det = np.linalg.slogdet(v)[1] - np.linalg.slogdet(xx)[1]
    likelihood = Likelihood(problem)
    state = likelihood.state(RATIOS)
    deviance, slopes = likelihood.deviance(RATIOS)
    assert deviance == pytest.approx(log_det + dof * (1 + np.log(2 * np.pi * s2)), rel=1e-10)
    traces = [np.trace(p @ zz) - float(y @ p @ zz @ p @ y) / s2 for zz in squares]
    np.testing.assert_allclose(slopes, traces, rtol=1e-8)
    parts = [*squares, rest]
    expected = [[np.trace(p @ a @ p @ b) / (2 * s2**2) for b in parts] for a in parts]
    np.testing.assert_allclose(likelihood.information(state, s2), expected, rtol=1e-8)
    grown = [np.diag(xx @ x.T @ vi @ a @ vi @ x @ xx) for a in parts]
    np.testing.assert_allclose(likelihood.gradients(state, s2), np.transpose(grown), rtol=1e-7)
    np.testing.assert_allclose(likelihood.squares(state), [y @ p @ a @ p @ y for a in parts])
    np.testing.assert_allclose(state.solution[likelihood.m :], xx @ x.T @ vi @ y)


def test_predictions_are_those_of_dense_algebra() -> None:
    problem = problem_of(cells_of(6, missing=0.3, pair_sd=3))
    found = fit(problem)
    y, x, squares, rest = dense(problem)
    v = found.residual * rest + sum(s * zz for s, zz in zip(found.variances, squares, strict=True))
    beta = np.linalg.solve(x.T @ np.linalg.solve(v, x), x.T @ np.linalg.solve(v, y))
    explained = v - found.residual * rest
    fitted = x @ beta + explained @ np.linalg.solve(v, y - x @ beta)
    known = problem.weights > 0
    np.testing.assert_allclose(found.fitted[known], fitted, rtol=1e-6)
    np.testing.assert_allclose(found.estimates, beta, rtol=1e-6)
    assert np.isnan(found.residuals[~known]).all()
    assert not np.isnan(found.residuals[known]).any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_scoring_finds_what_a_general_search_finds(seed: int) -> None:
    problem = problem_of(cells_of(12, seed=seed, pair_sd=2))
    found, likelihood = fit(problem), Likelihood(problem)
    searched = mixed._search(likelihood, np.full(6, 0.5))
    assert found.converged
    assert found.deviance == pytest.approx(likelihood.deviance(searched)[0], abs=1e-6)
    assert found.deviance <= likelihood.deviance(searched)[0] + 1e-7


def test_where_scoring_does_not_settle_the_search_takes_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = problem_of(cells_of(12))
    plain = fit(problem)
    monkeypatch.setattr(mixed, "_score", lambda likelihood: np.full(6, 1e3))
    assert fit(problem).estimate(TRUST) == pytest.approx(plain.estimate(TRUST), rel=1e-4)
    monkeypatch.setattr(mixed, "_search", lambda likelihood, ratios: ratios)
    assert not fit(problem).converged


def test_statsmodels_finds_the_same() -> None:
    import statsmodels.formula.api as smf

    # Two of the components, since it treats crossed effects as one dense block; equal weights,
    # since it knows no others.
    cells = cells_of(8, missing=0.0, clinician_slope_sd=5, person_slope_sd=0, clinician_sd=0)
    problem = problem_of(cells)
    kept = tuple(c for c in problem.components if c.name in (PARTICIPANT, CLINICIAN_TRUST))
    ours = fit(replace(problem, components=kept))
    cells["t"] = np.where(cells["trust"] == "low", 0.5, -0.5)
    cells["h"] = cells["level"] - 0.5
    cells["everything"] = 1
    parts = {PARTICIPANT: "0 + C(participant)", CLINICIAN_TRUST: "0 + C(clinician):t"}
    theirs = smf.mixedlm(
        "mean ~ t + h", cells, groups="everything", vc_formula=parts, re_formula="0"
    ).fit(reml=True)
    assert ours.estimate(TRUST) == pytest.approx(theirs.params["t"], rel=1e-4)
    assert ours.se(TRUST) == pytest.approx(theirs.bse["t"], rel=1e-3)
    for name, variance in zip(sorted(parts), theirs.vcomp, strict=True):
        assert ours.variance(name) == pytest.approx(variance, rel=1e-2)
    assert ours.residual == pytest.approx(theirs.scale * 4, rel=1e-3)  # 4 trials a cell


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R isn't installed")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lme4_finds_the_same(seed: int, tmp_path: Path) -> None:
    cells = cells_of(20, seed=seed, missing=0.1, pair_sd=3, clinician_slope_sd=3)
    assert cells["n"].nunique() > 1  # so that the weights matter
    cells.to_csv(tmp_path / "cells.tsv", sep="\t", index=False)
    script = Path(__file__).with_name("crossed.R")
    done = subprocess.run(
        ["Rscript", "--vanilla", str(script), str(tmp_path / "cells.tsv")],
        capture_output=True,
        text=True,
        timeout=100,
    )
    if "there is no package" in done.stderr:
        pytest.skip("lme4 isn't installed")
    assert done.returncode == 0, done.stderr
    theirs = {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}
    ours = trust_effect(cells, TRUSTS)
    assert ours.raw.estimate == pytest.approx(theirs["estimate"], rel=1e-4)
    assert ours.se == pytest.approx(theirs["se"], rel=1e-3)
    assert ours.fit.estimate("intercept") == pytest.approx(theirs["intercept"], rel=1e-5)
    assert ours.fit.estimate(TEMPERATURE) == pytest.approx(theirs["temperature"], rel=1e-4)
    assert ours.fit.deviance == pytest.approx(theirs["deviance"], abs=1e-3)
    assert ours.fit.residual == pytest.approx(theirs["residual"], rel=1e-2)
    names = {
        PARTICIPANT: "participant:(Intercept)",
        BY_TRUST: "participant:t",
        BY_TEMPERATURE: "participant:h",
        PAIR: "pair:(Intercept)",
        CLINICIAN: "clinician:(Intercept)",
        CLINICIAN_TRUST: "clinician:t",
    }
    for component, name in names.items():
        assert ours.fit.variance(component) == pytest.approx(theirs[name], rel=1e-2, abs=0.05)
    if "df" in theirs:
        assert ours.satterthwaite_df == pytest.approx(theirs["df"], rel=0.1)


def test_the_parts_are_found_again() -> None:
    cells = cells_of(400, clinician_slope_sd=0, pair_sd=5, missing=0.02, seed=7)
    found = trust_effect(cells, TRUSTS)
    assert abs(found.raw.estimate - 5) < 3.5 * found.se
    sds = {name: found.fit.variance(name) ** 0.5 for name in (PARTICIPANT, BY_TRUST, PAIR)}
    assert sds[PARTICIPANT] == pytest.approx(15, rel=0.1)
    assert sds[BY_TRUST] == pytest.approx(3, rel=0.35)
    assert sds[PAIR] == pytest.approx(5, rel=0.15)
    assert found.fit.residual**0.5 == pytest.approx(12, rel=0.05)
    assert found.sd**2 == pytest.approx(15**2 + 2**2 + 5**2 + (3**2 + 3**2) / 4 + 144, rel=0.15)


def test_more_participants_do_not_make_up_for_few_clinicians() -> None:
    effects = [trust_effect(cells_of(n, clinician_slope_sd=6, seed=3), TRUSTS) for n in (24, 240)]
    for found in effects:
        assert found.df <= 7
        assert found.satterthwaite_df < 12
        assert found.fit.variance(CLINICIAN_TRUST) > 0
    # The clinicians' part of the standard error stays: 6 / sqrt(8) is 2.1.
    assert effects[1].se > 1.0


@given(shift=st.floats(-20, 20), scale=st.floats(0.2, 3), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_units_and_participants_levels_do_not_matter(shift: float, scale: float, seed: int) -> None:
    cells = cells_of(8, seed=seed, missing=0.0)
    plain = trust_effect(cells, TRUSTS)
    moved = trust_effect(cells.assign(mean=cells["mean"] * scale + shift), TRUSTS)
    assert moved.raw.estimate == pytest.approx(plain.raw.estimate * scale, rel=1e-3, abs=1e-3)
    assert moved.se == pytest.approx(plain.se * scale, rel=1e-3)
    assert moved.standardised.estimate == pytest.approx(plain.standardised.estimate, abs=1e-3)
    other = trust_effect(cells, ("high", "low"))
    assert other.raw.estimate == pytest.approx(-plain.raw.estimate, rel=1e-4, abs=1e-4)


def test_paired_test_on_four_participants_by_hand() -> None:
    rows = []
    for person, difference in enumerate((1.0, 2.0, 3.0, 6.0)):
        for trust, side in (("low", 0.5), ("high", -0.5)):
            for level in (0, 1):
                value = 40 + 10 * person + 20 * level + side * difference
                rows.append((f"sub-{person}", "C1", trust, level, value, 4))
    cells = pd.DataFrame(rows, columns=["participant", "clinician", "trust", "level", "mean", "n"])
    found = paired_test(cells, TRUSTS)
    assert found.raw.estimate == pytest.approx(3.0)
    assert found.sd == pytest.approx(2.160247)
    assert found.t == pytest.approx(2.777460)
    assert found.raw.low == pytest.approx(3 - 3.182446 * 1.0801234, rel=1e-5)
    assert found.dz.estimate == pytest.approx(1.388730)
    assert found.dz.low < found.dz.estimate < found.dz.high
    gap = cells[~((cells["participant"] == "sub-0") & (cells["level"] == 1))]
    assert paired_test(gap, TRUSTS).without == ("sub-0",)
    assert paired_test(gap, TRUSTS).raw.estimate == pytest.approx(11 / 3)


@pytest.mark.parametrize("t", [0.0, 2.0, 7.6, 40.0])
def test_noncentrality_interval_holds_what_it_says(t: float) -> None:
    from scipy import stats

    low, high = paired._noncentrality(t, 39)
    assert stats.nct.cdf(t, 39, low) == pytest.approx(0.975, abs=1e-6)
    assert stats.nct.cdf(t, 39, high) == pytest.approx(0.025, abs=1e-6)


def test_what_cannot_be_fitted_says_why() -> None:
    cells = cells_of(8, missing=0.0)
    with pytest.raises(NoFit, match="ratings of 3 participants"):
        trust_effect(cells[cells["participant"] < "sub-003"], TRUSTS)
    with pytest.raises(NoFit, match="ratings of 2 clinicians"):
        trust_effect(cells[cells["clinician"].isin(["C0", "C1"])], TRUSTS)
    with pytest.raises(NoFit, match="the same"):
        trust_effect(cells.assign(mean=79.7), TRUSTS)
    one = cells[cells["participant"] == "sub-000"]
    alike = pd.concat([one.assign(participant=f"sub-{x}") for x in "abcdef"])
    with pytest.raises(NoFit, match="0 of 8 clinicians were met at both"):
        trust_effect(alike, TRUSTS)
    both = one.assign(trust=one["trust"].map({"low": "high", "high": "low"}))
    with pytest.raises(NoFit, match="sub-000 met C0 at both trust levels"):
        trust_effect(pd.concat([cells, both]), TRUSTS)
    with pytest.raises(NoFit, match="1 participant"):
        paired_test(cells[cells["participant"] == "sub-000"], TRUSTS)


def test_a_component_that_does_not_converge_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cells = cells_of(8)
    tried: list[set[str]] = []

    def stubborn(problem: Problem) -> mixed.Fit:
        names = {component.name for component in problem.components}
        tried.append(names)
        found = fit(problem)
        return found if PAIR not in names else replace(found, steepest=1.0)

    monkeypatch.setattr(model, "fit", stubborn)
    found = trust_effect(cells, TRUSTS)
    assert [PAIR in names for names in tried] == [True, False]
    assert any(f"{PAIR}, which was left out" in note for note in found.notes)
    monkeypatch.setattr(model, "fit", lambda p: replace(fit(p), steepest=1.0))
    with pytest.raises(NoFit, match="didn't converge"):
        trust_effect(cells, TRUSTS)


def test_one_temperature_a_clinician_is_told() -> None:
    cells = cells_of(12, missing=0.0)
    once = cells[cells["level"] == cells["clinician"].str[1].astype(int) % 2]
    found = trust_effect(once, TRUSTS)
    assert PAIR not in [component.name for component in found.fit.problem.components]
    assert any("isn't told apart" in note for note in found.notes)
