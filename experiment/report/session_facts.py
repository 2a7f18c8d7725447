"""What a session's report says, gathered from its journals: a pure reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from experiment.bids.face_ratings import Faces
from experiment.bids.records import RunRecord, records_of
from experiment.blinding import Blind
from experiment.journal import Journal, events
from experiment.recovery.past import heat_of, utc_time
from experiment.summary.deviations import WEIGHTS, Deviation, Weight, deviation_of
from experiment.summary.summary import Summary, summarise

MOST_DEVIATIONS = 30  # on paper; the rest is counted, and stands in the journal


@dataclass(frozen=True)
class Line:
    """A deviation as it's printed. `time` is the time of day in UTC, '' for the whole session."""

    time: str
    where: str
    weight: Weight
    text: str
    times: int = 1  # how often the same happened in the same run
    kept: bool = False  # never left out for want of room


@dataclass(frozen=True)
class SiteDose:
    """What one skin site had in this session: CEM43 in minutes, temperatures in degrees Celsius."""

    site: int
    stimuli: int
    cem43: float
    hottest_asked: float
    hottest_measured: float | None
    limit: float | None


@dataclass(frozen=True)
class Answer:
    """A rating in a run, given or not. `order` counts the session's trials from 1.

    `done`: its trial ran to its end. `counts`: means use it.
    """

    order: int
    run: int
    trial: int
    question: str
    rating: float | None
    trust: str | None
    clinician: str | None
    temperature: float | None  # asked for and given; None where the heat was skipped
    done: bool
    counts: bool


@dataclass(frozen=True)
class SessionFacts:
    """A session, ready to be drawn and printed. `shown`: trust levels and means may appear.

    `journals` are all of it, a calibration's too; `summary`, `records` and `answers` are of the
    runs.
    """

    journals: tuple[Journal, ...]
    summary: Summary
    records: tuple[RunRecord, ...]
    answers: tuple[Answer, ...]
    lines: tuple[Line, ...]
    more_lines: int
    doses: tuple[SiteDose, ...]
    faces: Faces
    shown: bool
    blind: Blind

    @property
    def head(self) -> events.SessionStart:
        """The head of the runs' last journal."""
        last = self.records[-1].journal if self.records else self.journals[-1]
        return last.head

    @property
    def gives_heat(self) -> bool:
        """Whether the study is one with heat."""
        return self.head.study.get("paradigm", "pain") == "pain"

    @property
    def simulated(self) -> bool:
        """Whether nobody need be kept blind."""
        return self.head.kind == "simulated"


def facts_of(journals: Sequence[Journal], *, shown: bool) -> SessionFacts:
    """Gather everything from a session's journals, oldest first.

    Raises `ValueError`, in one sentence, if there are none or if they are of several sessions.
    """
    if len({(j.head.participant, j.head.session) for j in journals}) > 1:
        raise ValueError("these journals are of several sessions: a report is of one")
    # A calibration's trials aren't the session's; without runs it's all there is.
    of_runs = [j for j in journals if j.head.step == "runs"] or list(journals)
    summary = summarise(of_runs)
    records = tuple(record for journal in of_runs for record in records_of(journal))
    blind = Blind(of_runs[-1].head, show=shown)
    lines = _whole_session(of_runs, summary, records) + [
        line for journal in journals for line in _of_journal(journal)
    ]
    lines = [replace(line, text=blind(line.text)) for line in _joined(lines)]
    lines.sort(key=lambda line: (WEIGHTS.index(line.weight), not line.kept))
    printed = [*lines[:MOST_DEVIATIONS], *(ln for ln in lines[MOST_DEVIATIONS:] if ln.kept)]
    return SessionFacts(
        journals=tuple(journals),
        summary=summary,
        records=records,
        answers=tuple(_answers(records)),
        lines=tuple(printed),
        more_lines=len(lines) - len(printed),
        doses=tuple(_doses(journals)),
        faces=Faces.of(journals),
        shown=shown,
        blind=blind,
    )


def time_of_day(journal: Journal, t: float) -> str:
    """A session time as time of day, UTC."""
    return utc_time(journal, t).strftime("%H:%M:%S")


def _of_journal(journal: Journal) -> list[Line]:
    found = [deviation for event in journal.events if (deviation := deviation_of(event))]
    return [
        Line(time_of_day(journal, dev.t), _where(dev), dev.weight, dev.text, kept=dev.kept)
        for dev in found
    ]


def _where(dev: Deviation) -> str:
    if dev.run is None:
        return ""
    if dev.trial is None:
        return f"run {dev.run}"
    return f"run {dev.run}, " + (f"trial {dev.trial}" if dev.trial else "lead-in")


