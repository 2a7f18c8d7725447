"""Reading journals: whole ones, torn ones, and those that are still growing."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from experiment.journal.events import (
    EVENT_ADAPTER,
    SCHEMA_VERSION,
    Event,
    PreviousJournal,
    SessionStart,
)

JOURNAL_NAME = re.compile(
    r"sub-(?P<participant>[A-Za-z0-9]+)(_ses-(?P<session>[A-Za-z0-9]+))?_journal-(?P<number>\d{3,})\.jsonl"
)

_E = TypeVar("_E", bound=Event)


@dataclass(frozen=True)
class Journal:
    """The events of one journal, in the order written.

    `torn` is what stood after the last whole line (b'' if nothing): a write that was cut off.
    """

    path: Path
    events: list[Event]
    sound_bytes: int
    sha256: str  # of the sound part
    torn: bytes = field(repr=False)

    @property
    def head(self) -> SessionStart:
        """The first event."""
        head = self.events[0]
        assert isinstance(head, SessionStart)  # `read_journal` has checked it
        return head

    def of(self, kind: type[_E]) -> list[_E]:
        """All events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def as_previous(self) -> PreviousJournal:
        """How a journal that goes on from this one names it."""
        return PreviousJournal(
            name=self.path.name, sha256=self.sha256, sound_bytes=self.sound_bytes
        )


def read_journal(path: Path) -> Journal:
    """Read a journal; a torn last line is kept aside, never an error.

    Raises `ValueError`, in one sentence, for a file that isn't a journal, is damaged before its
    last line, or was written by a newer version of the program; `OSError` if it can't be read.
    """
    data = path.read_bytes()
    sound = data[: data.rfind(b"\n") + 1]
    torn = data[len(sound) :]
    events: list[Event] = []
    lines = sound.split(b"\n")[:-1]
    for number, line in enumerate(lines, start=1):
        try:
            events.append(EVENT_ADAPTER.validate_json(line))
        except ValidationError as error:
            if number == len(lines) and number > 1:
                # A power cut can leave a last line of the right length with wrong bytes in it.
                torn = line + b"\n" + torn
                sound = sound[: -len(line) - 1]
                break
            raise ValueError(_why_not(path, number, line, error)) from None
    if not events or not isinstance(events[0], SessionStart):
        raise ValueError(f"{path.name} has no head, so it isn't a journal or was cut off at once")
    if events[0].schema_version > SCHEMA_VERSION:
        raise ValueError(
            f"{path.name} was written with journal version {events[0].schema_version}, this "
            f"program reads up to {SCHEMA_VERSION}: update trustpain"
        )
    return Journal(
        path=path,
        events=events,
        sound_bytes=len(sound),
        sha256=hashlib.sha256(sound).hexdigest(),
        torn=torn,
    )


def _why_not(path: Path, number: int, line: bytes, error: ValidationError) -> str:
    if number == 1:
        return f"{path.name} isn't a trustpain journal: its first line isn't a journal's head"
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the line"
    return (
        f"{path.name} is damaged at line {number} ({where}: {first['msg']}); what was made from "
        f"it earlier stands, and a copy from a backup is needed to go on"
    )


def find_journals(path: Path) -> list[Path]:
    """The journals below a dataset, a session's folder (there or in sourcedata) or a journal.

    Sorted by participant, session and number. Raises `ValueError`, in one sentence, if there
    are none.
    """
    if path.is_file():
        return [path]
    if not path.exists():
        raise ValueError(f"{path} doesn't exist")
    found = [p for p in path.rglob("*.jsonl") if JOURNAL_NAME.fullmatch(p.name)]
    if not found and path.parent.name != "sourcedata":
        found = _in_sourcedata(path)
    if not found:
        raise ValueError(
            f"there is no journal in {path}: give a dataset, a session's folder or a journal"
        )
    return sorted(found, key=lambda p: (p.parent.as_posix(), p.name))


def _in_sourcedata(path: Path) -> list[Path]:
    """For `DATASET/sub-01[/ses-01]`: what lies in `DATASET/sourcedata/sub-01[/ses-01]`."""
    for dataset in path.parents:
        twin = dataset / "sourcedata" / path.relative_to(dataset)
        if twin.is_dir():
            return [p for p in twin.rglob("*.jsonl") if JOURNAL_NAME.fullmatch(p.name)]
    return []
