"""The ways in which a session can be played, put together from clock, display and participant."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

from rich.console import Console

from conditions.norming import NormingStudy
from experiment.clocks import RealClock, VirtualClock
from experiment.display.headless import HeadlessDisplay
from experiment.display.protocol import Display
from experiment.display.virtual_screen import screen_missing
from experiment.participant.faces import FaceModel
from experiment.participant.model import PainModel, Parameters, stream
from experiment.participant.simulated import SimulatedParticipant
from experiment.places import ROOT
from experiment.responses.emulated import EmulatedResponses
from experiment.responses.merged import MergedResponses
from experiment.responses.opening import hands_there, open_hands
from experiment.running.stage import Nobody, Participant
from experiment.session.experimenter import ConsoleExperimenter, SimulatedExperimenter
from experiment.session.preparation import Prepared
from experiment.session.session import Setting
from hardware.devices import DeviceError, ResponseDevice

PARAMETERS = ROOT / "experiment" / "participant" / "parameters.toml"


def simulated_parameters() -> Parameters:
    """The shipped parameters of the simulated participant."""
    return Parameters.model_validate(tomllib.loads(PARAMETERS.read_text(encoding="utf-8")))


def virtual_setting() -> Setting:
    """A simulated participant in virtual time: neither window nor PsychoPy."""
    clock = VirtualClock()
    parameters = simulated_parameters()
    return Setting(
        clock=clock,
        virtual=True,
        experimenter=SimulatedExperimenter(clock),
        open_display=lambda prepared: HeadlessDisplay(clock),
        open_responses=lambda prepared, display: EmulatedResponses(),
        participant=_simulated(clock, parameters),
        simulation=parameters.model_dump(),
    )


def visual_setting(clock: RealClock, console: Console) -> Setting:
    """A simulated participant in a real window, in real time; Escape still stops."""
    parameters = simulated_parameters()
    return Setting(
        clock=clock,
        virtual=False,
        experimenter=SimulatedExperimenter(clock, console),
        open_display=_window(clock),
        open_responses=_hands(clock, simulated=True),
        participant=_simulated(clock, parameters),
        simulation=parameters.model_dump(),
    )


def person_setting(clock: RealClock, console: Console, *, alone: bool = False) -> Setting:
    """A person in front of a real window. `alone`: nobody else is there to answer questions."""
    experimenter: Any = (
        SimulatedExperimenter(clock, console) if alone else ConsoleExperimenter(console)
    )
    return Setting(
        clock=clock,
        virtual=False,
        experimenter=experimenter,
        open_display=_window(clock),
        open_responses=_hands(clock, simulated=False),
        participant=lambda prepared, responses: Nobody(),
        responses_there=lambda prepared: hands_there(prepared.rig.model.response),
    )


def _simulated(
    clock: Any, parameters: Parameters
) -> Callable[[Prepared, ResponseDevice], Participant]:
    def make(prepared: Prepared, responses: ResponseDevice) -> Participant:
        label = prepared.place.participant
        pain = PainModel(parameters, stream(prepared.seed, label))
        faces = None
        if isinstance(prepared.study.model, NormingStudy):
            faces = FaceModel(parameters.faces, stream(prepared.seed, f"{label}|faces"))
        hand: Any = getattr(responses, "simulated", responses)
        return SimulatedParticipant(clock, pain, hand.emit, faces)

    return make


def _window(clock: RealClock) -> Callable[[Prepared], Display]:
    def open_display(prepared: Prepared) -> Display:
        if screen_missing():
            raise DeviceError(
                "there is no screen here (DISPLAY isn't set): run this at the experiment's "
                "computer, in a desktop session (for a try, `xvfb-run -a` before it gives one "
                "that nobody sees)"
            )
        from experiment.display.window import WindowDisplay

        return WindowDisplay(prepared.rig.model.screen, clock)

    return open_display


def _hands(clock: RealClock, *, simulated: bool) -> Callable[[Prepared, Display], ResponseDevice]:
    """All response devices of the rig; or, `simulated`, an emulated hand.

    A simulated participant answers by the emulated hand alone: of the real keys only those that
    stop are taken, or the cat on the keyboard would rate.
    """

    def open_responses(prepared: Prepared, display: Any) -> ResponseDevice:
        rig = prepared.rig.model
        devices = open_hands(rig, clock, display, pulses=prepared.scanned, only_stop=simulated)
        if simulated:
            return HandAndKeys(EmulatedResponses(), *devices)
        return MergedResponses(*devices)

    return open_responses


class HandAndKeys(MergedResponses):
    """A simulated participant's hand, beside the real keys that stop."""

    def __init__(self, simulated: EmulatedResponses, *others: ResponseDevice) -> None:
        super().__init__(simulated, *others)
        self.simulated = simulated
