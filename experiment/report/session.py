"""The session report: from a session's journals to one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from experiment.bids.files import write_whole
from experiment.blinding import PAGES, record_unblinding
from experiment.errors import UserError
from experiment.journal import Journal, find_journals, read_journals
from experiment.journal.reader import JOURNAL_NAME
from experiment.report.session_facts import facts_of
from experiment.report.session_page import session_html
from experiment.report.visits import is_closed


def write_session_report(path: Path, unblind: bool = False) -> Path:
    """Write the report of the one session that `path` names; gives the page's path.

    `path` is a dataset, a session's folder (there or in sourcedata) or any of its journals.
    `unblind` writes a second page with everything by condition, and a line into the list of
    unblindings. Raises `UserError` where there's no session, more than one, or journals that can't
    be read; `OSError` if nothing can be written.
    """
    try:
        return write_report(read_journals(session_journals(path)), unblind=unblind)
    except ValueError as error:
        raise UserError(str(error)) from None


def write_report(journals: Sequence[Journal], *, unblind: bool = False) -> Path:
    """Like `write_session_report`, from journals that have been read already, oldest first.

    Raises `ValueError` if there are none, or if they are of several sessions.
    """
    if not journals:
        raise ValueError("there is no journal to report on")
    shown = unblind or journals[-1].head.kind == "simulated"
    facts = facts_of(journals, shown=shown)
    pages = pages_of(journals[-1].path)
    description = "_desc-unblinded" if unblind else ""
    path = pages / f"{facts.summary.subject}{description}_report.html"
    html = session_html(facts, unblinded=unblind)
    if unblind:  # before the page: nobody is unblinded without a line that says so
        record_unblinding(
            pages, facts.summary.subject, path.name, open_visit=not visit_closed(journals)
        )
    return write_whole(path, html.encode())


def visit_closed(journals: Sequence[Journal]) -> bool:
    """Whether nobody will talk to the participant of this session any more."""
    of_runs = [journal for journal in journals if journal.head.step == "runs"]
    return bool(of_runs) and is_closed(of_runs[-1].events[-1])


def session_journals(path: Path) -> list[Path]:
    """All journals of the one session that `path` names, oldest first. Raises `ValueError`."""
    found = find_journals(path)
    if path.is_file():
        name = JOURNAL_NAME.fullmatch(path.name)
        if name is None:
            return found  # a copy under another name is read by itself
        stem = path.name.rpartition("_journal-")[0]
        found = [p for p in find_journals(path.parent) if p.name.startswith(f"{stem}_journal-")]
    sessions = sorted({p.name.rpartition("_journal-")[0] for p in found})
    if len(sessions) > 1:
        shown = ", ".join(sessions[:4]) + (" ..." if len(sessions) > 4 else "")
        raise ValueError(
            f"{path} holds {len(sessions)} sessions ({shown}): give the folder of one of them"
        )
    return found


def pages_of(journal: Path) -> Path:
    """Where the pages on a journal belong: its dataset's `derivatives/trustpain/`.

    Beside a journal that doesn't lie in a dataset's `sourcedata/`.
    """
    for folder in journal.absolute().parents:
        if folder.name == "sourcedata":
            return folder.parent / PAGES
    return journal.absolute().parent / PAGES
