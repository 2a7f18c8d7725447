"""CEM43 against figures of the fact sheet and against a plain numerical integral."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.dose import (
    cem43_of_ramp,
    cem43_of_samples,
    cem43_of_stimulus,
    dose_rate,
    dose_rate_of_tenths,
)
from tests.hardware.benches import stimulus


def integral(target: float, plateau_s: float, rate: float, steps: int = 20_000) -> float:
    """The definition, summed up in small steps."""
    ramp_s = (target - 32.0) / rate
    whole = 2 * ramp_s + plateau_s
    total = 0.0
    for index in range(steps):
        at = (index + 0.5) * whole / steps
        temperature = min(target, 32.0 + rate * at, 32.0 + rate * (whole - at))
        r = 0.5 if temperature >= 43 else 0.25
        total += whole / steps / 60 * r ** (43 - temperature)
    return total


@pytest.mark.parametrize(
    ("target", "plateau_s", "rate"),
    [(47.5, 8.0, 70.0), (49.0, 8.0, 70.0), (42.0, 5.0, 8.0), (43.0, 20.0, 8.0), (50.0, 12.0, 8.0)],
)
def test_the_closed_form_is_the_integral(target: float, plateau_s: float, rate: float) -> None:
    planned = stimulus(target=target, plateau_s=plateau_s, rise_rate=rate, return_rate=rate)
    assert cem43_of_stimulus(planned) == pytest.approx(integral(target, plateau_s, rate), rel=2e-3)


def test_figures_of_the_fact_sheet() -> None:
    assert cem43_of_stimulus(stimulus(target=47.5)) == pytest.approx(3.0, abs=0.05)
    assert cem43_of_stimulus(stimulus(target=49.0)) == pytest.approx(8.6, abs=0.05)
    run = 9 * cem43_of_stimulus(stimulus(target=46.5)) + 8 * cem43_of_stimulus(stimulus())
    assert run == pytest.approx(37.9, abs=0.05)
    assert 18 * 60 * dose_rate(48) == pytest.approx(576)
    assert 9.5 * 60 * dose_rate(49) == pytest.approx(608)
    assert 4 * 60 * dose_rate(51) == pytest.approx(1024)


def test_a_ramp_through_43_adds_up() -> None:
    parts = cem43_of_ramp(40, 43, 8) + cem43_of_ramp(43, 46, 8)
    assert cem43_of_ramp(40, 46, 8) == pytest.approx(parts)
    assert cem43_of_ramp(46, 40, 8) == 0.0


@given(st.floats(-20, 80))
def test_the_table_is_never_below_the_formula_inside_its_range(temperature: float) -> None:
    looked_up = dose_rate_of_tenths(temperature)
    assert looked_up >= dose_rate(min(temperature, 70.0)) * (1 - 1e-5)
    if 0 <= temperature <= 70:
        assert looked_up <= dose_rate(temperature + 0.1) * (1 + 1e-9)


@given(
    st.lists(st.tuples(st.floats(0.001, 1), st.floats(30, 50)), min_size=1, max_size=50),
)
def test_samples_are_counted_at_the_hotter_end(steps: list[tuple[float, float]]) -> None:
    times, temperatures = [0.0], [32.0]
    for seconds, temperature in steps:
        times.append(times[-1] + seconds)
        temperatures.append(temperature)
    trapezoid = sum(
        cem43_of_ramp(min(a, b), max(a, b), abs(b - a) / (later - at)) if a != b else 0.0
        for (at, later), (a, b) in zip(pairwise(times), pairwise(temperatures), strict=True)
    )
    assert cem43_of_samples(times, temperatures) >= trapezoid * (1 - 1e-9)


def test_a_trace_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="2 times, but 1"):
        cem43_of_samples([0, 1], [32])
    with pytest.raises(ValueError, match="earlier"):
        cem43_of_samples([0, 1, 0.5], [32, 32, 32])
    assert cem43_of_samples([], []) == 0.0
