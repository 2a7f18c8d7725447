"""Norms are of the very picture that was judged: a manifest made anew keeps them for it, and for no other."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stimuli.folder import make_manifest
from stimuli.manifest import LEVELS, load_manifest, verify
from stimuli.norms import PortraitNorms, write_norms

ROOT = Path(__file__).parents[2]
PEOPLE = "clinician\tsex\tage_group\tskin_tone\nana\tfemale\tmiddle\ttan\n"


def norms_into(table: Path) -> None:
    """Norms of one question for every portrait of a manifest."""
    found = [
        PortraitNorms(p.clinician, p.level, "happy", 14, 40.0 + index, 9.5)
        for index, p in enumerate(load_manifest(table).portraits)
    ]
    write_norms(table, found, {"happy": "points"}, raters=14, verdict=["Trust rises."])


def rows(table: Path) -> dict[str, dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        return {row["file"]: row for row in csv.DictReader(stream, delimiter="\t")}


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """A laboratory's folder of one clinician whose pictures were judged."""
    rng = np.random.default_rng(1)
    for level in LEVELS:
        noise = rng.integers(60, 200, (100, 80, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / f"ana_{level}.png")
    (tmp_path / "people.tsv").write_text(PEOPLE)
    norms_into(make_manifest(tmp_path))
    return tmp_path


def test_the_same_pictures_keep_all(judged: Path) -> None:
    table = judged / "clinicians.tsv"
    before, said = table.read_bytes(), []
    make_manifest(judged, told=said.append)
    assert table.read_bytes() == before
    assert b"norm_happy_mean" in before
    notes = load_manifest(judged).notes
    assert (notes["validated"], notes["norms"]["verdict"]) == ("by 14 raters", ["Trust rises."])
    assert said == []


def test_another_picture_loses_its_norms_and_the_set_its_verdict(judged: Path) -> None:
    Image.new("RGB", (80, 100), (90, 120, 90)).save(judged / "ana_high.png")
    said: list[str] = []
    make_manifest(judged, told=said.append)
    found = rows(judged / "clinicians.tsv")
    high, low = found["ana_high.png"], found["ana_low.png"]
    assert (high["norm_happy_n"], high["norm_happy_mean"], high["validated"]) == ("0", "n/a", "no")
    assert (low["norm_happy_n"], low["norm_happy_mean"], low["validated"]) == ("14", "40", "yes")
    notes = load_manifest(judged).notes
    assert notes["validated"] == "2 of 3 pictures, by 14 raters"
    assert "verdict" not in notes["norms"]
    assert len(said) == 1
    assert said[0].startswith("1 of the 3 pictures that raters judged")
    # Made once more, nothing is lost that hadn't been lost.
    make_manifest(judged, told=said.append)
    assert rows(judged / "clinicians.tsv") == found
    assert len(said) == 1


def test_a_set_of_other_pictures_has_no_norms(judged: Path) -> None:
    for index, level in enumerate(LEVELS):
        Image.new("RGB", (80, 100), (90, 100 + index, 90)).save(judged / f"ana_{level}.png")
    said: list[str] = []
    make_manifest(judged, told=said.append)
    text = (judged / "clinicians.tsv").read_text()
    assert "norm_" not in text
    assert "\tyes" not in text
    assert load_manifest(judged).notes["validated"] == "no"
    assert said[0].startswith("3 of the 3 pictures")


def test_a_build_keeps_the_norms_of_pictures_that_it_left(tmp_path: Path) -> None:
    """`build write` is what a build ends with: the manifest from the identities' records."""
    stimuli = tmp_path / "stimuli"
    shutil.copytree(
        ROOT / "stimuli", stimuli, ignore=shutil.ignore_patterns(".cache", "__pycache__")
    )
    shutil.copy(ROOT / "requirements-portraits.txt", tmp_path)
    write = [sys.executable, "-m", "stimuli.pipeline.build", "write"]
    subprocess.run(write, cwd=tmp_path, check=True)
    table = stimuli / "clinicians.tsv"
    norms_into(table)
    before = rows(table)
    done = subprocess.run(write, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert (rows(table), done.stdout) == (before, "")
    assert verify(load_manifest(table)) == []
    record = stimuli / "pipeline" / "records" / "M2.json"
    about = json.loads(record.read_text())
    about["levels"]["low"]["sha256"] = "0" * 64  # as if M2's low had been rendered anew
    record.write_text(json.dumps(about))
    done = subprocess.run(write, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("1 of the 24 pictures that raters judged")
    lost = [file for file, row in rows(table).items() if row["norm_happy_mean"] == "n/a"]
    assert lost == ["clinicians/M2_low.png"]


def test_a_journal_of_an_older_version_is_understood() -> None:
    from stimuli.manifest import portrait_of

    golden = ROOT / "tests" / "golden" / "sub-sim01_ses-01_journal-001.jsonl"
    with golden.open(encoding="utf-8") as stream:
        head = json.loads(stream.readline())
    assert all("stand_in" in portrait for portrait in head["portraits"])
    assert {portrait_of(p).clinician for p in head["portraits"]} == {"F1", "F4", "M1", "M3"}
