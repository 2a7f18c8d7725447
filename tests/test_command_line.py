"""The real command line: one sentence and its exit code, no traceback, nothing half-made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.commands import trustpain

ROOT = Path(__file__).parent.parent
RIG = (ROOT / "hardware" / "rigs" / "mri_tcs.toml").read_text(encoding="utf-8")


def assert_one_sentence(done: subprocess.CompletedProcess[str], code: int, *says: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for word in says:
        assert word in done.stderr, done.stderr


def test_help_lists_every_command_of_the_contract(tmp_path: Path) -> None:
    done = trustpain("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in ("demo", "run", "dry-run", "resume", "trials", "allocate", "storyboard",
                    "emulate", "portraits", "validate", "share"):  # fmt: skip
        assert f" {command} " in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run", "--participant", "01", "--study", "trust_pian"), ("trust_pian", "trust_pain")),
        (("run", "--participant", "01", "--rig", "nowhere.toml"), ("nowhere.toml",)),
        (("run", "--participant", "sub-01"), ("sub-01", "letters and digits")),
        (("run", "--participant", "01"), ("--calibration none",)),
        (("run",), ("--help",)),
        (("resume", "nothing_here"), ("nothing_here",)),
        (("validate", "nothing_here"), ("nothing_here",)),
        (("dry-run", "--participants", "0"), ("--participants", "1")),
        (("fly",), ("fly",)),
    ],
)
def test_bad_input_exits_with_2(
    tmp_path: Path, words: tuple[str, ...], says: tuple[str, ...]
) -> None:
    done = trustpain(*words, cwd=tmp_path)
    assert_one_sentence(done, 2, *says)
    assert list(tmp_path.iterdir()) == []


def test_all_missing_devices_are_named_at_once_and_nothing_is_left_behind(tmp_path: Path) -> None:
    rig = tmp_path / "room.toml"
    rig.write_text(RIG.replace("COM", "/dev/nowhere"), encoding="utf-8")
    done = trustpain(
        "run", "--participant", "01", "--rig", str(rig), "--calibration", "none", cwd=tmp_path
    )
    assert_one_sentence(done, 3, "thermode", "scanner")
    assert [path.name for path in tmp_path.iterdir()] == ["room.toml"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are POSIX")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = trustpain("dry-run", "--out", str(tmp_path / "file" / "data"), cwd=tmp_path)
    assert_one_sentence(done, 2, "--out")
