"""`trustpain calibrate`: find the temperatures that give the ratings at which a study aims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.cli import options


def calibrate(
    rig: options.Rig = "laptop",
    participant: Annotated[
        str, typer.Option("--participant", help="The label: letters and digits, such as 01.")
    ] = "01",
    session: options.SessionLabel = None,
    study: options.Study = "trust_pain",
    method: options.Method = options.Series.adaptive,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="A simulated participant, in virtual time.")
    ] = False,
    seed: options.Seed = None,
    out: options.Out = Path("data"),
    language: options.Language = "en",
) -> None:
    """Calibrate a participant: heat on each skin site, rated; then the experimenter decides.

    What is accepted is written beside the journal, where trustpain run finds it. A calibration
    that can't be used says why and what to do; temperatures set by hand keep within the limits.

    Examples:

      trustpain calibrate --rig mri_tcs --participant 01

      trustpain calibrate --participant 01 --method fixed --simulate --out /tmp/try
    """
    from experiment.calibration.play import calibrate_person, calibrate_simulated
    from experiment.session.preparation import Request

    request = Request(study, rig, participant, session, seed=seed, out=out, language=language)
    play = calibrate_simulated if simulate else calibrate_person
    raise typer.Exit(int(play(request, method.value)))
