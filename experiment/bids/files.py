"""Files that are whole or not there, and the same bytes each time they are made."""

from __future__ import annotations

import gzip
import io
import json
import os
from pathlib import Path
from typing import Any


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
