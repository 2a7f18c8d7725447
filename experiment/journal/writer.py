"""Writing a journal: append-only, one line an event, never over an existing file.

**Flush policy.** In a session every event is handed to the operating system before `write`
returns (one `os.write`, unbuffered), so that it survives the death of the process; a thread of
its own calls `fsync` after each trial's end, each start and end of heat (a dose must not be
forgotten) and each stop, off the frame loop, so that a power cut costs the trial in progress at
most. In a dry run (`durable=False`) lines are collected and handed over at the same events, but
not synced: an `fsync` an event would make an hour-long session take 40 s.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType

from pydantic_core import PydanticSerializationError

from experiment.journal.events import SYNCED, Event


class JournalWriter:
    """Appends events to a new file. Thread-safe: events may come from any thread.

    Raises `FileExistsError` if the file exists. A write that fails (full disk, a folder that
    lost its permissions) raises `OSError` in the caller; what was written before stands, and
    what wasn't is tried again, in order, with the next event.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self.path = path
        self._durable = durable
        new_folders = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o644)
        self._lock = threading.Lock()
        self._pending = bytearray()
        self._closed = False
        # Waking the thread by it costs the frame loop half of what an `Event` does.
        self._sync_wanted: SimpleQueue[None] = SimpleQueue()
        self._sync_error: OSError | None = None
        self._syncer: threading.Thread | None = None
        if durable:
            for folder in {path.parent, *(new.parent for new in new_folders)}:
                _sync_folder(folder)
            self._syncer = threading.Thread(target=self._sync_when_wanted, daemon=True)
            self._syncer.start()

    def write(self, event: Event) -> None:
        """Append one event. Raises `OSError` if it can't be written."""
        # Written out at length, and without a copy in the common case: it's in the frame loop.
        try:
            line = event.__pydantic_serializer__.to_json(event) + b"\n"
        except PydanticSerializationError:
            line = _line_of_what_is_no_text(event)
        synced = event.event in SYNCED
        with self._lock:
            if self._closed:
                return  # a late event of a reader thread, after the session has ended
            if self._durable and not self._pending:
                written = 0
                try:
                    written = os.write(self._file, line)
                finally:
                    if written < len(line):
                        self._pending += line[written:]
                if self._pending:
                    self._hand_over()
            else:
                self._pending += line
                if self._durable or synced:
                    self._hand_over()
        if synced and self._durable:
            self._sync_wanted.put(None)
        if self._sync_error is not None:
            error, self._sync_error = self._sync_error, None
            raise error

    def close(self) -> None:
        """Hand over what is left, sync, close. Raises `OSError` if that fails."""
        with self._lock:
            if self._closed:
                return
            try:
                self._hand_over()
                if self._durable:
                    os.fsync(self._file)
            finally:
                self._closed = True
                os.close(self._file)
        self._sync_wanted.put(None)
        if self._syncer is not None:
            self._syncer.join(timeout=5.0)

    def __enter__(self) -> JournalWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _hand_over(self) -> None:
        # A full disk takes a part of a line. The rest must be what follows it, else the line
        # would be damaged in the middle of the journal.
        while self._pending:
            del self._pending[: os.write(self._file, self._pending)]

    def _sync_when_wanted(self) -> None:
        while True:
            self._sync_wanted.get()
            while not self._sync_wanted.empty():  # one sync does for all that asked meanwhile
                self._sync_wanted.get()
            if self._closed:
                return
            # A descriptor of its own, so that closing can't pull the file away from under it.
            try:
                with self._lock:
                    if self._closed:
                        return
                    file = os.dup(self._file)
                try:
                    os.fsync(file)
                finally:
                    os.close(file)
            except OSError as error:
                self._sync_error = error


def _line_of_what_is_no_text(event: Event) -> bytes:
    """A note from a terminal in another encoding can hold what isn't text (lone surrogates)."""
    content = json.dumps(event.model_dump(), ensure_ascii=False, default=str)
    return content.encode(errors="replace") + b"\n"


def _sync_folder(folder: Path) -> None:
    """Make sure that a new name in a folder survives a power cut (Windows has no such call)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
