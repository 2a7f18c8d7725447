"""Keeping whoever talks to the participant blind, and a list of every time somebody wasn't.

What blinds: a trust level, which portrait was shown, a mean by condition. Pages leave them out by
themselves; free text (warnings, reasons, notes) can name them by accident and goes through
`Blind`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from filelock import FileLock

from experiment.journal.events import SessionStart
from experiment.session.provenance import provenance

HIDDEN = "[blinded]"
UNBLINDING = "unblinding.tsv"
PAGES = Path("derivatives", "trustpain")
COLUMNS = ("time", "session", "page", "by", "version")


class Blind:
    """Takes clinicians, portraits and trust levels out of a text; `show` lets it pass as it is."""

    def __init__(self, head: SessionStart, *, show: bool = False) -> None:
        self._pattern = None if show else _pattern(head)

    def __call__(self, text: str) -> str:
        """The text without what blinds."""
        return self._pattern.sub(HIDDEN, text) if self._pattern is not None else text


def _pattern(head: SessionStart) -> re.Pattern[str]:
    levels = {str(p["level"]) for p in head.portraits if p.get("level")}
    levels |= {str(row["trust"]) for row in head.trials if row.get("trust")}
    clinicians = {str(p["clinician"]) for p in head.portraits if p.get("clinician")}
    clinicians |= {str(row["clinician"]) for row in head.trials if row.get("clinician")}
    files = {PurePosixPath(str(p["file"])).stem for p in head.portraits if p.get("file")}
    words = [rf"\b(?:{_any(files | clinicians)})(?:_\w+)?(?:\.\w+)?\b"]
    level = _any(levels)
    words.append(rf"\b(?:{level})[\s_-]*trust\w*")
    words.append(rf"\btrust\w*(?:[\s_-]*level)?\W{{0,3}}(?:(?:is|was)\W+)?(?:{level})\b")
    return re.compile("|".join(words), re.IGNORECASE)


def _any(words: set[str]) -> str:
    # Longest first; a head without any would else give a pattern that fits everywhere.
    found = sorted(words, key=lambda word: (-len(word), word))
    return "|".join(re.escape(word) for word in found) or r"(?!)"


def record_unblinding(pages: Path, session: str, page: str, *, open_visit: bool = False) -> Path:
    """Append a line to the unblinding list in `pages` (`derivatives/trustpain/`); gives its path.

    `by` says what was used, never a name, and if the visit was still going on. Raises `OSError` if
    it can't be written: then nothing may be shown.
    """
    path = pages / UNBLINDING
    pages.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    version = provenance().versions.get("trustpain", "unknown")
    by = "command, visit not closed" if open_visit else "command"
    line = "\t".join((now, session, page, by, version)) + "\n"
    with FileLock(pages / f".{UNBLINDING}.lock"), path.open("a", encoding="utf-8") as file:
        if file.tell() == 0:
            file.write("\t".join(COLUMNS) + "\n")
        file.write(line)
    return path
