"""Steps gone back to, skipped ones taken back, and visits that end for good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from experiment.errors import ExitCode, UserError
from experiment.journal import events
from experiment.recovery.resume import prepare_resume
from experiment.report.visits import find_visits
from experiment.visit.steps import STEPS
from tests.experiment.virtual import play_virtually
from tests.visit.conftest import Visited, answering, go

TITLES = {step.name: step.title for step in STEPS}


def back_to(
    title: str, answers: Mapping[str, list[str]]
) -> Callable[[str, Mapping[str, str]], str]:
    """The answers given, and in the menu of steps the one with this title."""
    inner = answering(answers)

    def choose(question: str, options: Mapping[str, str]) -> str:
        if question == "Back to which step?":
            return next(letter for letter, said in options.items() if title in said)
        return str(inner(question, options))

    return choose


def steps(seen: Visited) -> list[tuple[str, str]]:
    return [(event.step, event.status) for event in seen.of(events.StepEnd)]


def test_a_skipped_step_is_taken_back_from_a_later_one(tmp_path: Path) -> None:
    skipped = {"Instructions. ": ["k"], "Face ratings. ": ["k", "q"], "The runs. ": ["k"]}
    choose = back_to("Instructions (skipped)", skipped | {"Practice. ": ["b", "k"]})
    seen = go(tmp_path, choose)
    found = [step for step in steps(seen) if step[0] in ("instructions", "faces_before")]
    assert found == [
        ("instructions", "skipped"),
        ("faces_before", "skipped"),
        ("instructions", "done"),
    ]
    assert seen.ended["practice"] == "skipped"


def test_cut_off_after_going_back_the_visit_goes_on_there(tmp_path: Path) -> None:
    choose = back_to("Consent", {"Instructions. ": ["b"], "Consent. ": ["g", "q"]})
    seen = go(tmp_path, choose)
    assert seen.played.ending.status == "stopped"
    assert go(tmp_path, answering({"Consent. ": ["q"]})).played.ending.status == "stopped"


def test_no_heat_on_a_visit_whose_consent_was_taken_back(tmp_path: Path) -> None:
    choose = back_to(
        "Consent", {"Practice. ": ["b"], "signed the consent": ["y", "n"], "isn't done": ["q"]}
    )
    seen = go(tmp_path, choose)
    assert seen.ended["consent"] == "failed"
    assert not seen.of(events.HeatPrepared)


def test_after_heat_that_came_late_the_skin_is_looked_at_again(tmp_path: Path) -> None:
    """The runs, skipped at first, are done when the skin has been looked at already."""
    answers = {"Instructions. ": ["k"], "Face ratings. ": ["k", "k"], "Practice. ": ["k"]}
    choose = back_to(
        "The runs (skipped)", answers | {"The runs. ": ["k"], "Open questions. ": ["b"]}
    )
    seen = go(tmp_path, choose)
    assert seen.played.ending.exit_code == ExitCode.DONE
    done = [step for step, status in steps(seen) if status == "done"]
    assert done.count("skin") == 2
    assert done.index("runs") < len(done) - 1 - done[::-1].index("skin")


def test_what_belongs_before_the_runs_is_not_offered_after_them(tmp_path: Path) -> None:
    offered: list[str] = []

    def choose(question: str, options: Mapping[str, str]) -> str:
        if question == "Back to which step?":
            offered.extend(options.values())
            return "x"
        asked = question.startswith("Skin check. ") and not offered
        return "b" if asked else ("k" if question.startswith("Practice. ") else next(iter(options)))

    go(tmp_path, choose)
    titles = [said.rpartition(" (")[0] for said in offered[:-1]]
    assert titles == [TITLES[s] for s in ("devices", "exclusion", "consent", "instructions")]


def test_a_participant_who_leaves_has_the_skin_looked_at_and_the_visit_is_closed(
    tmp_path: Path,
) -> None:
    choose = answering({"The runs. ": ["c"], "Face ratings. ": ["k"]})
    seen = go(tmp_path, choose)
    assert list(seen.ended)[-1] == "skin"
    assert seen.played.ending.closed
    dataset = seen.played.prepared.place.dataset
    assert [visit.problem for visit in find_visits(dataset)] == [""]
    with pytest.raises(UserError, match="was ended for good"):
        go(tmp_path)


def test_a_session_of_runs_ends_for_good_in_its_pause(tmp_path: Path) -> None:
    choose = answering({"Run 1 of": ["g"], "Run 2 of": ["c"]})
    played, journal = play_virtually(tmp_path, study="pilot_short", choose=choose)
    (end,) = journal.of(events.SessionEnd)
    assert (end.status, end.closed) == ("stopped", True)
    assert [visit.problem for visit in find_visits(played.prepared.place.dataset)] == [""]
    with pytest.raises(UserError, match="was ended for good"):
        prepare_resume(played.journal)


def test_runs_that_end_for_good_leave_the_rest_of_the_visit(tmp_path: Path) -> None:
    answers = {"Face ratings. ": ["k"], "Practice. ": ["k"], "Run 1 of": ["g", "c"]}
    seen = go(tmp_path, answering(answers))
    assert seen.ended["runs"] == "skipped"
    assert seen.ended["skin"] == "done"
    assert seen.played.ending.status == "completed"
