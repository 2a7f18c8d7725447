"""Going through a segment's phases, each at its planned onset.

A phase that comes late shortens itself: no planned onset ever moves, so that lateness can't add
up. Only a phase that lasts until the participant responds (never in a scanner) moves what
follows it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from experiment.journal import events
from experiment.plan.scene import CursorState
from experiment.plan.timeline import OUTSIDE_TRIALS, Performer, Phase, Segment
from experiment.running.outcome import SegmentOutcome, Status
from experiment.running.room import Room
from experiment.timing.verdict import SegmentTiming
from hardware.devices import MarkerStamp, Response

A_WHILE_S = 3.0  # from a segment's first pulse to its first heat: enough for a device to get quiet
# An onset later than this: the computer stood still, and the run isn't one any more.
STALLED_S = 1.0


@dataclass(frozen=True)
class _Step:
    phase: Phase
    performer: Performer | None

    @property
    def needs_preparing(self) -> bool:
        return self.phase.action is not None and self.phase.action.needs_preparing


class Walk:
    """One walk through one segment. Made before its pulse comes, so that heat can be prepared."""

    def __init__(self, room: Room, segment: Segment, timing: SegmentTiming) -> None:
        self._room, self._segment, self._timing = room, segment, timing
        self._stage, self._clock = room.stage, room.stage.clock
        self._steps = [
            _Step(p, p.action.performer(p, self._stage) if p.action is not None else None)
            for p in segment.phases
        ]
        self._to_prepare = [step for step in self._steps if step.needs_preparing]
        self._prepared: _Step | None = None  # what was prepared last
        self._zero: float | None = None  # of the schedule, once there is one
        self._current: _Step | None = None
        self._done: set[int] = set()
        self._skipped = False  # whether something of the current trial was
        self._finished = False  # whether the current performer has been told that it's over
        self._left = False  # whether the end of the current phase is logged
        # The performers of the last phase and of this one, each with the flip since when.
        self._on_screen: tuple[tuple[Performer | None, float], ...] = ()

    def prepare_next(self) -> None:
        """Prepare the next phase that needs it: the device is free from now on."""
        if self._to_prepare and not self._room.interrupted():
            self._prepared = self._to_prepare.pop(0)
            assert self._prepared.performer is not None
            self._prepared.performer.prepare()
            self._tell_onset()

    def _tell_onset(self) -> None:
        """Tell what is prepared when it will begin: before the pulse only that it's a while off."""
        step = self._prepared
        if step is None or step.performer is None:
            return
        if self._zero is not None:
            step.performer.expect(self._zero + step.phase.onset)
        elif step.phase.onset >= A_WHILE_S:
            step.performer.expect(math.inf)

    def on_response(self, response: Response) -> None:
        """Hand a response to the phase that was on the screen at its time (any thread).

        By its time stamp, since it may be handed over a moment after the screen has changed.
        """
        for performer, since in reversed(self._on_screen):
            if response.time >= since:
                if performer is not None:
                    performer.on_response(response)
                return

    def through(self, zero: float) -> SegmentOutcome:
        """Show every phase at `zero` + its onset, and say how that ended."""
        self._set_zero(zero)
        for step in self._steps:
            planned = zero + step.phase.onset
            lead_s = self._room.display.lead_s
            if self._wait(planned - lead_s):
                return self._cut_off(*self._room.why_interrupted())
            if (late := self._clock.now() - planned) > STALLED_S:
                return self._cut_off("stalled", f"the computer stood still for {late:.1f} s")
            if step.phase.trial not in (self._trial, OUTSIDE_TRIALS):
                reason = self._pause_wanted(planned)
                if reason:
                    self._leave_trial(self._clock.now(), "completed")
                    return SegmentOutcome("paused", frozenset(self._done), None, reason)
            self._begin(step, planned)
            if step.phase.duration is None and step.performer is not None:
                self._clock.wait(self._answered, math.inf)
                # What follows begins as soon as it can be shown.
                zero = self._clock.now() + lead_s - step.phase.onset
                self._set_zero(zero)
        if self._wait(zero + self._segment.length_s):
            return self._cut_off(*self._room.why_interrupted())
        self._leave_trial(self._clock.now(), "completed")
        reason = self._room.pause_wanted()
        return SegmentOutcome("completed", frozenset(self._done), None, reason)

    def _set_zero(self, zero: float) -> None:
        self._zero = zero
        self._tell_onset()

    @property
    def _trial(self) -> int:
        return self._current.phase.trial if self._current is not None else OUTSIDE_TRIALS

    def _wait(self, until: float) -> bool:
        """Wait; True if something interrupts."""
        return self._clock.wait(self._room.interrupted, until) or self._room.interrupted()

    def _answered(self) -> bool:
        assert self._current is not None
        assert self._current.performer is not None
        return self._current.performer.done() or self._room.interrupted()

    def _begin(self, step: _Step, planned: float) -> None:
        """Show a phase; with its flip go the marker and the action."""
        phase, performer = step.phase, step.performer
        if performer is not None:
            performer.about_to_begin(planned)
        markers = self._room.markers if phase.marker is not None else None
        if markers is not None:
            markers.about_to_send()
        issued = self._clock.now()
        marker: MarkerStamp | None = None

        def on_flip(flip: float) -> None:
            nonlocal marker
            # A marker says that something happened: none for heat that won't be given.
            skipped = performer is not None and performer.skipped
            if markers is not None and phase.marker is not None and not skipped:
                marker = markers.send(phase.marker)
                self._timing.markers_lost += marker is None
            if performer is not None:
                performer.on_flip(flip, planned)
            self._timing.add_command(self._clock.now() - flip)
            self._on_screen = (*self._on_screen[-1:], (performer, flip))

        live = performer is not None and performer.cursor(issued) is not None
        flip = self._room.display.show(
            phase.scene, on_flip, performer.cursor if live and performer is not None else None
        )
        self._leave_phase(flip)
        self._enter(step, flip)
        self._timing.add(flip - planned)
        self._log_begin(phase, planned, issued, flip, marker)
        self._room.participant.begins(
            phase,
            self._segment.rows.get(phase.trial, {}),
            performer.cursor if performer is not None else _no_cursor,
        )
        self._room.note_failures()
        self._room.on_phase(self._segment, phase, flip)

    def _pause_wanted(self, planned: float) -> str:
        """At a trial's end: take its last answer, then ask whether a rule wants a pause.

        The answer is taken one or two frames before the screen changes, or the next trial would
        have to be begun to learn that it mustn't.
        """
        self._finish_performer(planned)
        return self._room.pause_wanted() if self._trial != OUTSIDE_TRIALS else ""

    def _cut_off(self, status: Status, reason: str) -> SegmentOutcome:
        """Something interrupts: end the phase and the trial here."""
        interrupted = self._trial if self._trial != OUTSIDE_TRIALS else None
        self._leave_trial(self._clock.now(), "aborted")
        return SegmentOutcome(status, frozenset(self._done), interrupted, reason)

    def _finish_performer(self, end: float) -> None:
        current = self._current
        if current is not None and current.performer is not None and not self._finished:
            self._finished = True
            current.performer.finish(end)
            self._skipped |= current.performer.skipped
            self._timing.heats_skipped += current.performer.skipped

    def _leave_phase(self, end: float) -> None:
        """The phase on the screen ended at `end`. What needs the device next may have it."""
        current = self._current
        if current is None or self._left:
            return
        self._finish_performer(end)
        self._left = True
        phase = current.phase
        self._stage.write(
            events.PhaseEnd(t=end, run=self._segment.run, trial=phase.trial, phase=phase.name)
        )
        dropped = self._room.display.dropped_frames()
        if dropped:
            self._timing.dropped_frames += len(dropped)
            self._stage.write(
                events.DroppedFrames(
                    t=end,
                    run=self._segment.run,
                    trial=phase.trial,
                    phase=phase.name,
                    times=[frame.time for frame in dropped],
                    intervals_s=[frame.interval_s for frame in dropped],
                )
            )
        if current.needs_preparing:
            self.prepare_next()

    def _leave_trial(self, end: float, status: Literal["completed", "aborted"]) -> None:
        """The trial ended, in order or not."""
        self._leave_phase(end)
        trial, self._current = self._trial, None
        if trial == OUTSIDE_TRIALS:
            return
        if status == "completed":
            self._done.add(trial)
        self._stage.write(
            events.TrialEnd(
                t=end,
                run=self._segment.run,
                trial=trial,
                status="heat_skipped" if status == "completed" and self._skipped else status,
            )
        )

    def _enter(self, step: _Step, flip: float) -> None:
        """A phase has appeared; with it a trial may have begun."""
        if step.phase.trial != self._trial:
            self._leave_trial(flip, "completed")
            self._skipped = False
            if step.phase.trial != OUTSIDE_TRIALS:
                self._stage.write(
                    events.TrialStart(t=flip, run=self._segment.run, trial=step.phase.trial)
                )
        self._current = step
        self._finished = self._left = False

    def _log_begin(
        self, phase: Phase, planned: float, issued: float, flip: float, marker: MarkerStamp | None
    ) -> None:
        run = self._segment.run
        picture = getattr(phase.scene, "picture", None)
        self._stage.write(
            events.PhaseStart(
                t=flip,
                run=run,
                trial=phase.trial,
                phase=phase.name,
                trial_type=phase.trial_type,
                planned=planned,
                issued=issued,
                planned_duration=phase.duration,
                marker=phase.marker,
                scene=type(phase.scene).__name__,
                picture=picture.name if picture is not None else None,
                patch_bright=self._room.display.patch_bright,
            )
        )
        if marker is not None:
            self._stage.write(
                events.Marker(
                    t=marker.before,
                    after=marker.after,
                    run=run,
                    trial=phase.trial,
                    phase=phase.name,
                    code=marker.code,
                )
            )


def _no_cursor(now: float) -> CursorState | None:
    return None
