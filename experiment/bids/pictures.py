"""The pictures that were shown, kept with the data."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from experiment.bids.files import write_whole
from experiment.bids.records import RunRecord


def keep_pictures(
    dataset: Path, runs: list[RunRecord], pictures_root: Path | None
) -> dict[str, str]:
    """Copy what these runs showed to `stimuli/`: name in the journal -> name below `stimuli/`.

    `pictures_root` is what `file` of the head's portraits is relative to. A picture is only taken
    if its SHA-256 is the one in the journal; one that can't be found any more is left out of the
    answer. Where another picture has the name already (portraits made anew in the middle of a
    study), the new one gets a part of its hash into its name.
    """
    kept: dict[str, str] = {}
    for run in runs:
        # A phase names the file alone, the head its place below the folder of pictures too.
        portraits = {PurePosixPath(p["file"]).name: p for p in run.head.portraits}
        shown = {p.picture for p in run.phases if p.picture}
        for picture in sorted(shown - kept.keys()):
            portrait = portraits.get(PurePosixPath(picture).name)
            if portrait is not None:
                name = _keep(dataset / "stimuli", portrait, pictures_root)
                if name is not None:
                    kept[picture] = name
    return kept


def _keep(stimuli: Path, portrait: dict[str, Any], root: Path | None) -> str | None:
    name, sha256 = PurePosixPath(portrait["file"]), portrait["sha256"]
    if name.is_absolute() or ".." in name.parts:
        return None
    named_by_hash = name.with_name(f"{name.stem}_{sha256[:8]}{name.suffix}")
    for candidate in (name, named_by_hash):
        if _hash(stimuli / candidate) == sha256:
            return candidate.as_posix()
    if root is None or _hash(root / name) != sha256:
        return None
    place = named_by_hash if (stimuli / name).exists() else name
    write_whole(stimuli / place, (root / name).read_bytes())
    return place.as_posix()


def _hash(path: Path) -> str | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return _hash_of(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1024)
def _hash_of(path: Path, size: int, mtime_ns: int) -> str:
    """The hash of a file that has neither changed its size nor its time."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
