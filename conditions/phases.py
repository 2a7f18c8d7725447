"""Kinds of phase: what a study file may say about each part of a trial.

A kind is a model here, entered in the union of its paradigm: `Phase` (and `LeadInPhase`, if it needs
neither a clinician nor an answer) or `NormingPhase`; how it looks and what it does is in
`experiment.phases`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from conditions.strict import (
    FromList,
    Label,
    ScalePosition,
    Seconds,
    StrictModel,
    milliseconds,
)


class Jitter(StrictModel):
    """A duration that differs from trial to trial, with a mean that is exact in every run.

    `jitter` is the shortest and the longest duration, in seconds; `step` the grid between them.
    """

    jitter: Annotated[tuple[Seconds, Seconds], FromList]
    mean: Seconds
    step: Annotated[float, Field(ge=0.001, le=10, description="seconds")] = 0.1

    @model_validator(mode="after")
    def _is_a_range(self) -> Jitter:
        low, high = self.jitter
        if not low < high:
            raise ValueError(f"jitter is [{low:g}, {high:g}], but its second number must be larger")
        if not low <= self.mean <= high:
            raise ValueError(f"mean is {self.mean:g}, but must lie in jitter, {low:g} to {high:g}")
        if milliseconds(self.step) / 1000 != self.step:
            raise ValueError(f"step is {self.step:g}, but must be whole milliseconds")
        if (milliseconds(high) - milliseconds(low)) % milliseconds(self.step):
            raise ValueError(
                f"step is {self.step:g}, but jitter's {low:g} to {high:g} must be a whole number "
                "of steps"
            )
        return self

    @property
    def steps(self) -> int:
        """How many steps the longest duration is above the shortest."""
        return (milliseconds(self.jitter[1]) - milliseconds(self.jitter[0])) // milliseconds(
            self.step
        )

    def steps_in_all(self, trials: int) -> int:
        """Steps above the shortest that so many trials share out. ValueError if it's no integer."""
        above = trials * (milliseconds(self.mean) - milliseconds(self.jitter[0]))
        if above % milliseconds(self.step):
            raise ValueError(
                f"mean is {self.mean:g}, but {trials} durations in steps of {self.step:g} can't "
                "have exactly that mean"
            )
        return above // milliseconds(self.step)


# The tags stand in a validation error's location, where no key of a file may look like them.
def _seconds_or_jitter(value: Any) -> str:
    return "<jitter>" if isinstance(value, dict | Jitter) else "<seconds>"


Duration = Annotated[
    Annotated[Seconds, Tag("<seconds>")] | Annotated[Jitter, Tag("<jitter>")],
    Discriminator(_seconds_or_jitter),
]


def _number_or_random(value: Any) -> str:
    return "<random>" if isinstance(value, str) else "<position>"


Start = Annotated[
    Annotated[ScalePosition, Tag("<position>")] | Annotated[Literal["random"], Tag("<random>")],
    Discriminator(_number_or_random),
]


class _AnyPhase(StrictModel):
    """What every phase has.

    `name` is unique in the file (columns and markers go by it), `trial_type` is what stands in
    `events.tsv` (two fixations share one). Both default to the kind; a rating's to
    `rating_<question>`. `marker` is the code sent at its onset, 1-255; without it none is sent.
    """

    name: Label
    trial_type: Label
    marker: Annotated[int, Field(ge=1, le=255)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _named_by_kind(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("phase"), str):
            return data
        kind = data["phase"]
        if kind == "rating" and isinstance(data.get("question"), str):
            kind = f"rating_{data['question']}"
        return {"name": kind, "trial_type": kind, **data}


class FixationPhase(_AnyPhase):
    """A fixation cross."""

    phase: Literal["fixation"]
    duration: Duration


class ClinicianPhase(_AnyPhase):
    """The trial's clinician enters; `fade_in_s` of its duration the portrait takes to appear."""

    phase: Literal["clinician"]
    duration: Duration
    fade_in_s: Annotated[float, Field(ge=0, le=10, description="seconds")] = 0.0


class AnticipationPhase(_AnyPhase):
    """The face stays, and a line of text announces the procedure."""

    phase: Literal["anticipation"]
    duration: Duration


class HeatPhase(_AnyPhase):
    """Heat; the face stays. Its slot is long enough for the rig's hottest stimulus, so its length
    follows from `plateau_s` and the rig (`conditions.schedule.heat_slot`)."""

    phase: Literal["heat"]
    plateau_s: Annotated[Seconds, Field(le=30)]


class _AnswerPhase(_AnyPhase):
    """A phase that waits for an answer: for a stated time, or until it has come."""

    duration: Seconds | None = None
    until_response: bool = False

    @model_validator(mode="after")
    def _one_end(self) -> _AnswerPhase:
        if self.until_response == (self.duration is not None):
            raise ValueError(
                "needs either duration (seconds) or until_response = true, "
                + ("not both" if self.until_response else "and has neither")
            )
        return self


class RatingPhase(_AnswerPhase):
    """A rating; `start` is where the cursor stands at first: 0 to 100, or drawn for each trial."""

    phase: Literal["rating"]
    question: Literal["intensity", "unpleasantness"]
    scale: Literal["vas", "glms"]
    start: Start


class PortraitRatingPhase(_AnyPhase):
    """The trial's portrait with the question of its block below, until it's answered.

    Or until `longest_s` is over, so that who has left the room holds nothing up. `start` as in
    a rating.
    """

    until_response: ClassVar[bool] = True
    phase: Literal["portrait_rating"]
    start: Start
    longest_s: Annotated[Seconds, Field(ge=5)]


class TextPhase(_AnswerPhase):
    """A page of text; `text` is a key of the texts in `stimuli/`."""

    phase: Literal["text"]
    text: Label


class ChoicePhase(_AnswerPhase):
    """A question with options (painful: yes or no); all are keys of the texts in `stimuli/`."""

    phase: Literal["choice"]
    question: Label
    options: Annotated[tuple[Label, ...], Field(strict=False, min_length=2, max_length=9)]

    @field_validator("options")
    @classmethod
    def _all_different(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(options)) < len(options):
            raise ValueError("must all be different")
        return options


Phase = Annotated[
    FixationPhase
    | ClinicianPhase
    | AnticipationPhase
    | HeatPhase
    | RatingPhase
    | TextPhase
    | ChoicePhase,
    Field(discriminator="phase"),
]
LeadInPhase = Annotated[
    FixationPhase | HeatPhase,
    Field(discriminator="phase"),
]
NormingPhase = Annotated[
    FixationPhase | PortraitRatingPhase,
    Field(discriminator="phase"),
]


def jitter_of(phase: Phase | NormingPhase) -> Jitter | None:
    """The jitter of a phase's duration, or None if it's fixed."""
    duration = getattr(phase, "duration", None)
    return duration if isinstance(duration, Jitter) else None
