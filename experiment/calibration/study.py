"""A study's trial without its clinician: fixation, heat, fixation, intensity rating."""

from __future__ import annotations

from typing import Any

import numpy as np

from conditions.phases import FixationPhase, HeatPhase, RatingPhase, jitter_of
from conditions.schedule import ThermodeFigures, heat_slot
from conditions.strict import milliseconds
from conditions.study import Study
from experiment.calibration.estimate import Proposal

PREFIX = "calibration_"  # of the phases' names, by which readers of the journal know them
END_S = 0.5  # the cross after the rating, before the probe is moved
OUTSIDE_RUNS = 0


def calibration_study(study: Study) -> Study:
    """The study with the trial of its calibration: same plateau, scale and durations, no markers.

    Raises `ValueError`, in one sentence, for a study that doesn't rate intensity.
    """
    kept = [
        phase.model_copy(update={"name": f"{PREFIX}{phase.name}", "marker": None})
        for phase in study.trial
        if isinstance(phase, FixationPhase | HeatPhase)
        or (isinstance(phase, RatingPhase) and phase.question == "intensity")
    ]
    if not any(isinstance(phase, RatingPhase) for phase in kept):
        raise ValueError(
            f"the study {study.name} doesn't rate intensity, so it can't be calibrated"
        )
    # Not validated again: without a clinician it isn't a study, only what the timeline needs.
    return study.model_copy(
        update={"trial": tuple(kept), "lead_in": (), "run_end_s": END_S, "scan": None}
    )


def row_of(
    study: Study,
    thermode: ThermodeFigures,
    proposal: Proposal,
    number: int,
    stimulus: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """The row of one proposed stimulus, as in the trial table; `study` as made above."""
    row: dict[str, Any] = {
        "run": OUTSIDE_RUNS,
        "trial": number,
        "stimulus": stimulus,
        "clinician": None,
        "trust": None,
        "temperature": proposal.temperature,
        "skin_site": proposal.site,
        "heat_slot_s": heat_slot(study.heat.plateau_s, thermode),
        "plateau_s": study.heat.plateau_s,
        "first_rating": None,
    }
    for phase in study.trial:
        jitter = jitter_of(phase)
        if jitter is not None:
            steps = int(rng.integers(0, jitter.steps + 1))
            drawn_ms = milliseconds(jitter.jitter[0]) + steps * milliseconds(jitter.step)
            row[f"{phase.name}_s"] = drawn_ms / 1000
        if isinstance(phase, RatingPhase) and phase.start == "random":
            row[f"{phase.name}_start"] = float(rng.integers(0, 101))
    return row
