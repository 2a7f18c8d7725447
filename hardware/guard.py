"""The guard between runner and thermode: it refuses, watches, aborts, and says what was delivered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from hardware.checks import (
    PlannedHeat,
    check_history,
    check_pause,
    check_plan,
    check_stimulus,
)
from hardware.clock import Clock
from hardware.devices import (
    DeviceError,
    DeviceInfo,
    Readiness,
    Stimulus,
    TemperatureSample,
    Thermode,
    TriggerStamp,
)
from hardware.history import EVERY_SITE, Delivery, PastHeat, SiteHistory
from hardware.limits import SafetyLimits
from hardware.trace import GAP_S, HeatTrace
from hardware.unasked import IdleWatch, UnaskedHeat

TICK_S = 0.1  # how often a stimulus is looked after beside its samples
STALL_S = 0.5  # a look that comes later than this means that the computer stood still
SILENT_S = 1.0  # without a sample for this long, what was delivered is reckoned from the plan
GIVE_UP_S = 10.0  # after the planned end, a probe that isn't down won't be waited for
SETTLE_S = 10.0  # after opening, the probe may come from anywhere


class HeatRefused(DeviceError):
    """A heat that the guard didn't let through: which limit, what, and how much."""


class GuardedThermode:
    """A `Thermode` that keeps within `limits`, whatever is asked of it.

    `history` is what the sites have had already and gets what they are given now; its wall time
    (s) is `wall_origin` plus the session clock. `on_delivery` gets each `Delivery` when baseline
    is reached again, on the clock's callbacks (or in `close`). A device that was too hot, didn't
    come down or failed during heat gets no further heat from this guard, ever.

    `abort` takes no lock of the guard's.
    """

    def __init__(
        self,
        device: Thermode,
        clock: Clock,
        limits: SafetyLimits,
        history: SiteHistory,
        *,
        zones: Sequence[int] = (1, 2, 3, 4, 5),
        sample_s: float = 0.02,
        wall_origin: float = 0.0,
        on_delivery: Callable[[Delivery], None] | None = None,
    ) -> None:
        self._device, self._clock, self._limits = device, clock, limits
        self._history, self._zones, self._wall_origin = history, tuple(zones), wall_origin
        self.on_delivery = on_delivery
        # A device that can't be asked often isn't silent, nor is a gap one, between two samples.
        self._gap_s = max(GAP_S, 1.5 * sample_s)
        self._silent_s = max(SILENT_S, 4 * sample_s)
        self._watcher: Callable[[TemperatureSample], None] | None = None
        # A second one for those who only record, such as a stream; the session has the first.
        self.also_watch: Callable[[TemperatureSample], None] | None = None
        self._lock = threading.RLock()
        self._prepared: Stimulus | None = None
        self._pending: Stimulus | None = None  # to be handed on when the heat before is over
        self._not_before: float | None = (
            None  # when the prepared one may be triggered at most early
        )
        self._trace: HeatTrace | None = None
        self._locked = ""
        self._stalled = ""
        self._idle = IdleWatch(limits, clock.now() + SETTLE_S)
        self._on_unasked: Callable[[UnaskedHeat], None] | None = None
        self._untold: list[UnaskedHeat] = []
        device.watch(self._sampled)

    @property
    def info(self) -> DeviceInfo:
        """What the device says of itself."""
        return self._device.info

    @property
    def history(self) -> SiteHistory:
        """What the sites have had."""
        return self._history

    def rested_at(self, site: int) -> float:
        """When a skin site has rested long enough for its next heat, in seconds of the clock."""
        last_end = self._history.site(site, self._wall()).last_end
        if last_end is None:
            return self._clock.now()
        return last_end + self._limits.shortest_pause_s - self._wall_origin

    def breaches(self, planned: Iterable[PlannedHeat]) -> list[str]:
        """What a plan would break after all that was delivered; a sentence each (`check_plan`)."""
        return check_plan(planned, self._limits, self._history, self._wall())

    def prepare(self, stimulus: Stimulus) -> None:
        """Check, and begin to load. Raises `HeatRefused`.

        While the heat before is still coming down, loading begins by itself when it is over.
        """
        with self._lock:
            self._prepared = self._pending = self._not_before = None
            self._refuse(stimulus, self._problems(stimulus))
            if self._trace is not None:
                self._pending = self._prepared = stimulus
            else:
                self._load(stimulus)
                self._prepared = stimulus

    def expect(self, not_before: float) -> None:
        """Say when the prepared stimulus may be triggered at the earliest; see `Thermode`."""
        with self._lock:
            self._not_before = not_before
            if self._pending is None:
                self._device.expect(not_before)

    def ready(self) -> Readiness:
        """Whether the prepared stimulus may be triggered, pauses apart, which `trigger` checks."""
        if failure := self.failure():
            return Readiness(False, failure)
        if self._prepared is None:
            return Readiness(False, "No stimulus has been prepared.")
        if self._trace is not None:
            return Readiness(False, "The heat before hasn't come down yet.")
        return self._device.ready()

    def trigger(self) -> TriggerStamp:
        """Check again, against what has really been delivered, and start. Raises `HeatRefused`."""
        with self._lock:
            stimulus = self._prepared
            if stimulus is None:
                raise HeatRefused("Heat refused: no stimulus has been prepared.")
            problems = self._problems(stimulus)
            if self._trace is not None:
                problems.append("the heat before hasn't come down yet")
            now = self._wall()
            site = self._history.site(stimulus.skin_site, now)
            self._refuse(stimulus, problems + check_pause(stimulus, site, now, self._limits))
            now = self._clock.now()
            trace = HeatTrace(stimulus, now, self._zones, self._limits, self._gap_s)
            # In place before the start command, so that an abort finds it.
            self._trace, self._prepared = trace, None
            try:
                stamp = self._device.trigger()
            except DeviceError:
                if self._device.failure():
                    # The start command may have gone out all the same.
                    self._look_again(trace)
                else:
                    self._trace = None
                raise
            self._look_again(trace)
            return stamp

    def abort(self) -> None:
        """Send the device to baseline at once; what was prepared is gone."""
        self._prepared = self._pending = None
        try:
            self._device.abort()
        finally:
            trace = self._trace
            if trace is not None:
                trace.abort(self._clock.now())

    def watch(self, callback: Callable[[TemperatureSample], None] | None) -> None:
        """Hand every temperature to `callback`, after the guard has judged it."""
        self._watcher = callback

    def watch_unasked(self, callback: Callable[[UnaskedHeat], None]) -> None:
        """Hand heat that nobody asked for to `callback`, also what was seen before this call."""
        with self._lock:
            self._on_unasked = callback
        self._tell_unasked()

    def at_baseline(self) -> bool:
        """Whether the device is known to be at baseline."""
        return self._trace is None and self._device.at_baseline()

    def failure(self) -> str:
        """Why there is no further heat, or what the device says has failed, or ''."""
        return self._locked or self._device.failure()

    def close(self) -> None:
        """Close the device, which aborts a stimulus that is going on; that one is delivered."""
        self._prepared = self._pending = None
        trace = self._trace
        if trace is not None:
            self.abort()
        self._device.close()
        if trace is not None:
            self._finish(trace, "The thermode was closed during heat.")

    # --- what decides ---------------------------------------------------------------------

    def _wall(self) -> float:
        return self._wall_origin + self._clock.now()

    def _problems(self, stimulus: Stimulus) -> list[str]:
        if failure := self.failure():
            return [failure.rstrip(".")]
        problems = check_stimulus(stimulus, self._limits)
        if problems:
            return problems
        now = self._wall()
        site = self._history.site(stimulus.skin_site, now)
        return check_history(stimulus, site, self._history.visit_stimuli(now), self._limits)

    @staticmethod
    def _refuse(stimulus: Stimulus, problems: list[str]) -> None:
        if problems:
            raise HeatRefused(
                f"Heat refused, stimulus {stimulus.number} on skin site {stimulus.skin_site}: "
                f"{'; '.join(problems)}."
            )

    def _load(self, stimulus: Stimulus) -> None:
        try:
            self._device.prepare(stimulus)
        except ValueError as error:
            self._refuse(stimulus, [str(error)])

    def _lock_out(self, sentence: str) -> None:
        self._locked = self._locked or f"{sentence.rstrip('.')}: no further heat."
        self.abort()

    # --- what watches ---------------------------------------------------------------------

    def _sampled(self, sample: TemperatureSample) -> None:
        trace = self._trace
        if trace is None:
            self._watch_idle(sample)
        else:
            self._idle.pass_by(sample)
            with self._lock:
                complaint = trace.add(sample)
            if complaint and not self._locked:
                self._lock_out(complaint)
            if trace.down():
                self._finish(trace)
        if self._watcher is not None:
            self._watcher(sample)
        if self.also_watch is not None:
            self.also_watch(sample)

    def _watch_idle(self, sample: TemperatureSample) -> None:
        """Without a stimulus nothing may be hot; what is counts to the skin all the same.

        A stimulus is prepared when the probe lies where it is to be given. Otherwise it may be on
        its way to any site, so that the heat counts on each.
        """
        prepared = self._prepared
        site = prepared.skin_site if prepared is not None else EVERY_SITE
        heat = self._idle.add(sample, site)
        if self._idle.alarm(sample) and not self._locked:
            hot = max(sample.zones)
            self._lock_out(f"The thermode is at {hot:.1f} C although no heat was asked for")
        if heat is None:
            return
        if heat.over:
            ended = self._wall_origin + heat.ended
            self._history.add(PastHeat(heat.skin_site, ended, heat.cem43, heat.peak))
        with self._lock:
            self._untold.append(heat)
        self._tell_unasked()

    def _tell_unasked(self) -> None:
        with self._lock:
            callback = self._on_unasked
            if callback is None:
                return
            told, self._untold = self._untold, []
        for heat in told:
            callback(heat)

    def _look_again(self, trace: HeatTrace) -> None:
        due = self._clock.now() + TICK_S
        self._clock.call_at(due, lambda: self._tick(trace, due))

    def _tick(self, trace: HeatTrace, due: float) -> None:
        if self._trace is not trace:
            return
        now = self._clock.now()
        failure = self._device.failure()
        if failure and not self._locked:
            self._lock_out(failure)
        if now - due > STALL_S:
            # After a suspend the device isn't to blame; its answers are still to be read.
            self._stalled = f"The computer stood still for {now - due:.1f} s during heat."
            self.abort()
            self._look_again(trace)
        elif now - trace.last > self._silent_s:
            if not self._locked:
                self._lock_out("The thermode gave no temperatures during heat")
            self._finish(trace, self._locked)
        elif now > trace.ends + GIVE_UP_S:
            if not self._locked:
                self._lock_out("The thermode hasn't come back to baseline")
            self._finish(trace, self._locked)
        else:
            self._look_again(trace)

    def _finish(self, trace: HeatTrace, problem: str = "") -> None:
        with self._lock:
            if self._trace is not trace:
                return
            problem = problem or self._locked or self._stalled
            self._stalled = ""
            delivery = trace.delivery(self._clock.now(), problem)
            self._history.add(
                PastHeat(
                    site=delivery.skin_site,
                    time=self._wall_origin + delivery.ended,
                    cem43=delivery.cem43,
                    target=delivery.target,
                )
            )
            self._trace = None
            pending, self._pending = self._pending, None
            if pending is not None and not self._locked:
                try:
                    self._load(pending)
                    if self._not_before is not None:
                        self._device.expect(self._not_before)
                except DeviceError:
                    # Nobody waits here for an error; `ready` says that nothing is prepared.
                    self._prepared = None
        if self.on_delivery is not None:
            self.on_delivery(delivery)
