"""The schema of a study that norms portraits: raters judge every picture on every question.

Without heat, scanner or markers, so that none of their sections and keys exists here. A block is a
run: one question, with all portraits in random order, as in Oosterhof & Todorov (2008, PNAS
105(32), 11087-11092).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from conditions.any_study import AnyStudyFile, Clinician, RunVerdict, TrustLevel, unique_ids
from conditions.phases import NormingPhase, PortraitRatingPhase
from conditions.strict import FromList, Label, StrictModel


class NormedClinicians(StrictModel):
    """Which portraits: `shipped`, or the manifest of a folder, relative to the study file."""

    set: str
    levels: Annotated[tuple[TrustLevel, ...], Field(strict=False, min_length=1, max_length=3)]
    identities: Annotated[tuple[Clinician, ...], Field(strict=False, min_length=2, max_length=100)]

    @model_validator(mode="after")
    def _all_different(self) -> NormedClinicians:
        unique_ids(self.identities)
        if len(set(self.levels)) < len(self.levels):
            raise ValueError("levels must all be different")
        return self


class NumberScale(StrictModel):
    """A line that stands for numbers: those at its two ends, and their unit."""

    ends: Annotated[tuple[float, float], FromList]
    unit: Annotated[str, Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _is_a_range(self) -> NumberScale:
        low, high = self.ends
        if not low < high:
            raise ValueError(f"ends is [{low:g}, {high:g}], but its second number must be larger")
        return self

    def value(self, position: float) -> float:
        """What a position on the line (0 to 100) stands for."""
        low, high = self.ends
        return low + (high - low) * position / 100.0


class Question(StrictModel):
    """What is asked; `name` is a key of the texts. Without `numbers`, 0 to 100 between two words."""

    name: Label
    numbers: NumberScale | None = None


class PortraitsByQuestion(StrictModel):
    """A block a question, all portraits in each.

    `block_order`: "balanced" over allocation numbers, so that each question comes at each place
    and after each other one equally often; or "fixed", as in the file.
    """

    kind: Literal["portraits_by_question"]
    questions: Annotated[tuple[Question, ...], Field(strict=False, min_length=1, max_length=20)]
    block_order: Literal["balanced", "fixed"]
    min_other_clinicians: Annotated[int, Field(ge=1, le=98)]

    @model_validator(mode="after")
    def _all_different(self) -> PortraitsByQuestion:
        if len(set(self.names)) < len(self.names):
            raise ValueError("questions must all have different names")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The questions' names, in the order of the file."""
        return tuple(question.name for question in self.questions)


class NormingStudy(AnyStudyFile):
    """A whole study file that norms portraits. Durations are seconds."""

    paradigm: Literal["norming"]
    clinicians: NormedClinicians
    design: PortraitsByQuestion
    verdict: RunVerdict
    trial: Annotated[tuple[NormingPhase, ...], Field(strict=False, min_length=1, max_length=10)]

    @property
    def runs(self) -> int:
        """Blocks, one a question."""
        return len(self.design.questions)

    @property
    def trials_a_run(self) -> int:
        """Portraits."""
        return len(self.clinicians.identities) * len(self.clinicians.levels)

    @property
    def scan(self) -> None:
        """Nothing is scanned."""
        return None

    @property
    def lead_in(self) -> tuple[()]:
        """A block begins with its first portrait."""
        return ()

    @property
    def rating_phases(self) -> tuple[()]:
        """None whose order could change: a trial has one question."""
        return ()

    @property
    def portrait_rating(self) -> PortraitRatingPhase:
        """The trial's question."""
        return next(phase for phase in self.trial if isinstance(phase, PortraitRatingPhase))

    def question(self, name: str) -> Question:
        """A question by its name. Raises `ValueError`."""
        for question in self.design.questions:
            if question.name == name:
                return question
        raise ValueError(f"the study {self.name} doesn't ask {name!r}")

    def numbered_phases(self) -> list[tuple[str, NormingPhase]]:
        """The trial's phases."""
        return [(f"trial[{number}]", phase) for number, phase in enumerate(self.trial, start=1)]

    @model_validator(mode="after")
    def _has_one_question_and_no_markers(self) -> NormingStudy:
        found = sum(isinstance(phase, PortraitRatingPhase) for phase in self.trial)
        if found != 1:
            raise ValueError(
                f'trial has {found} phases of kind "portrait_rating", but must have one'
            )
        for where, phase in self.numbered_phases():
            if phase.marker is not None:
                raise ValueError(
                    f"{where}.marker is {phase.marker}, but a norming study sends no markers: "
                    "leave it out"
                )
        return self

    @model_validator(mode="after")
    def _clinicians_can_be_kept_apart(self) -> NormingStudy:
        clinicians, wanted = len(self.clinicians.identities), self.design.min_other_clinicians
        if wanted >= clinicians:
            raise ValueError(
                f"design.min_other_clinicians is {wanted}, but there are only {clinicians} "
                "clinicians"
            )
        return self
