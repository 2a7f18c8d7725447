"""`trustpain dry-run`: whole sessions with a simulated participant and emulated devices."""

from __future__ import annotations

from typing import Annotated

import typer

from experiment.cli import options


def dry_run(
    study: options.Study = "trust_pain",
    rig: options.Rig = "laptop",
    participant: Annotated[
        str, typer.Option("--participant", help="The label; 'sim' is put before it.")
    ] = "01",
    participants: Annotated[
        int | None,
        typer.Option("--participants", min=1, max=100_000, help="So many: numbers 1 to N."),
    ] = None,
    session: options.SessionLabel = None,
    seed: options.Seed = None,
    visual: Annotated[
        bool, typer.Option("--visual", help="In a real window and real time, to look at.")
    ] = False,
    out: options.OutOrFresh = None,
) -> None:
    """Run sessions with a simulated participant: in virtual time, an hour takes a second.

    The drivers are the real ones, on emulated devices. The data go to a dataset whose name ends
    in -sim.

    Examples:

      trustpain dry-run --study trust_pain

      trustpain dry-run --participants 40 --out /tmp/forty
    """
    from experiment.dry import dry_runs, fresh_out

    place = out or fresh_out("dry-run")
    if visual:
        from experiment.lab import run_visibly
        from experiment.preparation import Request

        code = run_visibly(
            Request(study, rig, participant, session, seed=seed, out=place, simulated=True)
        )
    else:
        code = dry_runs(study, rig, participant, participants, session, seed, place)
    raise typer.Exit(int(code))
