"""The clinicians' manifest: which picture shows whom at which trust level, and how bright it is.

A manifest is a tab-separated table beside a folder of portraits and a JSON sidecar of the same name.
`trustpain` reads it before a session, checks the pictures' hashes and stores them in the journal.
A laboratory's own pictures come with such a manifest too (`trustpain portraits manifest FOLDER`).
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

LEVELS = ("low", "neutral", "high")
SKIN_TONES = ("light", "tan", "brown", "dark")
SEXES = ("female", "male")
SHIPPED = Path(__file__).parent / "clinicians.tsv"
LUMINANCE_TOLERANCE = 0.01
"""Largest relative difference of mean luminance or RMS contrast between an identity's levels."""
EYE_TOLERANCE_PX = 2.0
"""Largest difference of eye height between an identity's levels, in pixels."""


@dataclass(frozen=True)
class Portrait:
    """One picture: a clinician at one point of the trust axis.

    `file` is relative to the manifest's folder. `axis_value` is in arbitrary units from -3 to +3, *not*
    standard deviations of anyone's judgement; NaN where a laboratory's own pictures have no axis.
    `luminance` is the mean linear-light luminance (0-1, Rec. 709 weights) of the face region and `contrast`
    its RMS contrast (standard deviation over mean). `eye_x`, `eye_y` are the midpoint between the pupils in
    pixels from the upper left corner, NaN where unknown. `validated` says whether people have judged
    the face.
    """

    file: str
    clinician: str
    sex: str
    age_group: str
    skin_tone: str
    level: str
    axis_value: float
    luminance: float
    contrast: float
    eye_x: float
    eye_y: float
    width: int
    height: int
    sha256: str
    licence: str
    pipeline_version: str
    validated: bool


@dataclass(frozen=True)
class Manifest:
    """A whole set of portraits and the sidecar's notes; `root` is the folder that `file` is relative to."""

    root: Path
    portraits: tuple[Portrait, ...]
    notes: dict[str, Any]

    @property
    def clinicians(self) -> tuple[str, ...]:
        """The clinicians' ids, in the table's order."""
        return tuple(dict.fromkeys(p.clinician for p in self.portraits))

    def portrait(self, clinician: str, level: str) -> Portrait:
        """The picture of a clinician at a trust level; ValueError names what there is instead."""
        for portrait in self.portraits:
            if portrait.clinician == clinician and portrait.level == level:
                return portrait
        if clinician not in self.clinicians:
            raise ValueError(
                f"no clinician {clinician!r} in the manifest; there are {', '.join(self.clinicians)}"
            )
        raise ValueError(f"clinician {clinician} has no portrait at trust level {level!r}")

    def path(self, portrait: Portrait) -> Path:
        """Where a portrait's picture lies."""
        return self.root / portrait.file


def portrait_of(values: Mapping[str, Any]) -> Portrait:
    """A portrait as a journal holds it; what older versions said besides (`stand_in`) is passed by."""
    return Portrait(**{field.name: values[field.name] for field in fields(Portrait)})


