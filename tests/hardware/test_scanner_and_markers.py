"""Pulses in, markers out: over emulated ports in virtual time."""

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import serial

from experiment.clocks import RealClock, VirtualClock
from hardware.devices import DeviceInfo, Response
from hardware.emulation import EmulatedWorld, protocol_emulated
from hardware.markers import PortMarkers
from hardware.rig import KeyScannerSection, SerialScannerSection, SerialTtlSection
from hardware.scanner import KeyScanner, SerialScanner


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def world(clock: VirtualClock) -> Iterator[EmulatedWorld]:
    protocol_emulated.register()
    with EmulatedWorld(clock) as made:
        yield made


def pass_time(clock: VirtualClock, seconds: float) -> None:
    clock.wait(lambda: False, clock.now() + seconds)


def make_scanner(clock: VirtualClock, world: EmulatedWorld, **changes: Any) -> SerialScanner:
    section = SerialScannerSection.model_validate(
        {
            "kind": "serial",
            "port": "emulated://scanner",
            "pulse": "5",
            "dummies_stored": 6,
            "dummies_pulsed_not_stored": 0,
            **changes,
        }
    )
    world.scanner.pulse = bytes((section.pulse_byte,))
    return SerialScanner(serial.serial_for_url(world.resolve(section.port)), clock, section)


def make_markers(clock: VirtualClock, world: EmulatedWorld, width: float = 0.01) -> PortMarkers:
    section = SerialTtlSection(kind="serial_ttl", port="emulated://markers", pulse_width_s=width)
    return PortMarkers(serial.serial_for_url(world.resolve(section.port)), clock, section)


@pytest.mark.parametrize("pulse", ["5", "t", "s", 0, 255, 13])
def test_pulses_come_without_drift_for_hours(
    clock: VirtualClock, world: EmulatedWorld, pulse: str | int
) -> None:
    scanner = make_scanner(clock, world, pulse=pulse)
    times: list[float] = []
    scanner.start(times.append)
    world.scanner.start(0.46, 20_000, dummies=6, delay_s=3.0)
    pass_time(clock, 3 + 0.46 * 20_006)
    assert len(times) == 20_006
    assert times[0] == 3.0
    assert times[-1] == pytest.approx(3 + 0.46 * 20_005, abs=1e-9)
    assert scanner.strays == {}


def test_pulses_before_start_and_after_stop_are_nobodys(
    clock: VirtualClock, world: EmulatedWorld
) -> None:
    scanner = make_scanner(clock, world)
    world.scanner.start(1.0, delay_s=0.5)
    pass_time(clock, 3)
    times: list[float] = []
    scanner.start(times.append)
    pass_time(clock, 3)
    scanner.stop()
    pass_time(clock, 3)
    assert times == [3.5, 4.5, 5.5]


def test_a_callback_may_stop_its_scanner(clock: VirtualClock, world: EmulatedWorld) -> None:
    scanner = make_scanner(clock, world)
    times: list[float] = []

    def once(time: float) -> None:
        times.append(time)
        scanner.stop()

    scanner.start(once)
    world.scanner.start(1.0)
    pass_time(clock, 5)
    assert times == [0.0]


def test_other_bytes_are_counted_not_taken(clock: VirtualClock, world: EmulatedWorld) -> None:
    scanner = make_scanner(clock, world)
    times: list[float] = []
    scanner.start(times.append)
    world.scanner.transmit(b"tt5\x005t")
    assert len(times) == 2
    assert scanner.strays == {ord("t"): 3, 0: 1}


def test_a_scan_can_be_stopped_and_started_anew(clock: VirtualClock, world: EmulatedWorld) -> None:
    scanner = make_scanner(clock, world)
    times: list[float] = []
    scanner.start(times.append)
    world.scanner.start(1.0)
    pass_time(clock, 2.5)
    world.scanner.stop()
    pass_time(clock, 10)
    assert len(times) == 3
    world.scanner.start(1.0, volumes=2, dummies=1)
    pass_time(clock, 10)
    assert len(times) == 6
    with pytest.raises(ValueError, match="isn't possible"):
        world.scanner.start(0.0)


def test_a_pulled_cable_is_said(clock: VirtualClock, world: EmulatedWorld) -> None:
    scanner = make_scanner(clock, world)
    assert scanner.failure() == ""
    world.lines["scanner"].unplug()
    assert "was lost" in scanner.failure()
    scanner.close()
    scanner.close()


class Keys:
    """A source of key events."""

    def __init__(self) -> None:
        self.info = DeviceInfo("responses", "keyboard", "", False)
        self.say: list[Callable[[Response], None]] = []

    def listen(self, callback: Callable[[Response], None]) -> None:
        self.say.append(callback)

    def close(self) -> None:
        """Nothing is held."""


def test_a_key_is_a_pulse_at_the_time_of_its_event() -> None:
    keys = Keys()
    section = KeyScannerSection(kind="key", key="5", dummies_stored=6, dummies_pulsed_not_stored=0)
    scanner = KeyScanner(keys, section)
    times: list[float] = []
    keys.say[0](Response(0.5, "pulse"))
    scanner.start(times.append)
    keys.say[0](Response(1.25, "pulse"))
    keys.say[0](Response(1.30, "pulse", pressed=False))
    keys.say[0](Response(1.40, "confirm"))
    scanner.close()
    keys.say[0](Response(2.0, "pulse"))
    assert times == [1.25]
    assert (scanner.failure(), scanner.info.kind) == ("", "key")


