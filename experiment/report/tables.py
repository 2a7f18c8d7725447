"""From a dataset's `events.tsv` files to one row a trial; then to cell means.

Nothing is taken on trust: a table that was cut off, or that lacks trials which the journal's head
planned for a run that ended, is refused rather than read as far as it goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiment.bids.events_table import NOT_AVAILABLE
from experiment.journal.events import SessionStart
from experiment.report.visits import Visit

if TYPE_CHECKING:
    import pandas as pd

QUESTIONS = ("intensity", "unpleasantness")
TRUST_ORDER = ("low", "neutral", "high")
NEEDED = ("trial_type", "trial", "clinician", "trust", "temperature", "rating", "status")
TRIAL_COLUMNS = (
    *("participant", "session", "run", "design_run", "acquisition", "trial", "clinician", "trust"),
    *("temperature_level", "temperature", "skin_site", "verdict", *QUESTIONS),
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Segment:
    """One `events.tsv` with its sidecar: its valid trials, and how its run went."""

    path: Path
    design_run: int
    acquisition: int
    status: str
    verdict: str
    reasons: tuple[str, ...]
    seen: frozenset[int]  # trials that have a row at all
    trials: tuple[Row, ...]  # those whose heat was given and that weren't cut off


def read_visit(dataset: Path, visit: Visit) -> list[Segment]:
    """The segments of a visit, of each planned run only the acquisition that counts.

    That is the latest one that ended in order, since a run is repeated for a reason; where none
    did, the latest. Raises `ValueError`, in one sentence, for a table that can't be relied on.
    """
    paths = sorted(visit.folder(dataset).glob("*/*_events.tsv"))
    segments = [_segment(path, visit) for path in paths]
    if not segments:
        raise ValueError("has no events.tsv: make the tables again from the journal")
    chosen: list[Segment] = []
    for design_run in sorted({segment.design_run for segment in segments}):
        of_run = [segment for segment in segments if segment.design_run == design_run]
        ended = [s.acquisition for s in of_run if s.status == "completed"]
        latest = max(ended or [s.acquisition for s in of_run])
        counting = [segment for segment in of_run if segment.acquisition == latest]
        if ended:
            _check_whole(counting, planned_trials(visit.heads.values(), design_run))
        chosen += counting
    return chosen


def planned_trials(heads: Iterable[SessionStart], design_run: int | None = None) -> set[Any]:
    """The trials that were planned, without lead-ins: (run, trial), or trials of one run."""
    rows = [row for head in heads for row in head.trials if int(row["trial"]) > 0]
    if design_run is None:
        return {(int(row["run"]), int(row["trial"])) for row in rows}
    return {int(row["trial"]) for row in rows if int(row["run"]) == design_run}


def _check_whole(segments: list[Segment], planned: set[Any]) -> None:
    missing = planned - frozenset().union(*(segment.seen for segment in segments))
    if missing:
        raise ValueError(
            f"{segments[-1].path.name} lacks {len(missing)} of {len(planned)} trials although its "
            f"run ended in order: make the tables again from the journal"
        )


def _segment(path: Path, visit: Visit) -> Segment:
    sidecar = _sidecar(path.with_suffix(".json"))
    head = visit.heads.get(str(sidecar.get("Journal")))
    if head is None:
        raise ValueError(f"{path.name} was made from a journal that isn't in sourcedata/")
    design_run, acquisition = int(sidecar["PlannedRun"]), int(sidecar["Acquisition"])
    planned = {int(r["trial"]): r for r in head.trials if int(r["run"]) == design_run}
    by_trial: dict[int, list[dict[str, str]]] = {}
    for line in read_table(path):
        by_trial.setdefault(_whole(line, "trial", path), []).append(line)
    common: Row = {
        "participant": visit.participant,
        "session": visit.session or NOT_AVAILABLE,
        "run": int(path.name.split("_run-")[1].split("_")[0]),
        "design_run": design_run,
        "acquisition": acquisition,
        "verdict": str(sidecar["TimingVerdict"]),
    }
    trials = []
    for trial, lines in by_trial.items():
        if trial > 0 and (found := _trial(trial, lines, planned, path)) is not None:
            trials.append({**common, **found})
    return Segment(
        path=path,
        design_run=design_run,
        acquisition=acquisition,
        status=str(sidecar["RunStatus"]),
        verdict=str(sidecar["TimingVerdict"]),
        reasons=tuple(str(reason) for reason in sidecar.get("TimingReasons", ())),
        seen=frozenset(by_trial) - {0, -1},
        trials=tuple(trials),
    )


def _sidecar(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        missing = {"Journal", "PlannedRun", "Acquisition", "RunStatus", "TimingVerdict"} - set(
            found
        )
    except (OSError, ValueError, TypeError):
        raise ValueError(f"{path.name} is missing or damaged") from None
    if missing:
        raise ValueError(f"{path.name} lacks {', '.join(sorted(missing))}")
    return dict(found)


def read_table(path: Path, needed: Sequence[str] = NEEDED) -> list[dict[str, str]]:
    """The lines of a table that this program wrote, as text.

    Raises `ValueError`, in one sentence, for one that was cut off or lacks a column.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} can't be read ({error})") from None
    if not text.endswith("\n"):
        raise ValueError(f"{path.name} was cut off: make the tables again from the journal")
    header, *lines = (line.rstrip("\r").split("\t") for line in text[:-1].split("\n"))
    missing = [name for name in needed if name not in header]
    if missing:
        raise ValueError(f"{path.name} lacks the column {missing[0]}: is it another program's?")
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            raise ValueError(
                f"{path.name} is damaged in line {number}: {len(line)} values in {len(header)} "
                f"columns"
            )
    return [dict(zip(header, line, strict=True)) for line in lines]


