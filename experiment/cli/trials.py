"""`trustpain trials`: the trial table of a participant, before anything moves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.cli.options import CalibrationPath, Rig, Seed, SessionLabel, Study


def trials(
    study: Study = "trust_pain",
    rig: Rig = "laptop",
    participant: Annotated[str, typer.Option(help="The label: letters and digits.")] = "01",
    session: SessionLabel = None,
    allocation: Annotated[
        int | None, typer.Option(min=1, help="Allocation number; without it --data's, else 1.")
    ] = None,
    calibration: CalibrationPath = None,
    seed: Seed = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Dataset in which the number and a calibration are looked up."),
    ] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw the session as a PNG too.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="TSV file to write, never over an existing one.")
    ] = None,
) -> None:
    """Show the trial table that a participant would get. Reserves and changes nothing.

    The table names trust levels: it isn't for whoever will talk to the participant.

    Example: trustpain trials --participant 01 --allocation 3 --out sub-01_trials.tsv --plot
    """
    from experiment.errors import UserError
    from experiment.inputs.files import write_new
    from experiment.preview.trial_view import as_tsv, draw, plan_for, show

    if plot and out is not None and out.suffix.lower() == ".png":
        raise UserError(f"--out is the table's file, with --plot beside it as PNG: not {out.name}")
    plan = plan_for(study, rig, participant, session, allocation, calibration, seed, data)
    # The files first: where one is there already, that is said before a long table, not below it.
    written = []
    if plot:
        picture = out.with_suffix(".png") if out else Path(f"{plan.title}_trials.png")
        draw(plan, picture)
        written.append(f"Drawn: {picture}")
    if out is not None:
        write_new(out, as_tsv(plan.table))
        written.append(f"Written: {out}")
    show(plan)
    for line in written:
        typer.echo(line)
