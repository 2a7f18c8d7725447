"""What a critical reader found once: stops that were overlooked, heat that came late."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path

import pytest

from experiment.errors import ExitCode
from experiment.journal import JournalWriter, events
from experiment.running.high_ratings import HighRatings
from experiment.running.pulses import PulseCounter
from experiment.running.stop import EmergencyStop
from experiment.session.preparation import Request, prepare
from tests.experiment.virtual import Room, play_virtually


def test_a_stop_during_a_question_is_asked_about_again(tmp_path: Path) -> None:
    questions: list[str] = []

    def choose(question: str, options: Mapping[str, str]) -> str:
        questions.append(question)
        return "q" if question.startswith("Stop was pressed meanwhile") else "g"

    # The first question of all stands from 0.5 s to 2.5 s; somebody presses stop during it.
    played, journal = play_virtually(
        tmp_path, happens={1.5: lambda room: room.press("participant_stop")}, choose=choose
    )
    assert "Stop was pressed meanwhile (participant_stop)" in questions[1]
    assert played.ending.exit_code == ExitCode.EMERGENCY_STOP
    assert not journal.of(events.HeatTriggered)


def test_a_stop_while_it_waits_for_the_pulse_gives_no_heat(tmp_path: Path) -> None:
    played, journal = play_virtually(
        tmp_path,
        happens={3.0: lambda room: room.press("stop")},
        choose=lambda question, options: "q" if question.startswith("Paused") else "g",
    )
    assert played.ending.exit_code == ExitCode.EMERGENCY_STOP
    assert journal.of(events.RunStart)
    assert not journal.of(events.RunZero)
    assert not journal.of(events.HeatTriggered)


def test_nothing_is_prepared_after_a_stop(tmp_path: Path) -> None:
    _, whole = play_virtually(tmp_path / "whole")
    hot = whole.of(events.HeatTriggered)[1].t + 2.0
    _, journal = play_virtually(
        tmp_path / "stopped",
        happens={hot: lambda room: room.press("stop")},
        choose=lambda question, options: "q" if question.startswith("Paused") else "g",
    )
    assert not [event for event in journal.of(events.HeatPrepared) if event.t > hot]


def test_a_journal_that_cannot_be_written_is_an_emergency_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = JournalWriter.write
    lines = 0

    def full_after_a_while(self: JournalWriter, event: events.Event) -> None:
        nonlocal lines
        lines += 1
        if lines > 200:
            raise OSError(errno.ENOSPC, "No space left on device")
        written(self, event)

    monkeypatch.setattr(JournalWriter, "write", full_after_a_while)
    played, journal = play_virtually(tmp_path)
    assert played.ending.exit_code == ExitCode.PROGRAM_FAILED
    assert "No space left" in played.ending.message
    assert "trustpain resume" in played.ending.message
    assert journal.events  # what was written stands


class Stall:
    """Lets the clock jump, as it does for a process that was stopped or a computer that slept."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self, room: Room) -> None:
        room.clock.stall(self.seconds)


def test_heat_whose_moment_has_passed_is_skipped_not_given_late(tmp_path: Path) -> None:
    _, whole = play_virtually(tmp_path / "whole")
    heat = next(p for p in whole.of(events.PhaseStart) if p.phase == "heat")
    _, journal = play_virtually(
        tmp_path / "stalled", happens={heat.planned - 0.2: Stall(0.2 + 0.6)}
    )
    skipped = journal.of(events.HeatSkipped)
    assert [(s.run, s.trial) for s in skipped] == [(heat.run, heat.trial)]
    assert "late" in skipped[0].reason
    sent = [(m.run, m.trial, m.phase) for m in journal.of(events.Marker)]
    assert (heat.run, heat.trial, "heat") not in sent
    end = next(e for e in journal.of(events.TrialEnd) if (e.run, e.trial) == (heat.run, heat.trial))
    assert end.status == "heat_skipped"


