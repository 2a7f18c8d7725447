"""What a run's journal says of its timing, as plain figures: what the audit's page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from experiment.bids.export import subject_label
from experiment.bids.records import RunRecord, records_of
from experiment.journal import Journal, events
from experiment.timing.pulses import OnsetCorrection, PulseFit

Point = tuple[float, float]
AFTER_S = 1.0  # of a temperature trace, beyond the planned return to baseline


@dataclass(frozen=True)
class HeatTrace:
    """One stimulus. Times in seconds from its start command, temperatures in degrees Celsius.

    `asked` are the knots of what was asked for; `delivered` the mean over the zones, as measured.
    """

    temperature: float
    asked: tuple[Point, ...]
    delivered: tuple[Point, ...]
    aborted: bool


@dataclass(frozen=True)
class RunFacts:
    """One segment. Lists of points are (seconds on the run's schedule, milliseconds)."""

    session: str  # 'sub-01_ses-01'
    record: RunRecord
    onsets: tuple[Point, ...]  # first flip minus planned onset
    markers: tuple[Point, ...]  # byte handed over minus flip
    heat_commands: tuple[Point, ...]  # start command handed over minus flip
    pulses: tuple[Point, ...]  # stamp minus fitted line
    heats: tuple[HeatTrace, ...]
    response_intervals_s: tuple[float, ...]  # between successive key events
    dropped: tuple[Point, ...]  # dropped frames: when, and how long the interval was

    @property
    def fit(self) -> PulseFit | None:
        """All pulses against the TR; None where there are none."""
        return self.record.pulse_fit

    @property
    def correction(self) -> OnsetCorrection:
        """What was added to the onsets."""
        return self.record.correction

    @property
    def name(self) -> str:
        """Session and run index."""
        return f"{self.session} run {self.record.start.run}"


def facts_of(journals: Sequence[Journal], run: int | None = None) -> list[RunFacts]:
    """The segments that began, of one session's journals, oldest first; `run`: only this index."""
    found = []
    for journal in journals:
        head = journal.head
        session = f"sub-{subject_label(head)}" + (f"_ses-{head.session}" if head.session else "")
        for record in records_of(journal):
            if record.zero is not None and run in (None, record.start.run):
                found.append(_facts(session, record))
    return found


def sessions_of(journals: Sequence[Path]) -> list[list[Path]]:
    """Journals grouped by session, in their order."""
    groups: dict[str, list[Path]] = {}
    for path in journals:
        groups.setdefault(path.name.rpartition("_journal-")[0], []).append(path)
    return list(groups.values())


def _facts(session: str, record: RunRecord) -> RunFacts:
    assert record.zero is not None
    zero = record.zero.t
    flips = {(phase.trial, phase.phase): phase.t for phase in record.phases}
    slots = {p.trial: p.t for p in record.phases if p.trial_type.startswith("heat")}
    fit = record.pulse_fit
    end = record.end.t if record.end is not None else record.journal.events[-1].t
    dropped = [
        (time - zero, 1000 * interval)
        for event in record.journal.of(events.DroppedFrames)
        if event.run == record.start.run
        for time, interval in zip(event.times, event.intervals_s, strict=True)
    ]
    return RunFacts(
        session=session,
        record=record,
        onsets=tuple((p.planned - zero, 1000 * (p.t - p.planned)) for p in record.phases),
        markers=tuple(
            (flips[key] - zero, 1000 * (marker.after - flips[key]))
            for key, marker in record.markers.items()
            if key in flips
        ),
        heat_commands=tuple(
            (heat.t - zero, 1000 * (heat.after - slots[heat.trial]))
            for heat in record.triggered
            if heat.trial in slots
        ),
        pulses=tuple(
            (time - zero, 1000 * residual)
            for time, residual in zip(fit.times, fit.residuals_s, strict=True)
        )
        if fit is not None
        else (),
        heats=tuple(_trace(record, heat) for heat in record.triggered),
        response_intervals_s=tuple(_key_intervals(record.journal, zero, end)),
        dropped=tuple(dropped),
    )


def _key_intervals(journal: Journal, begin: float, end: float) -> list[float]:
    """Seconds between successive key events.

    A key with several roles (`right` is `next`, too) has an entry in the journal for each, all of
    one event: counted each, they'd put intervals of 0 among true ones, as stamps by frames do.
    Clicks are stamped by frames, as mice are read; keys and buttons aren't.
    """
    keys = {
        (e.t, e.name, e.pressed)
        for e in journal.of(events.ResponseGiven)
        if begin <= e.t <= end and e.role not in ("click", "move")
    }
    return [after - before for before, after in pairwise(sorted(t for t, _, _ in keys))]


def _trace(record: RunRecord, heat: events.HeatTriggered) -> HeatTrace:
    thermode = record.head.rig.get("thermode") or {}
    baseline = float(thermode.get("baseline", heat.temperature))
    rise = (heat.temperature - baseline) / float(thermode.get("rise_rate") or 1e9)
    fall = (heat.temperature - baseline) / float(thermode.get("return_rate") or 1e9)
    top = rise + heat.plateau_s
    knots = (
        (0.0, baseline),
        (rise, heat.temperature),
        (top, heat.temperature),
        (top + fall, baseline),
    )
    last = knots[-1][0] + AFTER_S
    samples = [
        (time - heat.t, mean)
        for chunk in record.temperatures
        for time, mean in zip(chunk.times, chunk.mean, strict=True)
        if 0 <= time - heat.t <= last
    ]
    delivered = record.delivered.get(heat.number)
    return HeatTrace(
        temperature=heat.temperature,
        asked=knots,
        delivered=tuple(sorted(samples)),
        aborted=delivered is not None and delivered.aborted,
    )
