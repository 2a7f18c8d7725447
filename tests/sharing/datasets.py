"""What the tests of `trustpain share` look at: journals, and every text of a folder."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from experiment.journal import Journal, read_journal

PEOPLE = {"sim01": ("01", "02"), "sim02": ("01",)}
FIRST_PAGE_BYTES = 4096


def journals(dataset: Path) -> list[Journal]:
    return [read_journal(path) for path in sorted(dataset.rglob("*_journal-*.jsonl"))]


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file's name and text, unpacked; of pictures what stands before the pixels."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.suffix == ".gz":
                data = gzip.decompress(data)
            if path.suffix == ".png":
                data = data[:FIRST_PAGE_BYTES].split(b"IDAT")[0]
            name = path.relative_to(folder).as_posix()
            yield name, f"{name}\n{data.decode('utf-8', 'replace')}"


def true_days(dataset: Path) -> set[date]:
    began = [datetime.fromisoformat(one.head.started_utc) for one in journals(dataset)]
    ended = [b + timedelta(seconds=j.events[-1].t) for b, j in zip(began, journals(dataset), strict=True)]  # fmt: skip
    return {time.date() for time in [*began, *ended, datetime.now(UTC)]}


def told(folder: Path, days: set[date]) -> list[str]:
    """Where a folder tells one of these days, in whatever spelling."""
    spelled = {
        f"{day:{form}}"
        for day in days
        for form in ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y")
    }
    epochs = {
        int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) // 86400 for day in days
    }
    found = []
    for name, text in texts(folder):
        found += [f"{name}: {each}" for each in spelled if each in text]
        found += [
            f"{name}: {match[0]}"
            for match in re.finditer(r"(?<![\da-f.])\d{10}(?![\da-f])", text)
            if int(match[0]) // 86400 in epochs
        ]
    return found


def shift_of(original: Path, copy: Path) -> timedelta:
    """That of the first participant."""
    true, other = journals(original)[0].head, journals(copy)[0].head
    return datetime.fromisoformat(other.started_utc) - datetime.fromisoformat(true.started_utc)
