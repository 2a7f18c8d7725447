"""`trustpain resume`: go on after a crash or a stop, or do a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def resume(
    path: Annotated[
        Path, typer.Argument(help="A session's folder (sub-01, there or in sourcedata) or journal.")
    ],
    repeat_run: Annotated[
        int | None, typer.Option("--repeat-run", min=1, help="Do this planned run again.")
    ] = None,
    from_run: Annotated[
        int | None, typer.Option("--from-run", min=1, help="Do this planned run and later ones.")
    ] = None,
) -> None:
    """Go on with a session at the first trial not done, as a new segment of its run.

    Nothing that was written is changed. The trial that was cut off is repeated at the end of its
    run, or dropped, as the study says. A repeated run gets a fresh order and a spare skin site.

    Examples:

      trustpain resume data/trust_pain/sub-01

      trustpain resume data/trust_pain/sub-01 --repeat-run 2
    """
    from experiment.errors import UserError
    from experiment.recovery.resume import Repeat
    from experiment.session.lab import resume_session

    if repeat_run is not None and from_run is not None:
        raise UserError("give either --repeat-run or --from-run, not both")
    repeat = None
    if repeat_run is not None or from_run is not None:
        repeat = Repeat(repeat_run or from_run or 1, and_later=from_run is not None)
    raise typer.Exit(int(resume_session(path, repeat)))
