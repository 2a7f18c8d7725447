"""The mark of a copy for sharing: in its `dataset_description.json`, which goes wherever it goes.

A copy's dates are shifted, or its journals are missing. Heat that was given wouldn't be known to
whoever ran a session in it, so nobody may.
"""

from __future__ import annotations

import json
from pathlib import Path

from experiment.errors import UserError

MARK = "SharedCopy"
DESCRIPTION = "dataset_description.json"


def is_shared_copy(path: Path) -> bool:
    """Whether the dataset that `path` is, or lies in, is a copy for sharing.

    False outside datasets, and where the description can't be read.
    """
    for folder in (path.absolute(), *path.absolute().parents):
        description = folder / DESCRIPTION
        if description.is_file():
            try:
                found = json.loads(description.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return False
            return isinstance(found, dict) and bool(found.get(MARK))
    return False


def refuse_shared_copy(path: Path) -> None:
    """Raise `UserError` (exit code 2) where a session would be run in a copy for sharing."""
    if is_shared_copy(path):
        raise UserError(
            f"{path} is in a copy made for sharing, which doesn't know when the skin had heat: run "
            f"sessions in the original dataset"
        )
