"""Makes the faults of a scenario happen, each at its moment, in whatever way a session is played."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console

from conditions import scenario as file
from conditions.scenario import Fault, Scenario
from experiment.faults.computer import Disk, Screen
from experiment.faults.devices import Trouble, device_trouble, role_of, setting
from experiment.faults.lines import FaultyLine
from experiment.faults.people import (
    Behaviour,
    RehearsedModel,
    RehearsedParticipant,
    ScriptedExperimenter,
)
from experiment.participant.model import stream
from experiment.participant.simulated import SimulatedParticipant
from experiment.plan.timeline import Phase, Segment
from experiment.running.stage import Participant
from experiment.session.preparation import Prepared
from experiment.session.session import Setting
from experiment.session.settings import simulated_parameters
from hardware.devices import Response, ResponseDevice
from hardware.emulation import EmulatedWorld

PRESS_S = 0.1  # how long a rehearsed key is held
BETWEEN_PRESSES_S = 0.3
PORTS = {"thermode": "tcs", "scanner": "scanner", "markers": "markers"}
STOP_ROLES = {"participant": "participant_stop", "experimenter": "stop"}


class Rehearsal:
    """One rehearsal of a scenario: arranges a `Setting` so that its faults happen in it.

    Afterwards `world` holds the emulated devices and `experimenter.told` what was said.
    """

    def __init__(
        self, scenario: Scenario, name: str, setting: Setting, console: Console | None = None
    ) -> None:
        self._scenario, self._clock = scenario, setting.clock
        self._behaviour, self._disk, self._screen = Behaviour(), Disk(), Screen(setting.clock)
        self._lines: dict[str, FaultyLine] = {}
        self._emit: Callable[[Response], None] = lambda response: None
        self._waiting: list[tuple[file.Moment, Fault]] = [
            (fault.at, fault) for fault in scenario.fault if fault.at is not None
        ]
        self.world: EmulatedWorld | None = None
        self.experimenter = ScriptedExperimenter(setting.clock, scenario.experimenter, console)
        # A rehearsed participant forgets nothing by chance.
        self._parameters = simulated_parameters().model_copy(
            update={"missing_rate": 0.0, "unconfirmed_rate": 0.0}
        )
        self._arrange(setting, name)

    def _arrange(self, setting: Setting, name: str) -> None:
        open_responses, show_progress = setting.open_responses, setting.show_progress

        def responses(prepared: Prepared, display: Any) -> ResponseDevice:
            device = open_responses(prepared, display)
            hand: Any = getattr(device, "simulated", device)
            self._emit = hand.emit
            return device

        def progress(segment: Segment, phase: Phase, flip: float) -> None:
            show_progress(segment, phase, flip)
            self._phase_began(segment, phase, flip)

        setting.scenario = name
        setting.experimenter = self.experimenter
        setting.arrange_world = self._world_made
        setting.open_display = self._screen.of(setting.open_display)
        setting.open_responses = responses
        setting.open_journal = self._disk.open_journal
        setting.participant = self._participant
        setting.simulation = self._parameters.model_dump()
        setting.show_progress = progress

    def _participant(self, prepared: Prepared, responses: ResponseDevice) -> Participant:
        model = RehearsedModel(self._parameters, stream(prepared.seed, prepared.place.participant))
        model.behaviour = self._behaviour
        hand = SimulatedParticipant(self._clock, model, lambda response: self._emit(response))
        return RehearsedParticipant(hand, self._behaviour)

    # --- when -----------------------------------------------------------------------------

    def _world_made(self, world: EmulatedWorld) -> None:
        self.world = world
        self._lines = {
            device: FaultyLine(world.lines[port], self._clock) for device, port in PORTS.items()
        }
        for fault in self._scenario.fault:
            if fault.at is None:
                self._trouble(fault, world).begin()

    def _phase_began(self, segment: Segment, phase: Phase, flip: float) -> None:
        here = (segment.run, phase.trial, phase.name)
        for moment, fault in list(self._waiting):
            if (moment.run, moment.trial, moment.phase) == here:
                self._waiting.remove((moment, fault))
                self._book(fault, flip + moment.after_s)

    def _book(self, fault: Fault, time: float) -> None:
        assert self.world is not None
        trouble = self._trouble(fault, self.world)
        self._clock.call_at(time, trouble.begin)
        if fault.for_s is not None:
            self._clock.call_at(time + fault.for_s, trouble.end)

    def never_came(self) -> list[str]:
        """The faults whose moment wasn't reached."""
        return [fault.kind for _, fault in self._waiting]

    # --- what -----------------------------------------------------------------------------

    def _trouble(self, fault: Fault, world: EmulatedWorld) -> Trouble:
        if role := role_of(fault):
            device = getattr(world, PORTS[role])
            return device_trouble(fault, self._lines[role], device)
        match fault:
            case file.AnswersNothing() | file.AnswersAlways():
                return self._answer_trouble(fault)
            case file.PressesStop():
                role = STOP_ROLES[fault.whose]
                return Trouble(lambda: self._press(role, fault.times))
            case file.KeepsKeyPressed():
                return Trouble(
                    lambda: self._key(fault.key, True), lambda: self._key(fault.key, False)
                )
            case file.DiskFull():
                return setting(self._disk, "full", True)
            case file.FramesDropped():
                return Trouble(lambda: self._screen.stand_still(fault.for_s or 0.0))
        raise AssertionError(f"nobody makes {fault.kind} happen")

    def _answer_trouble(self, fault: Fault) -> Trouble:
        if isinstance(fault, file.AnswersAlways):
            return setting(self._behaviour, "rating", fault.rating)
        return setting(self._behaviour, "answers", False)

    def _press(self, role: str, times: int) -> None:
        for number in range(times):
            down = self._clock.now() + number * BETWEEN_PRESSES_S
            self._clock.call_at(down, lambda: self._key(role, True))
            self._clock.call_at(down + PRESS_S, lambda: self._key(role, False))

    def _key(self, role: str, pressed: bool) -> None:
        self._emit(Response(self._clock.now(), role, pressed, name="rehearsed"))
