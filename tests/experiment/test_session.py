"""Whole sessions in virtual time: what runs, what is logged, and what interruptions do."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiment.errors import ExitCode, UserError
from experiment.journal import events
from experiment.session.dry import dry_runs
from experiment.session.preparation import Request, prepare
from hardware.devices import MarkerStamp
from hardware.markers import PortMarkers
from tests.experiment.virtual import Room, play_virtually


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory):
    """A whole short session, played once."""
    return play_virtually(tmp_path_factory.mktemp("whole"))


def test_a_session_ends_in_order_with_every_trial_done(whole) -> None:
    played, journal = whole
    assert played.ending.exit_code == ExitCode.DONE
    ended = [(e.run, e.trial, e.status) for e in journal.of(events.TrialEnd)]
    assert ended == [(run, trial, "completed") for run in (1, 2) for trial in range(5)]
    assert journal.events[-1].event == "session_end"


def test_every_phase_begins_exactly_on_its_schedule_in_virtual_time(whole) -> None:
    _, journal = whole
    phases = journal.of(events.PhaseStart)
    assert phases
    assert all(phase.t == pytest.approx(phase.planned, abs=1e-9) for phase in phases)


def test_each_marker_is_announced_before_its_flip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is booked with the flip would delay the byte, and nothing else would show it."""
    done: list[str] = []
    announce, send = PortMarkers.about_to_send, PortMarkers.send

    def announced(box: PortMarkers) -> None:
        done.append("announced")
        announce(box)

    def sent_by(box: PortMarkers, code: int) -> MarkerStamp | None:
        done.append("sent")
        return send(box, code)

    monkeypatch.setattr(PortMarkers, "about_to_send", announced)
    monkeypatch.setattr(PortMarkers, "send", sent_by)
    _, journal = play_virtually(tmp_path)
    sent = [number for number, name in enumerate(done) if name == "sent"]
    assert len(sent) == len(journal.of(events.Marker)) > 10
    assert {done[number - 1] for number in sent} == {"announced"}


def test_planned_onsets_are_those_of_the_trial_table(whole) -> None:
    played, journal = whole
    zeros = {zero.run: zero.t for zero in journal.of(events.RunZero)}
    first_phase = played.prepared.study.model.trial[0].name
    began = {
        (e.run, e.trial): e.planned - zeros[e.run]
        for e in journal.of(events.PhaseStart)
        if e.phase == first_phase
    }
    table = {(r["run"], r["trial"]): r["onset_s"] for r in played.prepared.rows if r["trial"] > 0}
    assert began == pytest.approx(table)


def test_the_heat_delivered_is_the_heat_of_the_table(whole) -> None:
    played, journal = whole
    asked = {(row["run"], row["trial"]): row["temperature"] for row in played.prepared.rows}
    delivered = journal.of(events.HeatDelivered)
    assert {(e.run, e.trial): e.temperature for e in delivered} == asked
    for event in delivered:
        assert event.temperature_measured == pytest.approx(event.temperature, abs=0.1)
        assert not event.aborted


def test_the_schedule_begins_at_the_pulse_after_the_dummies(whole) -> None:
    played, journal = whole
    rig = played.prepared.rig.model
    for zero in journal.of(events.RunZero):
        pulses = [pulse.t for pulse in journal.of(events.Pulse) if pulse.run == zero.run]
        assert zero.first_pulse == pulses[0]
        assert zero.t == pulses[rig.scanner.dummies_stored + rig.scanner.dummies_pulsed_not_stored]
    ends = journal.of(events.RunEnd)
    assert all(end.pulses == end.pulses_expected for end in ends)
    assert [end.verdict for end in ends] == ["good", "good"]


def test_each_marker_follows_the_flip_of_its_phase(whole) -> None:
    _, journal = whole
    flips = {(p.run, p.trial, p.phase): p for p in journal.of(events.PhaseStart)}
    markers = journal.of(events.Marker)
    assert len(markers) == sum(phase.marker is not None for phase in flips.values())
    for marker in markers:
        phase = flips[marker.run, marker.trial, marker.phase]
        assert marker.code == phase.marker
        assert marker.t >= phase.t


def test_stop_aborts_and_the_experimenter_ends_the_session(tmp_path: Path) -> None:
    played, journal = play_virtually(
        tmp_path,
        happens={60.0: lambda room: room.press("stop")},
        choose=lambda question, options: "q" if question.startswith("Paused") else "g",
    )
    assert played.ending.exit_code == ExitCode.EMERGENCY_STOP
    stop = journal.of(events.Stop)[0]
    assert stop.t == 60.0
    assert stop.abort_sent == 60.0
    assert journal.of(events.TrialEnd)[-1].status == "aborted"
    assert not [e for e in journal.of(events.HeatTriggered) if e.t > 60.0]


def test_after_a_stop_the_run_goes_on_in_a_new_segment_and_loses_no_trial(tmp_path: Path) -> None:
    played, journal = play_virtually(
        tmp_path, happens={60.0: lambda room: room.press("participant_stop")}
    )
    assert played.ending.exit_code == ExitCode.DONE
    starts = journal.of(events.RunStart)
    assert [(s.run, s.design_run, s.segment) for s in starts] == [(1, 1, 1), (2, 1, 2), (3, 2, 1)]
    assert starts[0].skin_site == starts[1].skin_site
    design_run = {start.run: start.design_run for start in starts}
    done = [
        (design_run[e.run], e.trial)
        for e in journal.of(events.TrialEnd)
        if e.status == "completed" and e.trial > 0
    ]
    assert sorted(done) == [(run, trial) for run in (1, 2) for trial in range(1, 5)]


