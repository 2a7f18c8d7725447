"""Real time: threads, ports and failures. No assertion here is on how fast something was."""

from __future__ import annotations

import os
import sys
import threading
import time

import pytest
import serial

from experiment.clocks import RealClock


@pytest.fixture
def clock():
    clock = RealClock()
    yield clock
    clock.close()


def test_callbacks_come_in_order_and_not_too_early(clock: RealClock) -> None:
    seen: list[tuple[int, float, float]] = []
    start = clock.now()
    for number in (3, 1, 2):
        due = start + 0.02 * number
        clock.call_at(due, lambda n=number, due=due: seen.append((n, clock.now(), due)))
    assert clock.wait(lambda: len(seen) == 3, start + 5.0)
    assert [number for number, _, _ in seen] == [1, 2, 3]
    assert all(came >= due for _, came, due in seen)


def test_an_earlier_booking_overtakes_the_one_slept_for(clock: RealClock) -> None:
    seen: list[str] = []
    clock.call_at(clock.now() + 30.0, lambda: seen.append("late"))
    clock.call_at(clock.now(), lambda: seen.append("now"))
    assert clock.wait(lambda: seen == ["now"], clock.now() + 5.0)


def test_a_failing_callback_is_told_at_once_and_raised_in_the_next_wait(clock: RealClock) -> None:
    told: list[BaseException] = []
    clock.on_failure = told.append

    def fail() -> None:
        raise ZeroDivisionError("in a callback")

    clock.call_at(clock.now(), fail)
    with pytest.raises(ZeroDivisionError, match="in a callback"):
        clock.wait(lambda: False, clock.now() + 5.0)
    assert [str(error) for error in told] == ["in a callback"]
    # ... and the scheduler goes on: an abort may still have to be booked.
    seen: list[int] = []
    clock.call_at(clock.now(), lambda: seen.append(1))
    assert clock.wait(lambda: seen == [1], clock.now() + 5.0)


def test_a_callback_must_not_wait(clock: RealClock) -> None:
    clock.call_at(clock.now(), lambda: clock.wait(lambda: True, clock.now()))
    with pytest.raises(RuntimeError, match="must not wait"):
        clock.wait(lambda: False, clock.now() + 5.0)


def test_idle_runs_while_it_waits(clock: RealClock) -> None:
    frames: list[float] = []
    clock.idle = lambda: frames.append(clock.now())
    clock.wait(lambda: len(frames) >= 3, clock.now() + 5.0)
    assert len(frames) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_listening_stamps_real_bytes_from_a_port_and_tells_when_it_is_lost(
    clock: RealClock,
) -> None:
    far, near = os.openpty()
    port = serial.Serial(os.ttyname(near), 115200)
    got: list[tuple[bytes, float]] = []
    lost: list[Exception] = []
    listener = clock.listen(port, lambda data, time: got.append((data, time)), lost.append)
    before = clock.now()
    os.write(far, b"5")
    assert clock.wait(lambda: bool(got), clock.now() + 5.0)
    after = clock.now()
    assert got[0][0] == b"5"
    assert before <= got[0][1] <= after
    os.close(far)
    os.close(near)
    assert clock.wait(lambda: bool(lost), clock.now() + 5.0)
    listener.close()
    port.close()


def test_closing_ends_its_threads() -> None:
    before = set(threading.enumerate())
    clock = RealClock()
    assert set(threading.enumerate()) > before
    clock.close()
    assert set(threading.enumerate()) <= before


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="a clock of Linux")
def test_a_suspended_computer_does_not_stop_the_clock() -> None:
    """It follows the clock that goes on while the computer sleeps, which nothing here can make."""
    clock = RealClock()
    began, zero = time.clock_gettime(time.CLOCK_BOOTTIME), clock.now()
    time.sleep(0.05)
    passed = time.clock_gettime(time.CLOCK_BOOTTIME) - began
    assert clock.now() - zero == pytest.approx(passed, abs=0.02)
    assert clock.from_perf_counter(time.perf_counter()) == pytest.approx(clock.now(), abs=0.02)
    clock.close()
