"""Raters' judgements in a manifest: columns of its own beside those that describe the pictures.

`load_manifest` reads what it knows and passes the others by, so that a set with norms is checked
and shown as one without.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stimuli.manifest import Portrait, load_manifest, replace_text, write_manifest

PREFIX = "norm_"
UNIT_WITH_NORMS = "arbitrary; not standard deviations of judgements: those are under norms"


@dataclass(frozen=True)
class PortraitNorms:
    """What `n` raters answered to one question about one portrait."""

    clinician: str
    level: str
    question: str
    n: int
    mean: float
    sd: float


def write_norms(
    path: Path,
    norms: Sequence[PortraitNorms],
    units: Mapping[str, str],
    *,
    raters: int,
    verdict: Sequence[str],
) -> Path:
    """Put norms into a manifest and its sidecar, each whole or not at all; gives the table's path.

    `path` is the folder or the table; `units` are by question. Norms that were there before are
    replaced, every other column and note stays; `validated` says by how many raters. Raises
    `ValueError` for a manifest that can't be read, `OSError` if it can't be written.
    """
    table = path / "clinicians.tsv" if path.is_dir() else path
    notes = load_manifest(table).notes
    with table.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t")
        kept = [name for name in reader.fieldnames or [] if not name.startswith(PREFIX)]
        rows = [{name: row[name] for name in kept} for row in reader]
    by_portrait = {(found.clinician, found.level, found.question): found for found in norms}
    for row in rows:
        row["validated"] = "yes"
        for question in units:
            found = by_portrait.get((row["clinician"], row["level"], question))
            row |= _columns_of(question, found)
    columns = [*kept, *(name for question in units for name in _described(question, ""))]
    lines = ["\t".join(columns), *("\t".join(row[name] for name in columns) for row in rows)]
    described = {
        n: d for question, unit in units.items() for n, d in _described(question, unit).items()
    }
    notes = notes | {
        "validated": f"by {raters} raters",
        "norms": {"raters": raters, "verdict": list(verdict), "columns": described},
    }
    if isinstance(axis := notes.get("axis"), dict):
        notes["axis"] = axis | {"unit": UNIT_WITH_NORMS}
    # The sidecar first: a table that says `validated` has always one that says by whom.
    replace_text(table.with_suffix(".json"), json.dumps(notes, indent=2, ensure_ascii=False) + "\n")
    replace_text(table, "\n".join(lines) + "\n")
    return table


@dataclass(frozen=True)
class StoredNorms:
    """Norms as a manifest holds them: the cells of each judged picture by its SHA-256, and the sidecar's notes."""

    columns: tuple[str, ...]
    cells: dict[str, dict[str, str]]
    notes: dict[str, Any]


def stored_norms(table: Path) -> StoredNorms | None:
    """The norms in a manifest; None where there is no sound manifest, or none with norms."""
    try:
        notes = load_manifest(table).notes
    except (ValueError, OSError):
        return None
    with table.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t")
        columns = tuple(name for name in reader.fieldnames or [] if name.startswith(PREFIX))
        judged = [row for row in reader if row["validated"] == "yes"]
    if not columns or not isinstance(notes.get("norms"), dict):
        return None
    cells = {row["sha256"]: {name: row[name] or "n/a" for name in columns} for row in judged}
    return StoredNorms(columns, cells, notes)


def write_keeping_norms(
    table: Path, portraits: Sequence[Portrait], notes: Mapping[str, Any]
) -> str | None:
    """Write a manifest anew, with the norms that it held of pictures which are still the same.

    Norms are of the very picture that was judged: those of other pictures are dropped, of which the returned
    sentence tells, and the verdict on the whole set with them.
    """
    stored = stored_norms(table)
    if stored is None:
        write_manifest(table, portraits, dict(notes))
        return None
    kept = [portrait for portrait in portraits if portrait.sha256 in stored.cells]
    portraits = [replace(p, validated=p.validated or p.sha256 in stored.cells) for p in portraits]
    write_manifest(table, portraits, _notes_with(stored, dict(notes), len(kept), len(portraits)))
    if kept:
        lines = table.read_text(encoding="utf-8").splitlines()
        rows = ["\t".join(stored.columns)]
        for portrait in portraits:
            cells = stored.cells.get(portrait.sha256, {})
            rows.append("\t".join(cells.get(name, _missing(name)) for name in stored.columns))
        text = "".join(f"{a}\t{b}\n" for a, b in zip(lines, rows, strict=True))
        replace_text(table, text)
    dropped = len(stored.cells) - len(kept)
    if not dropped:
        return None
    return (
        f"{dropped} of the {len(stored.cells)} pictures that raters judged aren't in the set any more: "
        "their norms were dropped, and the verdict on the set."
    )


def _notes_with(
    stored: StoredNorms, notes: dict[str, Any], kept: int, pictures: int
) -> dict[str, Any]:
    """A new sidecar's notes with what is left of the norms."""
    if not kept:
        return notes
    notes["norms"] = dict(stored.notes["norms"])
    notes["validated"] = stored.notes.get("validated", "yes")
    if kept < pictures or kept < len(stored.cells):
        notes["norms"].pop("verdict", None)
        notes["validated"] = f"{kept} of {pictures} pictures, by {notes['norms']['raters']} raters"
    elif isinstance(axis := notes.get("axis"), dict):
        notes["axis"] = axis | {"unit": UNIT_WITH_NORMS}
    return notes


def _missing(column: str) -> str:
    return "0" if column.endswith("_n") else "n/a"


def _described(question: str, unit: str) -> dict[str, dict[str, str]]:
    name = f"{PREFIX}{question}"
    return {
        f"{name}_n": {"Description": f"Raters who answered the question {question!r}."},
        f"{name}_mean": {"Description": f"Mean answer to {question!r} over raters.", "Units": unit},
        f"{name}_sd": {"Description": f"SD of the answers to {question!r}.", "Units": unit},
    }


def _columns_of(question: str, found: PortraitNorms | None) -> dict[str, str]:
    n, mean, sd = (found.n, found.mean, found.sd) if found else (0, math.nan, math.nan)
    return dict(zip(_described(question, ""), (str(n), _cell(mean), _cell(sd)), strict=True))


def _cell(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.4g}"
