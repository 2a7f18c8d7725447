"""Responses of programs and of several devices."""

from hypothesis import given
from hypothesis import strategies as st

from experiment.responses.emulated import EmulatedResponses
from experiment.responses.merged import MergedResponses
from experiment.responses.offset import measure_offset
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
