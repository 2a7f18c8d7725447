"""What scenes are made of: texts, scale labels and portraits, looked up for one session."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from conditions.norming import NormingStudy, NumberScale
from conditions.paradigms import AnyStudy
from conditions.schedule import ThermodeFigures
from conditions.study import Study
from experiment.errors import UserError
from experiment.phases.registry import Materials
from experiment.plan.scene import ScaleLabel, Text
from stimuli.texts import Texts, load_scale, scale_labels

MOST_STEPS = 7  # between the numbers below a line


def materials_of(
    study: AnyStudy,
    texts: Texts,
    thermode: ThermodeFigures | None,
    portrait: Callable[[str, str], Path],
    *,
    hand: Literal["keys", "mouse", "stick"],
) -> Materials:
    """Everything that the builders of `experiment.phases` need. Raises `UserError`.

    `hand`: what the hints under a scale speak of.
    """
    norming = study if isinstance(study, NormingStudy) else None
    try:
        glms = load_scale(study.ratings.glms_labels if isinstance(study, Study) else "glms")
    except ValueError as error:
        raise UserError(f"the study's gLMS labels can't be used: {error}") from None

    def labels(kind: str, question: str) -> tuple[ScaleLabel, ...]:
        numbers = norming.question(question).numbers if norming is not None else None
        if numbers is not None:
            return _ticks(numbers)
        found = scale_labels(texts, "glms" if kind == "glms" else "vas", question, glms)
        return tuple(ScaleLabel(position, text) for position, text in found)

    return Materials(
        text=texts.text,
        labels=labels,
        hint=lambda kind: texts.text(f"hints.{kind}_{hand}"),
        portrait=portrait,
        baseline=thermode.baseline if thermode is not None else math.nan,
        rise_rate=thermode.rise_rate if thermode is not None else math.nan,
        return_rate=thermode.return_rate if thermode is not None else math.nan,
    )


def _ticks(numbers: NumberScale) -> tuple[ScaleLabel, ...]:
    """A line's numbers: those at its ends, and round ones between, not too close to the ends."""
    low, high = numbers.ends
    step = 10.0 ** math.floor(math.log10(high - low))
    step *= next(
        part for part in (0.1, 0.2, 0.5, 1, 2) if (high - low) / (part * step) <= MOST_STEPS
    )
    first, last = math.ceil(low / step + 0.5), math.floor(high / step - 0.5)
    shown = (low, *(step * number for number in range(first, last + 1)), high)
    return tuple(
        ScaleLabel(100.0 * (number - low) / (high - low), f"{number:g}") for number in shown
    )


def page(texts: Texts, key: str) -> Text:
    """One of the program's own screens as a scene."""
    found = texts.page(key)
    return Text(text=found.text.strip(), title=found.title)
