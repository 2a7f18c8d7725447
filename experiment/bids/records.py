"""A journal sorted by run: what happened in each segment, phase by phase."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from experiment.journal import Journal, events
from experiment.journal.events import SessionStart
from experiment.timing.pulses import OnsetCorrection, PulseFit, correction, fit_pulses

TrialPhase = tuple[int, str]
"""Trial number and name of a phase in it; unique in a segment."""


@dataclass
class RunRecord:
    """One segment: one run index, one `events.tsv`."""

    journal: Journal
    start: events.RunStart
    rows: dict[int, dict[str, Any]]  # of the trial table: trial number -> row
    zero: events.RunZero | None = None
    end: events.RunEnd | None = None
    phases: list[events.PhaseStart] = field(default_factory=list)
    phase_ends: dict[TrialPhase, float] = field(default_factory=dict)
    markers: dict[TrialPhase, events.Marker] = field(default_factory=dict)
    ratings: dict[TrialPhase, events.Rating] = field(default_factory=dict)
    choices: dict[TrialPhase, events.ChoiceMade] = field(default_factory=dict)
    triggered: list[events.HeatTriggered] = field(default_factory=list)
    skipped: dict[int, events.HeatSkipped] = field(default_factory=dict)
    delivered: dict[int, events.HeatDelivered] = field(default_factory=dict)  # by its number
    temperatures: list[events.Temperatures] = field(default_factory=list)
    pulses: list[float] = field(default_factory=list)
    trial_ends: dict[int, str] = field(default_factory=dict)

    @property
    def head(self) -> SessionStart:
        """The head of the journal that this run stands in."""
        return self.journal.head

    @property
    def scanned(self) -> bool:
        """Whether volumes are acquired in this run."""
        return self.start.volumes is not None

    @property
    def raw_zero(self) -> float:
        """The session time from which the program counted onsets: its first stored volume's pulse.

        Without a scanner the schedule's zero. Raises `ValueError` if the segment never began.
        """
        if self.zero is None:
            raise ValueError(f"run {self.start.run} of {self.journal.path.name} never began")
        stored = self.zero.first_stored
        return self.zero.t if stored is None else stored

    @property
    def onset_zero(self) -> float:
        """The session time that onsets count from, corrected by all pulses where that's clear.

        Raises as `raw_zero`.
        """
        return self.raw_zero - self.correction.seconds

    @cached_property
    def pulse_fit(self) -> PulseFit | None:
        """All pulses of the scan against the TR; None where there are too few to say anything."""
        zero = self.zero
        if zero is None or zero.first_pulse is None or not zero.tr_s:
            return None
        # Those before it belong to a scan that was started anew.
        times = [time for time in self.pulses if time >= zero.first_pulse]
        return fit_pulses(times, zero.tr_s, self.end.pulses_expected if self.end else None)

    @cached_property
    def correction(self) -> OnsetCorrection:
        """What is added to the onsets because of the pulses, and why."""
        if self.zero is None:
            return OnsetCorrection()
        return correction(
            self.pulse_fit, self.zero.first_stored, self.zero.dummies_pulsed_not_stored
        )

    @property
    def status(self) -> str:
        """How it ended: `interrupted` where the journal ends in the middle of it."""
        return self.end.status if self.end is not None else "interrupted"

    def done(self, trial: int) -> bool:
        """Whether a trial ran to its end, with its heat or without."""
        return self.trial_status(trial) in ("completed", "heat_skipped")

    def trial_status(self, trial: int) -> str:
        """How a trial ended: `interrupted` where the journal ends in the middle of it."""
        if trial in self.trial_ends:
            return self.trial_ends[trial]
        return "interrupted" if self.end is None else "aborted"

    def counts(self, trial: int) -> bool:
        """Whether means use a trial: its heat was given and it wasn't cut off.

        The group report's rule, which reads the same off `trial_type` and `status` in events.tsv.
        """
        given = any(heat.trial == trial for heat in self.triggered)
        return given and self.trial_status(trial) == "completed"

    @property
    def trials(self) -> list[int]:
        """The trials that began, without the lead-in (0), in order."""
        return list(dict.fromkeys(p.trial for p in self.phases if p.trial > 0))


def records_of(journal: Journal) -> list[RunRecord]:
    """Sort a journal's events by run, in the order in which the runs began."""
    rows = _rows_by_run(journal.head)
    runs: dict[int, RunRecord] = {}
    for event in journal.events:
        if isinstance(event, events.RunStart):
            runs[event.run] = RunRecord(journal, event, rows.get(event.design_run, {}))
        elif (index := getattr(event, "run", None)) is not None and index in runs:
            _add(runs[index], event)
    return list(runs.values())


def _rows_by_run(head: SessionStart) -> dict[int, dict[int, dict[str, Any]]]:
    by_run: dict[int, dict[int, dict[str, Any]]] = {}
    for row in head.trials:
        by_run.setdefault(int(row["run"]), {})[int(row["trial"])] = row
    return by_run


def _add(run: RunRecord, event: events.Event) -> None:
    match event:
        case events.Pulse():
            run.pulses.append(event.t)
        case events.Temperatures():
            run.temperatures.append(event)
        case events.PhaseStart():
            run.phases.append(event)
        case events.PhaseEnd():
            run.phase_ends[event.trial, event.phase] = event.t
        case events.Marker():
            run.markers[event.trial, event.phase] = event
        case events.Rating():
            run.ratings[event.trial, event.phase] = event
        case events.ChoiceMade():
            run.choices[event.trial, event.phase] = event
        case events.HeatTriggered():
            run.triggered.append(event)
        case events.HeatSkipped():
            run.skipped[event.trial] = event
        case events.HeatDelivered():
            run.delivered[event.number] = event
        case events.TrialEnd():
            run.trial_ends[event.trial] = event.status
        case events.RunZero():
            run.zero = event
        case events.RunEnd():
            run.end = event
