"""What a calibration adds to a dataset: one `_task-calibration_beh.tsv` a session, a row a stimulus.

Neither `events.tsv` nor a run: the probe is moved between stimuli, nothing is scanned, and when
the next stimulus comes is up to the experimenter. All else of it is in the journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiment.bids.files import json_bytes, tsv_bytes, write_whole
from experiment.bids.sidecar import ORIGIN
from experiment.calibration.study import PREFIX
from experiment.journal import Journal, events

MISSING = "n/a"

COLUMNS: dict[str, Any] = {
    "journal": {"Description": "Number of the journal in sourcedata that has it in full."},
    "attempt": {"Description": "From 1 in each journal; a repeated series is another attempt."},
    "stimulus": {"Description": "Number of the stimulus in its journal."},
    "skin_site": {"Description": "Number of the skin site."},
    "temperature": {"Description": "Asked for.", "Units": "degree Celsius"},
    "temperature_measured": {"Description": "Mean over the plateau.", "Units": "degree Celsius"},
    "cem43": {"Description": "Thermal dose as delivered (CEM43).", "Units": "min"},
    "rating": {
        "Description": "Intensity; n/a if nobody answered.",
        "Units": "points of the scale, 0 to 100",
    },
    "response_time": {"Description": "From the scale's onset to confirming.", "Units": "s"},
    "confirmed": {"Description": "Whether the rating was confirmed before time was up."},
}


def export_calibration(dataset: Path, label: str, journals: Sequence[Journal]) -> list[Path]:
    """Write the table of a session's calibrations; gives its paths, none where there are none."""
    rows = [row for journal in journals for row in _rows(journal)]
    if not rows:
        return []
    head = journals[-1].head
    session = f"ses-{head.session}" if head.session else ""
    folder = dataset.joinpath(*filter(None, [f"sub-{label}", session, "beh"]))
    stem = "_".join(filter(None, [f"sub-{label}", session, "task-calibration_beh"]))
    sidecar = {
        "TaskName": "calibration",
        "TaskDescription": (
            "Heat without a clinician, rated, to find the temperatures of the runs."
        ),
        "DataOrigin": head.kind,
        "DataOriginDescription": ORIGIN[head.kind],
        "Language": head.language,
        **COLUMNS,
    }
    return [
        write_whole(folder / f"{stem}.tsv", tsv_bytes(list(COLUMNS), rows)),
        write_whole(folder / f"{stem}.json", json_bytes(sidecar)),
    ]


def _rows(journal: Journal) -> list[list[str]]:
    """A row for each stimulus that was given; ratings belong to the trial that they stand in."""
    number = str(int(journal.path.stem.rsplit("-", 1)[1]))
    rows: dict[int, dict[str, Any]] = {}
    ratings: dict[int, events.Rating] = {}
    attempt, phase = 1, ""
    for event in journal.events:
        match event:
            case events.PhaseStart():
                phase = event.phase
            case events.HeatTriggered() if event.run == 0 and phase.startswith(PREFIX):
                rows[event.number] = {
                    "attempt": attempt,
                    "trial": event.trial,
                    "skin_site": event.skin_site,
                    "temperature": event.temperature,
                }
            case events.HeatDelivered() if event.number in rows:
                measured = event.temperature_measured
                rows[event.number] |= {
                    "temperature_measured": None if measured is None else round(measured, 3),
                    "cem43": round(event.cem43, 3),
                }
            case events.Rating() if event.phase.startswith(PREFIX):
                ratings[event.trial] = event
            case events.Decision() if event.details.get("attempt") == attempt:
                attempt += 1
            case _:
                pass
    for row in rows.values():
        rating = ratings.get(row["trial"])
        if rating is not None and rating.rating is not None:
            time = rating.response_time
            row["rating"] = rating.rating
            row["response_time"] = None if time is None else round(time, 4)
            row["confirmed"] = str(rating.confirmed).lower()
    return [
        [_cell({"journal": number, "stimulus": key, **row}.get(column)) for column in COLUMNS]
        for key, row in rows.items()
    ]


def _cell(value: Any) -> str:
    return MISSING if value is None else str(value)
