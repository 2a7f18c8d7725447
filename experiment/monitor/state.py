"""What is the case now, as far as the journal tells: events go in one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from conditions.study import Verdict
from experiment.bids.face_ratings import FACE_STEPS
from experiment.blinding import Blind
from experiment.display.protocol import display_of
from experiment.journal import events
from experiment.journal.events import Event, SessionStart
from experiment.journal.reader import study_as_today
from experiment.monitor.pulse_grid import PulseGrid
from experiment.summary.deviations import Deviation, deviation_of
from experiment.timing.pulses import ENOUGH, fit_pulses
from experiment.timing.verdict import SegmentTiming, TimingCriteria, criteria_of, noticing_s

TRACE_HZ = 10.0  # the page needs no more of a temperature
GAP_S = 1.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Points:
    """A series that only grows, for a plot."""

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)

    def add(self, x: float, y: float) -> None:
        """Append a point."""
        self.x.append(x)
        self.y.append(y)


@dataclass
class Told:
    """A deviation with its time of day (UTC; '' for what may still change); `times` in a row."""

    time: str
    deviation: Deviation
    times: int = 1


@dataclass
class Device:
    """A device by what it last said of itself."""

    role: str
    what: str
    emulated: bool
    failed: str = ""  # why


@dataclass
class RunState:
    """One segment. Times of the series are seconds on its schedule (session time before zero)."""

    start: events.RunStart
    planned_trials: int
    timing: SegmentTiming  # as the runner gathers it
    zero: events.RunZero | None = None
    end: events.RunEnd | None = None
    trial: int | None = None
    trials_done: int = 0
    pulses: list[float] = field(default_factory=list)  # session times
    grid: PulseGrid | None = None
    residuals: Points = field(default_factory=Points)  # ms off the grid of the first pulse
    lateness: Points = field(default_factory=Points)  # ms
    delivered: Points = field(default_factory=Points)  # degrees Celsius
    asked: Points = field(default_factory=Points)
    _fitted: int = 0  # how many pulses the present fit is of

    def reasons(self, criteria: TimingCriteria) -> list[str]:
        """What the verdict would say if the run ended now, as far as a journal tells before it.

        Not before the run's zero, and nothing of fewer pulses than carry a line: the run has
        hardly begun, and didn't fail to.
        """
        if self.zero is None:
            return []
        if self._fitted < len(self.pulses) and self.zero.tr_s and self.zero.first_pulse is not None:
            self._fitted = len(self.pulses)
            # Those before it belong to a scan that was started anew.
            times = [time for time in self.pulses if time >= self.zero.first_pulse]
            if len(times) >= ENOUGH:
                self.timing.fit = fit_pulses(times, self.zero.tr_s, None)
        return self.timing.verdict(criteria)[1]

    @property
    def origin(self) -> float:
        """The session time that the series count from."""
        return self.zero.t if self.zero is not None else self.start.t

    @property
    def worst_lateness_ms(self) -> float | None:
        """The onset farthest off its schedule."""
        return max(self.lateness.y, key=abs, default=None)

    @property
    def worst_residual_ms(self) -> float | None:
        """The pulse farthest off the grid."""
        return max(self.residuals.y, key=abs, default=None)

    @property
    def pulses_expected(self) -> int | None:
        """All that the scan should send, as far as is known."""
        if self.end is not None:
            return self.end.pulses_expected
        if self.start.volumes is None:
            return None
        more = self.zero.dummies_pulsed_not_stored if self.zero is not None else 0
        return self.start.volumes + more


@dataclass
class State:
    """Everything that the page shows of one session, from all its journals in turn."""

    head: SessionStart | None = None
    begun_at: float = 0.0  # wall time (Unix seconds) of the session clock's zero
    last_t: float = 0.0
    ended: events.SessionEnd | None = None
    devices: dict[str, Device] = field(default_factory=dict)
    frame_stamped: bool = False  # keys carry the time of a frame, not their own
    run: RunState | None = None
    phase: events.PhaseStart | None = None
    prepared: events.HeatPrepared | None = None
    triggered: events.HeatTriggered | None = None
    last_delivered: events.HeatDelivered | None = None
    temperature: tuple[float, float] | None = None  # session time, degrees Celsius
    ratings: dict[str, Points] = field(default_factory=dict)  # by question: trial's order, rating
    ratings_asked: int = 0
    ratings_given: int = 0
    last_rating: events.Rating | None = None
    told: list[Told] = field(default_factory=list)
    trials_begun: int = 0
    step: str = ""  # of a visit
    faces_given: int = 0  # in this step
    faces_asked: int = 0
    show: bool = False  # trust levels may be shown
    blind: Blind | None = None
    criteria: TimingCriteria | None = None  # the study's; None for one that says none

    @property
    def over(self) -> bool:
        """Whether the session has ended, and doesn't go on in its next journal."""
        return self.ended is not None and self.ended.status != "continued"

    def add(self, event: Event, *, show: bool = False) -> None:
        """Take an event. `show`: this session may be shown unblinded."""
        self.last_t = event.t
        if isinstance(event, SessionStart):
            self._head(event, show)
        elif self.head is not None:
            self._add(event)
            if (deviation := deviation_of(event)) is not None:
                self._tell(deviation)

    def _head(self, head: SessionStart, show: bool) -> None:
        if self.head is not None and self.head.step != head.step:
            self._forget_trials()
        self.head, self.ended, self.phase, self.step = head, None, None, ""
        self.begun_at = datetime.fromisoformat(head.started_utc).timestamp()
        self.devices.clear()
        self.frame_stamped = False
        self.show = show or head.kind == "simulated"
        self.blind = Blind(head, show=self.show)
        self.criteria = _criteria(head)

    def _forget_trials(self) -> None:
        """A calibration's trials and ratings are none of the runs'."""
        self.ratings, self.last_rating = {}, None
        self.ratings_asked = self.ratings_given = self.trials_begun = 0

    def time_of_day(self, t: float) -> str:
        """A session time as time of day, UTC."""
        # Windows' own conversion refuses what lies before 1970, as shifted dates do.
        return (EPOCH + timedelta(seconds=self.begun_at + t)).strftime("%H:%M:%S")

    def _tell(self, deviation: Deviation) -> None:
        assert self.blind is not None
        at = self.time_of_day(deviation.t)
        text = self.blind(deviation.text)
        deviation = replace(deviation, text=text)
        last = self.told[-1] if self.told else None
        if last is not None and last.deviation.text == text and last.deviation.run == deviation.run:
            self.told[-1] = Told(at, deviation, last.times + 1)
        else:
            self.told.append(Told(at, deviation))

    def _present(self, event: Event) -> RunState | None:
        """The present run, if the event is of it: practice and face ratings are of none."""
        run = self.run
        return run if run is not None and getattr(event, "run", None) == run.start.run else None

    def _add(self, event: Event) -> None:
        run = self._present(event)
        match event:
            case events.SessionEnd():
                self.ended, self.step = event, ""
                self.phase = self.prepared = self.triggered = None
            case events.StepStart():
                self.step, self.faces_given, self.faces_asked = event.step, 0, 0
            case events.StepEnd():
                self.step, self.phase = "", None
            case events.DeviceOpened():
                what = " ".join(filter(None, (event.kind, event.firmware)))
                self.devices[event.role] = Device(event.role, what, event.emulated)
                if event.role == "responses":
                    self.frame_stamped = any(name.endswith("warning") for name in event.details)
            case events.DeviceFailed():
                device = self.devices.setdefault(event.role, Device(event.role, "", False))
                device.failed = event.reason
            case events.RunStart():
                self._run_starts(event)
            case events.HeatPrepared():
                self.prepared = event
            case events.Rating():
                self._rating(event)
            case events.PhaseStart():
                self.phase = event
                if run is not None:
                    late = event.t - event.planned
                    run.lateness.add(event.t - run.origin, 1000 * late)
                    run.timing.add(late)
            case events.PhaseEnd() if self.phase is not None:
                if (self.phase.trial, self.phase.phase) == (event.trial, event.phase):
                    self.phase = None
            case events.HeatTriggered():
                self.triggered, self.prepared = event, None
                if run is not None:
                    self._asked(run, event)
            case events.HeatDelivered():
                self.last_delivered, self.triggered = event, None
            case events.TrialEnd(status="aborted"):
                self.prepared = self.triggered = None
            case events.Temperatures():
                self._temperatures(event, run)
            case _ if run is not None:
                self._add_to_run(run, event)

    def _run_starts(self, event: events.RunStart) -> None:
        assert self.head is not None
        rows = [row for row in self.head.trials if row.get("run") == event.design_run]
        planned = sum(int(row.get("trial") or 0) > 0 for row in rows)
        display = display_of(self.head.display)
        timing = SegmentTiming(
            frame_stamped=self.frame_stamped,
            unsynchronised=display.unsynchronised,
            noticing_s=noticing_s(display.lead_s, scanned=event.volumes is not None),
        )
        self.run = RunState(event, planned, timing)
        self.phase = self.triggered = self.prepared = None

    def _add_to_run(self, run: RunState, event: Event) -> None:
        match event:
            case events.RunZero():
                run.zero = event
                if event.tr_s:
                    run.grid = PulseGrid(event.tr_s)
                    for pulse in run.pulses:
                        self._residual(run, pulse)
            case events.Pulse():
                run.pulses.append(event.t)
                if run.grid is not None:
                    self._residual(run, event.t)
            case events.TrialStart():
                run.trial = event.trial
                self.trials_begun += event.trial > 0
            case events.TrialEnd():
                run.trials_done += event.trial > 0 and event.status != "aborted"
            case events.HeatSkipped():
                run.timing.heats_skipped += 1
            case events.DroppedFrames():
                run.timing.dropped_frames += len(event.times)
            case events.RunEnd():
                run.end, run.timing.dropped_frames = event, event.dropped_frames
                # Heat that was prepared for it won't come; what was going on has been aborted.
                self.phase = self.prepared = self.triggered = None

    def _residual(self, run: RunState, pulse: float) -> None:
        assert run.grid is not None
        run.residuals.add(pulse - run.origin, 1000 * run.grid.offset(pulse))

    def _asked(self, run: RunState, event: events.HeatTriggered) -> None:
        at = event.t - run.origin
        for x, y in ((at, event.temperature), (at + event.plateau_s, event.temperature)):
            run.asked.add(x, y)
        run.asked.add(at + event.plateau_s, math.nan)

    def _temperatures(self, event: events.Temperatures, run: RunState | None) -> None:
        for t, mean in zip(event.times, event.mean, strict=True):
            if not math.isfinite(mean):
                continue
            self.temperature = (t, mean)
            if run is None:  # practice or calibration, which have no schedule to be drawn on
                continue
            since = t - run.origin - run.delivered.x[-1] if run.delivered.x else 0.0
            if since > GAP_S:  # nothing was measured meanwhile: no line across it
                run.delivered.add(t - run.origin, math.nan)
            if since >= 0.99 / TRACE_HZ or not run.delivered.x:
                run.delivered.add(t - run.origin, mean)

    def _rating(self, event: events.Rating) -> None:
        if event.run == 0:  # outside runs, on faces: one could tell from them who is trusted
            if self.step in FACE_STEPS:
                self.faces_asked += 1
                self.faces_given += event.rating is not None
            return
        self.last_rating = event
        self.ratings_asked += 1
        points = self.ratings.setdefault(event.question, Points())
        if event.rating is not None:
            self.ratings_given += 1
            points.add(self.trials_begun, event.rating)


def _criteria(head: SessionStart) -> TimingCriteria | None:
    try:
        return criteria_of(Verdict.model_validate(study_as_today(head).get("verdict")))
    except ValidationError:
        return None
