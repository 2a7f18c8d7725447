"""A laboratory's own pictures: measures a folder of portraits and makes its manifest.

The folder holds `NAME_low.png`, `NAME_neutral.png` and `NAME_high.png` for each clinician, and `people.tsv` with the
columns clinician, sex, age_group, skin_tone, or the renderer's record `NAME.json`, which says all that and more. The
face is taken to fill the picture as in the shipped portraits.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stimuli.manifest import (
    LEVELS,
    SEXES,
    SKIN_TONES,
    Manifest,
    Portrait,
    sha256_of,
)
from stimuli.norms import write_keeping_norms
from stimuli.pipeline.matching import Brightness, brightness, face_region

FACE_CENTRE, FACE_RADII = (0.5, 0.4735), (0.30, 0.27)
"""The face's ellipse in shares of the picture's width and height, as the shipped camera sees it."""
MEASURED_TOLERANCE = 0.003
"""Largest relative difference between a picture's brightness and what its manifest says."""


@dataclass(frozen=True)
class Person:
    """Who a clinician is, as `people.tsv` says, or the renderer's record, which also knows axis and eyes."""

    sex: str
    age_group: str
    skin_tone: str
    licence: str = ""
    version: str = "own pictures"
    eye: tuple[float, float] = (math.nan, math.nan)
    axis: dict[str, float] = field(default_factory=dict)


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


def verify_measured(manifest: Manifest) -> list[str]:
    """One sentence for each picture whose face isn't as bright or as contrasty as its manifest says."""
    problems = []
    for portrait in manifest.portraits:
        try:
            face, _ = measure(manifest.path(portrait))
        except ValueError:
            continue  # `verify` tells what is missing or can't be read
        for label, found, said in (
            ("mean luminance", face.luminance, portrait.luminance),
            ("RMS contrast", face.contrast, portrait.contrast),
        ):
            if not abs(found - said) <= MEASURED_TOLERANCE * abs(said):
                problems.append(
                    f"{portrait.file}: the face's {label} measures {found:.4f}, the manifest says {said:.4f}."
                )
    return problems


def make_manifest(
    folder: Path, licence: str = "", told: Callable[[str], None] | None = None
) -> Path:
    """Writes `clinicians.tsv` and its sidecar into a folder of pictures; returns the table's path.

    Norms that stood in an earlier manifest are kept for pictures that are still the same; `told` gets a sentence
    about those that aren't.

    Raises ValueError with one sentence where the folder, a picture, a record or `people.tsv` isn't as it should be.
    Unmatched or missing levels are no error here: `trustpain portraits check` tells them.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    people = _recorded(folder)
    if not people or (folder / "people.tsv").is_file():
        people = {**_people(folder / "people.tsv"), **people}
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
                path.name, clinician, who.sex, who.age_group, who.skin_tone, level, who.axis.get(level, math.nan),
                face.luminance, face.contrast, *who.eye, width, height, sha256_of(path),
                licence or who.licence or "not stated", who.version, False,
            )
        )  # fmt: skip
    if not portraits:
        raise ValueError(f"{folder} holds no pictures named NAME_LEVEL.png")
    portraits.sort(key=lambda p: (p.clinician, LEVELS.index(p.level)))
    table = folder / "clinicians.tsv"
    told_norms = write_keeping_norms(
        table,
        portraits,
        {
            "validated": "no",
            "axis": "arbitrary units from -3 to +3; n/a where a clinician has none",
            "made_by": "trustpain portraits manifest",
        },
    )
    if told_norms and told is not None:
        told(told_norms)
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


def _recorded(folder: Path) -> dict[str, Person]:
    """The clinicians that the renderer left a record of, with which their pictures must agree."""
    people = {}
    for path in sorted(folder.glob("*.json")):
        pictures = {level: folder / f"{path.stem}_{level}.png" for level in LEVELS}
        if not any(picture.is_file() for picture in pictures.values()):
            continue  # not about a clinician: the manifest's own sidecar, for one
        try:
            about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            who, levels = about["identity"], about["levels"]
            people[path.stem] = Person(
                who["sex"], who["age_group"], who["skin_tone"], "CC0-1.0", about["pipeline_version"],
                (float(about["eye_x"]), float(about["eye_y"])),
                {level: float(levels[level]["axis_value"]) for level in LEVELS},
            )  # fmt: skip
            digests = {level: levels[level]["sha256"] for level in LEVELS}
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f"{path.name} isn't the renderer's record of {path.stem}; take it out of the folder"
            ) from None
        for level, picture in pictures.items():
            if picture.is_file() and sha256_of(picture) != digests[level]:
                raise ValueError(
                    f"{picture.name} isn't the picture that {path.name} describes: its SHA-256 differs"
                )
    return people
