"""What earlier journals tell a session: trials done, numbers used, and heat already given.

Pure readers of journals. Times that outlast a session are wall times (Unix seconds): a journal's
`started_utc` plus its events' times.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from experiment.journal import Journal, NoHead, events, read_journal
from hardware.devices import Stimulus
from hardware.dose import cem43_of_stimulus
from hardware.history import COUNTED_S, PastHeat
from hardware.limits import HIGHEST_DOSE_STIMULUS

DONE = ("completed", "heat_skipped")

Row = dict[str, Any]


@dataclass(frozen=True)
class RunPast:
    """What is known of one acquisition of one planned run."""

    design_run: int
    acquisition: int
    skin_site: int
    segments: int
    done: frozenset[int]  # trials
    interrupted: frozenset[int]  # trials that began, were cut off, and weren't done since


@dataclass(frozen=True)
class Past:
    """What a session that goes on must know."""

    runs: tuple[RunPast, ...] = ()  # in the order in which they began
    run_index: int = 0
    stimuli: int = 0
    lowered_c: float = 0.0

    def last(self, design_run: int) -> RunPast | None:
        """The latest acquisition of a planned run."""
        found = [run for run in self.runs if run.design_run == design_run]
        return found[-1] if found else None


def trials_left(
    trials: Sequence[Row], past: RunPast | None, acquisition: int, *, repeat_interrupted: bool
) -> list[Row]:
    """The trials of a planned run that are still to be done, in their order.

    `past` is its latest acquisition; with another number than `acquisition` the run is to be done
    anew. Those that were cut off come last, or (not `repeat_interrupted`) not at all.
    """
    if past is None or past.acquisition != acquisition:
        return list(trials)
    left = [row for row in trials if row["trial"] not in past.done]
    return interrupted_last(left, past.interrupted, repeat_interrupted=repeat_interrupted)


def interrupted_last(
    left: Sequence[Row], interrupted: Collection[int], *, repeat_interrupted: bool
) -> list[Row]:
    """Trials that were cut off come at the end of their run, or not at all."""
    cut = [row for row in left if row["trial"] in interrupted]
    others = [row for row in left if row["trial"] not in interrupted]
    return [*others, *cut] if repeat_interrupted else others


@dataclass
class _Run:
    start: events.RunStart
    segments: int = 0
    done: set[int] = field(default_factory=set)
    began: list[int] = field(default_factory=list)


def past_of(journals: Sequence[Journal]) -> Past:
    """Read the journals of one session, oldest first."""
    runs: dict[tuple[int, int], _Run] = {}
    run_index, stimuli, lowered_c = 0, 0, 0.0
    index = 0
    current: _Run | None = None
    for journal in journals:
        current = None  # what was going on when the one before broke off is over
        for event in journal.events:
            match event:
                case events.RunStart():
                    key = (event.design_run, event.acquisition)
                    current = runs.setdefault(key, _Run(event))
                    current.segments += 1
                    index = event.run
                    run_index = max(run_index, index)
                # A calibration's trials, outside the runs, are numbered too.
                case events.TrialStart() if current is not None and event.run == index:
                    current.began.append(event.trial)
                case events.TrialEnd() if current is not None and event.run == index:
                    if event.status in DONE:
                        current.done.add(event.trial)
                case events.RunEnd():
                    current = None
                case events.HeatPrepared():
                    stimuli = max(stimuli, event.number)
                case events.Decision():
                    lowered_c = float(event.details.get("lowered_by_c", lowered_c))
                case _:
                    pass
    return Past(
        runs=tuple(
            RunPast(
                design_run=run.start.design_run,
                acquisition=run.start.acquisition,
                skin_site=run.start.skin_site,
                segments=run.segments,
                done=frozenset(run.done - {0}),
                interrupted=frozenset(set(run.began) - run.done - {0}),
            )
            for run in runs.values()
        ),
        run_index=run_index,
        stimuli=stimuli,
        lowered_c=lowered_c,
    )


def unusable_sites(journals: Sequence[Journal]) -> tuple[int, ...]:
    """The skin sites that mustn't be used, as was said last in a visit's set-up."""
    said = [
        str(event.value or "")
        for journal in journals
        for event in journal.of(events.Answered)
        if (event.instrument, event.item) == ("setup", "unusable_sites")
    ]
    return tuple(int(site) for site in said[-1].split()) if said else ()


def wall_time(journal: Journal, t: float) -> float:
    """A session time of a journal as wall time (Unix seconds)."""
    return datetime.fromisoformat(journal.head.started_utc).timestamp() + t


def utc_time(journal: Journal, t: float) -> datetime:
    """The same as a date and time in UTC, also before 1970, where dates are shifted."""
    return datetime.fromisoformat(journal.head.started_utc).astimezone(UTC) + timedelta(seconds=t)


def heat_of(journals: Iterable[Journal]) -> list[PastHeat]:
    """Every heat that was delivered, or may have been: what started and wasn't logged as over.

    The latter (the program was killed in the middle of it) counts with its planned dose: the
    device went on by itself to the stimulus's own end. Heat that nobody asked for counts, too.
    """
    found: list[PastHeat] = []
    for journal in journals:
        over = journal.of(events.HeatDelivered)
        found += [
            PastHeat(e.skin_site, wall_time(journal, e.t), e.cem43, e.temperature) for e in over
        ]
        found += [_as_planned(journal, event) for event in _not_known_to_be_over(journal)]
        found += _unasked(journal)
    return found


def _unasked(journal: Journal) -> list[PastHeat]:
    """Heat that nobody asked for; one without an end isn't known to have ended soon."""
    found, open_ = [], None
    for event in journal.of(events.HeatUnasked):
        open_ = None if event.over else event
        if event.over:
            ended = wall_time(journal, event.t)
            found.append(PastHeat(event.skin_site, ended, event.cem43, event.highest))
    if open_ is not None:
        limits = journal.head.rig.get("limits") or {}
        most = float(limits.get("highest_dose_stimulus", HIGHEST_DOSE_STIMULUS))
        latest = wall_time(journal, max(open_.t, journal.events[-1].t))
        found.append(PastHeat(open_.skin_site, latest, max(most, open_.cem43), open_.highest))
    return found


