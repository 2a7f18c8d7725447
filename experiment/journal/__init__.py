"""The journal: everything that happened, one line an event, written as it happens."""

from experiment.journal.reader import (
    Journal,
    NoHead,
    find_journals,
    is_calibration,
    parse_journal,
    read_journal,
    read_journals,
)
from experiment.journal.writer import JournalWriter

__all__ = [
    "Journal",
    "JournalWriter",
    "NoHead",
    "find_journals",
    "is_calibration",
    "parse_journal",
    "read_journal",
    "read_journals",
]
