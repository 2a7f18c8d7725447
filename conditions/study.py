"""The schema of a study of pain: all of what is done to a participant, and in which order.

What differs between rooms (ports, screen, dummies, the thermode's limits) is in the rig file.
Studies of another paradigm: `conditions.paradigms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from conditions.any_study import AnyStudyFile, Clinician, RunVerdict, TrustLevel, unique_ids
from conditions.phases import (
    ClinicianPhase,
    HeatPhase,
    LeadInPhase,
    Phase,
    RatingPhase,
    jitter_of,
)
from conditions.strict import Celsius, FromList, Label, ScalePosition, Seconds, StrictModel


class Scan(StrictModel):
    """A study with a scanner; dummy volumes are the rig's."""

    tr_s: Annotated[Seconds, Field(ge=0.1, le=20)]


class Temperatures(StrictModel):
    """Named levels, lowest first: fixed, or the ratings at which a calibration aims."""

    levels: Annotated[tuple[Label, ...], Field(strict=False, min_length=1, max_length=6)]
    fixed: Annotated[tuple[Celsius, ...], FromList]
    targets_vas: Annotated[tuple[ScalePosition, ...], FromList]
    targets_glms: Annotated[tuple[ScalePosition, ...], FromList]

    @model_validator(mode="after")
    def _one_for_each_level(self) -> Temperatures:
        if len(set(self.levels)) < len(self.levels):
            raise ValueError("levels must all be different")
        for key in ("fixed", "targets_vas", "targets_glms"):
            values = getattr(self, key)
            if len(values) != len(self.levels):
                raise ValueError(
                    f"{key} has {len(values)} value(s), but levels has {len(self.levels)}"
                )
            if list(values) != sorted(set(values)):
                shown = ", ".join(f"{value:g}" for value in values)
                raise ValueError(f"{key} is [{shown}], but must ascend, as levels does")
        return self


class Clinicians(StrictModel):
    """Which portraits: `shipped`, or the manifest of a folder, relative to the study file."""

    set: str
    levels: Annotated[tuple[TrustLevel, TrustLevel], FromList]
    identities: Annotated[tuple[Clinician, ...], Field(strict=False, min_length=2, max_length=16)]

    @model_validator(mode="after")
    def _can_be_halved(self) -> Clinicians:
        ids = unique_ids(self.identities)
        if len(ids) % 2:
            raise ValueError(
                f"identities has {len(ids)} clinicians, but the number must be even: half of "
                "them are met at one trust level"
            )
        if self.levels[0] == self.levels[1]:
            raise ValueError(f"levels is {self.levels[0]!r} twice, but must name two trust levels")
        return self


class TrustByTemperature(StrictModel):
    """Every clinician at one trust level, with heat at every temperature.

    `each_clinician`: "at_each_temperature" once in a run (clinicians x temperatures trials), or
    "once" in a run (as many trials as clinicians; the temperatures change from run to run).
    """

    kind: Literal["trust_by_temperature"]
    each_clinician: Literal["at_each_temperature", "once"]
    balance_assignment: Annotated[tuple[Literal["skin_tone", "sex"], ...], FromList]
    max_same_trust: Annotated[int, Field(ge=1, le=100)]
    max_same_temperature: Annotated[int, Field(ge=1, le=100)]
    min_other_clinicians: Annotated[int, Field(ge=0, le=15)]
    balance_by_half: bool
    first_trial_trust_balanced: bool


class SkinSites(StrictModel):
    """Places for the probe, numbered from 1; one a run, those not used by runs are spare."""

    count: Annotated[int, Field(ge=1, le=20)]
    for_runs: Annotated[int, Field(ge=1, le=20)]


class Ratings(StrictModel):
    """In which order the ratings come, and when high ones end the segment."""

    order: Literal["fixed", "alternate_by_block"]
    high_rating: ScalePosition
    high_rating_successive: Annotated[int, Field(ge=1, le=20)]
    glms_labels: Label


class FaceRatings(StrictModel):
    """The manipulation check: every clinician on every item, 0-100."""

    when: Literal["before", "after", "both"]
    items: Annotated[tuple[Label, ...], Field(strict=False, min_length=1, max_length=20)]


class Verdict(RunVerdict):
    """With what is asked of the scanner's pulses.

    `max_pulse_jitter_ms`: how far 99 in 100 may be off the scanner's rhythm.
    """

    max_missing_pulses: Annotated[int, Field(ge=0, le=1_000)] = 2
    max_doubled_pulses: Annotated[int, Field(ge=0, le=1_000)] = 2
    max_pulse_jitter_ms: Annotated[float, Field(gt=0, le=1_000)] = 10.0


class Exclusion(StrictModel):
    """Who is left out of the group report: rules to be preregistered with the study file.

    `max_missing_share`: of a participant's planned ratings. `runs_with_timing`: runs of this
    verdict or a worse one are left out. `min_temperature_effect`: whoever doesn't rate the highest
    temperature by more points higher than the lowest doesn't respond.
    """

    max_missing_share: Annotated[float, Field(ge=0, le=1)]
    runs_with_timing: Literal["look", "not_good", "never"]
    min_runs: Annotated[int, Field(ge=1, le=50)]
    min_temperature_effect: Annotated[float, Field(ge=-100, le=100)]


