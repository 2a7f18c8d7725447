"""Where a visit's temperatures come from: made, given, of an earlier session, or the study's."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiment.errors import ExitCode
from experiment.journal import events
from experiment.session.preparation import Request
from experiment.visit.begin import begin, load_files
from tests.visit.conftest import Visited, answering, go

QUICK = {"Instructions. ": ["k"], "Face ratings. ": ["k", "k"], "Practice. ": ["k"]}


def source(seen: Visited) -> list[str]:
    return [e.value for e in seen.of(events.Answered) if e.item == "source"]


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Visited:
    """A first session with a calibration of its own, accepted, made again, and accepted."""
    answers = QUICK | {"The runs. ": ["r"], "Calibration. ": []}
    return go(tmp_path_factory.mktemp("first"), answering(answers), calibration=None, session="01")


def test_a_calibration_is_made_again_until_a_run_has_begun(calibrated: Visited) -> None:
    assert calibrated.played.ending.exit_code == ExitCode.DONE
    assert source(calibrated) == ["made", "made"]
    first, second, third = calibrated.journals
    assert second.of(events.HeatTriggered)
    assert not second.of(events.RunStart)
    assert second.head.calibration != third.head.calibration
    accepted = [e.value for e in calibrated.of(events.Answered) if e.item == "file"]
    assert accepted == [f"sub-sim01_ses-01_calibration-{n:03d}.toml" for n in (1, 2)]
    assert first.head.calibration is None
    numbers = [heat.number for heat in calibrated.of(events.HeatTriggered)]
    assert numbers == sorted(set(numbers))


def test_who_comes_back_is_calibrated_anew(calibrated: Visited) -> None:
    """An earlier session's calibration is no reason to make none: skin and person change."""
    out = calibrated.played.prepared.place.dataset.parent
    request = Request("demo", "laptop", session="02", out=out, simulated=True)
    found = begin(request, load_files((), "heat"))
    assert found.prepared.calibration is None
    assert found.prepared.request.calibration is None
    assert not found.given


def test_a_person_is_calibrated_too(tmp_path: Path) -> None:
    found = begin(Request("demo", "laptop", "07", out=tmp_path), load_files((), "heat"))
    assert (found.prepared.request.calibration, found.given) == (None, False)
    fixed = Request("demo", "laptop", "07", out=tmp_path, calibration="none")
    assert begin(fixed, load_files((), "heat")).prepared.request.calibration == "none"


def test_a_skipped_step_takes_the_last_calibration_and_says_which(calibrated: Visited) -> None:
    out = calibrated.played.prepared.place.dataset.parent
    choose = answering(QUICK | {"Calibration. ": ["k"]})
    seen = go(out, choose, calibration=None, session="02")
    assert seen.played.ending.exit_code == ExitCode.DONE
    assert seen.ended["calibration"] == "skipped"
    assert source(seen) == ["last"]
    assert "last accepted calibration, sub-sim01_ses-01_calibration-002.toml" in seen.told
    first, second = seen.journals
    assert first.head.calibration is None
    assert second.head.calibration == calibrated.journals[-1].head.calibration


def test_a_skipped_step_without_one_asks_for_the_fixed_temperatures(tmp_path: Path) -> None:
    answers = QUICK | {"Calibration. ": ["k", "k"], "no accepted calibration": ["n", "g"]}
    seen = go(tmp_path, answering(answers), calibration=None)
    ends = [e.status for e in seen.of(events.StepEnd) if e.step == "calibration"]
    assert ends == ["interrupted", "skipped"]
    assert source(seen) == ["fixed"]
    assert len(seen.journals) == 1


def test_a_calibration_given_on_the_way_counts_until_the_step_is_over(
    calibrated: Visited, tmp_path: Path
) -> None:
    place = calibrated.played.prepared.place
    given = str(place.journals / f"{place.stem}_calibration-002.toml")
    go(tmp_path, answering(QUICK | {"Calibration. ": ["q"]}), calibration=None)
    seen = go(tmp_path, calibration=given)
    assert source(seen) == ["given"]
    assert seen.journals[-1].head.calibration == calibrated.journals[-1].head.calibration
    assert seen.played.ending.exit_code == ExitCode.DONE
