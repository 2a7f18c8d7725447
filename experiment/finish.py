"""After a session: BIDS files, summary and report, all made from the journal alone."""

from __future__ import annotations

from rich.console import Console

from experiment.errors import ExitCode
from experiment.session import Played


def finish(played: Played, console: Console | None) -> ExitCode:
    """Export and summarise a session that was played; returns the program's exit code.

    A failure here costs nothing: everything can be made again from the journal. `console` None:
    nothing is printed (dry runs of many).
    """
    from experiment.bids import export_journals
    from experiment.journal import read_journals
    from experiment.report.session import write_report
    from experiment.summary import summarise
    from experiment.summary_page import print_summary, write_summary

    place = played.prepared.place
    try:
        journals = read_journals(place.existing_journals())
        export_journals(place.dataset, journals, played.prepared.manifest.root)
        summary = summarise(journals)
        write_summary(place.dataset, summary)
        if console is not None:  # in dry runs of many, its pictures would take longer than they
            write_report(journals)
    except (OSError, ValueError) as error:
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
    return played.ending.exit_code
