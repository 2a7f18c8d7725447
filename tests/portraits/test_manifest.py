"""The manifest: what it says, and what it tells about a set that isn't right."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stimuli.folder import make_manifest, verify_measured
from stimuli.manifest import LEVELS, Manifest, load_manifest, verify, write_manifest

PEOPLE = "clinician\tsex\tage_group\tskin_tone\nana\tfemale\tmiddle\ttan\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A laboratory's folder: one clinician, three alike pictures."""
    picture = Image.fromarray(np.random.default_rng(1).integers(60, 200, (100, 80, 3), np.uint8))
    for level in LEVELS:
        picture.save(tmp_path / f"ana_{level}.png")
    (tmp_path / "people.tsv").write_text(PEOPLE)
    return tmp_path


def with_portrait(manifest: Manifest, level: str, **changes: object) -> Manifest:
    portraits = tuple(replace(p, **changes) if p.level == level else p for p in manifest.portraits)  # type: ignore[arg-type]
    return replace(manifest, portraits=portraits)


def test_own_folder_gets_a_manifest_that_verifies(own: Path) -> None:
    manifest = load_manifest(make_manifest(own))
    assert verify(manifest) == []
    assert manifest.clinicians == ("ana",)
    assert not manifest.portrait("ana", "high").validated
    assert np.isnan(manifest.portrait("ana", "low").axis_value)


def test_the_pictures_are_measured_and_not_only_what_is_written() -> None:
    shipped = load_manifest()
    two = replace(shipped, portraits=shipped.portraits[:2])
    assert verify_measured(two) == []
    first = replace(two.portraits[0], luminance=1.01 * two.portraits[0].luminance)
    problems = verify_measured(replace(two, portraits=(first, two.portraits[1])))
    assert len(problems) == 1
    assert problems[0].startswith(f"{first.file}: the face's mean luminance measures")


def test_a_renderers_record_gives_axis_and_eyes(own: Path) -> None:
    record = {
        "pipeline_version": "1.1",
        "identity": {"sex": "male", "age_group": "older", "skin_tone": "dark"},
        "eye_x": 40.0,
        "eye_y": 41.5,
        "levels": {
            level: {
                "axis_value": value,
                "sha256": hashlib.sha256((own / f"ana_{level}.png").read_bytes()).hexdigest(),
            }
            for level, value in zip(LEVELS, (-2.0, 0.0, 2.0), strict=True)
        },
    }
    (own / "ana.json").write_text(json.dumps(record))
    (own / "people.tsv").unlink()
    high = load_manifest(make_manifest(own)).portrait("ana", "high")
    assert (high.axis_value, high.eye_y, high.skin_tone) == (2.0, 41.5, "dark")
    assert (high.licence, high.pipeline_version) == ("CC0-1.0", "1.1")
    Image.new("RGB", (80, 100)).save(own / "ana_high.png")
    with pytest.raises(
        ValueError, match=r"ana_high\.png isn't the picture that ana\.json describes"
    ):
        make_manifest(own)
    (own / "ana.json").write_text("[]")
    with pytest.raises(ValueError, match="isn't the renderer's record of ana"):
        make_manifest(own)


def test_what_is_wrong_is_told_in_a_sentence_each(own: Path) -> None:
    manifest = load_manifest(make_manifest(own))
    (own / "ana_high.png").unlink()
    Image.new("RGB", (80, 100)).save(own / "ana_low.png")
    problems = verify(with_portrait(manifest, "neutral", luminance=0.9))
    assert any("ana_high.png is missing" in p for p in problems)
    assert any("ana_low.png" in p and "SHA-256" in p for p in problems)
    assert any("not matched" in p and "luminance" in p for p in problems)
    assert all(p.endswith(".") for p in problems)


def test_missing_level_and_size(own: Path) -> None:
    Image.new("RGB", (40, 50), (90, 90, 90)).save(own / "ana_high.png")
    (own / "ana_low.png").unlink()
    problems = verify(load_manifest(make_manifest(own)))
    assert any("level low" in p for p in problems)
    assert any("differ in size" in p for p in problems)


def test_eyes_at_different_heights_are_told(own: Path) -> None:
    manifest = load_manifest(make_manifest(own))
    manifest = with_portrait(manifest, "low", eye_y=40.0)
    manifest = with_portrait(manifest, "high", eye_y=43.0)
    assert any("eyes differ in height by 3.0 pixels" in p for p in verify(manifest))


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda text: text.replace("sha256", "hash"), "lacks the column"),
        (lambda text: text.replace("\tlow\t", "\tmedium\t"), "level is 'medium'"),
        (lambda text: text.replace("ana_low.png", "../ana_low.png"), "inside it"),
        (lambda text: text.replace("\tno\n", "\tmaybe\n", 1), "not yes or no"),
        (lambda text: text.splitlines()[0] + "\n", "lists no portraits"),
    ],
)
def test_spoilt_table_is_one_sentence(own: Path, spoil, word: str) -> None:  # type: ignore[no-untyped-def]
    table = make_manifest(own)
    table.write_text(spoil(table.read_text()))
    with pytest.raises(ValueError, match=word) as caught:
        load_manifest(table)
    assert "\n" not in str(caught.value)


def test_a_manifest_of_an_older_version_is_read(own: Path) -> None:
    """Until pipeline 1.1 there was a last column, stand_in."""
    table = make_manifest(own)
    head, *lines = table.read_text().splitlines()
    new = load_manifest(table)
    table.write_text("\n".join([head + "\tstand_in", *(line + "\tno" for line in lines)]) + "\n")
    assert load_manifest(table) == new


def test_folder_errors(own: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no folder"):
        make_manifest(tmp_path / "nowhere")
    shutil.copy(own / "ana_low.png", own / "ana_angry.png")
    with pytest.raises(ValueError, match="NAME_LEVEL"):
        make_manifest(own)
    (own / "ana_angry.png").unlink()
    (own / "people.tsv").write_text(PEOPLE.replace("tan", "green"))
    with pytest.raises(ValueError, match="skin_tone 'green'"):
        make_manifest(own)
    (own / "people.tsv").unlink()
    with pytest.raises(ValueError, match=r"no people\.tsv"):
        make_manifest(own)


def test_unknown_clinician_and_level(own: Path) -> None:
    manifest = load_manifest(make_manifest(own))
    with pytest.raises(ValueError, match="there are ana"):
        manifest.portrait("bob", "low")
    with pytest.raises(ValueError, match="no portrait at trust level"):
        manifest.portrait("ana", "middling")


def test_writing_is_whole_or_not_at_all(own: Path) -> None:
    manifest = load_manifest(make_manifest(own))
    write_manifest(own / "again.tsv", manifest.portraits, manifest.notes)
    assert load_manifest(own / "again.tsv").clinicians == manifest.clinicians
    assert not list(own.glob("*.part"))
