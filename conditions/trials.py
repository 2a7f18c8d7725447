"""The trial table: all that a session will do, decided before anything moves.

Pure: study, the rig's thermode figures, allocation number, session and seed (and calibration) in,
the same table out, always. Of a study of another paradigm: `conditions.norming_trials`.

Columns, with their dtypes in the table (`trial_rows` has the same as plain values, None for n/a):

====================  ========  ====================================================================
run, trial            int64     design run from 1; trial from 1 in each run, 0 for its lead-in
clinician             string    id; n/a in the lead-in, as the next three
sex, skin_tone        string    the clinician's
trust                 string    trust level at which the participant meets this clinician
temperature_level     string    name of the level; the lead-in has the lowest
temperature           float64   degrees Celsius asked for; n/a in a lead-in without heat
skin_site             int64     number of the site, one a run
onset_s               float64   planned onset of the row, on the run's schedule
length_s              float64   seconds of the row ("until response" phases counted as 0)
heat_slot_s           float64   seconds of the heat phase
plateau_s             float64   seconds of its plateau
<phase>_s             float64   every jittered duration; n/a in the lead-in
first_rating          string    name of the rating phase that comes first; n/a in the lead-in
<rating>_start        float64   start of the cursor, where the study says "random"; n/a in the lead-in
====================  ========  ====================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from conditions.assignment import block_of, trust_levels
from conditions.calibration import Calibration
from conditions.jitter import draw_jitter
from conditions.norming import NormingStudy
from conditions.norming_trials import norming_rows
from conditions.order import Pairing, Rules, draw_order
from conditions.paradigms import AnyStudy
from conditions.phases import HeatPhase, NormingPhase, Phase, RatingPhase, jitter_of
from conditions.schedule import (
    ThermodeFigures,
    heat_slot,
    lead_in_length,
    phase_length,
    trial_length,
)
from conditions.seed import derive_seed, pair_of, stream
from conditions.stimulation import planned_temperatures, run_sites
from conditions.stimulation import spare_sites as spare_sites  # with the table, for its callers
from conditions.strict import milliseconds
from conditions.study import Study

if TYPE_CHECKING:
    import pandas as pd

TEXT_COLUMNS = (
    *("clinician", "sex", "skin_tone", "trust", "temperature_level", "first_rating"),
    "question",
)
WHOLE_COLUMNS = ("run", "trial", "skin_site")


def trial_table(
    study: AnyStudy,
    thermode: ThermodeFigures | None,
    *,
    allocation: int,
    session: str | None = None,
    seed: int | None = None,
    acquisition: int = 0,
    runs: Sequence[int] | None = None,
    calibration: Calibration | None = None,
    temperatures: Sequence[float] | None = None,
    sites: Mapping[int, int] | None = None,
) -> pd.DataFrame:
    """The trial table as a pandas DataFrame; see `trial_rows` and the columns above."""
    import pandas as pd

    rows = trial_rows(
        study,
        thermode,
        allocation=allocation,
        session=session,
        seed=seed,
        acquisition=acquisition,
        runs=runs,
        calibration=calibration,
        temperatures=temperatures,
        sites=sites,
    )
    return pd.DataFrame({name: _column(name, [row[name] for row in rows]) for name in rows[0]})


def trial_rows(
    study: AnyStudy,
    thermode: ThermodeFigures | None,
    *,
    allocation: int,
    session: str | None = None,
    seed: int | None = None,
    acquisition: int = 0,
    runs: Sequence[int] | None = None,
    calibration: Calibration | None = None,
    temperatures: Sequence[float] | None = None,
    sites: Mapping[int, int] | None = None,
) -> list[dict[str, Any]]:
    """The trial table as plain dicts, one a row in the order of time, with the columns above.

    `seed` None: derived from study, pair and session. `acquisition` counts repeats of a run (0:
    the first time), `runs` are the design runs wanted (None: all), each drawn alike whether or not
    others are. `temperatures`, one a level, override the calibration's or the study's (lowered by
    the experimenter); `sites` (run -> site) overrides skin sites. A study without heat needs none
    of these, and no `thermode`. Raises ValueError, in one sentence, for what can't be met.
    """
    seed = derive_seed(study.name, allocation, session) if seed is None else seed
    wanted = range(1, study.runs + 1) if runs is None else runs
    for run in wanted:
        if not 1 <= run <= study.runs:
            raise ValueError(f"run {run} was asked for, but the study has runs 1 to {study.runs}")
    if isinstance(study, NormingStudy):
        return norming_rows(
            study, allocation=allocation, seed=seed, acquisition=acquisition, runs=wanted
        )
    if thermode is None:
        raise ValueError("the study gives heat, but there are no figures of a thermode")
    levels = planned_temperatures(study, thermode, calibration, temperatures)
    site_of = dict(enumerate(run_sites(study, seed, calibration), start=1)) | dict(sites or {})
    trust = trust_levels(study, allocation)
    first_rating = ratings_in_order(study, allocation)[0].name if study.rating_phases else None
    people = {clinician.id: clinician for clinician in study.clinicians.identities}
    slot = heat_slot(study.heat.plateau_s, thermode)
    rows: list[dict[str, Any]] = []
    for run in wanted:
        order = run_order(study, allocation, seed, acquisition, run)
        jitters = _jittered(study, seed, acquisition, run)
        fixed_ms = milliseconds(trial_length(study, thermode, dict.fromkeys(jitters, 0.0)))
        starts = _random_starts(study, seed, acquisition, run)
        onset = 0.0
        if study.lead_in:
            rows.append(_lead_in_row(study, thermode, run, levels[0], site_of[run]))
            onset = rows[-1]["length_s"]
        for number, pairing in enumerate(order, start=1):
            drawn = {column: values[number - 1] for column, values in jitters.items()}
            length_ms = fixed_ms + sum(milliseconds(duration) for duration in drawn.values())
            rows.append(
                {
                    "run": run,
                    "trial": number,
                    "clinician": pairing.clinician,
                    "sex": people[pairing.clinician].sex,
                    "skin_tone": people[pairing.clinician].skin_tone,
                    "trust": trust[pairing.clinician],
                    "temperature_level": study.temperatures.levels[pairing.temperature],
                    "temperature": levels[pairing.temperature],
                    "skin_site": site_of[run],
                    "onset_s": onset,
                    "length_s": length_ms / 1000,
                    "heat_slot_s": slot,
                    "plateau_s": study.heat.plateau_s,
                    **drawn,
                    "first_rating": first_rating,
                    **{column: values[number - 1] for column, values in starts.items()},
                }
            )
            onset = (milliseconds(onset) + length_ms) / 1000
    return rows


def run_order(
    study: Study, allocation: int, seed: int, acquisition: int, run: int
) -> list[Pairing]:
    """Clinicians and temperatures of a run, in order; trust as the *odd* mate meets them.

    Every constraint is indifferent to flipping trust, so that both mates get this order.
    """
    design = study.design
    trust = trust_levels(study, 2 * pair_of(allocation) - 1)
    rules = Rules(
        max_same_trust=design.max_same_trust,
        max_same_temperature=design.max_same_temperature,
        min_other_clinicians=design.min_other_clinicians,
        balance_by_half=design.balance_by_half,
        first_trust=_first_trust(study, seed, run),
    )
    return draw_order(
        _pairings(study, trust, seed, run), rules, stream(seed, "order", acquisition, run)
    )


def ratings_in_order(study: Study, allocation: int) -> tuple[RatingPhase, ...]:
    """The rating phases in the order in which this allocation number meets them."""
    ratings = study.rating_phases
    if study.ratings.order == "alternate_by_block" and block_of(study, allocation) % 2:
        return ratings[::-1]
    return ratings


def phases_in_order(
    study: AnyStudy, first_rating: str | None = None
) -> tuple[Phase | NormingPhase, ...]:
    """A trial's phases in the order in which they come; `first_rating` as in the trial table.

    Only ratings change places, with one another.
    """
    ratings = list(study.rating_phases)
    if ratings and first_rating == ratings[-1].name:
        ratings.reverse()
    turns = iter(ratings)
    return tuple(next(turns) if isinstance(phase, RatingPhase) else phase for phase in study.trial)


def _column(name: str, values: list[Any]) -> Any:
    """A column's values with its dtype; None becomes NA."""
    import pandas as pd

    if name in TEXT_COLUMNS:
        return pd.array(values, dtype="string")
    return np.array(values, dtype="int64" if name in WHOLE_COLUMNS else "float64")


