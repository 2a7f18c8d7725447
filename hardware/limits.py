"""Safety limits: the code's own ceilings, and the stricter ones that a rig file may set."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

HOT_ABOVE = 47.0  # plateaus at targets above this have the shorter limit
LOWEST_BASELINE = 20.0  # lowest neutral temperature that a TCS takes; below it isn't a baseline

HIGHEST_TARGET = 50.0
LONGEST_PLATEAU_HOT_S = 12.0
LONGEST_PLATEAU_S = 30.0
HIGHEST_BASELINE = 38.0
HIGHEST_RATE = 100.0
SHORTEST_PAUSE_S = 10.0
HIGHEST_DOSE_STIMULUS = 18.0
HIGHEST_DOSE_SITE = 200.0
MOST_STIMULI_SITE = 40
MOST_STIMULI_VISIT = 160
TOLERANCE = 0.5
TOLERANCE_S = 0.2


class SafetyLimits(BaseModel):
    """What no stimulus of a rig may exceed; a rig file can only be stricter than the ceilings.

    The ceilings are constants of this file; neither a study nor a calibration nor a rig can
    raise them. They are ours, for a laboratory's safety officer to confirm. Temperatures in
    degrees Celsius, rates in degrees Celsius per second, doses in CEM43 minutes
    (`hardware.dose`). The defaults are the values of the shipped rigs.

    Why these:

    - Contact burns of the epidermis are widely reported (after Moritz & Henriques 1947) after
      about 18 min at 48 C, 9.5 min at 49 C and 4 min at 51 C, which is a CEM43 of 576, 608 and
      1,024. 50 C for 12 s with its ramps is below 30, of which `HIGHEST_DOSE_STIMULUS` allows 18;
      a skin site may collect 200 in 24 hours, about a third of the lowest figure.
    - The target stays at or below 50 C, since time to injury halves with each degree.
    - A baseline is held without end, so it stays below the lowest published heat pain
      thresholds (42.0 C, Defrin 2006) by a margin of 4 C.
    - Rates: beyond 100 C/s the probe's overshoot isn't known to us.
    - A pause lets a site cool and the person say stop; counts bound what adds up otherwise.
    - Delivered above asked-for: 0.5 C during 0.2 s is a controller's ordinary overshoot; more is
      a fault, at which the guard aborts.

    Raises `pydantic.ValidationError` (a `ValueError`) for a limit beyond its ceiling.
    """

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid", frozen=True)

    highest_target: Annotated[float, Field(gt=0, le=HIGHEST_TARGET)] = 49.0
    longest_plateau_hot_s: Annotated[float, Field(gt=0, le=LONGEST_PLATEAU_HOT_S)] = 10.0
    longest_plateau_s: Annotated[float, Field(gt=0, le=LONGEST_PLATEAU_S)] = 20.0
    highest_baseline: Annotated[float, Field(ge=LOWEST_BASELINE, le=HIGHEST_BASELINE)] = 35.0
    highest_rate: Annotated[float, Field(gt=0, le=HIGHEST_RATE)] = 75.0
    shortest_pause_s: Annotated[float, Field(ge=SHORTEST_PAUSE_S, le=3600)] = 15.0
    highest_dose_stimulus: Annotated[float, Field(gt=0, le=HIGHEST_DOSE_STIMULUS)] = 10.0
    highest_dose_site: Annotated[float, Field(gt=0, le=HIGHEST_DOSE_SITE)] = 150.0
    most_stimuli_site: Annotated[int, Field(gt=0, le=MOST_STIMULI_SITE)] = 30
    most_stimuli_visit: Annotated[int, Field(gt=0, le=MOST_STIMULI_VISIT)] = 140
    tolerance: Annotated[float, Field(gt=0, le=TOLERANCE)] = 0.5
    tolerance_s: Annotated[float, Field(gt=0, le=TOLERANCE_S)] = 0.2

    def longest_plateau_at(self, target: float) -> float:
        """Longest plateau in seconds that is allowed at `target` (degrees Celsius)."""
        return self.longest_plateau_hot_s if target > HOT_ABOVE else self.longest_plateau_s
