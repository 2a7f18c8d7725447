"""A few of the sessions of `benchmarks.kill_test` (which kills two hundred), and its own eyes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.kill_check import as_killed, complaints
from benchmarks.kill_test import RESULTS, TRIALS, Case, plan, virtual_kill
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
    lost = complaints(dataset, "sub-sim01", before, TRIALS | {(3, 1)})
    assert "(3, 1) is missing" in lost


def test_the_stated_figures_are_of_the_cases_that_are_planned() -> None:
    """The figures may be of a part of the cases: the benchmark goes on where it stopped."""
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    planned = {(case.number, case.where) for case in plan(190, 10)}
    cases = [(case["number"], case["where"]) for case in found["cases"]]
    assert cases
    assert len(set(cases)) == len(cases)
    assert set(cases) <= planned
    assert found["sound"] == sum(case["killed"] and not case["problems"] for case in found["cases"])