def load_manifest(path: Path = SHIPPED) -> Manifest:
    """Read a manifest (the table, and the sidecar `<name>.json` beside it if there is one).

    `path` may also be a folder, in which `clinicians.tsv` is meant. Raises ValueError with one sentence
    where the table is missing or a line can't be understood. Pictures are not opened: see `verify`.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "clinicians.tsv"
    if not path.is_file():
        above = path.parent.parent / path.name
        if above.is_file():
            raise ValueError(
                f"there is no manifest at {path}, but one at {above}: give that folder"
            )
        raise ValueError(
            f"there is no manifest at {path}; `trustpain portraits manifest FOLDER` makes one"
        )
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, delimiter="\t")
            found = list(reader.fieldnames or [])
            missing = [f.name for f in fields(Portrait) if f.name not in found]
            if missing:
                raise ValueError(f"the manifest {path} lacks the column(s) {', '.join(missing)}")
            portraits = tuple(
                _portrait(row, path, line) for line, row in enumerate(reader, start=2)
            )
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"the manifest {path} is not a tab-separated UTF-8 table ({error})"
        ) from None
    if not portraits:
        raise ValueError(f"the manifest {path} lists no portraits")
    return Manifest(path.parent, portraits, _notes(path.with_suffix(".json")))


def write_manifest(path: Path, portraits: Iterable[Portrait], notes: dict[str, Any]) -> None:
    """Write the table and its sidecar, each whole or not at all."""
    rows = [asdict(p) for p in portraits]
    lines = ["\t".join(f.name for f in fields(Portrait))]
    lines += ["\t".join(_cell(value) for value in row.values()) for row in rows]
    replace_text(path, "\n".join(lines) + "\n")
    replace_text(path.with_suffix(".json"), json.dumps(notes, indent=2, ensure_ascii=False) + "\n")


def verify(manifest: Manifest) -> list[str]:
    """Everything wrong with a set, one sentence each; an empty list says that it can be used.

    Missing file, hash mismatch, size, unmatched luminance, contrast or eye height within a clinician,
    missing or doubled levels.
    """
    problems: list[str] = []
    for portrait in manifest.portraits:
        problems += _verify_picture(manifest, portrait)
    for clinician in manifest.clinicians:
        problems += _verify_clinician(
            clinician, [p for p in manifest.portraits if p.clinician == clinician]
        )
    sizes = sorted({(p.width, p.height) for p in manifest.portraits})
    if len(sizes) > 1:
        problems.append(
            f"the pictures differ in size: {', '.join(f'{w} x {h}' for w, h in sizes)}."
        )
    return problems


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _verify_picture(manifest: Manifest, portrait: Portrait) -> list[str]:
    from PIL import Image, UnidentifiedImageError

    path = manifest.path(portrait)
    if not path.is_file():
        return [f"{portrait.file} is missing."]
    if sha256_of(path) != portrait.sha256:
        return [
            f"{portrait.file} is not the picture that the manifest describes: its SHA-256 differs."
        ]
    try:
        with Image.open(path) as image:
            size = image.size
    except (UnidentifiedImageError, OSError):
        return [f"{portrait.file} is not a picture that can be read."]
    if size != (portrait.width, portrait.height):
        return [
            f"{portrait.file} is {size[0]} x {size[1]}, the manifest says {portrait.width} x {portrait.height} pixels."
        ]
    return []


def _verify_clinician(clinician: str, portraits: list[Portrait]) -> list[str]:
    problems = []
    levels = [p.level for p in portraits]
    for level in LEVELS:
        if levels.count(level) != 1:
            problems.append(
                f"clinician {clinician} has {levels.count(level) or 'no'} portrait(s) at level {level}."
            )
    for name in ("sex", "age_group", "skin_tone"):
        if len({getattr(p, name) for p in portraits}) > 1:
            problems.append(f"clinician {clinician} has more than one {name.replace('_', ' ')}.")
    for name, label in (("luminance", "mean luminance"), ("contrast", "RMS contrast")):
        values = [getattr(p, name) for p in portraits]
        spread = (
            (max(values) - min(values)) / (sum(values) / len(values))
            if min(values) > 0
            else math.inf
        )
        if not spread <= LUMINANCE_TOLERANCE:
            problems.append(
                f"clinician {clinician}'s portraits are not matched: the {label} of the face differs by "
                f"{100 * spread:.1f} % between levels (at most {100 * LUMINANCE_TOLERANCE:g} %)."
            )
    heights = [p.eye_y for p in portraits if not math.isnan(p.eye_y)]
    if heights and max(heights) - min(heights) > EYE_TOLERANCE_PX:
        problems.append(
            f"clinician {clinician}'s eyes differ in height by {max(heights) - min(heights):.1f} pixels between "
            f"levels (at most {EYE_TOLERANCE_PX:g})."
        )
    return problems


def _portrait(row: dict[str, Any], path: Path, line: int) -> Portrait:
    where = f"line {line} of {path}"
    values: dict[str, Any] = {}
    for field in fields(Portrait):
        text = row[field.name]
        if text is None or (text == "" and field.name != "licence"):
            raise ValueError(f"{where} has no {field.name}")
        try:
            values[field.name] = _READ[str(field.type)](text)
        except (ValueError, KeyError):
            raise ValueError(
                f"{where}: {field.name} is {text!r}, not {_MEANT[str(field.type)]}"
            ) from None
    allowed = {"level": LEVELS, "skin_tone": SKIN_TONES, "sex": SEXES}
    for name, options in allowed.items():
        if values[name] not in options:
            raise ValueError(
                f"{where}: {name} is {values[name]!r}, not one of {', '.join(options)}"
            )
    if Path(values["file"]).is_absolute() or ".." in Path(values["file"]).parts:
        raise ValueError(
            f"{where}: file {values['file']!r} must be relative to the manifest's folder and inside it"
        )
    return Portrait(**values)


def _number(text: str) -> float:
    return math.nan if text == "n/a" else float(text)


_READ: dict[str, Callable[[str], Any]] = {
    "str": str,
    "float": _number,
    "int": int,
    "bool": lambda text: {"yes": True, "no": False}[text],
}
_MEANT = {"str": "text", "float": "a number or n/a", "int": "a whole number", "bool": "yes or no"}


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "n/a" if math.isnan(value) else f"{value:.6g}"
    return str(value)


def _notes(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"the sidecar {path} is not JSON ({error})") from None
    if not isinstance(notes, dict):
        raise ValueError(f"the sidecar {path} must hold one JSON object")
    return notes


def replace_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all. Raises `OSError`."""
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_text(text, encoding="utf-8")
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    temporary.replace(path)