def _joined(lines: Iterable[Line]) -> list[Line]:
    """The same sentence again in the same run is counted, not repeated."""
    joined: dict[tuple[str, str], Line] = {}
    for line in lines:
        key = (line.where.split(",")[0], line.text)
        if (first := joined.get(key)) is None:
            joined[key] = line
        else:
            where = first.where if first.where == line.where else key[0]
            joined[key] = replace(first, where=where, times=first.times + 1)
    return list(joined.values())


def _whole_session(
    journals: Sequence[Journal], summary: Summary, records: Sequence[RunRecord]
) -> list[Line]:
    """What no single event says."""
    head = journals[-1].head
    found: list[tuple[Weight, str]] = []
    if not journals[-1].of(events.SessionEnd):
        found.append(
            ("serious", "the journal has no end: the session is still running, or was cut off")
        )
    for journal in journals:
        if journal.torn:
            lost = f"{len(journal.torn)} bytes at the end of {journal.path.name}"
            found.append(("serious", f"{lost} aren't whole lines and were left out"))
    finished = {run.start.design_run for run in records if run.status == "completed"}
    planned = sorted({int(row["run"]) for row in head.trials})
    if missing := [run for run in planned if run not in finished]:
        numbers = ", ".join(map(str, missing))
        found.append(("serious", f"planned run(s) without an end: {numbers} of {len(planned)}"))
    starts = 1 + sum(not _goes_on(journal) for journal in journals[:-1])
    if starts > 1:
        found.append(("notable", f"the program was started {starts} times"))
    again = [run.start for run in records if run.start.segment > 1 or run.start.acquisition > 0]
    for start in again:
        what = "repeated" if start.acquisition > 0 else f"went on in segment {start.segment}"
        found.append(("notable", f"planned run {start.design_run} {what} as run {start.run}"))
    for run in records:
        if run.zero is not None and run.correction.reason:
            shift = f"{1000 * run.correction.seconds:+.0f} ms"
            told = f"onsets of run {run.start.run} corrected by {shift}: {run.correction.reason}"
            found.append(("notable", told))
    if head.kind == "pilot":
        found.append(("notable", summary.origin))
    if head.scenario:
        found.append(("notable", f"the scenario {head.scenario} was played"))
    if head.dirty:
        found.append(("notable", "the program's files differed from the commit"))
    if head.display and head.display.get("synchronised") is False and not head.virtual_time:
        found.append(
            ("notable", "the screen didn't wait for its refresh: flip times are unsynchronised")
        )
    return [Line("", "", weight, text) for weight, text in found]


def _goes_on(journal: Journal) -> bool:
    """Whether it ended as planned with the next one: a visit does so after its calibration.

    Older journals say "stopped" for it, with the exit code of what went well.
    """
    ends = journal.of(events.SessionEnd)
    return bool(ends) and ends[-1].status in ("continued", "stopped") and ends[-1].exit_code == 0


def _answers(records: Iterable[RunRecord]) -> list[Answer]:
    answers: list[Answer] = []
    order = 0
    for run in records:
        given = {heat.trial: heat.temperature for heat in run.triggered}
        for trial in run.trials:
            order += 1
            row = run.rows.get(trial, {})
            answers += [
                Answer(
                    order=order,
                    run=run.start.run,
                    trial=trial,
                    question=rating.question,
                    rating=rating.rating,
                    trust=row.get("trust"),
                    clinician=row.get("clinician"),
                    temperature=given.get(trial),
                    done=run.done(trial),
                    counts=run.counts(trial) and rating.rating is not None,
                )
                for (of_trial, _), rating in run.ratings.items()
                if of_trial == trial
            ]
    return answers


def _doses(journals: Sequence[Journal]) -> list[SiteDose]:
    limits = journals[-1].head.rig.get("limits") or {}
    limit = limits.get("highest_dose_site")
    measured: dict[int, float] = {}
    for journal in journals:
        for heat in journal.of(events.HeatDelivered):
            measured[heat.skin_site] = max(heat.highest, measured.get(heat.skin_site, heat.highest))
    past = heat_of(journals)
    return [
        SiteDose(
            site=site,
            stimuli=len(here),
            cem43=sum(heat.cem43 for heat in here),
            hottest_asked=max(heat.target for heat in here),
            hottest_measured=measured.get(site),
            limit=float(limit) if limit is not None else None,
        )
        for site in sorted({heat.site for heat in past})
        if (here := [heat for heat in past if heat.site == site])
    ]
