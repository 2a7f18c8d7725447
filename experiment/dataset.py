"""Where a session's files lie: datasets, journals, and the list of allocation numbers."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from experiment.errors import UserError
from experiment.journal.events import Kind
from experiment.journal.reader import JOURNAL_NAME

LABEL = re.compile(r"[A-Za-z0-9]+")
SUFFIX: dict[Kind, str] = {"participant": "", "pilot": "-pilot", "simulated": "-sim"}


def check_label(label: str, what: str) -> str:
    """A label as BIDS allows it. Raises `UserError` otherwise; a leading `sub-` is a slip."""
    if not LABEL.fullmatch(label):
        raise UserError(
            f"the {what} label {label!r} can't be used: BIDS allows letters and digits only, "
            f"such as '01' (without 'sub-' or 'ses-')",
        )
    return label


@dataclass(frozen=True)
class SessionPlace:
    """The place of one participant's session in one dataset."""

    dataset: Path
    participant: str
    session: str | None

    @property
    def stem(self) -> str:
        """`sub-01` or `sub-01_ses-01`."""
        return f"sub-{self.participant}" + (f"_ses-{self.session}" if self.session else "")

    @property
    def folder(self) -> Path:
        """`sub-01` or `sub-01/ses-01`, relative to the dataset."""
        return Path(f"sub-{self.participant}", *([f"ses-{self.session}"] if self.session else []))

    @property
    def journals(self) -> Path:
        """The folder of the session's journals."""
        return self.dataset / "sourcedata" / self.folder

    def existing_journals(self) -> list[Path]:
        """The session's journals, oldest first (a copy of one, so named, isn't one)."""
        return sorted(
            path
            for path in self.journals.glob(f"{self.stem}_journal-*.jsonl")
            if JOURNAL_NAME.fullmatch(path.name)
        )

    def journal(self, number: int) -> Path:
        """The name of the session's so-many-th journal."""
        return self.journals / f"{self.stem}_journal-{number:03d}.jsonl"

    def next_number(self) -> int:
        """The number of a journal that doesn't exist yet."""
        numbers = [int(path.stem.rsplit("-", 1)[1]) for path in self.existing_journals()]
        return max(numbers, default=0) + 1


def dataset_folder(out: Path, study: str, kind: Kind) -> Path:
    """`DIR/<study>`, `DIR/<study>-pilot` or `DIR/<study>-sim`."""
    return out / f"{study}{SUFFIX[kind]}"


def fresh_folder(parent: Path, name: str) -> Path:
    """Make and return `parent/name-001`, or the next number that's free."""
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 100_000):
        folder = parent / f"{name}-{number:03d}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise UserError(f"{parent} holds too many folders named {name}-...")


def check_writable(folder: Path) -> None:
    """Raise `UserError` unless files can be made in `folder` (or where it would be made)."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        # Tried, not asked for: a right on paper says little to root, on a network, on Windows.
        tempfile.TemporaryFile(dir=existing).close()
    except OSError:
        raise UserError(
            f"nothing can be written to {folder}: choose another folder with --out, or ask for "
            f"the right to write there",
        ) from None


# --- allocation numbers -------------------------------------------------------------------------


class AllocationList:
    """`sourcedata/allocation.tsv`: which participant has which allocation number.

    Handed out from the top: a participant takes the first number that has none yet. Rows may be
    written beforehand (`trustpain allocate`), with `n/a` where nobody has come yet.
    """

    def __init__(self, dataset: Path) -> None:
        self.path = dataset / "sourcedata" / "allocation.tsv"

    def read(self) -> list[tuple[int, str | None]]:
        """Numbers and participants, in the list's order. Raises `UserError` for a damaged list."""
        return [(int(row["allocation"]), _label_of(row)) for row in self._rows()]

    def _rows(self) -> list[dict[str, str]]:
        """The rows with all their columns: a laboratory may have added its own."""
        if not self.path.exists():
            return []
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        for line, row in enumerate(rows, start=2):
            if not (row.get("allocation") or "").isdecimal() or row.get("participant") is None:
                raise UserError(
                    f"{self.path.name}, line {line}: expected an allocation number and a "
                    f"participant (or n/a), separated by a tab",
                )
        return rows

    def known(self, participant: str) -> int | None:
        """The participant's number, if there is one."""
        return next((number for number, label in self.read() if label == participant), None)

    def preview(self, participant: str) -> int:
        """The number that `assign` would give now."""
        rows = self.read()
        known = next((number for number, label in rows if label == participant), None)
        return known if known is not None else _next_free(rows)

    def assign(self, participant: str, wanted: int | None = None) -> int:
        """The participant's number: the one already given, `wanted`, or the next free one.

        Raises `UserError` if `wanted` contradicts the list. (A replacement for a drop-out
        inherits a number: `wanted` may be somebody else's, and is then listed a second time.)
        """
        with self._locked():
            rows = self._rows()
            known = next((row for row in rows if _label_of(row) == participant), None)
            if known is not None:
                if wanted is not None and wanted != int(known["allocation"]):
                    raise UserError(
                        f"participant {participant} has allocation number {known['allocation']} "
                        f"in {self.path.name}, not {wanted}: leave --allocation out, or mend the "
                        f"list",
                    )
                return int(known["allocation"])
            number = wanted or _next_free([(int(r["allocation"]), _label_of(r)) for r in rows])
            free = (r for r in rows if int(r["allocation"]) == number and _label_of(r) is None)
            row = next(free, None)
            if row is None:
                row = {"allocation": str(number)}
                rows.append(row)
            row["participant"] = participant
            self._write(rows)
            return number

    def _write(self, rows: list[dict[str, str]]) -> None:
        columns = list(dict.fromkeys(name for row in rows for name in row))
        temporary = self.path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(
                file, columns, restval="n/a", delimiter="\t", lineterminator="\n"
            )
            writer.writeheader()
            writer.writerows(rows)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep a second session from reading the list while this one changes it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _lock(self.path, timeout_s=10):
                yield
        except Timeout:
            raise UserError(
                f"another session is holding {self.path.name}: try again in a moment"
            ) from None


def _label_of(row: dict[str, str]) -> str | None:
    return None if row["participant"] in ("n/a", "") else row["participant"]


def _next_free(rows: list[tuple[int, str | None]]) -> int:
    """The first number in the list without a participant, or the one after the highest."""
    free = next((number for number, label in rows if label is None), None)
    return free if free is not None else max((number for number, _ in rows), default=0) + 1


def _lock(path: Path, timeout_s: float) -> BaseFileLock:
    """A lock that stands for `path`, in the computer's own folder for temporary files.

    Not beside the data: what is refused must leave nothing behind there. Any user may take it.
    """
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:24]
    return FileLock(
        Path(tempfile.gettempdir()) / f"trustpain-{name}.lock", timeout=timeout_s, mode=0o666
    )


@contextmanager
def session_lock(place: SessionPlace) -> Iterator[None]:
    """Hold a session for this process; the operating system lets go when the process dies.

    Raises `UserError` if another process holds it: two programs must not go on with one session.
    """
    try:
        with _lock(place.journals / place.stem, timeout_s=0):
            yield
    except Timeout:
        raise UserError(
            f"{place.stem} is just being run by another program on this computer: end that one "
            f"first"
        ) from None
