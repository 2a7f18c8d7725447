"""`trustpain validate`: the official validator's word, readable, and the right exit code."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from experiment.bids import export_session, validate
from experiment.bids.columns import EVENT_COLUMNS, PARTICIPANT_COLUMNS
from experiment.bids.validate import find_dataset, validate_dataset
from experiment.cli.validate import validate as command
from experiment.errors import ExitCode, UserError
from tests.factory import Session, write_session

app = typer.Typer()
app.command()(command)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    made = tmp_path / "trust_pain"
    journal = write_session(made, Session(runs=1, trials=2), tmp_path / "pictures")
    export_session(made, [journal], tmp_path / "pictures")
    return made


def test_a_good_dataset(dataset: Path) -> None:
    result = CliRunner().invoke(app, [str(dataset)])
    assert result.exit_code == 0
    assert "trust_pain: valid BIDS (0 errors, 4 warnings" in result.output


def test_a_bad_dataset_says_what_where(dataset: Path) -> None:
    events = next(dataset.rglob("*_events.tsv"))
    events.write_text(events.read_text().replace("onset", "beginning", 1))
    (dataset / "sub-01" / "func" / "notes.txt").write_text("")
    result = CliRunner().invoke(app, [str(dataset / "sub-01")])
    assert result.exit_code == ExitCode.NOT_AS_EXPECTED
    assert "not valid BIDS" in result.output
    assert "sub-01/func/notes.txt" in result.output
    assert "TSV_COLUMN_MISSING" in result.output
    codes = [(issue.severity, issue.code) for issue in validate_dataset(dataset).issues]
    assert codes == sorted(codes)  # errors first


def test_every_row_is_checked(dataset: Path) -> None:
    people = dataset / "participants.tsv"
    lines = [f"sub-{number}\t1\tparticipant\t1" for number in range(2000, 3500)]
    people.write_text(people.read_text() + "\n".join(lines) + "\nsub-9999\tx\n")
    assert not validate_dataset(dataset).ok


@pytest.mark.parametrize("inside", [".", "sub-01", "sub-01/func", "sourcedata/sub-01"])
def test_any_path_in_a_dataset_will_do(inside: str, dataset: Path) -> None:
    assert find_dataset(dataset / inside) == dataset
    assert find_dataset(next(dataset.rglob("*.jsonl"))) == dataset


def test_what_is_no_dataset_is_bad_input(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "nowhere", "doesn't exist"), (tmp_path, "isn't in a BIDS")):
        with pytest.raises(UserError, match=why) as raised:
            command(path)
        assert raised.value.exit_code == ExitCode.BAD_INPUT


def test_a_validator_that_fails_is_one_sentence(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = shutil.which("true")
    assert program is not None
    monkeypatch.setattr(validate, "_program", lambda: Path(program))
    with pytest.raises(UserError, match="the BIDS validator failed") as raised:
        command(dataset)
    assert raised.value.exit_code == ExitCode.PROGRAM_FAILED

    def too_slow(*args: object, **kwargs: object) -> None:
        raise subprocess.TimeoutExpired("validator", 600)

    monkeypatch.setattr(subprocess, "run", too_slow)
    with pytest.raises(UserError, match="didn't end within"):
        command(dataset)


def test_the_page_on_the_data_names_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    missing = [name for name in {**EVENT_COLUMNS, **PARTICIPANT_COLUMNS} if f"`{name}`" not in page]
    assert not missing
