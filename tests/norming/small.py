"""A short norming study, and judgements of simulated raters whose effects are known."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiment.inputs.files import STUDIES
from experiment.participant.faces import AXIS, FaceModel, FaceParameters

TEXT = (STUDIES / "norming.toml").read_text(encoding="utf-8")


def shipped() -> dict[str, Any]:
    """The shipped study file's data."""
    return tomllib.loads(TEXT)


def small_study(folder: Path, *changes: tuple[str, str]) -> Path:
    """A file with 4 clinicians and the questions trustworthy, happy, angry: 3 x 12 judgements."""
    lines = [
        line for line in TEXT.splitlines() if 'id = "F4"' not in line and 'id = "M4"' not in line
    ]
    lines = [line for line in lines if 'id = "F3"' not in line and 'id = "M1"' not in line]
    for name in ("dominant", "attractive", "age", "weight"):
        lines = [line for line in lines if f'{{ name = "{name}"' not in line]
    text = "\n".join(lines) + "\n"
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    return path


def judged(
    parameters: FaceParameters, raters: int, *, clinicians: int = 8, seed: int = 1
) -> pd.DataFrame:
    """Answers to trustworthy, happy and angry, straight from the model."""
    rows = []
    for rater in range(raters):
        model = FaceModel(parameters, np.random.default_rng([seed, rater]))
        rows += [
            {
                "rater": f"sub-{rater:02d}",
                "clinician": f"{seed}C{number}",
                "level": level,
                "axis": axis,
                "question": question,
                "rating": model.judge(question, f"{seed}C{number}", level),
            }
            for question in ("trustworthy", "happy", "angry")
            for number in range(clinicians)
            for level, axis in AXIS.items()
        ]
    return pd.DataFrame(rows)
