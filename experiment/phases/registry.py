"""How each kind of phase looks, and what it does: from a study file's phase to scene and action.

`BUILDERS` is the whole registry: a new kind of phase is one more function in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conditions import phases as kinds
from experiment.phases.choice import TakeChoice
from experiment.phases.heat import GiveHeat
from experiment.phases.rating import TakeRating
from experiment.plan.scene import Choice, Fixation, Portrait, RatingScale, ScaleLabel, Scene, Text
from experiment.plan.timeline import Action
from hardware.devices import Stimulus


@dataclass(frozen=True)
class Materials:
    """What scenes are made of: texts, scales, portraits, and the rig's thermode figures."""

    text: Callable[..., str]  # key, and what is filled in by name -> text; ValueError if unknown
    labels: Callable[[str, str], tuple[ScaleLabel, ...]]  # scale, question -> labels
    hint: Callable[[str], str]  # scale -> how to answer on it
    portrait: Callable[[str, str], Path]  # clinician, trust level -> picture
    baseline: float  # as the next two NaN in a study without heat
    rise_rate: float
    return_rate: float


Row = dict[str, Any]
Built = tuple[Scene, Action | None]  # what is shown, and what is done


def _fixation(spec: kinds.FixationPhase, row: Row, materials: Materials) -> Built:
    return Fixation(), None


def _face(row: Row, materials: Materials, caption: str, fade_in_s: float = 0.0) -> Scene:
    """The trial's clinician; in a lead-in, which has none, the fixation cross."""
    if row["clinician"] is None:
        return Fixation()
    picture = materials.portrait(row["clinician"], row["trust"])
    return Portrait(picture, caption, fade_in_s)


def _clinician(spec: kinds.ClinicianPhase, row: Row, materials: Materials) -> Built:
    name = materials.text(f"names.{row['clinician']}")
    caption = materials.text("trial.introduction", name=name)
    return _face(row, materials, caption, spec.fade_in_s), None


def _anticipation(spec: kinds.AnticipationPhase, row: Row, materials: Materials) -> Built:
    return _face(row, materials, materials.text("trial.anticipation")), None


def _heat(spec: kinds.HeatPhase, row: Row, materials: Materials) -> Built:
    stimulus = Stimulus(
        number=row["stimulus"],
        target=row["temperature"],
        plateau_s=row["plateau_s"],
        baseline=materials.baseline,
        rise_rate=materials.rise_rate,
        return_rate=materials.return_rate,
        skin_site=row["skin_site"],
    )
    return _face(row, materials, ""), GiveHeat(stimulus)


def _rating(spec: kinds.RatingPhase, row: Row, materials: Materials) -> Built:
    start = row[f"{spec.name}_start"] if spec.start == "random" else spec.start
    scene = RatingScale(
        kind=spec.scale,
        question=materials.text(f"questions.{spec.question}"),
        labels=materials.labels(spec.scale, spec.question),
        hint=materials.hint(spec.scale),
    )
    return scene, TakeRating(spec.question, spec.scale, float(start))


def portrait_scale(question: str, clinician: str, level: str, materials: Materials) -> RatingScale:
    """A clinician's portrait with a question and its scale below."""
    return RatingScale(
        kind="vas",
        question=materials.text(f"questions.{question}"),
        labels=materials.labels("vas", question),
        hint=materials.hint("vas"),
        picture=materials.portrait(clinician, level),
    )


def _portrait_rating(spec: kinds.PortraitRatingPhase, row: Row, materials: Materials) -> Built:
    start = row[f"{spec.name}_start"] if spec.start == "random" else spec.start
    scene = portrait_scale(row["question"], row["clinician"], row["trust"], materials)
    return scene, TakeRating(row["question"], "vas", float(start), spec.longest_s)


def _text(spec: kinds.TextPhase, row: Row, materials: Materials) -> Built:
    return Text(materials.text(spec.text)), TakeChoice(spec.name, ("next",), ("next",))


def _choice(spec: kinds.ChoicePhase, row: Row, materials: Materials) -> Built:
    options = tuple(materials.text(option) for option in spec.options)
    roles = ("yes", "no") if len(options) == 2 else tuple(str(n + 1) for n in range(len(options)))
    scene = Choice(materials.text(spec.question), options)
    return scene, TakeChoice(spec.question, tuple(spec.options), roles)


BUILDERS: dict[str, Callable[[Any, Row, Materials], Built]] = {
    "fixation": _fixation,
    "clinician": _clinician,
    "anticipation": _anticipation,
    "heat": _heat,
    "rating": _rating,
    "portrait_rating": _portrait_rating,
    "text": _text,
    "choice": _choice,
}
