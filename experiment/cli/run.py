"""`trustpain run`: a person, on the devices of a rig."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.cli import options


def run(
    study: options.Study = "trust_pain",
    rig: options.Rig = "laptop",
    participant: options.Participant = None,
    session: options.SessionLabel = None,
    allocation: options.Allocation = None,
    calibration: options.CalibrationPath = None,
    seed: options.Seed = None,
    out: options.Out = Path("data"),
    language: options.Language = "en",
    monitor: Annotated[
        bool, typer.Option("--monitor", help="Serve the live page; its address is printed.")
    ] = False,
) -> None:
    """Run a session with a participant.

    Asks for what is missing. A device of the rig that the study uses and that is emulated makes
    the data a pilot's: they go to a dataset of their own.

    Examples:

      trustpain run --study trust_pain --rig mri_tcs --participant 01

      trustpain run --study pilot_short --rig laptop --participant 99 --calibration none
    """
    from dataclasses import replace

    from experiment.session.lab import run_person
    from experiment.session.preparation import Request

    if participant is None:
        from experiment.session.dialog import ask_for_session

        study, rig, participant, session, calibration = ask_for_session(
            study, rig, session, calibration
        )
    request = Request(study, rig, participant, session, allocation, calibration, seed, out)
    code = run_person(replace(request, language=language), monitor=monitor)
    raise typer.Exit(int(code))
