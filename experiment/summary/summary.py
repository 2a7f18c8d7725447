"""What came of a session, in a few lines: a pure reader of its journals.

Whoever talks to the participant reads this, so it says nothing by condition; only of simulated
data, of which nobody need be kept blind, are there means by trust level and temperature.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from experiment.bids.export import subject_label
from experiment.bids.records import RunRecord, records_of
from experiment.bids.sidecar import ORIGIN, study_name, study_title
from experiment.journal import Journal, events
from experiment.journal.events import Kind, SessionStart

LATE_S = 0.020  # "late" in a summary: more than a frame at 60 Hz; the verdict has the study's own


@dataclass(frozen=True)
class RunSummary:
    """One segment. Times in seconds; `ratings` are those given, of `ratings_asked`.

    `ratings_not_done` of those given belong to trials that weren't completed.
    """

    run: int
    design_run: int
    segment: int
    status: str
    trials_done: int
    trials_begun: int
    heats: int
    heats_skipped: int
    ratings: int
    ratings_asked: int
    ratings_not_done: int
    late: int  # phases
    max_lateness_s: float
    dropped_frames: int
    pulses: int
    pulses_expected: int | None
    verdict: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """Mean ratings of one trust level at one temperature (degrees Celsius)."""

    trust: str
    temperature: float
    question: str
    mean: float
    n: int


@dataclass(frozen=True)
class Summary:
    """What came of a session, over all its journals. `cells` is empty unless it was simulated."""

    kind: Kind
    subject: str  # 'sub-01' or 'sub-01_ses-01'
    study: str
    title: str
    status: str
    message: str
    runs: tuple[RunSummary, ...]
    runs_planned: int
    warnings: tuple[str, ...]
    cells: tuple[Cell, ...]
    journals: tuple[Path, ...]
    torn: bool

    @property
    def origin(self) -> str:
        """Whose data these are, in a sentence."""
        return ORIGIN[self.kind]

    @property
    def verdict(self) -> str:
        """The worst verdict of all runs that ended: `not_good`, `look`, `good`, else `unknown`."""
        found = {run.verdict for run in self.runs}
        return next((v for v in ("not_good", "look", "good") if v in found), "unknown")


def summarise(journals: Sequence[Journal]) -> Summary:
    """Summarise a session from all its journals, oldest first.

    Raises `ValueError` if there are none.
    """
    if not journals:
        raise ValueError("there is no journal to summarise")
    head = journals[-1].head
    records = [record for journal in journals for record in records_of(journal)]
    ends = journals[-1].of(events.SessionEnd)
    return Summary(
        kind=head.kind,
        subject=session_label(head),
        study=study_name(head),
        title=study_title(head),
        status=ends[-1].status if ends else "interrupted",
        message=ends[-1].message if ends else "the program ended without closing its journal",
        runs=tuple(_run(record) for record in records),
        runs_planned=int(head.study.get("runs") or len({r["run"] for r in head.trials})),
        warnings=tuple(w.message for journal in journals for w in journal.of(events.Warned)),
        cells=tuple(_cells(records)) if head.kind == "simulated" else (),
        journals=tuple(journal.path for journal in journals),
        torn=any(journal.torn for journal in journals),
    )


def session_label(head: SessionStart) -> str:
    """`sub-01` or `sub-01_ses-01`."""
    return f"sub-{subject_label(head)}" + (f"_ses-{head.session}" if head.session else "")


def _run(run: RunRecord) -> RunSummary:
    lateness = [abs(phase.t - phase.planned) for phase in run.phases]
    done = [trial for trial in run.trials if run.done(trial)]
    given = [trial for (trial, _), rating in run.ratings.items() if rating.rating is not None]
    end = run.end
    return RunSummary(
        run=run.start.run,
        design_run=run.start.design_run,
        segment=run.start.segment,
        status=run.status if run.zero is not None else "never began",
        trials_done=len(done),
        trials_begun=len(run.trials),
        heats=len(run.triggered),
        heats_skipped=len(run.skipped),
        ratings=len(given),
        ratings_asked=len(run.ratings),
        ratings_not_done=sum(trial > 0 and not run.done(trial) for trial in given),
        late=sum(value > LATE_S for value in lateness),
        max_lateness_s=max(lateness, default=0.0),
        dropped_frames=end.dropped_frames if end is not None else 0,
        pulses=len(run.pulses),
        pulses_expected=end.pulses_expected if end is not None else None,
        verdict=end.verdict if end is not None else "unknown",
        reasons=tuple(end.reasons) if end is not None else (),
    )


def _cells(records: Iterable[RunRecord]) -> list[Cell]:
    values: dict[tuple[str, float, str], list[float]] = {}
    for run in records:
        given = {heat.trial: heat.temperature for heat in run.triggered}
        for (trial, _), rating in run.ratings.items():
            trust = run.rows.get(trial, {}).get("trust")
            if rating.rating is not None and trust is not None and run.counts(trial):
                key = (rating.question, given[trial], str(trust))
                values.setdefault(key, []).append(rating.rating)
    return [
        Cell(trust, temperature, question, fmean(found), len(found))
        for (question, temperature, trust), found in sorted(values.items())
    ]
