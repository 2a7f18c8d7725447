"""What means stop besides the stop key: an exception anywhere, a signal."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from experiment.errors import ExitCode
from experiment.journal import events
from tests.experiment.virtual import Room, play_virtually


def in_heat(tmp_path: Path) -> float:
    """A session time in the middle of a heat."""
    _, whole = play_virtually(tmp_path / "whole")
    return whole.of(events.HeatTriggered)[1].t + 2.0


def test_an_exception_anywhere_aborts_the_heat_and_ends_the_session(tmp_path: Path) -> None:
    hot = in_heat(tmp_path)

    def fail(room: Room) -> None:
        raise RuntimeError("a listener's mistake")

    played, journal = play_virtually(tmp_path / "failed", happens={hot: fail})
    assert played.ending.exit_code == ExitCode.PROGRAM_FAILED
    assert "a listener's mistake" in played.ending.message
    stop = journal.of(events.Stop)[0]
    assert stop.source == "exception"
    assert stop.abort_sent == pytest.approx(hot)
    last = journal.of(events.HeatDelivered)[-1]
    assert last.aborted
    assert last.t < hot + 1.0
    assert journal.events[-1].event == "session_end"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of its own")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_aborts_the_heat_and_ends_the_session(tmp_path: Path, number: int) -> None:
    hot = in_heat(tmp_path)

    def send(room: Room) -> None:
        os.kill(os.getpid(), number)
        time.sleep(0.3)  # virtual time would be over before a thread of real time hears it

    played, journal = play_virtually(tmp_path / "stopped", happens={hot: send})
    assert played.ending.exit_code == ExitCode.EMERGENCY_STOP
    stop = journal.of(events.Stop)[0]
    assert (stop.source, stop.t) == ("signal", pytest.approx(hot))
    last = journal.of(events.HeatDelivered)[-1]
    assert last.aborted
    assert last.t < hot + 1.0
