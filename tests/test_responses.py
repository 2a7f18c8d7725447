"""Responses of programs and of several devices."""

import re
from io import StringIO
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from experiment.clocks import VirtualClock
from experiment.places import ROOT
from experiment.responses.emulated import EmulatedResponses
from experiment.responses.merged import MergedResponses
from experiment.responses.offset import measure_offset
from experiment.responses.opening import keys_of
from experiment.running.hub import LETTERS, ResponseHub
from experiment.running.stop import EmergencyStop
from experiment.session.experimenter import ConsoleExperimenter
from hardware.devices import Response


def test_emulated_responses_reach_everyone_until_closed() -> None:
    device = EmulatedResponses()
    one: list[Response] = []
    other: list[Response] = []
    device.listen(one.append)
    device.listen(other.append)
    response = Response(1.0, "confirm")
    device.emit(response)
    assert one == other == [response]
    device.close()
    device.emit(response)
    assert len(one) == 1
    assert device.info.emulated


def test_merged_devices_are_one() -> None:
    keys, hand = EmulatedResponses("keyboard"), EmulatedResponses()
    keys.info.details["backend"] = "ptb"
    both = MergedResponses(keys, hand)
    heard: list[str] = []
    both.listen(lambda response: heard.append(response.role))
    keys.emit(Response(1.0, "left"))
    hand.emit(Response(1.1, "move", x=0.5))
    assert heard == ["left", "move"]
    assert both.info.kind == "keyboard+simulated"
    assert both.info.details == {"keyboard_backend": "ptb"}
    both.close()
    keys.emit(Response(1.2, "left"))
    assert heard == ["left", "move"]


def test_every_letter_that_a_question_offers_can_be_pressed_in_the_window() -> None:
    """What is offered is read from the code: no play comes to all questions."""
    rooms = [Path("experiment", room) for room in ("session", "calibration", "visit", "norming")]
    offered = {
        letter
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        for letter in re.findall(r"""["']([a-z])["'](?::|\] =)""", path.read_text("utf-8"))
    }
    assert {"g", "q", "c", "l"} <= offered
    keys = keys_of({"right": ("right",)})
    for letter in sorted(offered):
        [role] = [role for role, names in keys.items() if letter in names]
        experimenter = ConsoleExperimenter(Console(file=StringIO()))
        hub = ResponseHub(
            EmergencyStop(VirtualClock(), lambda: None, lambda event: None),
            experimenter,
            write=lambda event: None,
            answer=lambda response: None,
            letters=lambda: True,
        )
        experimenter.ask("What now?", {letter: "this"})
        hub(Response(1.0, role, name=letter))
        assert experimenter.answer() == letter


def test_a_key_that_the_rig_uses_answers_no_question() -> None:
    keys = keys_of({"left": ("b",), "right": ("y",)}, pulse="g")
    free = {name for role, names in keys.items() if role in LETTERS.values() for name in names}
    assert not free & {"b", "y", "g"}
    assert "c" in free


@given(
    st.floats(-1e6, 1e6),
    st.lists(st.tuples(st.floats(0, 0.01), st.floats(0, 0.01)), min_size=1, max_size=10),
)
def test_an_offset_is_right_within_its_uncertainty(
    true: float, delays: list[tuple[float, float]]
) -> None:
    """However long each reading is delayed, before and after the other clock is read."""
    time = [50.0]
    left = list(delays)
    halves = iter([half for pair in delays for half in pair])

    def session() -> float:
        now = time[0]
        time[0] += next(halves, 0.0)
        return now

    def other() -> float:
        there = time[0] - true
        time[0] += next(halves, 0.0)
        return there

    offset = measure_offset(session, other, tries=len(left))
    assert abs(offset.seconds - true) <= offset.uncertainty_s + 1e-6
