"""What every study file has, whatever its paradigm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from conditions.phases import jitter_of
from conditions.strict import Label, Seconds, StrictModel

TrustLevel = Literal["low", "neutral", "high"]
# Columns of the trial table that a phase's own `<name>_s` or `<name>_start` must not cover.
RESERVED_NAMES = ("heat_slot", "plateau", "onset", "length")


class Clinician(StrictModel):
    """Who a portrait shows; `id` is the one in the manifest of the set."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$", max_length=40)]
    sex: Literal["female", "male"]
    skin_tone: Literal["light", "tan", "brown", "dark"]


def unique_ids(identities: Sequence[Clinician]) -> list[str]:
    """The clinicians' ids. Raises `ValueError` if one is there twice."""
    ids = [clinician.id for clinician in identities]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise ValueError(f"identities has the id {twice!r} twice, but ids must be unique")
    return ids


class RunVerdict(StrictModel):
    """When the timing of a run is worth a look; a breach of twice as much is "not good"."""

    max_lateness_ms: Annotated[float, Field(gt=0, le=10_000)]
    max_dropped_frames: Annotated[int, Field(ge=0, le=100_000)]


class AnyStudyFile(StrictModel):
    """The part of a study file that all paradigms share. Durations are seconds."""

    name: Label
    title: Annotated[str, Field(min_length=1, max_length=200)]
    task: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$", max_length=40)]
    run_end_s: Seconds
    interrupted_trials: Literal["repeat_at_end", "drop"]

    @property
    def trials_a_run(self) -> int:
        """Rated trials in a run."""
        raise NotImplementedError

    def numbered_phases(self) -> list[tuple[str, Any]]:
        """All phases with their place in the file, as the error messages name it."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _names_and_markers_are_unique(self) -> AnyStudyFile:
        names: dict[str, str] = {}
        markers: dict[int, str] = {}
        for where, phase in self.numbered_phases():
            if phase.name in names:
                raise ValueError(
                    f"{where}.name is {phase.name!r}, as in {names[phase.name]}, but must be "
                    "unique: give one of the two another name (trial_type may be the same)"
                )
            if phase.name in RESERVED_NAMES:
                raise ValueError(
                    f"{where}.name is {phase.name!r}, but this stands for a column of the trial "
                    "table: choose another name"
                )
            names[phase.name] = where
            if phase.marker is not None and phase.marker in markers:
                raise ValueError(
                    f"{where}.marker is {phase.marker}, as in {markers[phase.marker]}, but codes "
                    "must be unique"
                )
            if phase.marker is not None:
                markers[phase.marker] = where
        return self

    @model_validator(mode="after")
    def _jitters_have_their_mean_in_every_run(self) -> AnyStudyFile:
        for where, phase in self.numbered_phases():
            jitter = jitter_of(phase)
            if jitter is not None and where.startswith("trial"):
                try:
                    jitter.steps_in_all(self.trials_a_run)
                except ValueError as error:
                    raise ValueError(f"{where}.duration.{error}") from None
        return self
