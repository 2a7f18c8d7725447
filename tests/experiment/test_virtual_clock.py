"""Virtual time: order, waiting, and what it refuses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.clocks import VirtualClock


def test_callbacks_come_in_the_order_of_their_times() -> None:
    clock, seen = VirtualClock(), []
    for time in (3.0, 1.0, 2.0, 1.0):
        clock.call_at(time, lambda time=time: seen.append((time, clock.now())))
    assert not clock.wait(lambda: False, 2.5)
    assert seen == [(1.0, 1.0), (1.0, 1.0), (2.0, 2.0)]
    assert clock.now() == 2.5


def test_waiting_ends_at_the_very_event_that_it_waits_for() -> None:
    clock, seen = VirtualClock(), []
    for time in (1.0, 2.0, 3.0):
        clock.call_at(time, lambda time=time: seen.append(time))
    assert clock.wait(lambda: 2.0 in seen, 10.0)
    assert clock.now() == 2.0
    assert seen == [1.0, 2.0]


def test_a_cancelled_callback_never_comes() -> None:
    clock, seen = VirtualClock(), []
    clock.call_at(1.0, lambda: seen.append("cancelled")).cancel()
    clock.wait(lambda: False, 2.0)
    assert seen == []


def test_a_callback_that_waits_is_refused() -> None:
    clock = VirtualClock()
    clock.call_at(1.0, lambda: clock.wait(lambda: False, 5.0))
    with pytest.raises(RuntimeError, match="must not wait"):
        clock.wait(lambda: False, 2.0)


def test_waiting_for_ever_for_nothing_is_refused() -> None:
    with pytest.raises(RuntimeError, match="for ever"):
        VirtualClock().wait(lambda: False, math.inf)


def test_a_port_that_is_not_emulated_cannot_live_in_virtual_time() -> None:
    with pytest.raises(TypeError, match="virtual time"):
        VirtualClock().listen(object(), lambda data, time: None, lambda error: None)


@given(
    st.lists(st.floats(0, 100), max_size=40),
    st.lists(st.floats(0, 100), min_size=1, max_size=10),
)
def test_time_never_runs_backwards(bookings: list[float], deadlines: list[float]) -> None:
    clock, stamps = VirtualClock(), []
    for time in bookings:
        clock.call_at(time, lambda: stamps.append(clock.now()))
    for deadline in deadlines:
        clock.wait(lambda: False, deadline)
        stamps.append(clock.now())
    assert stamps == sorted(stamps)
