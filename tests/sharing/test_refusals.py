"""What `trustpain share` refuses, and that no session is run in a copy."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from experiment.dataset import SessionPlace, session_lock
from experiment.errors import UserError
from experiment.recovery.past import heat_of, heat_of_calibration, heat_of_participant
from experiment.sharing.copying import share
from tests.commands import trustpain
from tests.sharing.datasets import journals

BEFORE = -1_000_000_000  # seconds since 1970: 1938, later than any shifted date


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("shifted", ("run", "--participant", "01", "--calibration", "none")),
        ("shifted", ("visit", "--participant", "sim01", "--session", "01", "--simulate")),
        ("shifted", ("visit", "--participant", "05", "--simulate")),
        ("shifted", ("calibrate", "--participant", "01", "--simulate")),
        ("shifted", ("dry-run", "--participant", "05")),
        ("shifted", ("resume",)),
        ("undated", ("run", "--participant", "01", "--calibration", "none")),
        ("undated", ("visit", "--participant", "05", "--simulate")),
        ("undated", ("resume",)),
    ],
)
def test_no_session_is_run_in_a_copy(
    kind: str, words: tuple[str, ...], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    copy: Path = request.getfixturevalue(kind)
    # Where a session of the study would be written: a copy that was renamed to the study's name.
    name = "pilot_short-pilot" if words[0] == "run" else "pilot_short-sim"
    place = tmp_path / "data" / name
    place.parent.mkdir()
    place.symlink_to(copy)
    where = ("--study", "pilot_short", "--out", "data")
    done = trustpain(
        *words, *((f"data/{name}/sub-sim01/ses-01",) if words[0] == "resume" else where), cwd=tmp_path
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(r"trustpain: \S+ is in a copy made for sharing, [^.]+\n", done.stderr), (
        done.stderr
    )


def test_journals_of_a_copy_count_for_no_guard(shifted: Path) -> None:
    """Wherever they were put: their heat is hidden in the nineteenth century."""
    assert min(heat.time for heat in heat_of(journals(shifted))) < BEFORE
    with pytest.raises(ValueError, match=r"dates of .* are shifted"):
        heat_of_participant(shifted, "sim01")
    beside = next(shifted.rglob("*_journal-001.jsonl"))
    calibration = beside.with_name(beside.name.replace("journal-001.jsonl", "calibration-001.toml"))
    with pytest.raises(ValueError, match=r"dates of .* are shifted"):
        heat_of_calibration(calibration, shifted.parent / "elsewhere" / "ses-01")


def test_what_is_refused_leaves_nothing(original: Path, shifted: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "dataset_description.json").write_text('{"Name": "x"}')
    for dataset, out, why in (
        (original, tmp_path / "full", "exists already"),
        (original, original / "copy", "in the dataset itself"),
        (tmp_path / "other", tmp_path / "new", "wasn't written by trustpain"),
        (tmp_path / "full", tmp_path / "new", "isn't a dataset"),
        (tmp_path / "nowhere", tmp_path / "new", "isn't a folder"),
        (shifted, tmp_path / "new", "share the original"),
    ):
        done = trustpain("share", str(dataset), "--out", str(out), "--date-shift", cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert why in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"full", "other"}
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_a_true_date_that_cannot_be_shifted_is_named(original: Path, tmp_path: Path) -> None:
    readme, day = original / "README", datetime.now(UTC)
    kept = readme.read_bytes()
    readme.write_bytes(kept + f"First session: {day:%d.%m.%Y}\n".encode())
    try:
        for words in ((), ("--date-shift",)):
            done = trustpain("share", str(original), "--out", "copy", *words, cwd=tmp_path)
            assert done.returncode == 2
            assert f"README ({day:%d.%m.%Y})" in done.stderr
    finally:
        readme.write_bytes(kept)
    done = trustpain("share", str(original), "--out", "copy", cwd=tmp_path)
    assert done.returncode == 2
    assert "_scans.tsv" in done.stderr
    assert "--date-shift" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_a_disk_that_takes_no_more_leaves_no_half_copy(original: Path, tmp_path: Path) -> None:
    largest = max(path.stat().st_size for path in original.rglob("*.jsonl"))
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest // 2},) * 2)"
    words = ("share", str(original), "--out", "copy", "--date-shift")
    done = trustpain(*words, cwd=tmp_path, before=limit)
    assert done.returncode == 1, done.stderr
    assert "nothing of it is left" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_kept_shift_that_is_too_small_is_refused(virtual: Path, tmp_path: Path) -> None:
    (virtual / "sourcedata" / "date_shifts.tsv").write_text("participant\tshift_days\nsim01\t-9\n")
    with pytest.raises(UserError, match="in 1999, but shifted dates must lie before 1925"):
        share(virtual, tmp_path / "copy", shift=True)
    assert list(tmp_path.iterdir()) == []


def test_a_session_that_is_going_on_is_not_copied(virtual: Path, tmp_path: Path) -> None:
    with (
        session_lock(SessionPlace(virtual, "sim01", None)),
        pytest.raises(UserError, match="sub-sim01 is just being run"),
    ):
        share(virtual, tmp_path / "copy", shift=False)
    assert list(tmp_path.iterdir()) == []
