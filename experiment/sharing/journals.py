"""Journals of a dataset that is to be shared: on which days they are, and their shifted form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from experiment.errors import UserError
from experiment.journal import NoHead, events, read_journal
from experiment.journal.reader import JOURNAL_NAME
from experiment.sharing.dates import TrueDates, days_between

# What names a device or a program: a date in it is that of a firmware, not of a session.
_NAMES_THINGS = frozenset({"session_start", "device_opened"})


@dataclass(frozen=True)
class SourceJournal:
    """A journal of the original. `days` are the true ones, in UTC, of its first to last event."""

    path: Path
    participant: str
    days: tuple[date, ...]
    virtual: bool
    sound_bytes: int
    sha256: str  # of the sound part
    notes: int  # free text of the experimenter


def source_journals(dataset: Path) -> list[SourceJournal]:
    """All journals of a dataset, by participant, session and number.

    Those that were cut off before their first line was whole hold nothing, and are left out.
    Raises `UserError` for one that can't be read.
    """
    found = []
    for path in sorted((dataset / "sourcedata").rglob("*.jsonl")):
        name = JOURNAL_NAME.fullmatch(path.name)
        if name is None:
            continue
        try:
            journal = read_journal(path)
        except NoHead:
            continue
        except (ValueError, OSError) as error:
            raise UserError(f"the dataset can't be shared: {error}") from None
        began = datetime.fromisoformat(journal.head.started_utc).astimezone(UTC)
        end = began + timedelta(seconds=max(0.0, journal.events[-1].t))
        found.append(
            SourceJournal(
                path=path,
                participant=name["participant"],
                days=tuple(days_between(began, end)),
                virtual=journal.head.virtual_time,
                sound_bytes=journal.sound_bytes,
                sha256=journal.sha256,
                notes=len(journal.of(events.Note)),
            )
        )
    return found


def shifted_session(
    journals: Sequence[SourceJournal], days: int, dates: TrueDates
) -> dict[Path, bytes]:
    """The journals of one session with their dates shifted; by the path of the original.

    What a journal says of the one before it (hash and length) is true of the shifted one. Without
    that, the true hash would be a way to find the shift: one would try them all.
    """
    made: dict[Path, bytes] = {}
    shifted: dict[str, tuple[str, bytes]] = {}  # true hash and new content, by name
    for journal in sorted(journals, key=lambda one: one.path.name):
        head, *lines = journal.path.read_bytes()[: journal.sound_bytes].splitlines(keepends=True)
        first = _shifted_head(head, days, dates, shifted)
        data = b"".join([first, *(_shifted_line(line, days, dates) for line in lines)])
        made[journal.path] = data
        shifted[journal.path.name] = (journal.sha256, data)
    return made


def _shifted_head(
    line: bytes, days: int, dates: TrueDates, before: dict[str, tuple[str, bytes]]
) -> bytes:
    head = _walked(json.loads(line), days, dates, personal=False)
    began = datetime.fromisoformat(json.loads(line)["started_utc"])
    head["started_utc"] = (began + timedelta(days=days)).isoformat()
    head["dates_shifted"] = True
    if previous := head.get("previous"):
        true_hash, data = before.get(previous["name"], ("", b""))
        if true_hash == previous["sha256"]:
            previous |= {"sha256": hashlib.sha256(data).hexdigest(), "sound_bytes": len(data)}
        else:
            previous["sha256"] = "0" * 64
    return _line(head)


def _shifted_line(line: bytes, days: int, dates: TrueDates) -> bytes:
    text = line.decode("utf-8", "replace")
    if dates.found(text, personal=True) is None:
        return line  # nearly all of them, byte for byte
    event = json.loads(text)
    return _line(_walked(event, days, dates, personal=event["event"] not in _NAMES_THINGS))


def _walked(found: Any, days: int, dates: TrueDates, *, personal: bool) -> Any:
    """The same with every true date in it shifted, in texts as in numbers."""
    match found:
        case dict():
            return {
                dates.shifted(key, days, personal=False): (
                    value if key == "seed" else _walked(value, days, dates, personal=personal)
                )
                for key, value in found.items()
            }
        case list():
            return [_walked(value, days, dates, personal=personal) for value in found]
        case str():
            return dates.shifted(found, days, personal=personal)
        case bool():
            return found
        case int() if (said := dates.shifted(str(found), days, personal=False)) != str(found):
            return int(said)
        case float():
            return dates.shifted_number(found, days)
        case _:
            return found


def _line(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
