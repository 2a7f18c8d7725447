"""The journal: everything that happened, one line an event, written as it happens."""

from experiment.journal.reader import Journal, find_journals, read_journal
from experiment.journal.writer import JournalWriter

__all__ = ["Journal", "JournalWriter", "find_journals", "read_journal"]
