"""`trustpain visit`: from a participant's arrival to the debrief."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from experiment.cli import options


def visit(
    context: typer.Context,
    study: options.Study = "trust_pain",
    rig: options.Rig = "laptop",
    participant: options.Participant = None,
    session: options.SessionLabel = None,
    allocation: options.Allocation = None,
    calibration: options.CalibrationPath = None,
    method: options.Method = options.Series.adaptive,
    seed: options.Seed = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="A simulated participant, in virtual time.")
    ] = False,
    visual: Annotated[
        bool, typer.Option("--visual", help="With --simulate: in a window and in real time.")
    ] = False,
    out: options.Out = Path("data"),
    language: options.Language = "en",
    questionnaires: Annotated[
        str,
        typer.Option("--questionnaires", help="Names or files, separated by commas; '' for none."),
    ] = "demographics,state_anxiety",
    exclusion: Annotated[
        str, typer.Option("--exclusion", help="The exclusion check list: a name or a file.")
    ] = "heat",
    unblind: Annotated[
        bool, typer.Option("--unblind", help="Your screen names the trust level; put on record.")
    ] = False,
) -> None:
    """Lead a participant through a whole visit, step by step.

    Check list, consent, instructions, practice, the runs, face ratings, questions, debrief. Each
    step can be done again, or skipped with a reason. Cut off anywhere, the same command goes on
    there.

    Examples:

      trustpain visit --rig mri_tcs --participant 01

      trustpain visit --study pilot_short --participant 01 --simulate --out /tmp/visit
    """
    from experiment.errors import UserError
    from experiment.session.preparation import Request
    from experiment.visit.begin import check_set_up, load_files
    from experiment.visit.play import visit as go_through
    from experiment.visit.setup import SetUp, ask_for_visit

    if visual and not simulate:
        raise UserError("--visual shows a simulated visit: give --simulate too, or leave it out")
    named = tuple(filter(None, (name.strip() for name in questionnaires.split(","))))
    files = replace(load_files(named, exclusion), method=method.value)
    request = Request(
        study,
        rig,
        participant or "",
        session,
        allocation,
        calibration,
        seed,
        out,
        simulated=simulate,
        language=language,
    )
    if participant is None:
        stated = {"study": study, "rig": rig, "session": session or "", "language": language}
        commanded = {
            name: value
            for name, value in stated.items()
            if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
        }

        def with_answers(found: SetUp) -> Request:
            return replace(request, **vars(found))

        found = ask_for_visit(
            commanded, stated, lambda found: check_set_up(with_answers(found), files)
        )
        request = with_answers(found)
    raise typer.Exit(int(go_through(request, files, visual=visual, unblind=unblind)))
