"""What the live page says of a journal: as the journal has it, and blind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from experiment.blinding import UNBLINDING
from experiment.journal import events, read_journal
from experiment.monitor.follow import Follower
from experiment.monitor.live import Live
from experiment.monitor.state import State
from experiment.monitor.view import STALE_S, View, view_of
from tests.experiment.virtual import play_virtually
from tests.factory import Session, replace, write_session

PLAN = Session(runs=2, trials=3, hz=5, skip_heat=(1, 2), no_answer=(1, 3), stop_in=(2, 3))


def journal_events(tmp_path: Path, plan: Session) -> list[events.Event]:
    return read_journal(write_session(tmp_path / "ds", plan, tmp_path / "pictures")).events


def page(view: View) -> str:
    return "".join(view.html(part) for part in ("told", "now", "numbers"))


def value(view: View, name: str) -> str:
    return next(value for key, _, value in view.numbers if key == name)


def test_after_every_single_event_it_agrees_with_the_journal(tmp_path: Path) -> None:
    state, so_far = State(), []
    for event in journal_events(tmp_path, PLAN):
        state.add(event)
        so_far.append(event)
        if isinstance(event, events.Pulse):
            continue  # there are many, and the next event checks them
        view = view_of(state, event.t, 0.0)
        answers = [e for e in so_far if isinstance(e, events.Rating)]
        given = [e for e in answers if e.rating is not None]
        assert value(view, "ratings") == f"{len(given)} of {len(answers)}"
        run = state.run
        if run is not None:
            pulses = [e for e in so_far if isinstance(e, events.Pulse) and e.run == run.start.run]
            assert value(view, "pulses").split(" of ")[0] == str(len(pulses))
        shown = [e for e in so_far if isinstance(e, events.PhaseStart | events.PhaseEnd)]
        if shown and isinstance(shown[-1], events.PhaseStart) and state.phase is not None:
            assert view.phase == shown[-1].phase.replace("_", " ")


def test_time_left_counts_from_the_schedule(tmp_path: Path) -> None:
    state = State()
    for event in journal_events(tmp_path, PLAN):
        state.add(event)
        if isinstance(event, events.PhaseStart) and event.trial == 2:
            break
    assert state.phase is not None
    assert state.run is not None
    assert state.run.zero is not None
    assert state.phase.planned_duration is not None
    end = state.phase.t + state.phase.planned_duration
    assert view_of(state, end - 2.0, 0.0).phase_left == "2 s"
    run_end = state.run.zero.t + state.run.start.planned_length_s
    assert view_of(state, run_end - 61.0, 0.0).run_left == "1:01 min"
    assert view_of(state, run_end + 5.0, 0.0).run_left == "0:00 min"


def test_warnings_first_and_the_weightiest_of_them(tmp_path: Path) -> None:
    state = State()
    for event in journal_events(tmp_path, PLAN):
        state.add(event)
    view = view_of(state, state.last_t, 0.0)
    weights = [line.weight for line in view.told]
    assert weights == sorted(weights, key=["serious", "notable", "note"].index)
    told = " ".join(line.text for line in view.told)
    for what in (
        "stop asked for",
        "heat not given",
        "no intensity rating given",
        "session stopped",
    ):
        assert what in told, what
    html = page(view)
    assert html.index("stop asked for") < html.index("scanner pulses")


def test_what_the_verdict_would_say_is_told_while_the_run_goes_on(tmp_path: Path) -> None:
    state, late = State(), []
    for event in journal_events(tmp_path, PLAN):
        if isinstance(event, events.SessionStart):
            limits = {"max_lateness_ms": 17.0, "max_dropped_frames": 0, "max_missing_ratings": 9}
            event = event.model_copy(update={"study": event.study | {"verdict": limits}})
        if isinstance(event, events.PhaseStart):
            event = event.model_copy(update={"planned": event.t - 0.0405})
        state.add(event)
        view = view_of(state, state.last_t, 0.0)
        if any(line.text.startswith("so far, run") for line in view.told):
            assert state.run is not None
            assert state.run.end is None
            late += [line for line in view.told if "an onset was 40.5 ms off" in line.text]
    assert late
    assert {line.weight for line in late} == {"notable"}


def test_while_no_run_goes_on_it_says_what_may_be_waited_for(tmp_path: Path) -> None:
    """At each question that a session puts, before a run and in a pause after a stop."""
    seen: list[tuple[str, View]] = []
    out, state = tmp_path / "out", State()

    def choose(question: str, options: Mapping[str, str]) -> str:
        nonlocal state
        state = State()
        for event in read_journal(next(out.rglob("*_journal-001.jsonl"))).events:
            state.add(event)
        seen.append((question, view_of(state, state.last_t, 0.0)))
        return next(iter(options))

    played, journal = play_virtually(
        out, choose=choose, happens={80.0: lambda room: room.press("stop")}
    )
    prepared, stop = journal.of(events.HeatPrepared), journal.of(events.Stop)[0]
    given = {heat.number for heat in journal.of(events.HeatTriggered) if heat.t < stop.t}
    assert [heat for heat in prepared if heat.t < stop.t and heat.number not in given]
    assert any(question.startswith("Paused") for question, _ in seen)
    assert seen[0][1].phase.startswith("before the first run: waiting for the experimenter")
    for question, view in seen:
        assert "waiting for the experimenter or showing a page" in view.phase
        assert view.asked == "none"
        if question.startswith("Paused"):
            assert "the last one aborted" in view.phase
            assert view.status == "between runs"
    for event in journal.events:
        state.add(event)
    assert view_of(state, played.journal.stat().st_mtime, 0.0).phase == "the session is over"


def test_a_number_that_nobody_knows_is_left_out(tmp_path: Path) -> None:
    """As in a study without a scan, where pulses may come all the same."""
    state = State()
    for event in journal_events(tmp_path, replace(PLAN, scanned=False)):
        state.add(event)
    assert view_of(state, state.last_t, 0.0).title.startswith("sub-01: ")
    assert value(view_of(state, state.last_t, 0.0), "pulses") == "0"


def test_silence_in_a_run_is_told(tmp_path: Path) -> None:
    state = State()
    for event in journal_events(tmp_path, PLAN):
        state.add(event)
        if isinstance(event, events.PhaseStart):
            break
    assert view_of(state, 0.0, STALE_S - 1).stale == ""
    assert "Nothing new for" in view_of(state, 0.0, STALE_S + 1).stale


@pytest.mark.parametrize("kind", ["participant", "pilot"])
def test_the_page_is_blind_at_every_moment(kind: events.Kind, tmp_path: Path) -> None:
    """The same text, byte for byte, whichever trust level each clinician has."""
    told = events.Warned(t=1.0, message="clinicians/M2_high.png isn't there; M2 has high trust")
    pages: list[list[str]] = []
    for swapped in (False, True):
        plan = replace(PLAN, kind=kind)
        path = write_session(tmp_path / str(swapped), plan, tmp_path / "pictures")
        if swapped:
            text = path.read_text().replace('"low"', '"?"').replace('"high"', '"low"')
            path.write_text(text.replace('"?"', '"high"'))
        state, seen = State(), []
        head, *rest = read_journal(path).events
        for event in (head, told, *rest):
            state.add(event)
            if not isinstance(event, events.Pulse):
                seen.append(page(view_of(state, event.t, 0.0)))
        pages.append(seen)
    assert pages[0] == pages[1]
    assert "[blinded]" in pages[0][-1]
    assert not any(word in text for text in pages[0] for word in ("M2", "F1", "png", "high", "low"))


def test_faces_answers_are_not_shown(tmp_path: Path) -> None:
    """Before and after the runs participants say whom they trust."""
    state = State()
    head, *_ = journal_events(tmp_path, PLAN)
    state.add(head)
    answer = {
        **{"event": "rating", "t": 2.0, "run": 0, "trial": 1, "phase": "faces", "scale": "vas"},
        **{"question": "trust", "onset": 1.0, "rating": 12.3, "confirmed": True, "start": 50.0},
        **{"response_time": 1.0, "first_movement": 0.5, "path_t": [], "path": []},
    }
    state.add(events.Rating.model_validate(answer))
    assert state.ratings == {}
    assert "12.3" not in page(view_of(state, 2.0, 0.0))


def test_unblinded_it_says_so_and_leaves_a_line(tmp_path: Path) -> None:
    plan = replace(PLAN, ends=False, runs=1, stop_in=None)
    path = write_session(tmp_path / "ds", plan, tmp_path / "pictures")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(
        b"".join(lines[: 1 + next(i for i, ln in enumerate(lines) if b"Portrait" in ln)])
    )
    live = Live(Follower(path), unblind=True)
    live.tick()
    assert "trust" in live.view().html("now")
    assert "UNBLINDED" in live.view().html("told")
    listed = (tmp_path / "ds" / "derivatives" / "trustpain" / UNBLINDING).read_text()
    assert listed.splitlines()[1].split("\t")[1:4] == ["sub-01", "live page", "command"]
    blind = Live(Follower(path))
    blind.tick()
    assert "trust" not in blind.view().html("now")


def test_a_torn_journal_and_none_at_all(tmp_path: Path) -> None:
    live = Live(Follower(tmp_path))
    live.tick()
    assert live.view().title == "Waiting for a session"
    path = write_session(tmp_path / "ds", PLAN, tmp_path / "pictures")
    path.write_bytes(path.read_bytes()[:-300])
    live = Live(Follower(tmp_path))
    live.tick()
    assert live.view().title.startswith("sub-01: ")
    assert not any("be read" in line.text for line in live.view().told)
