"""The runner: executes one segment of a run against a rig.

It is the only code that waits for time to pass. `run` waits for the scanner's pulse and fixes
the schedule's zero; `experiment.running.walk` then goes through the phases.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from experiment.journal import events
from experiment.plan.scene import Scene
from experiment.plan.timeline import Segment
from experiment.running.outcome import SegmentOutcome
from experiment.running.pulses import PulseCounter
from experiment.running.room import Room
from experiment.running.walk import Walk
from experiment.timing.pulses import fit_pulses
from experiment.timing.verdict import SegmentTiming, TimingCriteria, noticing_s
from hardware.devices import Response


@dataclass
class Runner(Room):
    """Executes segments; one for a session."""

    waiting_scene: Scene
    criteria: TimingCriteria
    frame_stamped: bool = False  # whether keys carry the time of a frame, not their own
    _walk: Walk | None = field(default=None, init=False)

    def on_response(self, response: Response) -> None:
        """Hand a response to the phase that is going on (any thread)."""
        walk = self._walk
        if walk is not None:
            walk.on_response(response)

    def run(self, segment: Segment) -> SegmentOutcome:
        """Execute a segment, from waiting for its pulse to its last phase."""
        stage = self.stage
        timing = SegmentTiming(
            began=False,
            frame_stamped=self.frame_stamped,
            unsynchronised=self.display.info.unsynchronised,
            noticing_s=noticing_s(self.display.lead_s, scanned=self.scanned),
        )
        stage.run = segment.run
        stage.write(
            events.RunStart(
                t=stage.clock.now(),
                run=segment.run,
                design_run=segment.design_run,
                segment=segment.segment,
                acquisition=segment.acquisition,
                skin_site=segment.skin_site,
                first_trial=segment.first_trial,
                planned_length_s=segment.length_s,
                volumes=segment.volumes,
            )
        )
        walk = Walk(self, segment, timing)
        walk.prepare_next()
        pulses = self._wait_for_pulses(segment)
        try:
            outcome = self._through(segment, walk, pulses, timing)
        finally:
            if pulses is not None:
                pulses.stop()
            if self.scanner is not None:
                self.scanner.stop()
        self.note_failures()
        self._log_end(segment, outcome, timing, pulses)
        return outcome

    def _through(
        self, segment: Segment, walk: Walk, pulses: PulseCounter | None, timing: SegmentTiming
    ) -> SegmentOutcome:
        if pulses is not None and not pulses.complete():
            return self._never_began()
        zero, timing.began = self._fix_zero(segment, pulses), True
        if pulses is not None:
            pulses.watch(zero + segment.length_s)
        self._walk = walk
        self._forget_frames()
        try:
            outcome = walk.through(zero)
        finally:
            self._walk = None
        if outcome.status != "completed":
            if self.stage.thermode is not None:
                self.stage.thermode.abort()
        else:
            self._listen_for_the_end(pulses)
            if self.stop.requested:  # after the last phase: the run is whole, but somebody pressed
                outcome = replace(outcome, reason=self.why_interrupted()[1])
        return outcome

    def outside_runs(self, segment: Segment) -> SegmentOutcome:
        """Execute phases that belong to no run (instructions, practice): no pulse, no run's events."""
        self.stage.run = segment.run
        walk = Walk(self, segment, SegmentTiming())
        walk.prepare_next()
        self._walk = walk
        self._forget_frames()
        try:
            outcome = walk.through(self.stage.clock.now() + self.display.lead_s)
        finally:
            self._walk = None
        if outcome.status != "completed" and self.stage.thermode is not None:
            self.stage.thermode.abort()
        self.note_failures()
        return outcome

    def _forget_frames(self) -> None:
        """Those of the wait before a segment say nothing of the segment."""
        self.display.frame_counts()
        self.display.dropped_frames()

    def _wait_for_pulses(self, segment: Segment) -> PulseCounter | None:
        """Show the waiting screen until the dummies and one pulse more have come.

        None where nothing is scanned. A counter that isn't complete: it was in vain.
        """
        scan, stage = self.scan, self.stage
        if scan is None or self.scanner is None:
            return None
        pulses = PulseCounter(
            stage.clock,
            scan.tr_s,
            needed=scan.dummies + 1,
            on_pulse=lambda time, number: stage.write(
                events.Pulse(t=time, run=segment.run, number=number)
            ),
            warn=stage.warn,
        )
        self.display.show(self.waiting_scene, lambda flip: None)
        self.scanner.start(pulses.arrived)
        scanner = self.scanner
        stage.clock.wait(
            lambda: pulses.complete() or self.interrupted() or scanner.failure() != "",
            stage.clock.now() + scan.give_up_s,
        )
        return pulses

    def _never_began(self) -> SegmentOutcome:
        """The segment ended while it waited for its pulse."""
        if self.stage.thermode is not None:
            self.stage.thermode.abort()
        if self.interrupted():
            status, reason = self.why_interrupted()
            return SegmentOutcome(status, frozenset(), None, reason)
        assert self.scan is not None
        assert self.scanner is not None
        reason = self.scanner.failure() or (
            f"no complete set of pulses came from the scanner within {self.scan.give_up_s:g} s: "
            f"check that the scan runs, and the cable and port of the pulses"
        )
        return SegmentOutcome("no_pulses", frozenset(), None, reason)

    def _fix_zero(self, segment: Segment, pulses: PulseCounter | None) -> float:
        """The schedule's zero: the pulse after the dummies, or now. Logs it."""
        scan = self.scan
        if pulses is None or scan is None:
            zero = self.stage.clock.now() + self.display.lead_s
            self.stage.write(
                events.RunZero(t=zero, run=segment.run, first_pulse=None, first_stored=None)
            )
            return zero
        zero = pulses.volumes[scan.dummies]
        self.stage.write(
            events.RunZero(
                t=zero,
                run=segment.run,
                first_pulse=pulses.volumes[0],
                first_stored=pulses.volumes[scan.dummies_pulsed_not_stored],
                dummies_pulsed_not_stored=scan.dummies_pulsed_not_stored,
                dummies_stored=scan.dummies_stored,
                tr_s=scan.tr_s,
            )
        )
        return zero

    def _listen_for_the_end(self, pulses: PulseCounter | None) -> None:
        """Go on counting until no pulse came for 3 TR, so that the count can be checked."""
        if pulses is None or self.scan is None:
            return
        clock = self.stage.clock
        longest = clock.now() + 60.0  # a console that goes on scanning doesn't hold us up for ever
        clock.wait(lambda: pulses.ended() or self.stop.requested, longest)

    def _log_end(
        self,
        segment: Segment,
        outcome: SegmentOutcome,
        timing: SegmentTiming,
        pulses: PulseCounter | None,
    ) -> None:
        expected = None
        if self.scan is not None and segment.volumes is not None and outcome.status == "completed":
            expected = segment.volumes + self.scan.dummies_pulsed_not_stored
        if pulses is not None and self.scan is not None:
            timing.pulses, timing.pulses_expected = len(pulses.times), expected
            timing.fit = fit_pulses(pulses.times, self.scan.tr_s, expected)
        frames = self.display.frame_counts()
        verdict, reasons = timing.verdict(self.criteria)
        status: Literal["completed", "stopped", "aborted"] = "stopped"
        if outcome.status == "completed":
            status = "completed"
        elif outcome.status in ("stopped", "device_failed", "stalled"):
            status = "aborted"
        self.stage.write(
            events.RunEnd(
                t=self.stage.clock.now(),
                run=segment.run,
                status=status,
                pulses=len(pulses.times) if pulses is not None else 0,
                pulses_expected=expected,
                max_lateness_s=round(timing.max_lateness_s, 6),
                dropped_frames=timing.dropped_frames,
                markers_lost=timing.markers_lost,
                verdict=verdict,
                reasons=reasons,
                frame_tenths=list(frames.tenths) if frames is not None else [],
                frame_period_s=frames.period_s if frames is not None else None,
            )
        )
