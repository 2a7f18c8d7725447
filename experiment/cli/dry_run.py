"""`trustpain dry-run`: whole sessions with a simulated participant and emulated devices."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated

import typer

from experiment.cli import options

OF_THE_SCENARIO = ("study", "rig", "participant", "participants", "session", "seed", "language")


def dry_run(
    context: typer.Context,
    study: options.Study = "trust_pain",
    rig: options.Rig = "laptop",
    participant: Annotated[
        str, typer.Option("--participant", help="The label; 'sim' is put before it.")
    ] = "01",
    participants: Annotated[
        int | None,
        typer.Option("--participants", min=1, max=100_000, help="So many: numbers 1 to N."),
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", min=1, max=1000, help="Play so many at a time.")
    ] = 1,
    session: options.SessionLabel = None,
    seed: options.Seed = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            "--scenario", help="Rehearse a fault: a shipped scenario (docs/scenarios.md) or a file."
        ),
    ] = None,
    visual: Annotated[
        bool, typer.Option("--visual", help="In a real window and real time, to look at.")
    ] = False,
    out: options.OutOrFresh = None,
    language: options.Language = "en",
) -> None:
    """Run sessions with a simulated participant: in virtual time, an hour takes a second.

    The drivers are the real ones, on emulated devices. The data go to a dataset whose name ends
    in -sim.

    With --scenario, faults happen as its file states (which also names study and rig). The exit
    code then is 0 if it came out as stated, and 5 if not.

    Examples:

      trustpain dry-run --study trust_pain

      trustpain dry-run --participants 40 --out /tmp/forty

      trustpain dry-run --scenario thermode_unplugged --visual
    """
    from experiment.session.dry import dry_runs, fresh_out

    if scenario is not None:
        _refuse_what_it_names(context)
    with nullcontext(out) if out is not None else fresh_out("dry-run") as place:
        if scenario is not None:
            from experiment.faults.scenario import rehearse

            code = rehearse(scenario, place, visual=visual)
        elif visual:
            from experiment.session.lab import run_visibly
            from experiment.session.preparation import Request

            code = run_visibly(
                Request(
                    study,
                    rig,
                    participant,
                    session,
                    seed=seed,
                    out=place,
                    simulated=True,
                    language=language,
                )
            )
        else:
            code = dry_runs(
                study, rig, participant, participants, session, seed, place, language, processes
            )
    raise typer.Exit(int(code))


def _refuse_what_it_names(context: typer.Context) -> None:
    """A rehearsal that differs from its file would come out otherwise."""
    from experiment.errors import UserError

    for name in OF_THE_SCENARIO:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise UserError(f"a scenario names its own {name}: leave --{name} out")
