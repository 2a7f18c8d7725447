"""A laboratory's own pictures: measures a folder of portraits and makes its manifest.

The folder holds `NAME_low.png`, `NAME_neutral.png` and `NAME_high.png` for each clinician, and `people.tsv` with the
columns clinician, sex, age_group, skin_tone. The face is taken to fill the picture as in the shipped portraits.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from stimuli.manifest import LEVELS, SEXES, SKIN_TONES, Portrait, sha256_of, write_manifest
from stimuli.pipeline.matching import Brightness, brightness, face_region

FACE_CENTRE, FACE_RADII = (0.5, 0.4735), (0.30, 0.27)
"""The face's ellipse in shares of the picture's width and height, as the shipped camera sees it."""


@dataclass(frozen=True)
class Person:
    """Who a clinician is, as `people.tsv` says."""

    sex: str
    age_group: str
    skin_tone: str


def measure(path: Path) -> tuple[Brightness, tuple[int, int]]:
    """The brightness of a portrait's face and the picture's width and height; ValueError if it isn't a picture."""
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"), float) / 255
    except (UnidentifiedImageError, OSError):
        raise ValueError(f"{path.name} is not a picture that can be read") from None
    height, width = pixels.shape[:2]
    centre = np.array(FACE_CENTRE) * (width, height)
    radii = np.array(FACE_RADII) * (width, height)
    return brightness(pixels, face_region(width, height, centre, radii)), (width, height)


def make_manifest(folder: Path, licence: str = "") -> Path:
    """Writes `clinicians.tsv` and its sidecar into a folder of pictures; returns the table's path.

    Raises ValueError with one sentence where the folder, a picture or `people.tsv` isn't as it should be. Unmatched or
    missing levels are no error here: `trustpain portraits check` tells them.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    people = _people(folder / "people.tsv")
    portraits = []
    for path in sorted(folder.glob("*.png")):
        clinician, _, level = path.stem.rpartition("_")
        if level not in LEVELS or not clinician:
            raise ValueError(
                f"{path.name} isn't named NAME_LEVEL.png with LEVEL one of {', '.join(LEVELS)}"
            )
        if clinician not in people:
            raise ValueError(
                f"people.tsv has no line for clinician {clinician!r}, whom {path.name} shows"
            )
        face, (width, height) = measure(path)
        who = people[clinician]
        portraits.append(
            Portrait(
                path.name, clinician, who.sex, who.age_group, who.skin_tone, level, math.nan, face.luminance,
                face.contrast, math.nan, math.nan, width, height, sha256_of(path), licence or "not stated",
                "own pictures", False, False,
            )
        )  # fmt: skip
    if not portraits:
        raise ValueError(f"{folder} holds no pictures named NAME_LEVEL.png")
    portraits.sort(key=lambda p: (p.clinician, LEVELS.index(p.level)))
    table = folder / "clinicians.tsv"
    write_manifest(
        table,
        portraits,
        {"validated": "no", "axis": "none", "made_by": "trustpain portraits manifest"},
    )
    return table


def _people(path: Path) -> dict[str, Person]:
    columns = ("clinician", "sex", "age_group", "skin_tone")
    if not path.is_file():
        raise ValueError(f"{path.parent} has no people.tsv with the columns {', '.join(columns)}")
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t")
        if missing := [c for c in columns if c not in (reader.fieldnames or [])]:
            raise ValueError(f"people.tsv lacks the column(s) {', '.join(missing)}")
        people = {}
        for row in reader:
            person = Person(row["sex"] or "", row["age_group"] or "n/a", row["skin_tone"] or "")
            for name, value, allowed in (
                ("sex", person.sex, SEXES),
                ("skin_tone", person.skin_tone, SKIN_TONES),
            ):
                if value not in allowed:
                    raise ValueError(
                        f"people.tsv says {name} {value!r}, not one of {', '.join(allowed)}"
                    )
            people[row["clinician"]] = person
    return people
