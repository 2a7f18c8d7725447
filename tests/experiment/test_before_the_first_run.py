"""A session that ends before its first run, or doesn't begin at all, leaves nothing that misleads."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from experiment.bids.validate import validate_dataset
from experiment.errors import UserError
from experiment.inputs.files import load_study
from experiment.preview.trial_view import plan_for
from experiment.session.dry import dry_runs, fresh_out
from experiment.session.finish import finish
from stimuli.manifest import SHIPPED
from tests.experiment.virtual import play_virtually

PICTURE = "clinicians/M1_low.png"


def study_with_own_set(folder: Path) -> Path:
    """The flagship study with a copy of the shipped portraits, which a test may spoil."""
    pictures = folder / "set"
    pictures.mkdir(parents=True)
    for path in (SHIPPED, SHIPPED.with_suffix(".json")):
        shutil.copy(path, pictures)
    shutil.copytree(SHIPPED.parent / "clinicians", pictures / "clinicians")
    study = folder / "own.toml"
    text = load_study("trust_pain").path.read_text(encoding="utf-8")
    assert text.count('set = "shipped"') == 1
    study.write_text(text.replace('set = "shipped"', 'set = "set"'), encoding="utf-8")
    return study


def spoil(study: Path) -> None:
    picture = study.parent / "set" / PICTURE
    picture.write_bytes((picture.parent / "M1_high.png").read_bytes())


def test_trials_looks_at_the_pictures_too(tmp_path: Path) -> None:
    study = str(study_with_own_set(tmp_path))
    plan_for(study, "laptop", "01", None, None, "none", None, None)
    spoil(Path(study))
    with pytest.raises(UserError, match=r"M1_low\.png isn't the one that the manifest describes"):
        plan_for(study, "laptop", "01", None, None, "none", None, None)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_refused_batch_says_what_was_played(tmp_path: Path, processes: int) -> None:
    study = study_with_own_set(tmp_path)
    spoil(study)
    with pytest.raises(UserError) as refused:
        dry_runs(str(study), "laptop", "01", 2, None, None, tmp_path / "out", "en", processes)
    assert "M1_low.png" in refused.value.message
    assert "of 2 sessions" in refused.value.message
    assert str(tmp_path / "out") in refused.value.message


def test_what_was_refused_leaves_no_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError), fresh_out("dry-run"):
        raise UserError("refused")
    assert not list((tmp_path / "data").iterdir())
    with fresh_out("dry-run") as kept:
        (kept / "something").touch()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["dry-run-001"]


def test_a_session_ended_before_its_first_run_leaves_a_valid_dataset(tmp_path: Path) -> None:
    def end(question: str, options: Mapping[str, str]) -> str:
        return "q"

    alone, _ = play_virtually(tmp_path / "alone", choose=end)
    finish(alone, None)
    told = validate_dataset(alone.prepared.place.dataset)
    assert "PARTICIPANT_ID_MISMATCH" not in str(told)
    played, _ = play_virtually(tmp_path, participant="01")
    finish(played, None)
    early, journal = play_virtually(tmp_path, choose=end, participant="03")
    finish(early, None)
    dataset = early.prepared.place.dataset
    assert journal.events[-1].event == "session_end"
    assert not (dataset / "sub-sim03").exists()
    assert "sub-sim03" not in (dataset / "participants.tsv").read_text(encoding="utf-8")
    assert validate_dataset(dataset).ok
