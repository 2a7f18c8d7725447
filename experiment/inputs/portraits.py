"""The pictures that a study shows: found, and each the one that its manifest describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from conditions.paradigms import AnyStudy
from experiment.errors import UserError
from experiment.inputs.files import Loaded
from stimuli.manifest import Manifest, Portrait, load_manifest, sha256_of


def manifest_of(study: Loaded[AnyStudy]) -> Manifest:
    """The manifest of the set that a study names. Raises `UserError`."""
    named = study.model.clinicians.set
    try:
        if named == "shipped":
            return load_manifest()
        return load_manifest(study.path.parent / named)
    except (ValueError, OSError) as error:
        raise UserError(f"the portraits can't be used: {error}") from None


def portraits_of(manifest: Manifest, rows: Iterable[Mapping[str, Any]]) -> list[Portrait]:
    """The portraits that the rows of a trial table show. Raises `ValueError` for one there isn't."""
    met = {(row["clinician"], row["trust"]) for row in rows if row["clinician"] is not None}
    return [manifest.portrait(clinician, trust) for clinician, trust in sorted(met)]


def check_portraits(manifest: Manifest, rows: Iterable[Mapping[str, Any]]) -> None:
    """Every picture that will be shown is there, and is the one that the manifest describes.

    Raises `UserError` otherwise.
    """
    try:
        shown = portraits_of(manifest, rows)
    except ValueError as error:
        raise UserError(f"the study's portraits can't be shown: {error}") from None
    for portrait in shown:
        path = manifest.path(portrait)
        if not path.is_file():
            raise UserError(
                f"the picture {portrait.file} is missing from {path.parent}: put it back, or make "
                f"the set anew (`make portraits`)"
            )
        if _hash_of(path, path.stat().st_mtime_ns) != portrait.sha256:
            raise UserError(
                f"the picture {portrait.file} isn't the one that the manifest describes (its "
                f"SHA-256 differs): put the right one back, or make the manifest anew"
            )


@cache
def _hash_of(path: Path, changed: int) -> str:
    """Hashing is done once a process and file: a dry run of a hundred participants reads once."""
    return sha256_of(path)
