"""The TCS's commands, against bytes written by hand from the fact sheet."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.tcs import commands as c


@pytest.mark.parametrize(
    ("made", "by_hand"),
    [
        (c.neutral(32.0), b"N320"),
        (c.neutral(20), b"N200"),
        (c.neutral(40), b"N400"),
        (c.enable([1, 2, 3, 4, 5]), b"S11111"),
        (c.enable([2, 5]), b"S01001"),
        (c.target(47.5), b"C0475"),
        (c.target(44.3), b"C0443"),  # str(44.3 * 10) would give 443.0
        (c.target(10.0, zone=5), b"C5100"),
        (c.target(60.0, zone=1), b"C1600"),
        (c.rise_rate(70.0), b"V00700"),
        (c.rise_rate(0.1, zone=3), b"V30001"),
        (c.rise_rate(300.0), b"V03000"),
        (c.return_rate(8.5, zone=2), b"R20085"),
        (c.duration(8.2214285714), b"D008221"),
        (c.duration(0.01), b"D000010"),
        (c.duration(99.999, zone=4), b"D499999"),
        (c.trigger_out(255, 0.3), b"T255300"),
        (c.trigger_out(1, 0.01), b"T001010"),
        (c.highest_target(49.0), b"Om490"),
        (c.highest_target(48.99), b"Om489"),  # never rounded up
        (c.START, b"L"),
        (c.ABORT, b"A"),
        (c.QUIET, b"F"),
        (c.TEMPERATURES, b"E"),
        (c.TEMPERATURES_FINE, b"Oe"),
        (c.ERRORS, b"Q"),
        (c.BATTERY, b"B"),
        (c.PARAMETERS, b"P"),
        (c.BUTTONS, b"K"),
        (c.HELP, b"H"),
        (c.IDENTIFY, b"?"),
        (c.FORBID_TRIGGER_IN, b"Osd"),
    ],
)
def test_bytes_are_those_of_the_fact_sheet(made: bytes, by_hand: bytes) -> None:
    assert made == by_hand


@pytest.mark.parametrize(
    ("temperature", "sent"),
    [(47.25, b"C0472"), (47.26, b"C0473"), (47.35, b"C0473"), (47.24, b"C0472")],
)
def test_a_half_of_a_tenth_goes_to_the_cooler_side(temperature: float, sent: bytes) -> None:
    assert c.target(temperature) == sent


@pytest.mark.parametrize(
    "make",
    [
        lambda: c.neutral(19.9),
        lambda: c.neutral(40.1),
        lambda: c.enable([]),
        lambda: c.enable([0]),
        lambda: c.enable([6]),
        lambda: c.target(60.1),
        lambda: c.target(9.9),
        lambda: c.target(45.0, zone=6),
        lambda: c.target(45.0, zone=-1),
        lambda: c.target(float("nan")),
        lambda: c.target(float("inf")),
        lambda: c.rise_rate(0.04),
        lambda: c.rise_rate(300.1),
        lambda: c.return_rate(-1),
        lambda: c.duration(0.009),
        lambda: c.duration(100.0),
        lambda: c.trigger_out(0, 0.1),
        lambda: c.trigger_out(256, 0.1),
        lambda: c.trigger_out(1, 1.0),
        lambda: c.highest_target(60.1),
        lambda: c.highest_target(float("nan")),
    ],
)
def test_what_a_tcs_cannot_take_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        make()


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_target_is_of_fixed_width_and_close_or_refused(temperature: float) -> None:
    try:
        sent = c.target(temperature)
    except ValueError:
        assert not 10 <= temperature <= 60
        return
    assert len(sent) == 5
    assert sent[1:].isdigit()
    assert abs(int(sent[2:]) / 10 - temperature) <= 0.05 + 1e-9