def _trial(
    trial: int, lines: list[dict[str, str]], planned: dict[int, dict[str, Any]], path: Path
) -> Row | None:
    """One trial, or None if its heat wasn't given or it was cut off."""
    heat = next((line for line in lines if line["trial_type"] == "heat"), None)
    if heat is None or heat["status"] != "completed":
        return None
    row = planned.get(trial)
    if row is None or (row["clinician"], row["trust"]) != (heat["clinician"], heat["trust"]):
        raise ValueError(f"{path.name}, trial {trial}: not what the journal's head planned")
    temperature = read_number(heat, "temperature", path, 0.0, 60.0)
    if temperature is None:
        raise ValueError(f"{path.name}, trial {trial}: the heat has no temperature")
    found: Row = {
        "trial": trial,
        "clinician": heat["clinician"],
        "trust": heat["trust"],
        "temperature_level": str(row.get("temperature_level") or f"{row['temperature']:g} °C"),
        "temperature": temperature,
        "skin_site": heat.get("skin_site", NOT_AVAILABLE),
    }
    for question in QUESTIONS:
        asked = [line for line in lines if line["trial_type"] == f"rating_{question}"]
        found[question] = read_number(asked[-1], "rating", path, 0.0, 100.0) if asked else None
    return found


def read_number(
    line: dict[str, str], column: str, path: Path, lowest: float, highest: float
) -> float | None:
    """A number, or None for n/a. Raises `ValueError` for what is neither or out of bounds."""
    if line[column] == NOT_AVAILABLE:
        return None
    try:
        value = float(line[column])
    except ValueError:
        value = float("nan")
    if not lowest <= value <= highest:
        where = f", trial {line['trial']}" if "trial" in line else ""
        raise ValueError(
            f"{path.name}{where}: {column} is {line[column]!r}, but must be "
            f"{lowest:g} to {highest:g} or n/a"
        )
    return value


def _whole(line: dict[str, str], column: str, path: Path) -> int:
    try:
        return int(line[column])
    except ValueError:
        raise ValueError(f"{path.name}: {column} is {line[column]!r}, not a number") from None


def trial_frame(trials: Iterable[Row]) -> pd.DataFrame:
    """All trials as a table with the columns `TRIAL_COLUMNS`; missing ratings are NaN."""
    import pandas as pd

    frame = pd.DataFrame(list(trials), columns=list(TRIAL_COLUMNS))
    return frame.astype(dict.fromkeys(("temperature", *QUESTIONS), "float64"))


def cell_means(trials: pd.DataFrame, question: str) -> pd.DataFrame:
    """Mean rating (`mean`) over the `n` rated trials of each participant, clinician and level.

    `level` is the temperature level's number, from 0 for the lowest. Cells without a rating have
    no row.
    """
    rated = trials.dropna(subset=[question])
    keys = ["participant", "clinician", "trust", "temperature_level"]
    cells = rated.groupby(keys, sort=True)[question].agg(mean="mean", n="size").reset_index()
    cells["level"] = cells["temperature_level"].map(
        {name: number for number, name in enumerate(levels_of(trials))}
    )
    return cells


def levels_of(trials: pd.DataFrame) -> list[str]:
    """The temperature levels that occur, lowest first."""
    means = trials.groupby("temperature_level")["temperature"].mean()
    return [str(name) for name in means.sort_values(kind="stable").index]


def trusts_of(trials: pd.DataFrame) -> list[str]:
    """The trust levels that occur, lowest first."""
    found = set(trials["trust"])
    return [level for level in TRUST_ORDER if level in found]
