"""How long things take: the heat slot, a trial, a run, and the volumes that the scanner needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from conditions.paradigms import AnyStudy
from conditions.phases import HeatPhase, LeadInPhase, NormingPhase, Phase, jitter_of
from conditions.strict import milliseconds


@dataclass(frozen=True)
class ThermodeFigures:
    """What a trial table must know of the rig's thermode.

    Temperatures in degrees Celsius, rates in degrees Celsius per second. `programs` are the
    temperatures that the device can give, where it knows only some (Medoc); None: any.
    """

    baseline: float
    rise_rate: float
    return_rate: float
    highest_target: float
    programs: tuple[float, ...] | None = None

    def given(self, temperature: float) -> float:
        """What the thermode gives for a wanted temperature: never above it.

        Raises `ValueError` if its lowest program is hotter.
        """
        if self.programs is None:
            return temperature
        possible = [program for program in self.programs if program <= temperature + 1e-6]
        if not possible:
            lowest = min(self.programs, default=math.nan)
            raise ValueError(
                f"{temperature:g} C is needed, but the thermode's lowest program is {lowest:g} C"
            )
        return max(possible)


def heat_slot(plateau_s: float, thermode: ThermodeFigures) -> float:
    """Seconds of a heat phase: rise to the rig's *highest* target, plateau and return.

    Of fixed length, so that the schedule doesn't depend on the temperature; rounded up to 0.1 s.
    """
    span = thermode.highest_target - thermode.baseline
    exact = plateau_s + span / thermode.rise_rate + span / thermode.return_rate
    return math.ceil(round(exact * 10, 6)) / 10


def phase_length(
    phase: Phase | LeadInPhase | NormingPhase,
    thermode: ThermodeFigures | None,
    jittered: Mapping[str, float | None] | None = None,
) -> float:
    """Seconds of a phase; 0 for one that lasts until the response.

    `jittered` holds the drawn durations as `<name>_s` (a row of the trial table will do); without
    it, a jittered phase counts with its mean. `thermode` is None in a study without heat.
    """
    if isinstance(phase, HeatPhase):
        if thermode is None:
            raise ValueError("the study gives heat, but there are no figures of a thermode")
        return heat_slot(phase.plateau_s, thermode)
    jitter = jitter_of(phase)
    if jitter is None:
        return getattr(phase, "duration", None) or 0.0
    drawn = jittered.get(f"{phase.name}_s") if jittered is not None else None
    return jitter.mean if drawn is None else drawn


def lead_in_length(study: AnyStudy, thermode: ThermodeFigures | None) -> float:
    """Seconds before a run's first trial."""
    return sum(milliseconds(phase_length(phase, thermode)) for phase in study.lead_in) / 1000


def trial_length(
    study: AnyStudy,
    thermode: ThermodeFigures | None,
    jittered: Mapping[str, float | None] | None = None,
) -> float:
    """Seconds of a trial; without `jittered` of a mean one."""
    lengths = (milliseconds(phase_length(phase, thermode, jittered)) for phase in study.trial)
    return sum(lengths) / 1000


def run_length(study: AnyStudy, thermode: ThermodeFigures | None) -> float:
    """Seconds of a run, from the schedule's zero: the same for every run and participant.

    Phases that last until the response (unscanned studies only) aren't counted.
    """
    trials = sum(
        study.trials_a_run * milliseconds(phase_length(phase, thermode)) for phase in study.trial
    )
    lead_in = milliseconds(lead_in_length(study, thermode))
    return (lead_in + trials + milliseconds(study.run_end_s)) / 1000


def volumes(study: AnyStudy, length_s: float, dummies_stored: int) -> int | None:
    """What to type at the scanner's console for so many seconds; None for an unscanned study."""
    if study.scan is None:
        return None
    return dummies_stored + math.ceil(round(length_s / study.scan.tr_s, 9))
