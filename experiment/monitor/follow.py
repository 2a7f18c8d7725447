"""Following the newest journal of a place, by byte offset, as it grows. Only ever reads."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from experiment.journal import NoHead, find_journals, parse_journal
from experiment.journal.events import EVENT_ADAPTER, Event

SEARCH_S = 0.5  # how often to look for a newer journal ...
SEARCH_SHARE = 20  # ... but at most 1/20 of the time, where a place holds very many
PIECE_BYTES = 4_000_000


@dataclass
class News:
    """What has come since the last look. `fresh`: it belongs to another session than before.

    `problem` says in a sentence, if not empty, why the journal (or a line of it) can't be read.
    """

    fresh: bool = False
    journal: Path | None = None
    events: list[Event] = field(default_factory=list)
    problem: str = ""


class Tail:
    """One journal, read on from where the last look ended. A torn last line waits for its rest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._rest = b""
        self._lines = 0

    def read(self, news: News) -> None:
        """Add the events that have come. Raises `OSError`, `ValueError` if it isn't a journal."""
        with self.path.open("rb") as file:
            if file.seek(0, 2) < self._offset:
                raise ValueError(f"{self.path.name} has become shorter: it was replaced")
            file.seek(self._offset)
            while piece := file.read(PIECE_BYTES):
                self._offset += len(piece)
                *lines, self._rest = (self._rest + piece).split(b"\n")
                for line in lines:
                    self._add(line, news)

    def _add(self, line: bytes, news: News) -> None:
        self._lines += 1
        if self._lines == 1:
            news.events.append(parse_journal(self.path, line + b"\n").head)
            return
        try:
            news.events.append(EVENT_ADAPTER.validate_json(line))
        except ValidationError:
            news.problem = f"line {self._lines} of {self.path.name} can't be read and is left out"


class Follower:
    """Follows the journal written last in a dataset, a folder or a session; or a given journal.

    Earlier journals of the same session come first, so that what happened before it was resumed
    is there too. `path` may be empty still: nothing comes until a session begins.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tail: Tail | None = None
        self._search_at = 0.0

    def look(self) -> News:
        """What has come since the last look. Never raises."""
        news = News()
        try:
            self._switch(news)
            if self._tail is not None:
                news.journal = self._tail.path
                self._tail.read(news)
        except NoHead:
            pass  # its first line is just being written
        except (OSError, ValueError) as error:
            news.problem = str(error)
            self._tail = None  # looked for anew
        return news

    def _switch(self, news: News) -> None:
        now = time.monotonic()
        if now < self._search_at:
            return
        newest = self._newest()
        self._search_at = now + max(SEARCH_S, SEARCH_SHARE * (time.monotonic() - now))
        if newest is None or (self._tail is not None and newest == self._tail.path):
            return
        news.fresh = True
        for earlier in _same_session(newest):
            if earlier < newest:
                Tail(earlier).read(news)
        self._tail = Tail(newest)

    def _newest(self) -> Path | None:
        """The journal written to last; of two in the same moment the later one by name."""
        try:
            found = find_journals(self._path)
            if self._path.is_file():
                found = _same_session(self._path)
        except ValueError:
            return None
        return max(found, key=lambda path: (path.stat().st_mtime_ns, path.name), default=None)


def _same_session(journal: Path) -> list[Path]:
    """All journals of a journal's session, oldest first; itself alone if it's named otherwise."""
    stem, numbered, _ = journal.name.rpartition("_journal-")
    if not numbered:
        return [journal]
    return [p for p in find_journals(journal.parent) if p.name.startswith(stem + numbered)]
