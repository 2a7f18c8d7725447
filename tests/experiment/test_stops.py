"""What means stop besides the stop key: an exception anywhere, a signal."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from experiment.errors import ExitCode
from experiment.journal import events, read_journal
from experiment.responses.emulated import EmulatedResponses
from experiment.session.experimenter import SimulatedExperimenter
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from hardware.devices import Response
from hardware.emulation import EmulatedWorld
from hardware.emulation.scanner import EmulatedScanner
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
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_aborts_the_heat_and_ends_the_session(tmp_path: Path, name: str) -> None:
    number, hot = getattr(signal, name), in_heat(tmp_path)
    # Under `nohup` it's ignored from the start, and a session leaves it so: that's what nohup is for.
    before = signal.signal(number, signal.default_int_handler)

    def send(room: Room) -> None:
        os.kill(os.getpid(), number)
        time.sleep(0.3)  # virtual time would be over before a thread of real time hears it

    try:
        played, journal = play_virtually(tmp_path / "stopped", happens={hot: send})
    finally:
        signal.signal(number, before)
    assert played.ending.exit_code == ExitCode.EMERGENCY_STOP
    stop = journal.of(events.Stop)[0]
    assert (stop.source, stop.t) == ("signal", pytest.approx(hot))
    last = journal.of(events.HeatDelivered)[-1]
    assert last.aborted
    assert last.t < hot + 1.0


def after_the_last_phase(tmp_path: Path) -> float:
    """A session time at which only the scanner's last pulses are listened to."""
    _, whole = play_virtually(tmp_path / "whole")
    return whole.of(events.PhaseEnd)[-1].t + 0.5


@pytest.mark.parametrize("presses", [1, 2])
def test_a_stop_after_the_last_phase_is_not_swallowed(tmp_path: Path, presses: int) -> None:
    at, questions = after_the_last_phase(tmp_path), list[str]()

    def choose(question: str, options: Mapping[str, str]) -> str:
        questions.append(question)
        return "q" if question.startswith("Paused") else next(iter(options))

    happens = {at + 0.3 * n: lambda room: room.press("stop") for n in range(presses)}
    played, journal = play_virtually(tmp_path / "stopped", happens=happens, choose=choose)
    assert played.ending.exit_code == ExitCode.EMERGENCY_STOP
    assert len(journal.of(events.RunEnd)) == 2  # both were whole
    assert any(question.startswith("Paused") for question in questions)


def test_a_final_stop_while_no_pulses_come_ends_with_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EmulatedScanner, "start", lambda *args, **more: None)

    def choose(question: str, options: Mapping[str, str]) -> str:
        return next(iter(options))

    played, journal = play_virtually(tmp_path / "without", choose=choose)
    assert played.ending.exit_code == ExitCode.DEVICE
    [asked] = [e for e in journal.of(events.Decision) if e.question == "No pulses came."]
    happens = {asked.t - late: lambda room: room.press("stop") for late in (1.0, 0.5)}
    played, _ = play_virtually(tmp_path / "stopped", happens=happens, choose=choose)
    assert played.ending.exit_code == ExitCode.EMERGENCY_STOP


def test_a_question_is_put_only_when_the_probe_is_down(tmp_path: Path) -> None:
    """A return of 20 C/s takes 0.7 s, in which nobody is asked anything."""
    _, plain = play_virtually(tmp_path / "plain")
    moment = plain.of(events.HeatTriggered)[1].t + 4.0
    setting = virtual_setting()
    worlds: list[EmulatedWorld] = []
    setting.arrange_world = worlds.append
    asked: dict[str, float] = {}

    def choose(question: str, options: Mapping[str, str]) -> str:
        asked.setdefault(question, max(worlds[0].tcs.zones()))
        return next(iter(options))

    def press() -> None:
        worlds[0].tcs.receive(b"R00200")
        hub.emit(Response(setting.clock.now(), "stop", True))
        hub.emit(Response(setting.clock.now(), "stop", False))

    hub = EmulatedResponses()
    setting.experimenter = SimulatedExperimenter(setting.clock, choose=choose)
    setting.open_responses = lambda prepared, display: hub
    setting.clock.call_at(moment, press)
    prepared = prepare(Request("pilot_short", out=tmp_path / "stopped", simulated=True))
    play(prepared, setting)
    [paused] = [heat for question, heat in asked.items() if question.startswith("Paused")]
    assert paused <= 33.0


@pytest.mark.skipif(sys.platform == "win32", reason="signals of its own")
def test_a_signal_before_the_first_question_ends_the_session_in_order(tmp_path: Path) -> None:
    """Whoever reads the journal as it grows may send one as soon as its first line is there."""
    prepared = prepare(Request("pilot_short", out=tmp_path, simulated=True))
    setting = virtual_setting()
    make_course = setting.make_course

    def signalled(*arguments: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)  # a thread of real time hears it
        return make_course(*arguments)

    setting.make_course = signalled
    played = play(prepared, setting)
    assert played.ending.exit_code == ExitCode.EMERGENCY_STOP
    journal = read_journal(played.journal)
    assert journal.events[0].event == "session_start"
    assert journal.events[-1].event == "session_end"
    assert journal.of(events.Stop)[0].source == "signal"
    assert not journal.of(events.HeatTriggered)
