"""`trustpain demo`: two minutes of the real experiment, on any computer."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    play: Annotated[
        bool, typer.Option("--play", help="Rate yourself, with the keys or the mouse.")
    ] = False,
) -> None:
    """Watch a short session: a clinician, heat from an emulated thermode, two ratings.

    Everything is emulated, but the program is the one that laboratories run. Without a screen it
    starts a virtual one and keeps pictures of what was shown.
    """
    from experiment.session.dry import fresh_out
    from experiment.session.lab import run_person, run_visibly
    from experiment.session.preparation import Request

    with fresh_out("demo") as out:
        if play:
            code = run_person(
                Request("demo", "laptop", "01", calibration="none", out=out), alone=True
            )
        else:
            code = run_visibly(Request("demo", "laptop", "01", out=out, simulated=True))
    raise typer.Exit(int(code))