def _not_known_to_be_over(
    journal: Journal,
) -> list[events.HeatTriggered | events.HeatPrepared]:
    """Heat that began without a word of its end; and, in a journal that breaks off, the one
    prepared last, whose start command may have gone out just before the program died."""
    over = {event.number for event in journal.of(events.HeatDelivered)}
    triggered = journal.of(events.HeatTriggered)
    open_: list[events.HeatTriggered | events.HeatPrepared] = [
        event for event in triggered if event.number not in over
    ]
    if not isinstance(journal.events[-1], events.SessionEnd):
        prepared = journal.of(events.HeatPrepared)
        known = over | {event.number for event in triggered}
        skipped = {(event.run, event.trial) for event in journal.of(events.HeatSkipped)}
        if prepared and prepared[-1].number not in known:
            last = prepared[-1]
            if (last.run, last.trial) not in skipped:
                open_.append(last)
    return open_


def _as_planned(journal: Journal, heat: events.HeatTriggered | events.HeatPrepared) -> PastHeat:
    """A heat that isn't known to be over, with the whole dose that was planned."""
    rig = journal.head.rig.get("thermode") or {}
    stimulus = Stimulus(
        number=heat.number,
        target=heat.temperature,
        plateau_s=heat.plateau_s,
        baseline=float(rig.get("baseline", 32.0)),
        rise_rate=float(rig.get("rise_rate", 1.0)),
        return_rate=float(rig.get("return_rate", 1.0)),
        skin_site=heat.skin_site,
    )
    began = heat.t if isinstance(heat, events.HeatTriggered) else journal.events[-1].t
    return PastHeat(
        site=heat.skin_site,
        time=wall_time(journal, began + stimulus.length_s),
        cem43=cem43_of_stimulus(stimulus),
        target=heat.temperature,
    )


def heat_of_calibration(path: Path, own_journals: Path) -> list[PastHeat]:
    """All heat in the journals beside a calibration's file, unless they are the session's own.

    A file that was copied away from its journal says nothing of the heat behind it; it counts as
    old if it was changed more than a day ago. Raises `ValueError`, in one sentence, for one that
    can't be judged.
    """
    if path.resolve().is_relative_to(own_journals.resolve().parent):
        return []  # counted with the participant's journals already
    stem = path.name.rpartition("_calibration-")[0]
    journals = sorted(path.parent.glob(f"{stem}_journal-*.jsonl")) if stem else []
    if not journals:
        if time.time() - path.stat().st_mtime > COUNTED_S:
            return []
        raise ValueError(
            f"the calibration {path.name} is less than a day old, and its journal doesn't lie "
            f"beside it: give the file where it was written"
        )
    found = []
    for each in journals:
        with contextlib.suppress(NoHead):
            found.append(_with_true_dates(read_journal(each)))
    return heat_of(found)


def heat_of_participant(dataset: Path, participant: str) -> list[PastHeat]:
    """All heat in every journal of a participant in a dataset, whatever the session.

    Raises `ValueError`, in one sentence, for a journal that can't be read: what was given on the
    skin isn't known then, so that no further heat can be judged safe.
    """
    folder = dataset / "sourcedata" / f"sub-{participant}"
    journals = []
    for path in sorted(folder.rglob("*_journal-*.jsonl")):
        try:
            journals.append(_with_true_dates(read_journal(path)))
        except NoHead:  # killed before its first line was whole: nothing can have happened in it
            continue
    return heat_of(journals)


def _with_true_dates(journal: Journal) -> Journal:
    """The journal. Raises `ValueError` for one from a copy for sharing: its heat would look old."""
    if journal.head.dates_shifted:
        raise ValueError(
            f"the dates of {journal.path.name} are shifted, as in a copy for sharing: put the "
            f"original back"
        )
    return journal
