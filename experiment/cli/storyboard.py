"""`trustpain storyboard`: a picture of each screen of a trial."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.cli import options


def storyboard(
    out: Annotated[Path, typer.Option("--out", help="The folder for the pictures.")],
    study: options.Study = "trust_pain",
    rig: options.Rig = "laptop",
    language: options.Language = "en",
) -> None:
    """Draw each screen of a trial, as the participant sees it on the rig's screen.

    Writes one PNG a screen and a contact sheet of them. Temperatures are the study's fixed ones,
    the trial is the first of allocation number 1.

    Example: trustpain storyboard --study trust_pain --rig mri_tcs --out storyboard
    """
    from rich.console import Console

    from experiment.preview.storyboard import storyboard as draw

    console = Console()
    files = draw(study, rig, out, console, language)
    console.print(
        f"{len(files) - 1} screens and {files[-1].name} in {out}", markup=False, highlight=False
    )
