"""After a session: BIDS files, summary and report, all made from the journal alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from experiment.dataset import SessionPlace
from experiment.errors import ExitCode
from experiment.session.session import Played

if TYPE_CHECKING:
    from experiment.summary.summary import Summary


def make_files(place: SessionPlace, pictures: Path, *, with_report: bool) -> Summary:
    """Make all that is made of a session's journals, anew if need be.

    Raises `OSError` or `ValueError`, in one sentence; what was made before stands.
    """
    from experiment.bids import export_journals
    from experiment.journal import read_journals
    from experiment.report.session import write_report
    from experiment.summary.page import write_summary
    from experiment.summary.summary import summarise

    journals = read_journals(place.existing_journals())
    export_journals(place.dataset, journals, pictures)
    summary = summarise(journals)
    write_summary(place.dataset, summary)
    if with_report:
        write_report(journals)
    return summary


def tables_missing(place: SessionPlace) -> bool:
    """Whether a segment that began has no table: the program died before it could make them."""
    from experiment.journal import events, read_journals

    began = sum(len(j.of(events.RunZero)) for j in read_journals(place.existing_journals()))
    return len(list((place.dataset / place.folder).rglob("*_events.tsv"))) < began


def finish(played: Played, console: Console | None, *, with_report: bool = True) -> ExitCode:
    """Export and summarise a session that was played; returns the program's exit code.

    A failure here costs nothing: everything can be made again from the journal. `console` None:
    nothing is printed (dry runs of many). A report's pictures take some seconds of CPU time, more
    than a dry run.
    """
    from experiment.summary.page import print_summary

    place = played.prepared.place
    try:
        summary = make_files(place, played.prepared.manifest.root, with_report=with_report)
    except (OSError, ValueError, ImportError) as error:
        said = console or Console(stderr=True)
        said.print(
            f"The BIDS files couldn't be written: {error}. The journal {played.journal.name} is "
            f"whole; they can be made again from it.",
            style="bold red",
            markup=False,
        )
        return played.ending.exit_code or ExitCode.PROGRAM_FAILED
    if console is not None:
        print_summary(console, summary, place.dataset)
        if played.ending.message:
            console.print(played.ending.message, style="bold", markup=False)
        if not with_report:
            folder = place.dataset / place.folder
            console.print(f"A report: trustpain report {folder}", markup=False, soft_wrap=True)
    return played.ending.exit_code
