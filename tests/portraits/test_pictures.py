"""The 24 committed portraits: complete, matched, and alike in all but the face."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from stimuli.folder import FACE_CENTRE, FACE_RADII, measure
from stimuli.manifest import LEVELS, SKIN_TONES, load_manifest, verify

MANIFEST = load_manifest()
EYES_APART_PX = 76
"""Half the distance between the pupils in the shipped pictures."""


def pixels(clinician: str, level: str) -> np.ndarray:
    with Image.open(MANIFEST.path(MANIFEST.portrait(clinician, level))) as picture:
        return np.asarray(picture.convert("RGB"), float)


def test_the_set_is_as_its_manifest_says() -> None:
    assert verify(MANIFEST) == []
    assert len(MANIFEST.portraits) == 24
    assert {(p.width, p.height) for p in MANIFEST.portraits} == {(800, 1000)}
    assert sum(MANIFEST.path(p).stat().st_size for p in MANIFEST.portraits) <= 20_000_000


def test_each_tone_has_a_woman_and_a_man() -> None:
    people = {(p.skin_tone, p.sex) for p in MANIFEST.portraits}
    assert people == {(tone, sex) for tone in SKIN_TONES for sex in ("female", "male")}


def test_nothing_claims_to_be_validated() -> None:
    assert not any(p.validated for p in MANIFEST.portraits)
    assert MANIFEST.notes["validated"] == "no"
    assert "arbitrary" in MANIFEST.notes["axis"]["unit"]
    assert {p.licence for p in MANIFEST.portraits} == {"CC0-1.0"}


@pytest.mark.parametrize("clinician", MANIFEST.clinicians)
def test_luminance_and_contrast_are_matched_in_the_pictures_themselves(clinician: str) -> None:
    faces = []
    for level in LEVELS:
        portrait = MANIFEST.portrait(clinician, level)
        face, _ = measure(MANIFEST.path(portrait))
        assert face.luminance == pytest.approx(portrait.luminance, rel=0.003)
        assert face.contrast == pytest.approx(portrait.contrast, rel=0.01)
        faces.append(face)
    for name in ("luminance", "contrast"):
        values = [getattr(face, name) for face in faces]
        assert (max(values) - min(values)) / np.mean(values) < 0.01


@pytest.mark.parametrize("clinician", MANIFEST.clinicians)
def test_coat_and_background_are_the_same_to_the_last_bit(clinician: str) -> None:
    neutral = pixels(clinician, "neutral")
    height, width = neutral.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    r = np.hypot(
        ((x + 0.5) / width - FACE_CENTRE[0]) / FACE_RADII[0],
        ((y + 0.5) / height - FACE_CENTRE[1]) / FACE_RADII[1],
    )
    outside = r > 1.01
    for level in ("low", "high"):
        other = pixels(clinician, level)
        assert np.array_equal(other[outside], neutral[outside])
        assert np.abs(other[~outside] - neutral[~outside]).mean() > 1.0  # and the faces do differ


@pytest.mark.parametrize("clinician", MANIFEST.clinicians)
def test_eyes_stay_where_they_are(clinician: str) -> None:
    """The iris of one level is found in the others within 2 pixels of height."""
    portrait = MANIFEST.portrait(clinician, "neutral")
    for side in (-1, 1):
        column, row = round(portrait.eye_x + side * EYES_APART_PX), round(portrait.eye_y)
        here = pixels(clinician, "neutral")[row - 8 : row + 9, column - 14 : column + 15]
        for level in ("low", "high"):
            other = pixels(clinician, level)
            misfit = [
                np.abs(other[row - 8 + d : row + 9 + d, column - 14 : column + 15] - here).mean()
                for d in range(-6, 7)
            ]
            assert abs(int(np.argmin(misfit)) - 6) <= 2
