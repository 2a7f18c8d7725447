"""The rhythm of frames, without a window."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.display.frames import FrameLog, Grid, measure_refresh


class Screen:
    """A screen in virtual time: a flip takes `work` and then waits for the next refresh, if any."""

    def __init__(self, work: float, period: float | None) -> None:
        self.time = 0.0
        self.work, self.period = work, period

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def flip(self) -> None:
        self.time += self.work
        if self.period is not None:
            self.time = (self.time // self.period + 1) * self.period


@pytest.mark.parametrize("hz", [50.0, 59.94, 60.0, 75.0, 120.0, 144.0, 240.0])
def test_a_real_screen_is_recognised(hz: float) -> None:
    screen = Screen(0.0005, 1 / hz)
    refresh = measure_refresh(screen.flip, screen.now, screen.sleep)
    assert refresh.synchronised
    assert refresh.hz == pytest.approx(hz, rel=0.01)


@pytest.mark.parametrize("work", [0.0003, 0.0006, 0.0022, 0.008, 0.015])
def test_a_virtual_screen_is_recognised(work: float) -> None:
    """Even where drawing takes as long as a frame of a real one would."""
    screen = Screen(work, None)
    assert not measure_refresh(screen.flip, screen.now, screen.sleep).synchronised


@given(st.lists(st.floats(0.0, 0.05), min_size=1, max_size=200))
def test_frames_stay_on_one_grid(work: list[float]) -> None:
    """However long each frame's work takes, it's shown at a multiple of the period: no drift."""
    period, origin = 1 / 60, 3.0
    grid, time, shown = Grid(origin, period), origin, []
    for seconds in work:
        time += seconds
        due = grid.next(time)
        time = max(time, due)
        grid.took(due)
        shown.append(due)
    for due in shown:
        steps = (due - origin) / period
        assert steps == pytest.approx(round(steps), abs=1e-6)
    numbers = [round((due - origin) / period) for due in shown]
    assert numbers == sorted(set(numbers))  # no frame twice
    assert time - shown[-1] <= period  # and never far behind


def test_a_frame_that_is_hardly_late_keeps_its_place() -> None:
    grid = Grid(0.0, 0.1)
    grid.took(grid.next(0.0))
    assert grid.next(0.105) == pytest.approx(0.1)
    assert grid.next(0.115) == pytest.approx(0.2)


def test_long_intervals_are_logged() -> None:
    log = FrameLog(0.010)
    for time in (5.0, 5.010, 5.024, 5.040, 5.050):
        log.flipped(time)
    (dropped,) = log.take()
    assert (dropped.time, dropped.interval_s) == (5.040, pytest.approx(0.016))
    assert log.take() == []


def test_a_pause_is_no_dropped_frame() -> None:
    log = FrameLog(0.010)
    log.flipped(1.0)
    log.pause()
    log.flipped(9.0)
    assert log.take() == []


def test_a_virtual_screen_on_a_busy_machine_is_no_screen() -> None:
    """It's slow and irregular, and may seem to absorb a pause; taken for one, it ran at 31 Hz."""
    chance = random.Random(3)
    for _ in range(50):
        screen = Screen(0.0, None)

        def flip(screen: Screen = screen) -> None:
            screen.time += chance.uniform(0.005, 0.06)

        assert not measure_refresh(flip, screen.now, screen.sleep).synchronised
