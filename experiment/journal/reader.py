"""Reading journals: whole ones, torn ones, and those that are still growing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from experiment.journal.events import (
    EVENT_ADAPTER,
    SCHEMA_VERSION,
    SYNCED,
    Event,
    PreviousJournal,
    SessionStart,
)

JOURNAL_NAME = re.compile(
    r"sub-(?P<participant>[A-Za-z0-9]+)(_ses-(?P<session>[A-Za-z0-9]+))?_journal-(?P<number>\d{3,})\.jsonl"
)

_E = TypeVar("_E", bound=Event)


class NoHead(ValueError):
    """A journal that was cut off before its first line was whole: nothing can be in it."""


class _Version(BaseModel):
    event: Literal["session_start"]
    schema_version: int


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
    last line, or was written by a newer version of the program (`NoHead`, a kind of it, where not
    even the first line is whole); `OSError` if it can't be read.
    """
    return parse_journal(path, path.read_bytes())


def _was_synced(line: bytes) -> bool:
    """Whether a line ends something that the writer syncs: what stands before it was on the disk."""
    try:
        return EVENT_ADAPTER.validate_json(line).event in SYNCED
    except ValidationError:
        return False


def read_journals(paths: Iterable[Path]) -> list[Journal]:
    """Read a session's journals, oldest first, without those cut off before their head was whole.

    Nothing can be in such a one: the program was killed as it wrote its first line. Raises as
    `read_journal`, `NoHead` if no other is left, `ValueError` if there are no paths.
    """
    read: list[Journal] = []
    headless: NoHead | None = None
    for path in sorted(paths):
        try:
            read.append(read_journal(path))
        except NoHead as error:
            headless = error
    if not read:
        raise headless or ValueError("there is no journal to read")
    return read


def parse_journal(path: Path, data: bytes) -> Journal:
    """Like `read_journal`, from bytes that were read already; `path` is only named."""
    sound = data[: data.rfind(b"\n") + 1]
    torn = data[len(sound) :]
    lines = sound.split(b"\n")[:-1]
    if not lines:
        raise NoHead(f"{path.name} has no head, so it isn't a journal or was cut off at once")
    events: list[Event] = [_parse_head(path, lines[0])]
    for number, line in enumerate(lines[1:], start=2):
        try:
            event = EVENT_ADAPTER.validate_json(line)
        except ValidationError as error:
            rest = lines[number - 1 :]
            # The sync follows its line by some milliseconds, on a thread of its own: the second
            # such line, seconds later, is proof that the first one's was done.
            if sum(map(_was_synced, rest[1:])) >= 2:
                raise ValueError(_why_not(path, number, error)) from None
            # A power cut writes what wasn't synced in any order, or not at all.
            lost = b"".join(each + b"\n" for each in rest)
            torn = lost + torn
            sound = sound[: -len(lost)]
            break
        if isinstance(event, SessionStart):
            raise ValueError(f"{path.name} has a second head at line {number}: two journals in one")
        events.append(event)
    return Journal(
        path=path,
        events=events,
        sound_bytes=len(sound),
        sha256=hashlib.sha256(sound).hexdigest(),
        torn=torn,
    )


def _parse_head(path: Path, line: bytes) -> SessionStart:
    try:
        version = _Version.model_validate_json(line).schema_version
        if version > SCHEMA_VERSION:  # before the rest, which may be of a kind not known here
            raise ValueError(
                f"{path.name} was written with journal version {version}, this program reads up "
                f"to {SCHEMA_VERSION}: update trustpain"
            )
        return SessionStart.model_validate_json(line)
    except ValidationError:
        raise ValueError(
            f"{path.name} isn't a trustpain journal: its first line isn't a journal's head"
        ) from None


def study_as_today(head: SessionStart) -> dict[str, Any]:
    """The study as the head has it, without what study files once had and today's model refuses."""
    study = dict(head.study)
    verdict = dict(study.get("verdict") or {})
    verdict.pop("max_missing_ratings", None)
    return study | {"verdict": verdict}


def _why_not(path: Path, number: int, error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    if first["type"] == "union_tag_invalid":
        what = "an unknown kind of event"
    else:
        what = ": ".join([*(str(part) for part in first["loc"][:3]), first["msg"]])
    return (
        f"{path.name} is damaged at line {number} ({' '.join(what.split())}); what was made from "
        f"it earlier stands, and a copy from a backup is needed to go on"
    )


def is_calibration(path: Path) -> bool:
    """Whether a journal was begun for a calibration; False for what can't be read so far."""
    with path.open("rb") as file:
        head = file.readline()
    try:
        return SessionStart.model_validate_json(head).step == "calibration"
    except ValidationError:
        return False


def find_journals(path: Path) -> list[Path]:
    """The journals below a dataset, a session's folder (there or in sourcedata) or a journal.

    Sorted by participant, session and number. Raises `ValueError`, in one sentence, if there
    are none.
    """
    if path.is_file():
        return [path]
    found = [p for p in path.rglob("*.jsonl") if JOURNAL_NAME.fullmatch(p.name)]
    if not found and path.parent.name != "sourcedata":
        # Also where the folder itself isn't there yet: it's made when a session ends in order.
        found = _in_sourcedata(path.resolve())
    if not found and not path.exists():
        raise ValueError(f"{path} doesn't exist")
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
