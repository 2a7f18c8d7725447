"""Broken study, rig, scenario and manifest files, as somebody types the commands that read them.

Each exits 2 with one sentence and no traceback. (Which sentence is tested beside each reader.)
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from experiment.cli import main
from experiment.inputs.files import RIGS, SCENARIOS, STUDIES
from stimuli.manifest import SHIPPED

STUDY = (STUDIES / "pilot_short.toml").read_text(encoding="utf-8")
RIG = (RIGS / "laptop.toml").read_text(encoding="utf-8")
SCENARIO = (SCENARIOS / "thermode_unplugged.toml").read_text(encoding="utf-8")
MANIFEST = SHIPPED.read_text(encoding="utf-8")
FIRST_PICTURE = MANIFEST.splitlines()[1].split("\t")

# What is replaced, and by what; None: the whole file.
STUDIES_BROKEN = [
    ("runs = 2", 'runs = "2"'),
    ("runs = 2", "runs = nan"),
    ("runs = 2", "rnus = 2"),
    ("runs = 2", "runs = 999"),
    ("[scan]", "[scan"),
    ("[design]", "[desing]"),
    ("plateau_s = 8.0", "plateau_s = 29.0"),  # beyond the rig's limits
    ("fixed = [46.5, 47.5]", "fixed = [46.5, 49.5]"),  # likewise
    ("fixed = [46.5, 47.5]", "fixed = [46.5, inf]"),
    ('phase = "heat"', 'phase = "haet"'),
    ('id = "F1"', 'id = "F99"'),
    (None, ""),
    (None, "\0\1\2"),
    (None, "a = " + "[" * 3000),
]
RIGS_BROKEN = [
    ("highest_target = 49.0", "highest_target = 55.0"),  # beyond the ceiling
    ("highest_target = 49.0", "highest_target = 46.0"),  # below the study's temperatures
    ("longest_plateau_s = 20.0", "longest_plateau_s = 5.0"),
    ("most_stimuli_visit = 140", "most_stimuli_visit = 3"),
    ("tolerance = 0.5", 'tolerance = "0.5"'),
    ("baseline = 32.0", "baseline = 45.0"),
    ('port = "emulated://tcs"', 'port = "emulatd://tcs"'),
    ('kind = "tcs"', 'kind = "tsc"'),
    ("[thermode]", "[termode]"),
    ('stop = ["escape"]', "stop = []"),
    (None, "not toml"),
]
SCENARIOS_BROKEN = [
    ('kind = "unplugged"', 'kind = "unpluged"'),
    ('kind = "unplugged"', ""),
    ('device = "thermode"', 'device = "toaster"'),
    ("trial = 2", 'trial = "2"'),
    ("after_s = 3.0", "after_s = -3.0"),
    ("exit_code = 3", "exit_code = 77"),
    ('ending = "failed"', 'ending = "exploded"'),
    ("[[fault]]", "[[falut]]"),
    ("title =", "titel ="),
    ("at = {", "for_s = nan\nat = {"),
    ('title = "', 'study = "no_such_study"\ntitle = "'),
    ('title = "', 'rig = "no_such_rig"\ntitle = "'),
    (None, ""),
]
MANIFESTS_BROKEN = [
    ("sha256", "sha"),  # a column is missing
    (FIRST_PICTURE[0], "no/such/picture.png"),
    ("F1", "X1"),
    ("\t", ","),
    (None, ""),
    (None, MANIFEST.splitlines()[0] + "\n"),
    (None, "\ud800"),
]


def broken(text: str, old: str | None, new: str, path: Path) -> Path:
    if old is not None:
        assert old in text
        new = text.replace(old, new)
    path.write_bytes(new.encode("utf-8", "surrogatepass"))
    return path


def refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> str:
    """What the command says when it refuses: one sentence, on the right stream, with code 2."""
    monkeypatch.setattr(sys, "argv", ["trustpain", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 2, said
    assert "Traceback" not in said.out + said.err
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, said.err
    assert lines[0].startswith("trustpain: ")
    assert len(lines[0]) < 600
    return lines[0]


@pytest.mark.parametrize(("old", "new"), STUDIES_BROKEN)
def test_a_broken_study(old, new, tmp_path, capsys, monkeypatch) -> None:
    path = broken(STUDY, old, new, tmp_path / "study.toml")
    refused(capsys, monkeypatch, "dry-run", "--study", str(path), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("old", "new"), RIGS_BROKEN)
def test_a_broken_rig(old, new, tmp_path, capsys, monkeypatch) -> None:
    path = broken(RIG, old, new, tmp_path / "rig.toml")
    command = ("dry-run", "--study", "pilot_short", "--rig", str(path))
    refused(capsys, monkeypatch, *command, "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("old", "new"), SCENARIOS_BROKEN)
def test_a_broken_scenario(old, new, tmp_path, capsys, monkeypatch) -> None:
    path = broken(SCENARIO, old, new, tmp_path / "scenario.toml")
    refused(capsys, monkeypatch, "dry-run", "--scenario", str(path), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("old", "new"), MANIFESTS_BROKEN)
def test_a_broken_manifest(old, new, tmp_path, capsys, monkeypatch) -> None:
    broken(MANIFEST, old, new, tmp_path / "clinicians.tsv")
    study = broken(STUDY, 'set = "shipped"', 'set = "clinicians.tsv"', tmp_path / "study.toml")
    refused(capsys, monkeypatch, "dry-run", "--study", str(study), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_there_are_enough_of_them() -> None:
    assert len(STUDIES_BROKEN + RIGS_BROKEN + SCENARIOS_BROKEN + MANIFESTS_BROKEN) >= 30
