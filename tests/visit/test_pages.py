"""What report and live page say of a visit: faces counted, blind; no health; no routine."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import fmean

import pytest

from experiment.bids.face_ratings import FACE_STEPS
from experiment.journal import Journal, events, read_journal
from experiment.monitor.state import State
from experiment.monitor.view import View, view_of
from experiment.report.session_faces import face_rows
from experiment.report.session_facts import SessionFacts, facts_of
from experiment.report.session_page import session_html
from experiment.summary.deviations import deviation_of
from experiment.visit.begin import load_files
from tests.visit.conftest import Visited, answering, go

HEALTH = re.compile(r"pregnan|pain killer|tattoo|pacemaker|assigned at birth|a blister", re.I)


def of_a_person(visited: Visited, folder: Path, *swaps: tuple[str, str]) -> list[Journal]:
    """The same visit as if by a person, who has to be kept blind."""
    journals = []
    for journal in visited.journals:
        text = journal.path.read_text(encoding="utf-8")
        for old, new in (('"kind":"simulated"', '"kind":"participant"'), *swaps):
            text = text.replace(old, new)
        path = folder / journal.path.name
        path.write_text(text, encoding="utf-8")
        journals.append(read_journal(path))
    return journals


def said(facts: SessionFacts) -> str:
    html = session_html(facts)
    return re.sub(r"SHA-256 \w+|\d+ bytes", "", html[html.index("<h1>") :])


def test_a_blind_report_counts_ratings_of_faces_and_no_more(whole: Visited, tmp_path: Path) -> None:
    swap = (('"trust":"low"', '"trust":"?"'), ('"trust":"high"', '"trust":"low"'))
    swap += (('"trust":"?"', '"trust":"high"'), ('"level":"low"', '"level":"?"'))
    swap += (('"level":"high"', '"level":"low"'), ('"level":"?"', '"level":"high"'))
    (tmp_path / "swapped").mkdir()
    pages = [
        said(facts_of(journals, shown=False))
        for journals in (
            of_a_person(whole, tmp_path),
            of_a_person(whole, tmp_path / "swapped", *swap),
        )
    ]
    assert "before the runs: 20 of 20, after the runs: 20 of 20" in pages[0]
    assert pages[0] == pages[1]
    assert not re.search(r"\blow\b|\bhigh\b|competence", pages[0])


def test_an_unblinded_report_shows_them_by_trust(whole: Visited) -> None:
    facts = facts_of(whole.journals, shown=True)
    given = [r for r in whole.of(events.Rating) if r.run == 0 and r.phase.startswith("face_")]
    assert [face.rating for face in facts.faces.ratings] == [rating.rating for rating in given]
    levels = {face.trust for face in facts.faces.ratings}
    assert levels == {"low", "high"}
    high = [
        f.rating or 0 for f in facts.faces.ratings if (f.question, f.trust) == ("trust", "high")
    ]
    low = [f.rating or 0 for f in facts.faces.ratings if (f.question, f.trust) == ("trust", "low")]
    assert fmean(high) > fmean(low)  # as the simulated participant's parameters say
    rows = face_rows(facts.faces)
    assert len(rows) == 4
    first = facts.faces.ratings[0]
    row = next(row for row in rows if row[0] == first.clinician)
    assert row[1] == first.trust
    assert str(row[2]).startswith(f"{first.rating:.0f} / ")
    html = session_html(facts)
    assert "low trust, mean of 2 clinicians" in html


def test_a_face_nobody_rated_is_not_counted(whole: Visited, tmp_path: Path) -> None:
    path = tmp_path / "sub-sim01_journal-001.jsonl"
    lines = whole.journals[0].path.read_text(encoding="utf-8").splitlines(keepends=True)
    first = next(
        n for n, line in enumerate(lines) if '"phase":"face_trust"' in line and '"rating":' in line
    )
    lines[first] = re.sub(r'"rating":[\d.]+', '"rating":null', lines[first])
    path.write_text("".join(lines), encoding="utf-8")
    facts = facts_of([read_journal(path)], shown=True)
    assert facts.faces.counts() == [("before", "19 of 20"), ("after", "20 of 20")]
    assert "– / " in str(face_rows(facts.faces))


def pages_of(visited: Visited) -> tuple[str, str]:
    """Report and live page as they are, and what they tell of what didn't go as planned."""
    state = State()
    for event in (event for journal in visited.journals for event in journal.events):
        state.add(event)
    facts = facts_of(visited.journals, shown=True)
    told = [*(line.text for line in facts.lines), *(t.deviation.text for t in state.told)]
    page = view_of(state, state.last_t, 0.0).html("told")
    return session_html(facts) + page, "\n".join(told)


def numbers(view: View) -> dict[str, str]:
    return {name: value for name, _, value in view.numbers}