def test_heat_that_is_going_on_ends_with_the_stop(tmp_path: Path) -> None:
    _, whole = play_virtually(tmp_path / "whole")
    hot = whole.of(events.HeatTriggered)[1].t + 2.0
    _, journal = play_virtually(
        tmp_path / "stopped",
        happens={hot: lambda room: room.press("stop")},
        choose=lambda question, options: "q" if question.startswith("Paused") else "g",
    )
    last = journal.of(events.HeatDelivered)[-1]
    assert last.aborted
    assert last.t < hot + 1.0  # back at baseline long before its plateau would have ended


def test_a_second_press_ends_the_session_without_a_question(tmp_path: Path) -> None:
    def press_twice(room: Room) -> None:
        room.press("stop", for_s=0.05)
        room.clock.call_at(room.clock.now() + 0.3, lambda: room.press("stop", for_s=0.05))

    played, journal = play_virtually(tmp_path, happens={60.0: press_twice})
    assert played.ending.exit_code == ExitCode.EMERGENCY_STOP
    assert [stop.press for stop in journal.of(events.Stop)] == [1, 2]
    assert len(journal.of(events.RunStart)) == 1


def test_holding_the_stop_key_ends_the_session(tmp_path: Path) -> None:
    played, journal = play_virtually(
        tmp_path, happens={60.0: lambda room: room.press("stop", for_s=3.0)}
    )
    assert played.ending.exit_code == ExitCode.EMERGENCY_STOP
    assert len(journal.of(events.RunStart)) == 1


def test_a_scanner_that_never_starts_is_given_up_with_a_sentence(tmp_path: Path) -> None:
    import hardware.emulation.scanner as scanner

    original = scanner.EmulatedScanner.start
    scanner.EmulatedScanner.start = lambda self, *args, **kwargs: None
    try:
        played, journal = play_virtually(tmp_path)
    finally:
        scanner.EmulatedScanner.start = original
    assert played.ending.exit_code == ExitCode.DEVICE
    assert "pulses" in played.ending.message
    assert not journal.of(events.HeatTriggered)


def test_lowering_the_temperatures_lowers_what_follows(tmp_path: Path) -> None:
    played, journal = play_virtually(
        tmp_path,
        happens={60.0: lambda room: room.press("stop")},
        choose=lambda question, options: "l" if question.startswith("Paused") else "g",
    )
    assert played.ending.exit_code == ExitCode.DONE
    asked = {(row["run"], row["trial"]): row["temperature"] for row in played.prepared.rows}
    design_run = {start.run: start.design_run for start in journal.of(events.RunStart)}
    for heat in journal.of(events.HeatTriggered):
        lowered = 0.5 if heat.t > 60.0 else 0.0
        assert heat.temperature == asked[design_run[heat.run], heat.trial] - lowered


def test_the_same_seed_gives_the_same_journal(tmp_path: Path) -> None:
    first, _ = play_virtually(tmp_path / "one")
    second, _ = play_virtually(tmp_path / "two")
    assert first.journal.read_bytes() == second.journal.read_bytes()


def test_a_session_that_exists_is_refused_and_left_alone(tmp_path: Path) -> None:
    played, _ = play_virtually(tmp_path)
    before = played.journal.read_bytes()
    with pytest.raises(UserError, match="resume") as refused:
        prepare(Request("pilot_short", out=tmp_path, simulated=True))
    assert refused.value.exit_code == ExitCode.BAD_INPUT
    assert played.journal.read_bytes() == before


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Request(participant="sub-01"), "letters and digits"),
        (Request(participant="sim01"), "simulated"),
        (Request(session="a b"), "letters and digits"),
        (Request(allocation=0), "1 or more"),
        (Request(study="trust_pian"), "trust_pain"),
        (Request(rig="laptpo"), "laptop"),
        (Request(participant="01"), "--calibration none"),
        (Request(calibration="none", language="xx"), "language"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    tmp_path: Path, request_: Request, says: str
) -> None:
    from dataclasses import replace

    with pytest.raises(UserError, match=says) as refused:
        prepare(replace(request_, out=tmp_path / "data"))
    assert refused.value.exit_code == ExitCode.BAD_INPUT
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "data").exists()


def test_several_processes_give_the_same_dataset(tmp_path: Path) -> None:
    for name, processes in (("one", 1), ("two", 2)):
        code = dry_runs("demo", "laptop", "01", 3, None, None, tmp_path / name, processes=processes)
        assert code == ExitCode.DONE
    files = {
        name: {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file() and path.suffix in (".tsv", ".gz", ".json", ".png")
        }
        for name in ("one", "two")
    }
    allocation = Path("demo-sim") / "sourcedata" / "allocation.tsv"
    lists = [sorted(found.pop(allocation).splitlines()) for found in files.values()]
    assert lists[0] == lists[1]
    assert files["one"] == files["two"]
