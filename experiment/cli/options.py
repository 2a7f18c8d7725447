"""Options that several commands share, each stated once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Study = Annotated[
    str,
    typer.Option(
        "--study", help="A shipped study (trust_pain, pilot_short, demo, norming) or a file."
    ),
]
Rig = Annotated[
    str, typer.Option("--rig", help="A shipped rig (laptop, mri_tcs, mri_medoc) or a file.")
]
Participant = Annotated[
    str | None, typer.Option("--participant", help="The label: letters and digits, such as 01.")
]
SessionLabel = Annotated[
    str | None, typer.Option("--session", help="The session's label, if the study has several.")
]
Allocation = Annotated[
    int | None,
    typer.Option("--allocation", help="The allocation number; without it, the next free one."),
]
CalibrationPath = Annotated[
    str | None,
    typer.Option(
        "--calibration",
        help="An accepted calibration's file, or none for the study's fixed temperatures.",
    ),
]


class Series(StrEnum):
    """How a calibration's stimuli are chosen."""

    fixed = "fixed"
    adaptive = "adaptive"


Method = Annotated[
    Series,
    typer.Option("--method", help="Calibration: a fixed series, or one that follows the ratings."),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", min=0, help="Decides order, jitter and sites; else derived, stored."),
]
Out = Annotated[Path, typer.Option("--out", help="The folder in which datasets are made.")]
OutOrFresh = Annotated[
    Path | None,
    typer.Option("--out", help="The folder in which datasets are made; else a fresh one in data/."),
]
Language = Annotated[
    str, typer.Option("--language", help="What the participant reads: en, de, es or a file.")
]
