"""A plan walked against the limits, and the limits against their ceilings."""

from typing import Any

import pytest
from pydantic import ValidationError

from hardware import limits as ceilings
from hardware.checks import PlannedHeat, check_plan, check_stimulus
from hardware.history import PastHeat, SiteHistory
from hardware.limits import SafetyLimits
from tests.hardware.benches import stimulus


def flagship(low: float = 46.5, high: float = 47.5) -> list[PlannedHeat]:
    """Four runs on four sites: a lead-in and 16 trials of 38 s each."""
    planned = []
    number = 0
    for run in range(1, 5):
        starts = [4.0] + [27.5 + 8.5 + 38 * trial for trial in range(16)]
        for trial, start in enumerate(starts):
            number += 1
            target = low if trial == 0 or trial % 2 else high
            heat = stimulus(number=number, target=target, skin_site=run)
            planned.append(PlannedHeat(run, trial, heat, (run - 1) * 900 + start))
    return planned


def test_the_flagship_keeps_within_the_shipped_limits(limits: SafetyLimits) -> None:
    assert check_plan(flagship(), limits) == []
    assert check_plan(flagship(48.0, 49.0), limits) == []


def test_a_violation_names_trial_what_and_how_much(limits: SafetyLimits) -> None:
    said = check_plan(flagship(high=49.5), limits)
    assert len(said) == 4 * 8
    assert said[0] == "Run 1, trial 2: target 49.5 C is above highest_target, 49 C."


def test_pauses_and_overlaps_are_found(limits: SafetyLimits) -> None:
    planned = [
        PlannedHeat(1, 1, stimulus(number=1), 0.0),
        PlannedHeat(1, 2, stimulus(number=2), 20.0),
        PlannedHeat(1, 3, stimulus(number=3, skin_site=2), 24.0),
    ]
    said = check_plan(planned, limits)
    assert said == [
        "Run 1, trial 2: skin site 1 has rested 11.6 s, shortest_pause_s is 15 s.",
        "Run 1, trial 3: it would start 4.4 s before the last has ended.",
    ]


def test_the_order_of_the_table_does_not_matter(limits: SafetyLimits) -> None:
    assert check_plan(reversed(flagship()), limits) == []


def test_dose_and_counts_add_up_over_the_plan(limits: SafetyLimits) -> None:
    heats = [stimulus(number=n, target=46.0, plateau_s=5.0) for n in range(40)]
    planned = [PlannedHeat(1, n, heat, 40.0 * n) for n, heat in enumerate(heats)]
    said = check_plan(planned, limits)
    assert len(said) == 10
    assert "skin site 1 has had 30 stimuli in 24 h, most_stimuli_site is 30" in said[0]
    hot = [PlannedHeat(1, n, stimulus(target=49.0), 40.0 * n) for n in range(18)]
    assert "would come to 154.4 CEM43 min" in check_plan(hot, limits)[0]


def test_what_was_delivered_before_counts(limits: SafetyLimits) -> None:
    now = 1e9
    past = [PastHeat(2, now - 3600, 7.0, 48.0) for _ in range(17)]
    said = check_plan(flagship(), limits, SiteHistory(past, now), now)
    assert said
    assert all(sentence.startswith("Run 2, ") for sentence in said)
    later = now + 24 * 3600
    assert check_plan(flagship(), limits, SiteHistory(past, later), later) == []


def test_a_clock_that_was_set_back_makes_nothing_count_less(limits: SafetyLimits) -> None:
    now = 1e9
    past = [PastHeat(1, now + 7200, 148.0, 48.0)]
    history = SiteHistory(past, now)
    state = history.site(1, now)
    assert (state.stimuli, state.cem43, state.last_end) == (1, 148.0, now)
    assert check_plan(flagship(), limits, history, now)


def test_a_dose_that_is_none_is_refused() -> None:
    for dose in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="isn't one"):
            SiteHistory([PastHeat(1, 0.0, dose, 45.0)])


def test_a_start_that_is_no_number_is_refused(limits: SafetyLimits) -> None:
    with pytest.raises(ValueError, match="has no start"):
        check_plan([PlannedHeat(1, 1, stimulus(), float("nan"))], limits)


def test_exactly_at_a_limit_is_within(limits: SafetyLimits) -> None:
    assert check_stimulus(stimulus(target=49.0, plateau_s=9.0), limits) == []
    assert check_stimulus(stimulus(target=47.0, plateau_s=20.0), limits) == []
    assert check_stimulus(stimulus(baseline=35.0, rise_rate=75.0, return_rate=75.0), limits) == []


CEILINGS = {
    "highest_target": ceilings.HIGHEST_TARGET,
    "longest_plateau_hot_s": ceilings.LONGEST_PLATEAU_HOT_S,
    "longest_plateau_s": ceilings.LONGEST_PLATEAU_S,
    "highest_baseline": ceilings.HIGHEST_BASELINE,
    "highest_rate": ceilings.HIGHEST_RATE,
    "highest_dose_stimulus": ceilings.HIGHEST_DOSE_STIMULUS,
    "highest_dose_site": ceilings.HIGHEST_DOSE_SITE,
    "most_stimuli_site": ceilings.MOST_STIMULI_SITE,
    "most_stimuli_visit": ceilings.MOST_STIMULI_VISIT,
    "tolerance": ceilings.TOLERANCE,
    "tolerance_s": ceilings.TOLERANCE_S,
}


def test_the_ceilings_are_those_of_the_fact_sheet() -> None:
    assert list(CEILINGS.values()) == [
        50.0,
        12.0,
        30.0,
        38.0,
        100.0,
        18.0,
        200.0,
        40,
        160,
        0.5,
        0.2,
    ]
    assert ceilings.SHORTEST_PAUSE_S == 10.0
    assert {*CEILINGS, "shortest_pause_s"} == set(SafetyLimits.model_fields)


@pytest.mark.parametrize(("name", "ceiling"), CEILINGS.items())
def test_a_file_can_only_be_stricter(name: str, ceiling: Any) -> None:
    assert getattr(SafetyLimits(**{name: ceiling}), name) == ceiling
    for value in (ceiling + (1 if isinstance(ceiling, int) else 0.01), float("nan"), "1", True):
        with pytest.raises(ValidationError):
            SafetyLimits.model_validate({name: value})


def test_a_pause_can_only_be_longer() -> None:
    assert SafetyLimits(shortest_pause_s=10.0).shortest_pause_s == 10.0
    with pytest.raises(ValidationError):
        SafetyLimits(shortest_pause_s=9.9)
