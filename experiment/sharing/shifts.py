"""By how many days each participant's dates are shifted: a key to the true ones.

It's kept in the original dataset only, `sourcedata/date_shifts.tsv`. Nobody is shifted anew there:
a later copy must agree with an earlier one.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from filelock import FileLock

from experiment.errors import UserError
from experiment.sharing.dates import LIMIT

NAME = "date_shifts.tsv"
COLUMNS = ("participant", "shift_days")
# A participant's first day comes to lie anywhere in here, each day as likely as another, so that
# nothing of the true one is left. The 25 years up to 1925 are for visits still to come.
EARLIEST, DAYS = date(1850, 1, 1), (date(1900, 1, 1) - date(1850, 1, 1)).days

_LINE = re.compile(r"([A-Za-z0-9]+)\t(-\d+)")


def shifts_for(dataset: Path, spans: Mapping[str, tuple[date, date]]) -> dict[str, int]:
    """Each participant's shift in days (below 0): the one kept, or a random one, which is kept now.

    `spans` has each participant's first and last day. Raises `UserError` for a damaged list, and
    where a kept shift would leave a date in 1925 or later; `OSError` if nothing can be written.
    """
    path = dataset / "sourcedata" / NAME
    with FileLock(path.with_name(".lock")):
        kept = _read(path)
        new = {
            label: (EARLIEST + timedelta(days=secrets.randbelow(DAYS)) - first).days
            for label, (first, _) in sorted(spans.items())
            if label not in kept
        }
        shifts = kept | new
        for label, (_, last) in spans.items():
            if last + timedelta(days=shifts[label] + 1) >= LIMIT:
                raise UserError(
                    f"the shift of sub-{label} in {NAME} leaves its last session in "
                    f"{(last + timedelta(days=shifts[label])).year}, but shifted dates must lie "
                    f"before 1925: move that list away, and share every copy anew"
                )
        if new:
            _append(path, new)
    return {label: shifts[label] for label in spans}


def _read(path: Path) -> dict[str, int]:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not text:
        return {}
    header, *lines = text.split("\n")
    found: dict[str, int] = {}
    whole = header == "\t".join(COLUMNS) and bool(lines) and lines[-1] == ""
    for line in lines[:-1]:
        match = _LINE.fullmatch(line)
        whole = whole and match is not None and match[1] not in found
        if match is not None:
            found[match[1]] = int(match[2])
    if not whole:
        raise UserError(
            f"{path.name} in sourcedata/ is damaged: mend it (a header and, for each participant, "
            f"one line with the label, a tab and the days), so that copies agree with each other"
        )
    return found


def _append(path: Path, new: Mapping[str, int]) -> None:
    before = path.stat().st_size if path.exists() else 0
    lines = [] if before else ["\t".join(COLUMNS)]
    lines += [f"{label}\t{days}" for label, days in new.items()]
    with path.open("ab") as file:
        try:
            file.write(("\n".join(lines) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            os.ftruncate(file.fileno(), before)  # a part of a line would be another number
            raise