def test_a_computer_that_stood_still_ends_the_segment(tmp_path: Path) -> None:
    _, whole = play_virtually(tmp_path / "whole")
    fixation = [p for p in whole.of(events.PhaseStart) if p.phase == "fixation"][1]
    played, journal = play_virtually(tmp_path / "stalled", happens={fixation.t + 1.0: Stall(60.0)})
    assert played.ending.exit_code == ExitCode.DONE
    starts = journal.of(events.RunStart)
    assert [(s.run, s.segment) for s in starts[:2]] == [(1, 1), (2, 2)]
    questions = [decision.question for decision in journal.of(events.Decision)]
    assert any("stood still" in question for question in questions)


def test_high_ratings_with_a_missing_one_between_still_count_as_a_row() -> None:
    rule = HighRatings(90.0, 2, only_log=False)

    def rate(value: float | None) -> str:
        rating = events.Rating(
            t=1, run=1, trial=1, phase="rating_intensity", question="intensity", scale="vas",
            onset=0, rating=value, confirmed=value is not None, response_time=None,
            first_movement=None, start=0, path_t=[], path=[],
        )  # fmt: skip
        return rule.see(rating)

    assert not rate(95.0)
    assert not rate(None)
    assert rate(91.0)
    assert rule.wanted()
    assert not rule.wanted()
    assert not rate(95.0)
    assert not rate(20.0)
    assert not rate(95.0)


def test_doubled_pulses_count_once_and_a_scan_begun_anew_counts_anew() -> None:
    from experiment.clocks import VirtualClock

    clock, said = VirtualClock(), []
    counter = PulseCounter(clock, 1.0, 3, lambda time, number: None, said.append)
    for time in (0.0, 0.05, 1.0, 1.05):
        counter.arrived(time)
    assert not counter.complete()
    assert "doubled" in said[0]
    for time in (10.0, 11.0, 12.0):
        counter.arrived(time)
    assert counter.complete()
    assert counter.volumes == [10.0, 11.0, 12.0]
    assert any("begins again" in sentence for sentence in said)


def test_pulses_that_stop_are_told_after_three_tr() -> None:
    from experiment.clocks import VirtualClock

    clock, told = VirtualClock(), list[float]()
    counter = PulseCounter(
        clock, 2.0, 1, lambda time, number: None, lambda said: told.append(clock.now())
    )
    for time in (0.0, 2.0, 4.0, 6.1):
        clock.call_at(time, lambda time=time: counter.arrived(time))
    clock.wait(counter.complete, 1.0)
    counter.watch(100.0)
    clock.wait(lambda: bool(told), 100.0)
    assert told == [pytest.approx(6.1 + 3 * 2.0)]


def test_a_stop_never_raises_and_is_never_reset_unseen() -> None:
    from experiment.clocks import VirtualClock

    def broken(*_: object) -> None:
        raise OSError("gone")

    stop = EmergencyStop(VirtualClock(), broken, broken)
    stop.request("stop")
    assert stop.requested
    seen = stop.presses
    stop.request("participant_stop")
    assert not stop.reset(seen)
    assert stop.final
    assert not stop.reset(stop.presses)  # a final stop is final


def test_a_simulated_participant_never_gets_a_real_device(tmp_path: Path) -> None:
    prepared = prepare(Request("pilot_short", "mri_tcs", out=tmp_path, simulated=True))
    assert set(prepared.rig.model.ports().values()) == {
        f"emulated://{name}"
        for name in ("tcs", "scanner", "markers")[: len(prepared.rig.model.ports())]
    }


def test_going_on_at_once_waits_until_the_skin_site_has_rested(tmp_path: Path) -> None:
    _, whole = play_virtually(tmp_path / "whole")
    heat_end = whole.of(events.HeatDelivered)[1].t
    _, journal = play_virtually(
        tmp_path / "hasty", happens={heat_end + 0.5: lambda room: room.press("stop")}
    )
    assert not journal.of(events.HeatSkipped)
    lead_in = [e for e in journal.of(events.HeatTriggered) if e.run == 2 and e.trial == 0]
    assert lead_in[0].t - heat_end >= 15.0
