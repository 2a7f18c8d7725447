"""A few of the sessions of `benchmarks.kill_test` (which kills two hundred), and its own eyes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.kill_check import as_killed, complaints
from benchmarks.kill_test import RESULTS, TRIALS, Case, counts, is_done, plan, run, virtual_kill
from experiment.bids.validate import validate_dataset
from tests.experiment.virtual import play_virtually

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork")


def test_killed_sessions_go_on_and_lose_nothing(tmp_path: Path) -> None:
    cases = [Case(1, "byte", 150_003), Case(2, "byte", 1_000), Case(3, "moment", 123.4)]
    found = [virtual_kill(case, tmp_path) for case in cases]
    assert [case.problems for case in found] == [[], [], []]
    assert all(case.killed for case in found)
    assert found[0].torn
    assert found[0].trials_before > 0
    assert validate_dataset(tmp_path / "pilot_short-sim").ok


def test_a_killed_repeat_goes_on_and_loses_nothing(tmp_path: Path) -> None:
    """In the middle of a line, before its first line is whole, and at a moment."""
    cases = [
        Case(1, "byte", 70_003, repeats=2),
        Case(2, "byte", 1_000, repeats=1),
        Case(3, "moment", 90.0, repeats=1),
    ]
    found = [virtual_kill(case, tmp_path) for case in cases]
    assert [case.problems for case in found] == [[], [], []]
    assert all(case.killed for case in found)
    assert found[0].torn
    # The eight of the session, and what was done of the repeat.
    assert found[0].trials_before > 8
    assert found[1].trials_before == 8
    assert validate_dataset(tmp_path / "pilot_short-sim").ok


def test_only_what_was_found_with_this_code_counts_as_done(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    [case, other] = plan(2, 0)
    said: list[str] = []
    [found] = run([case], results, said.append)
    assert is_done(case, {case.number: found})
    assert not is_done(other, {case.number: found})
    run([case], results, said.append)
    assert len(said) == 1  # it wasn't done again
    stated = json.loads(results.read_text(encoding="utf-8"))
    assert stated["sound"] == stated["killed"] == 1
    stated["cases"][0]["code"] = "another"
    changed = Case(**{**stated["cases"][0]})
    assert not is_done(case, {case.number: changed})


def test_the_plan_has_every_kind_and_its_counts_add_up() -> None:
    cases = plan(190, 10)
    found = counts(cases)
    assert found.pop("killed") == sum(found.values()) == 200
    assert found["in_a_real_window_in_real_time"] == 10
    assert found["while_a_run_was_repeated"] == 19
    assert min(found.values()) >= 10


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from experiment.session.finish import finish

    played, _ = play_virtually(tmp_path_factory.mktemp("whole"))
    finish(played, None)
    return played.prepared.place.dataset


@pytest.mark.parametrize(
    ("what", "change", "said"),
    [
        ("journal", ('"rating":', '"rating": 1'), "was changed"),
        ("table", ("\tcompleted\t2\t", "\taborted\t2\t"), "the table []"),
        ("table", ("46.50", "46.40"), "the journal says"),
    ],
)
def test_what_is_lost_or_changed_is_seen(
    whole: Path, tmp_path: Path, what: str, change: tuple[str, str], said: str
) -> None:
    import shutil

    dataset = tmp_path / whole.name
    shutil.copytree(whole, dataset)
    [journal] = dataset.rglob("*_journal-001.jsonl")
    before = as_killed(journal)
    assert complaints(dataset, "sub-sim01", before, TRIALS) == []
    paths = [journal] if what == "journal" else sorted(dataset.rglob("*_events.tsv"))
    for path in paths:
        path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    assert said in "; ".join(complaints(dataset, "sub-sim01", before, TRIALS))
    lost = complaints(dataset, "sub-sim01", before, TRIALS | {(3, 0, 1)})
    assert "(3, 0, 1) is missing" in lost


def test_the_stated_figures_are_of_the_cases_that_are_planned() -> None:
    """The figures may be of a part of the cases: the benchmark goes on where it stopped."""
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    planned = {(case.number, case.where) for case in plan(190, 10)}
    cases = [(case["number"], case["where"]) for case in found["cases"]]
    assert cases
    assert len(set(cases)) == len(cases)
    assert set(cases) <= planned
    assert found["sound"] == sum(case["killed"] and not case["problems"] for case in found["cases"])
    page = (RESULTS.parents[1] / "safety.md").read_text(encoding="utf-8")
    [row] = [line for line in page.splitlines() if "benchmarks.kill_test" in line]
    in_real_time = sum(case["killed"] and case["where"] == "wall" for case in found["cases"])
    assert f"{found['sound']} of {found['killed']}, {in_real_time} of them in a real window" in row
    if "while_a_run_was_repeated" in found:
        assert f"{found['while_a_run_was_repeated']} while a run was repeated" in row
