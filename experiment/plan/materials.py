"""What scenes are made of: texts, scale labels and portraits, looked up for one session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from conditions.schedule import ThermodeFigures
from conditions.study import Study
from experiment.errors import UserError
from experiment.phases.registry import Materials
from experiment.plan.scene import ScaleLabel, Text
from stimuli.texts import Texts, load_scale, scale_labels


def materials_of(
    study: Study,
    texts: Texts,
    thermode: ThermodeFigures,
    portrait: Callable[[str, str], Path],
    *,
    hand: Literal["keys", "mouse", "stick"],
) -> Materials:
    """Everything that the builders of `experiment.phases` need. Raises `UserError`.

    `hand`: what the hints under a scale speak of.
    """
    try:
        glms = load_scale(study.ratings.glms_labels)
    except ValueError as error:
        raise UserError(f"the study's gLMS labels can't be used: {error}") from None

    def labels(kind: str, question: str) -> tuple[ScaleLabel, ...]:
        found = scale_labels(texts, "glms" if kind == "glms" else "vas", question, glms)
        return tuple(ScaleLabel(position, text) for position, text in found)

    return Materials(
        text=texts.text,
        labels=labels,
        hint=lambda kind: texts.text(f"hints.{kind}_{hand}"),
        portrait=portrait,
        baseline=thermode.baseline,
        rise_rate=thermode.rise_rate,
        return_rate=thermode.return_rate,
    )


def page(texts: Texts, key: str) -> Text:
    """One of the program's own screens as a scene."""
    found = texts.page(key)
    return Text(text=found.text.strip(), title=found.title)
