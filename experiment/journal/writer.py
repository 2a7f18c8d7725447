"""Writing a journal: append-only, one line an event, never over an existing file.

**Flush policy.** In a session every event is handed to the operating system before `write`
returns (one `os.write`, unbuffered), so that it survives the death of the process; a thread of
its own calls `fsync` after each trial's end and each stop, off the frame loop, so that a power
cut costs the trial in progress at most. In a dry run (`durable=False`) lines are collected and
handed over at each trial's end: an `fsync` an event would make an hour-long session take 40 s.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

from experiment.journal.events import Event

# After these the journal is synced to disk: they end something that must not be lost.
SYNCED = frozenset(
    {"session_start", "run_zero", "trial_end", "heat_delivered", "run_end", "stop", "decision"}
    | {"note", "session_end"}
)


class JournalWriter:
    """Appends events to a new file. Thread-safe: events may come from any thread.

    Raises `FileExistsError` if the file exists. A write that fails (full disk, a folder that
    lost its permissions) raises `OSError` in the caller; what was written before stands.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self.path = path
        self._durable = durable
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o644)
        self._lock = threading.Lock()
        self._pending: list[str] = []
        self._closed = False
        self._sync_wanted = threading.Event()
        self._sync_error: OSError | None = None
        self._syncer: threading.Thread | None = None
        if durable:
            self._syncer = threading.Thread(target=self._sync_when_wanted, daemon=True)
            self._syncer.start()

    def write(self, event: Event) -> None:
        """Append one event. Raises `OSError` if it can't be written."""
        line = event.model_dump_json(exclude_none=False) + "\n"
        with self._lock:
            if self._closed:
                return  # a late event of a reader thread, after the session has ended
            self._pending.append(line)
            if self._durable or event.event in SYNCED:
                self._hand_over()
        if self._durable and event.event in SYNCED:
            self._sync_wanted.set()
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
        self._sync_wanted.set()
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
        data = "".join(self._pending).encode()
        self._pending.clear()
        while data:  # a nearly full disk takes a part
            data = data[os.write(self._file, data) :]

    def _sync_when_wanted(self) -> None:
        while True:
            self._sync_wanted.wait()
            self._sync_wanted.clear()
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