def heat_onset(
    study: AnyStudy, thermode: ThermodeFigures | None, row: Mapping[str, Any]
) -> float | None:
    """When a row's heat begins, in seconds on the run's schedule; None if it has none."""
    phases: Sequence[Any] = study.lead_in
    if row["trial"] > 0:
        phases = phases_in_order(study, row.get("first_rating"))
    onset_ms = milliseconds(row["onset_s"])
    for phase in phases:
        if isinstance(phase, HeatPhase):
            return onset_ms / 1000
        onset_ms += milliseconds(phase_length(phase, thermode, row))
    return None


def _first_trust(study: Study, seed: int, run: int) -> str | None:
    """With which trust level a run begins, for the odd mate: each in half of the runs."""
    if not study.design.first_trial_trust_balanced:
        return None
    which = stream(seed, "first trust").permutation(study.runs)[run - 1] % 2
    return study.clinicians.levels[which]


def _pairings(study: Study, trust: Mapping[str, str], seed: int, run: int) -> list[Pairing]:
    """Which clinicians a run has at which temperatures, not yet in order."""
    levels = range(len(study.temperatures.levels))
    if study.design.each_clinician == "at_each_temperature":
        return [Pairing(name, trust[name], level) for name in trust for level in levels]
    rng = stream(seed, "temperatures")
    pairings = []
    for trust_level in study.clinicians.levels:
        names = [name for name, level in trust.items() if level == trust_level]
        for place, index in enumerate(rng.permutation(len(names))):
            pairings.append(Pairing(names[index], trust_level, (place + run) % len(levels)))
    return pairings


