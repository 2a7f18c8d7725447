"""From a run's record to the rows of its `events.tsv`: one row a phase."""

from __future__ import annotations

from typing import Any

from experiment.bids.columns import EVENT_COLUMNS
from experiment.bids.records import RunRecord, TrialPhase
from experiment.journal import events
from experiment.plan.timeline import NO_SITE

NOT_AVAILABLE = "n/a"
TIME, TEMPERATURE, RATING, DOSE = 4, 2, 1, 3  # decimals
WITH_THE_FLIP_S = 0.5  # a start command is never further from its phase's flip

Row = dict[str, str]


def event_rows(run: RunRecord, stim_files: dict[str, str]) -> list[list[str]]:
    """The rows, by onset, each a list in the order of `EVENT_COLUMNS`.

    `stim_files`: a picture's name in the journal -> its name below `stimuli/`. Raises
    `ValueError` for a run that never began.
    """
    heats = {heat.number: _slot_of(run, heat) for heat in run.triggered}
    heat_of = {heats[heat.number]: heat for heat in run.triggered}
    rows = [_row(run, phase, heat_of.get((phase.trial, phase.phase))) for phase in run.phases]
    for row, phase in zip(rows, run.phases, strict=True):
        row["stim_file"] = stim_files.get(phase.picture or "", NOT_AVAILABLE)
    rows += [_heat_alone(run, heat) for heat in run.triggered if heats[heat.number] is None]
    rows.sort(key=lambda row: float(row["onset"]))
    return [[row.get(column, NOT_AVAILABLE) for column in EVENT_COLUMNS] for row in rows]


def is_heat(trial_type: str) -> bool:
    """Whether a phase of this trial type is a slot for heat."""
    return trial_type == "heat" or trial_type.startswith("heat_")


def _slot_of(run: RunRecord, heat: events.HeatTriggered) -> TrialPhase | None:
    """The phase that a start command belongs to: it goes out with the phase's flip."""
    slots = [p for p in run.phases if p.trial == heat.trial and is_heat(p.trial_type)]
    nearest = min(slots, key=lambda phase: abs(phase.t - heat.t), default=None)
    if nearest is None or abs(nearest.t - heat.t) > WITH_THE_FLIP_S:
        return None
    return nearest.trial, nearest.phase


def _heat_alone(run: RunRecord, heat: events.HeatTriggered) -> Row:
    """A heat whose phase isn't in the journal: the program died between command and flip's line.

    It was given all the same, so it has a row.
    """
    zero, table = run.onset_zero, run.rows.get(heat.trial, {})
    delivered = run.delivered.get(heat.number)
    return _heat(heat, delivered, zero) | {
        "onset": number(heat.t - zero, TIME),
        "onset_raw": number(heat.t - run.raw_zero, TIME),
        "duration": number(None if delivered is None else delivered.t - heat.t, TIME),
        "trial_type": "heat" if heat.trial else "heat_leadin",
        **_of_trial(run, heat.trial, table),
        "status": run.trial_status(heat.trial),
    }


def _of_trial(run: RunRecord, trial: int, table: dict[str, Any]) -> Row:
    """What is the same in all rows of a trial."""
    return {
        "trial": str(trial),
        "clinician": _text(table.get("clinician")),
        "trust": _text(table.get("trust")),
        "skin_site": str(run.start.skin_site) if run.start.skin_site != NO_SITE else NOT_AVAILABLE,
        "design_run": str(run.start.design_run),
        "segment": str(run.start.segment),
    }


def _row(run: RunRecord, phase: events.PhaseStart, heat: events.HeatTriggered | None) -> Row:
    zero, key = run.onset_zero, (phase.trial, phase.phase)
    table = run.rows.get(phase.trial, {})
    onset, end, trial_type = phase.t, run.phase_ends.get(key), phase.trial_type
    row: Row = {}
    if heat is not None:
        delivered = run.delivered.get(heat.number)
        onset, end = heat.t, delivered.t if delivered is not None else None
        row = _heat(heat, delivered, zero)
    elif is_heat(trial_type):
        trial_type = "heat_skipped"
        skipped = run.skipped.get(phase.trial)
        asked = skipped.temperature if skipped is not None else table.get("temperature")
        row = {"temperature": number(asked, TEMPERATURE)}
    if (rating := run.ratings.get(key)) is not None:
        row |= _rating(rating)
    if (choice := run.choices.get(key)) is not None:
        row |= _choice(choice)
    marker = run.markers.get(key)
    return row | {
        "onset": number(onset - zero, TIME),
        "onset_raw": number(onset - run.raw_zero, TIME),
        "duration": number(None if end is None else end - onset, TIME),
        "trial_type": _text(trial_type),
        **_of_trial(run, phase.trial, table),
        "marker": NOT_AVAILABLE if marker is None else str(marker.code),
        "planned_onset": number(phase.planned - zero, TIME),
        "lateness": number(onset - phase.planned, TIME),
        "status": _status(run, phase),
    }


def _heat(
    heat: events.HeatTriggered, delivered: events.HeatDelivered | None, zero: float
) -> dict[str, str]:
    row = {"temperature": number(heat.temperature, TEMPERATURE)}
    if delivered is None:
        return row
    plateau = (delivered.plateau_onset, delivered.plateau_end)
    onset, end = (None if time is None else time - zero for time in plateau)
    return row | {
        "temperature_measured": number(delivered.temperature_measured, TEMPERATURE),
        "plateau_onset": number(onset, TIME),
        "plateau_end": number(end, TIME),
        "overshoot": number(delivered.overshoot, TEMPERATURE),
        "cem43": number(delivered.cem43, DOSE),
    }


def _rating(rating: events.Rating) -> Row:
    return {
        "rating": number(rating.rating, RATING),
        "response_time": number(rating.response_time, TIME),
        "confirmed": "true" if rating.confirmed else "false",
        "first_movement": number(rating.first_movement, TIME),
        "start_position": number(rating.start, RATING),
    }


def _choice(choice: events.ChoiceMade) -> Row:
    return {
        "choice": _text(choice.chosen),
        "response_time": number(choice.response_time, TIME),
    }


def _status(run: RunRecord, phase: events.PhaseStart) -> str:
    if phase.trial >= 0:
        return run.trial_status(phase.trial)
    # What belongs to no trial has no end of a trial either.
    ended = (phase.trial, phase.phase) in run.phase_ends
    return "completed" if ended else run.trial_status(phase.trial)


def number(value: float | None, decimals: int) -> str:
    """A number with so many decimals, `n/a` for None."""
    if value is None:
        return NOT_AVAILABLE
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _text(value: object) -> str:
    """A word for a table: what would break the table's lines is a space."""
    return NOT_AVAILABLE if value is None or value == "" else " ".join(str(value).split())
