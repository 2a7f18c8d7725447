"""Heat: prepared early, asked for at its deadline, triggered with the flip."""

from __future__ import annotations

from dataclasses import dataclass

from experiment.journal.events import HeatPrepared, HeatSkipped, HeatTriggered
from experiment.plan.scene import CursorState
from experiment.plan.timeline import Phase
from experiment.running.stage import Stage
from hardware.devices import DeviceError, Response, Stimulus
from hardware.dose import cem43_of_stimulus


@dataclass(frozen=True)
class GiveHeat:
    """One heat stimulus, triggered at the phase's onset."""

    stimulus: Stimulus

    needs_preparing = True

    def performer(self, phase: Phase, stage: Stage) -> HeatPerformer:
        """Make the object that gives this heat."""
        return HeatPerformer(phase, stage, self.stimulus)


STOPPED = "a stop was asked for"
MOST_LATE_S = 0.25  # heat that comes later than this would reach into the next phase


class HeatPerformer:
    """Gives the heat, or skips it with a reason. It never delays the schedule.

    What is refused (by the guard) or not ready (at the deadline) is skipped: a late stimulus
    would hit another phase than the one it belongs to.
    """

    def __init__(self, phase: Phase, stage: Stage, stimulus: Stimulus) -> None:
        self._phase, self._stage, self._stimulus = phase, stage, stimulus
        self._why_not = "" if stage.thermode else "the rig has no thermode"

    @property
    def skipped(self) -> bool:
        """Whether there is a reason not to give this heat."""
        return bool(self._why_not)

    def prepare(self) -> None:
        """Hand the stimulus to the thermode; a refusal is remembered, and told at the deadline."""
        stimulus = self._stimulus
        if self._stage.stopped():
            self._why_not = STOPPED
        if self._why_not or self._stage.thermode is None:
            return
        self._stage.write(
            HeatPrepared(
                t=self._stage.clock.now(),
                run=self._stage.run,
                trial=self._phase.trial,
                number=stimulus.number,
                temperature=stimulus.target,
                plateau_s=stimulus.plateau_s,
                skin_site=stimulus.skin_site,
            )
        )
        try:
            self._stage.thermode.prepare(stimulus)
        except DeviceError as error:
            self._why_not = str(error)

    def expect(self, not_before: float) -> None:
        """Hand it on to the thermode, which keeps quiet before the trigger."""
        if not self._why_not and self._stage.thermode is not None:
            self._stage.thermode.expect(not_before)

    def about_to_begin(self, planned: float) -> None:
        """Ask whether the thermode is ready, and whether it isn't too late; else it's skipped."""
        self._late(self._stage.clock.now() - planned)
        if self._why_not or self._stage.thermode is None:
            return
        readiness = self._stage.thermode.ready()
        if not readiness.ok:
            self._why_not = readiness.reason

    def on_flip(self, flip: float, planned: float) -> None:
        """Start the heat, right after the marker's byte; log it, or why it was skipped."""
        stage, stimulus = self._stage, self._stimulus
        self._late(flip - planned)
        if stage.stopped():
            self._why_not = STOPPED
        if not self._why_not:
            assert stage.thermode is not None
            try:
                stamp = stage.thermode.trigger()
            except DeviceError as error:
                self._why_not = str(error)
            else:
                stage.write(
                    HeatTriggered(
                        t=stamp.before,
                        run=stage.run,
                        trial=self._phase.trial,
                        number=stimulus.number,
                        temperature=stimulus.target,
                        plateau_s=stimulus.plateau_s,
                        skin_site=stimulus.skin_site,
                        after=stamp.after,
                        cem43_planned=round(cem43_of_stimulus(stimulus), 4),
                    )
                )
                return
        stage.write(
            HeatSkipped(
                t=flip,
                run=stage.run,
                trial=self._phase.trial,
                temperature=stimulus.target,
                reason=self._why_not,
            )
        )
        where = f"trial {self._phase.trial}" if self._phase.trial else "the lead-in"
        stage.warn(f"The heat of {where} was skipped: {self._why_not}")

    def _late(self, late_s: float) -> None:
        if late_s > MOST_LATE_S:
            self._why_not = self._why_not or f"its onset came {late_s:.2f} s late"

    def cursor(self, now: float) -> CursorState | None:
        """No cursor."""
        return None

    def on_response(self, response: Response) -> None:
        """Responses during heat are in the journal; nothing else is done with them."""

    def done(self) -> bool:
        """Heat has a fixed slot."""
        return True

    def finish(self, end: float) -> None:
        """The device ends the stimulus by itself; what it delivered is logged by the session."""