def test_the_live_page_counts_the_faces_of_this_step_and_shows_none(
    whole: Visited, tmp_path: Path
) -> None:
    state, step, done, seen = State(), "", 0, set()
    late, trial = None, None
    for event in [e for journal in of_a_person(whole, tmp_path) for e in journal.events]:
        state.add(event)
        if isinstance(event, events.StepStart):
            step, done = event.step, 0
        if isinstance(event, events.RunEnd):
            late, trial = state.run and state.run.worst_lateness_ms, state.run and state.run.trial
        if step not in FACE_STEPS or not isinstance(event, events.Rating | events.PhaseStart):
            continue
        view = view_of(state, event.t, 0.0)
        if isinstance(event, events.Rating):
            done += 1
            page = "".join(view.html(part) for part in ("told", "now", "numbers"))
            assert f"{event.rating:.1f}" not in page
            assert not re.search(r"[FM]\d_|\blow\b|\bhigh\b", page)
        elif event.phase.startswith("face_"):
            assert view.phase == event.phase.replace("_", " ")
        assert numbers(view)["faces"] == f"{done} of 20"
        seen.add((view.step, done))
        if step == "faces_after":  # what isn't of a run changes none
            assert state.run is not None
            assert (state.run.worst_lateness_ms, state.run.trial) == (late, trial)
    assert {("faces before", 20), ("faces after", 20)} <= seen


@pytest.mark.parametrize(
    "answers", [{}, {"Are you pregnant": "y"}, {"Run 1 of": "a", "isn't done": "q"}]
)
def test_no_page_tells_of_health_or_of_what_is_always_asked(
    answers: dict[str, str], tmp_path: Path
) -> None:
    visited = go(
        tmp_path,
        lambda question, options: next(
            (letter for part, letter in answers.items() if part in question), next(iter(options))
        ),
        lines={"What is seen": ["a blister"]},
    )
    state = State()
    for journal in visited.journals:
        for event in journal.events:
            state.add(event)
    facts = facts_of(visited.journals, shown=True)
    told = [line.text for line in facts.lines]
    pages = session_html(facts) + view_of(state, state.last_t, 0.0).html("told")
    assert not HEALTH.search(pages)
    assert not any(text.startswith("asked") and "isn't done" not in text for text in told), told
    if "Run 1 of" in answers:
        assert any(text.startswith("adverse event") for text in told)


def test_nothing_of_the_check_list_or_of_a_skips_reason_is_on_a_page(tmp_path: Path) -> None:
    """Whatever is answered: not one of the list's texts or names, nor what was typed."""
    visited = go(
        tmp_path,
        answering({"tattoo": ["y"], "isn't done": ["g"], "Instructions. ": ["k"], "Face": ["q"]}),
        lines={"'Instructions' skipped": ["had a migraine"]},
    )
    assert visited.ended["exclusion"] == "done"  # at the second time
    pages, told = pages_of(visited)
    for check in load_files((), "heat").exclusion.check:
        assert not re.search(rf"\b{re.escape(check.name)}\b", told)
        assert not any(text in pages for text in check.text.values())
    assert "migraine" not in pages
    assert "step “instructions” skipped" in pages


def test_an_adverse_event_is_on_every_page_however_much_else_there_is(
    whole: Visited, tmp_path: Path
) -> None:
    path = tmp_path / "sub-sim01_journal-001.jsonl"
    more: list[events.Event] = [events.Note(t=5.0, kind="adverse event", text="fainted")]
    more += [events.Note(t=6.0, kind="thermode slipped", text="put back")]
    more += [events.DeviceFailed(t=7.0 + n, role="markers", reason=f"code {n}") for n in range(50)]
    lines = whole.journals[0].path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, *(e.model_dump_json() for e in more)]) + "\n")
    facts = facts_of([read_journal(path)], shown=True)
    assert facts.lines[0].text.startswith("adverse event")
    assert facts.lines[0].weight == "serious"
    assert facts.more_lines > 0
    state = State()
    for event in read_journal(path).events:
        state.add(event)
    (told,) = [line for line in view_of(state, 9.0, 0.0).told if "adverse event" in line.text]
    assert told.weight == "serious"
    slipped = next(t.deviation for t in state.told if "slipped" in t.deviation.text)
    assert slipped.weight == "notable"


@pytest.mark.parametrize("status", ["continued", "stopped"])  # as older journals said it
def test_a_visit_that_goes_on_in_its_next_journal_is_no_stop(
    status: str, whole: Visited, tmp_path: Path
) -> None:
    text = whole.journals[0].path.read_text(encoding="utf-8")
    end = f'"status":"{status}","exit_code":0,"message":"the visit goes on in the next journal"'
    first = tmp_path / "sub-sim01_journal-001.jsonl"
    first.write_text(text.replace('"status":"completed","exit_code":0,"message":""', end))
    assert end in first.read_text()
    second = tmp_path / "sub-sim01_journal-002.jsonl"
    second.write_text(text)
    facts = facts_of([read_journal(first), read_journal(second)], shown=True)
    assert not any("started" in line.text or "session" in line.text for line in facts.lines)
    assert deviation_of(read_journal(first).events[-1]) is None