def _jittered(study: Study, seed: int, acquisition: int, run: int) -> dict[str, list[float]]:
    drawn = {}
    for phase in study.trial:
        jitter = jitter_of(phase)
        if jitter is not None:
            rng = stream(seed, "jitter", phase.name, acquisition, run)
            drawn[f"{phase.name}_s"] = draw_jitter(jitter, study.trials_a_run, rng)
    return drawn


def _random_starts(study: Study, seed: int, acquisition: int, run: int) -> dict[str, list[float]]:
    drawn = {}
    for phase in study.rating_phases:
        if phase.start == "random":
            rng = stream(seed, "start", phase.name, acquisition, run)
            drawn[f"{phase.name}_start"] = (
                rng.integers(0, 101, study.trials_a_run).astype(float).tolist()
            )
    return drawn


def _lead_in_row(
    study: Study, thermode: ThermodeFigures, run: int, lowest: float, site: int
) -> dict[str, Any]:
    heat = next((phase for phase in study.lead_in if isinstance(phase, HeatPhase)), None)
    return {
        "run": run,
        "trial": 0,
        "clinician": None,
        "sex": None,
        "skin_tone": None,
        "trust": None,
        "temperature_level": study.temperatures.levels[0] if heat else None,
        "temperature": lowest if heat else None,
        "skin_site": site,
        "onset_s": 0.0,
        "length_s": lead_in_length(study, thermode),
        "heat_slot_s": heat_slot(heat.plateau_s, thermode) if heat else None,
        "plateau_s": heat.plateau_s if heat else None,
        **{f"{phase.name}_s": None for phase in study.trial if jitter_of(phase)},
        "first_rating": None,
        **{f"{phase.name}_start": None for phase in study.rating_phases if phase.start == "random"},
    }
