"""`trustpain audit`: the page that shows how a run, a session or a dataset kept time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def audit(
    path: Annotated[
        Path,
        typer.Argument(help="A dataset, a session's folder, a journal, or a run's events.tsv."),
    ],
) -> None:
    """Show how time was kept: one HTML page with plots in the dataset's derivatives/trustpain/.

    Planned and actual onsets, frames, scanner pulses, markers, heat asked for and delivered, and
    the stamps of responses. It's blinded: nothing on it tells a condition.

    Examples:

      trustpain audit data/trust_pain/sub-01

      trustpain audit data/trust_pain/sub-01/func/sub-01_task-trustpain_run-02_events.tsv
    """
    from rich.console import Console

    from experiment.errors import UserError
    from experiment.timing.audit import write_audit

    console = Console()
    cut_off: list[str] = []
    try:
        with console.status("Drawing the audit ..."):  # quiet where that's no terminal
            written = write_audit(path, cut_off.append)
    except ValueError as error:
        raise UserError(str(error)) from None
    except OSError as error:
        if error.filename is None or Path(error.filename) != path:
            raise
        raise UserError(f"{path} can't be read ({error.strerror})") from None
    for sentence in cut_off:
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    console.print(f"Audit: {written}", markup=False, highlight=False, soft_wrap=True)
