"""Files that are whole or not there, and the same bytes each time they are made."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


def write_whole(path: Path, data: bytes) -> Path:
    """Put `data` at `path`: the old content or the new, never a part. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return path  # so that exporting again leaves the times of the files as they are
    # Beside its place, so that replacing is one step; with a dot, so that BIDS readers pass it by.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return path


def json_bytes(content: dict[str, Any]) -> bytes:
    """JSON as people read it: indented, in the order given, non-ASCII letters as they are."""
    return (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def tsv_bytes(header: list[str], rows: list[list[str]]) -> bytes:
    """A table with a header line, separated by tabs."""
    return ("\n".join("\t".join(line) for line in [header, *rows]) + "\n").encode()


def gzip_bytes(data: bytes) -> bytes:
    """Compressed, without the time and name that would make each file differ."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=packed, mtime=0) as file:
        file.write(data)
    return packed.getvalue()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes out until the block ends; a process that dies lets go by itself.

    Two sessions of one dataset may end at the same moment, and both rewrite its list of
    participants. Raises `OSError` if `path` can't be opened for writing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        _acquire(file)
        try:
            yield
        finally:
            _release(file)


if sys.platform == "win32":
    import msvcrt

    def _acquire(file: IO[bytes]) -> None:
        while True:
            try:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            except OSError:  # it gives up after ten seconds
                time.sleep(0.1)
            else:
                return

    def _release(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _acquire(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)

    def _release(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
