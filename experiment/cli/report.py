"""`trustpain report`: the page of a session, or of a whole study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    path: Annotated[Path, typer.Argument(help="A dataset, a session's folder or a journal.")],
    group: Annotated[
        bool,
        typer.Option(
            "--group", help="The study's result, from all closed visits of the dataset PATH."
        ),
    ] = False,
    unblind: Annotated[
        bool,
        typer.Option("--unblind", help="A second page by condition; it's put on record."),
    ] = False,
) -> None:
    """Write a report: one HTML file in the dataset's derivatives/trustpain/.

    Of a session it's blinded unless --unblind. The group report is by condition anyway; whoever's
    visit isn't closed is left out of it and named.

    Examples:

      trustpain report data/trust_pain/sub-01

      trustpain report --group data/trust_pain
    """
    from rich.console import Console

    from experiment.errors import UserError

    console = Console()
    if group and unblind:
        raise UserError(
            "--unblind is for a session's report: leave it out, the group report is by condition "
            "in any case"
        )
    if group:
        from experiment.report.group import write_group_report

        written = write_group_report(path)
    else:
        from experiment.journal import read_journals
        from experiment.report.session import session_journals, visit_closed, write_session_report

        with console.status("Drawing the report ..."):  # quiet where that's no terminal
            written = write_session_report(path, unblind)
        if unblind and not visit_closed(read_journals(session_journals(path))):
            console.print(
                "The visit isn't closed: whoever still talks to the participant mustn't see this "
                "page. That it was made now is in unblinding.tsv.",
                style="bold yellow",
            )
    console.print(f"Report: {written}", markup=False, highlight=False, soft_wrap=True)
