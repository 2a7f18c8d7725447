"""Raters' judgements in a manifest: columns of its own beside those that describe the pictures.

`load_manifest` reads what it knows and passes the others by, so that a set with norms is checked
and shown as one without.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stimuli.manifest import load_manifest, replace_text

PREFIX = "norm_"


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
        notes["axis"] = axis | {
            "unit": "arbitrary; not standard deviations of judgements: those are under norms"
        }
    # The sidecar first: a table that says `validated` has always one that says by whom.
    replace_text(table.with_suffix(".json"), json.dumps(notes, indent=2, ensure_ascii=False) + "\n")
    replace_text(table, "\n".join(lines) + "\n")
    return table


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