class Study(AnyStudyFile):
    """A whole study file of pain. Durations are seconds, temperatures degrees Celsius."""

    paradigm: Literal["pain"] = "pain"
    runs: Annotated[int, Field(ge=1, le=50)]
    scan: Scan | None = None
    temperatures: Temperatures
    clinicians: Clinicians
    design: TrustByTemperature
    skin_sites: SkinSites
    ratings: Ratings
    face_ratings: FaceRatings
    verdict: Verdict
    exclusion: Exclusion | None = None
    lead_in: Annotated[tuple[LeadInPhase, ...], FromList] = ()
    trial: Annotated[tuple[Phase, ...], Field(strict=False, min_length=1, max_length=50)]

    @property
    def trials_a_run(self) -> int:
        """Rated trials in a run, the lead-in not counted."""
        clinicians = len(self.clinicians.identities)
        if self.design.each_clinician == "once":
            return clinicians
        return clinicians * len(self.temperatures.levels)

    @property
    def heat(self) -> HeatPhase:
        """The trial's heat."""
        return next(phase for phase in self.trial if isinstance(phase, HeatPhase))

    @property
    def rating_phases(self) -> tuple[RatingPhase, ...]:
        """The trial's ratings, in the order of the file."""
        return tuple(phase for phase in self.trial if isinstance(phase, RatingPhase))

    @property
    def scale(self) -> Literal["vas", "glms"]:
        """The scale on which intensity is rated (VAS if it isn't rated at all)."""
        for phase in self.rating_phases:
            if phase.question == "intensity":
                return phase.scale
        return "vas"

    @property
    def targets(self) -> tuple[float, ...]:
        """The ratings at which a calibration aims, one for each temperature level."""
        if self.scale == "glms":
            return self.temperatures.targets_glms
        return self.temperatures.targets_vas

    def numbered_phases(self) -> list[tuple[str, LeadInPhase | Phase]]:
        """The lead-in's and the trial's phases."""
        return [*_numbered(self.lead_in, self.trial)]

    @model_validator(mode="after")
    def _has_the_phases_that_its_design_needs(self) -> Study:
        for kind in (HeatPhase, ClinicianPhase):
            found = sum(isinstance(phase, kind) for phase in self.trial)
            if found != 1:
                word = kind.model_fields["phase"].annotation.__args__[0]  # type: ignore[union-attr]
                raise ValueError(f'trial has {found} phases of kind "{word}", but must have one')
        if sum(isinstance(phase, HeatPhase) for phase in self.lead_in) > 1:
            raise ValueError('lead_in has more than one phase of kind "heat", but may have one')
        for where, phase in _numbered(self.lead_in, ()):
            if jitter_of(phase) is not None:
                raise ValueError(f"{where}.duration is a jitter, but a lead-in's must be fixed")
        if len({phase.question for phase in self.rating_phases}) < len(self.rating_phases):
            raise ValueError("trial has two ratings of the same question, but may have one of each")
        return self

    @model_validator(mode="after")
    def _scanned_run_has_a_fixed_length(self) -> Study:
        for where, phase in _numbered((), self.trial):
            if self.scan is not None and getattr(phase, "until_response", False):
                raise ValueError(
                    f"{where}.until_response is true, but a study with a scan section needs a "
                    "duration: its volumes are counted beforehand"
                )
        return self

    @model_validator(mode="after")
    def _numbers_fit_one_another(self) -> Study:
        half, levels = len(self.clinicians.identities) // 2, len(self.temperatures.levels)
        if self.design.each_clinician == "once" and half % levels:
            raise ValueError(
                f'design.each_clinician is "once", but {half} clinicians of a trust level can\'t '
                f"be shared out equally among {levels} temperatures"
            )
        if self.design.min_other_clinicians >= 2 * half:
            raise ValueError(
                f"design.min_other_clinicians is {self.design.min_other_clinicians}, but there are "
                f"only {2 * half} clinicians"
            )
        if self.skin_sites.for_runs > min(self.skin_sites.count, self.runs):
            raise ValueError(
                f"skin_sites.for_runs is {self.skin_sites.for_runs}, but must be at most "
                f"skin_sites.count ({self.skin_sites.count}) and runs ({self.runs})"
            )
        return self


def _numbered(
    lead_in: Sequence[LeadInPhase], trial: Sequence[Phase]
) -> list[tuple[str, LeadInPhase | Phase]]:
    """The phases with their place in the file, as the error messages name it."""
    return [
        *((f"lead_in[{number}]", phase) for number, phase in enumerate(lead_in, start=1)),
        *((f"trial[{number}]", phase) for number, phase in enumerate(trial, start=1)),
    ]
