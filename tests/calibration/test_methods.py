"""The two methods as pure functions: what they propose, what they estimate, what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.calibration.adaptive import Adaptive
from experiment.calibration.curve import CurvePosterior
from experiment.calibration.estimate import Estimate, Method, Rated
from experiment.calibration.fixed import FixedSeries
from experiment.calibration.refusal import (
    NO_RISE,
    OUT_OF_RANGE,
    POOR_FIT,
    SITE_DIFFERS,
    refusals,
)

TARGETS = (40.0, 65.0)
SITES = (3, 1, 4, 8, 5, 2, 6, 7)
HIGHEST = 49.0
KINDS = [FixedSeries, Adaptive]


def make(kind: type, highest: float = HIGHEST, seed: int = 1) -> Method:
    method: Method = kind(TARGETS, SITES, 4, highest, np.random.default_rng(seed))
    return method


def play(method: Method, feel: Callable[[float, int], float | None]) -> list[Rated]:
    rated: list[Rated] = []
    while (proposal := method.propose(rated)) is not None:
        answer = feel(proposal.temperature, proposal.site)
        rated.append(Rated(proposal.site, proposal.temperature, answer))
        assert len(rated) <= 40, "the series doesn't end"
    return rated


def logistic(lower: float = 46.5, upper: float = 47.6) -> Callable[[float, int], float]:
    """A curve that is 40 at `lower` and 65 at `upper`."""

    def feel(temperature: float, site: int) -> float:
        low, high = np.log(40 / 60), np.log(65 / 35)
        odds = low + (high - low) * (temperature - lower) / (upper - lower)
        return float(100 / (1 + np.exp(-odds)))

    return feel


def test_the_fixed_series_ascends_over_the_sites_until_80() -> None:
    rated = play(make(FixedSeries), logistic(45.5, 46.5))
    first = next(n for n, r in enumerate(rated) if r.rating is not None and r.rating >= 80)
    assert [r.temperature for r in rated[: first + 1]] == [45.0 + 0.5 * n for n in range(first + 1)]
    assert [r.site for r in rated[:8]] == list(SITES)
    assert len(rated) == 24
    assert set(Counter(r.site for r in rated).values()) == {3}
    assert {r.temperature for r in rated[first + 1 :]} <= set(
        np.round(np.arange(45.0, rated[first].temperature + 0.01, 0.1), 1)
    )


def test_who_rates_80_at_once_is_never_given_more() -> None:
    rated = play(make(FixedSeries), lambda temperature, site: 95.0)
    assert max(r.temperature for r in rated) == 45.0
    assert min(r.temperature for r in rated) == 44.0


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=3)
@given(data=st.data())
def test_whatever_is_answered_the_proposals_keep_within_bounds(
    kind: type, data: st.DataObject
) -> None:
    highest = data.draw(st.sampled_from([46.3, 47.0, 49.0]))
    answers = data.draw(st.lists(st.none() | st.floats(0, 100), min_size=1, max_size=6))
    count = iter(range(1000))
    rated = play(make(kind, highest), lambda c, site: answers[next(count) % len(answers)])
    hottest = 45.0 - 0.5
    for r in rated:
        assert r.temperature <= highest
        assert r.temperature <= hottest + 0.5 + 1e-9
        assert round(r.temperature, 1) == r.temperature
        hottest = max(hottest, r.temperature)
    assert max(Counter(r.site for r in rated).values()) <= (3 if kind is FixedSeries else 4)
    assert len(rated) <= (24 if kind is FixedSeries else 32)
    assert all(a.site != b.site for a, b in pairwise(rated))


def test_a_straight_line_is_found_exactly_and_quiet_sites_are_chosen() -> None:
    bad = {3: 9.0, 1: -9.0, 4: 9.0, 8: -9.0}
    luck = np.random.default_rng(5)

    def feel(temperature: float, site: int) -> float:
        off = bad.get(site, 0.0)
        return 10 + 20 * (temperature - 45) + off * (1 if luck.random() < 0.5 else -1)

    method = make(FixedSeries)
    rated = play(method, feel)
    exact = [Rated(r.site, r.temperature, 10 + 20 * (r.temperature - 45)) for r in rated]
    found = method.estimate(exact)
    assert found is not None
    assert [t.temperature for t in found.targets] == pytest.approx([46.5, 47.75])
    noisy = method.estimate(rated)
    assert noisy is not None
    assert set(noisy.sites) == {5, 2, 6, 7}
    assert noisy.targets[0].half_width_c > found.targets[0].half_width_c


def test_the_fixed_interval_is_the_textbook_one() -> None:
    """One site: the delta method around the regression line, computed by hand from its formulas."""
    temperatures = np.array([45.0, 45.5, 46.0, 46.5, 47.0, 47.5])
    ratings = np.array([8.0, 21.0, 26.0, 45.0, 49.0, 62.0])
    method = FixedSeries((40.0,), (1,), 1, HIGHEST, np.random.default_rng(0))
    found = method.estimate(
        [Rated(1, float(c), float(r)) for c, r in zip(temperatures, ratings, strict=True)]
    )
    assert found is not None
    x = temperatures - temperatures.mean()
    slope = (x @ ratings) / (x @ x)
    level = ratings.mean()
    s2 = ((ratings - level - slope * x) ** 2).sum() / 4
    offset = (40 - level) / slope
    se = np.sqrt(s2 / slope**2 * (1 / 6 + offset**2 / (x @ x)))
    assert found.targets[0].temperature == pytest.approx(46.25 + offset)
    assert found.targets[0].half_width_c == pytest.approx(2.131847 * se)  # t, 4 df, 95 %


@pytest.mark.parametrize(("lower", "upper"), [(45.4, 46.3), (47.2, 48.6)])
def test_without_noise_the_adaptive_series_finds_the_curve(lower: float, upper: float) -> None:
    method = make(Adaptive)
    rated = play(method, logistic(lower, upper))
    found = method.estimate(rated)
    assert found is not None
    assert [t.temperature for t in found.targets] == pytest.approx([lower, upper], abs=0.1)
    assert len(rated) < 32  # precise early
    assert not refusals(found, rated, 43.0, HIGHEST)


def test_the_adaptive_series_places_near_the_targets() -> None:
    rated = play(make(Adaptive), logistic())
    late = [r.temperature for r in rated[10:]]
    assert np.mean([46.0 <= c <= 48.0 for c in late]) > 0.8


def test_a_warmer_site_is_seen_as_shifted() -> None:
    posterior = CurvePosterior(TARGETS)
    feel = logistic()
    for site in range(1, 9):
        for c in (46.0, 46.5, 47.0, 47.6):
            posterior.add(site, c, feel(c - (0.6 if site == 2 else 0.0), site))
    shifts = {each.site: each.shift_c for each in posterior.summary().sites()}
    assert max(shifts, key=shifts.__getitem__) == 2
    assert shifts[2] - np.mean([shifts[s] for s in shifts if s != 2]) > 0.35


def test_a_rating_at_the_end_of_the_scale_says_only_at_least_so_much() -> None:
    ends, near = CurvePosterior(TARGETS), CurvePosterior(TARGETS)
    for posterior, rating in ((ends, 100.0), (near, 90.0)):
        posterior.add(1, 46.0, rating)
    upper = [p.summary().targets([1])[1].temperature for p in (ends, near)]
    assert upper[0] < upper[1]


# --- refusals ------------------------------------------------------------------------------------


def reasons(estimate: Estimate | None, rated: list[Rated]) -> str:
    return " | ".join(map(str, refusals(estimate, rated, 43.0, HIGHEST)))


def estimated(
    kind: type, feel: Callable[[float, int], float | None]
) -> tuple[Estimate | None, list[Rated]]:
    method = make(kind)
    rated = play(method, feel)
    return method.estimate(rated), rated


@pytest.mark.parametrize("kind", KINDS)
def test_who_always_rates_alike_is_refused(kind: type) -> None:
    assert NO_RISE in reasons(*estimated(kind, lambda c, site: 50.0))


def at_random(seed: int) -> Callable[[float, int], float]:
    luck = np.random.default_rng(100 + seed)
    return lambda temperature, site: float(luck.uniform(0, 100))


@pytest.mark.parametrize(("kind", "people"), [(FixedSeries, 40), (Adaptive, 2)])
def test_ratings_at_random_are_refused(kind: type, people: int) -> None:
    """Chance alone lets about one in a hundred pass: the rise is tested at p < 0.01."""
    refused = 0
    for seed in range(people):
        found = estimated(kind, at_random(seed))
        refused += bool(reasons(*found))
    assert refused >= 0.95 * people


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_above_the_safe_range_is_refused(kind: type) -> None:
    luck = np.random.default_rng(3)
    feel = logistic(48.4, 49.9)
    said = reasons(*estimated(kind, lambda c, site: max(0, feel(c, site) + luck.normal(0, 3))))
    assert OUT_OF_RANGE in said
    assert "by hand" in said


def test_who_hardly_answers_is_refused() -> None:
    feel, count = logistic(), iter(range(1000))
    said = reasons(*estimated(FixedSeries, lambda c, s: feel(c, s) if next(count) % 2 else None))
    assert POOR_FIT in said


def test_a_site_that_differs_is_refused_only_if_it_serves_the_runs() -> None:
    found, rated = estimated(Adaptive, logistic())
    assert found is not None
    off = tuple(replace(e, shift_c=1.2) if e.site == 5 else e for e in found.residuals)
    chosen = replace(found, residuals=off, sites=(5, 1, 2, 3))
    spared = replace(found, residuals=off, sites=(4, 1, 2, 3))
    assert SITE_DIFFERS in reasons(chosen, rated)
    assert reasons(spared, rated) == ""


def test_a_thermode_of_whole_degrees_doesnt_lose_the_staircase() -> None:
    method, feel = make(Adaptive), logistic()
    rated: list[Rated] = []
    while (proposal := method.propose(rated)) is not None and len(rated) < 6:
        given = 42.25 if len(rated) < 2 else float(int(proposal.temperature))
        rated.append(Rated(proposal.site, given, feel(given, proposal.site)))
    assert len(rated) == 6