def test_a_marker_is_held_and_cleared(clock: VirtualClock, world: EmulatedWorld) -> None:
    markers = make_markers(clock, world)
    pass_time(clock, 1)
    stamp = markers.send(37)
    assert (stamp.code, stamp.before, stamp.after) == (37, 1.0, 1.0)
    pass_time(clock, 1)
    markers.send(255)
    pass_time(clock, 1)
    assert world.markers.events == [(0.0, 0), (1.0, 37), (1.01, 0), (2.0, 255), (2.01, 0)]


def test_a_code_before_the_clear_has_edges_and_a_width_of_its_own(
    clock: VirtualClock, world: EmulatedWorld
) -> None:
    markers = make_markers(clock, world, width=0.01)
    markers.send(8)
    pass_time(clock, 0.004)
    markers.send(8)
    pass_time(clock, 1)
    assert world.markers.events == [
        (0.0, 0),
        (0.0, 8),
        (0.004, 0),
        (0.004, 8),
        (pytest.approx(0.014), 0),
    ]


@pytest.mark.parametrize("flip_s", [0.0, 0.004, 0.01, 0.025, 0.2, 0.3])
def test_an_announced_code_has_the_same_edges(
    clock: VirtualClock, world: EmulatedWorld, flip_s: float
) -> None:
    markers = make_markers(clock, world)
    pass_time(clock, 1)
    markers.about_to_send()
    pass_time(clock, flip_s)
    markers.send(37)
    pass_time(clock, 0.005)
    markers.about_to_send()
    pass_time(clock, 0.002)
    markers.send(38)
    pass_time(clock, 1)
    at = 1 + flip_s
    assert world.markers.events == [
        (0.0, 0),
        (at, 37),
        (pytest.approx(at + 0.007), 0),
        (pytest.approx(at + 0.007), 38),
        (pytest.approx(at + 0.017), 0),
    ]


def test_a_code_that_is_announced_and_never_comes_is_waited_for_only_a_moment(
    clock: VirtualClock, world: EmulatedWorld
) -> None:
    markers = make_markers(clock, world)
    markers.about_to_send()
    pass_time(clock, 1)
    with pytest.raises(RuntimeError, match="waiting for ever"):  # nothing is booked any more
        clock.wait(lambda: False, math.inf)
    assert world.markers.events == [(0.0, 0)]


def test_sending_an_announced_code_wakes_nobody(
    clock: VirtualClock, world: EmulatedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    markers = make_markers(clock, world)
    markers.about_to_send()
    pass_time(clock, 0.02)
    with monkeypatch.context() as patched:
        patched.setattr(clock, "call_at", lambda *what: pytest.fail("something was booked"))
        markers.send(37)
    pass_time(clock, 1)
    assert [code for _, code in world.markers.events] == [0, 37, 0]


def test_a_stuck_port_never_holds_up_the_clocks_thread() -> None:
    """That thread polls the thermode and repeats an abort; a marker's write may last 0.2 s."""
    clock, ticked = RealClock(), threading.Event()
    section = SerialTtlSection(kind="serial_ttl", port="COM3", pulse_width_s=0.005)
    port = serial.serial_for_url("loop://")
    markers = PortMarkers(port, clock, section)
    held: list[bool] = []

    def stuck(data: bytes) -> int | None:
        # Booked for after the look at the pulse's end, which finds the write going on.
        clock.call_at(clock.now() + 0.05, ticked.set)
        held.append(not ticked.wait(5))
        port.write = write
        return write(data)

    write, port.write = port.write, stuck
    try:
        markers.about_to_send()
        markers.send(37)
        assert held == [False]
        cleared = clock.wait(lambda: markers._ends == math.inf, clock.now() + 5)
        assert cleared
    finally:
        markers.close()
        clock.close()


@pytest.mark.parametrize("code", [0, 256, -1])
def test_a_code_that_eight_lines_cannot_show_is_refused(
    clock: VirtualClock, world: EmulatedWorld, code: int
) -> None:
    markers = make_markers(clock, world)
    with pytest.raises(ValueError, match="1 to 255"):
        markers.send(code)


def test_closing_leaves_the_lines_clear(clock: VirtualClock, world: EmulatedWorld) -> None:
    markers = make_markers(clock, world, width=1.0)
    markers.send(8)
    markers.close()
    markers.close()
    assert world.markers.state == 0
    pass_time(clock, 5)
    assert len(world.markers.events) == 3


def test_a_box_that_fails_drops_codes_and_says_so(
    clock: VirtualClock, world: EmulatedWorld
) -> None:
    markers = make_markers(clock, world)
    markers.send(1)
    world.lines["markers"].unplug()
    assert markers.send(2) is None
    pass_time(clock, 1)
    assert "was lost" in markers.failure()
    assert [code for _, code in world.markers.codes()] == [1]
    markers.close()
