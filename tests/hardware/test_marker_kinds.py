"""Marker boxes besides the plain one, streams, and what a rig may say of them."""

import sys
import types
from typing import Any

import pytest
import serial
from pydantic import TypeAdapter, ValidationError

from experiment.clocks import RealClock, VirtualClock
from hardware.cedrus import CedrusMarkers
from hardware.devices import DeviceError, TemperatureSample
from hardware.emulation import EmulatedWorld, protocol_emulated
from hardware.emulation.markers import EmulatedMarkers
from hardware.lsl import LslMarkers, LslScanner
from hardware.markers import PortMarkers
from hardware.opening import open_devices
from hardware.rig import CedrusMarkersSection, LslMarkersSection, LslScannerSection, Rig
from hardware.sections.markers import MarkersSection

SECTIONS: TypeAdapter[Any] = TypeAdapter(MarkersSection)


class Bench:
    def __init__(self, **section: Any) -> None:
        protocol_emulated.register()
        self.clock = VirtualClock()
        self.world = EmulatedWorld(self.clock)
        made = SECTIONS.validate_python({"port": "emulated://markers", **section})
        self.emulated = self.world.markers
        self.emulated.kind = made.kind
        self.written: list[tuple[float, bytes]] = []
        self.world.lines["markers"].to_device = self._record
        port = serial.serial_for_url(self.world.resolve("emulated://markers"))
        self.box = PortMarkers(port, self.clock, made)

    def _record(self, data: bytes) -> bytes:
        self.written.append((round(self.clock.now(), 6), data))
        return data

    def pass_time(self, seconds: float) -> None:
        self.clock.wait(lambda: False, self.clock.now() + seconds)


def test_an_mmbt_in_pulse_mode_gets_no_zero_and_clears_itself() -> None:
    bench = Bench(kind="mmbt_pulse")
    bench.pass_time(1)
    bench.box.send(37)
    bench.pass_time(1)
    bench.box.send(255)
    bench.pass_time(1)
    bench.box.close()
    assert bench.written == [(1.0, b"\x25"), (2.0, b"\xff")]
    assert bench.emulated.events == [(1.0, 37), (1.008, 0), (2.0, 255), (2.008, 0)]


def test_a_black_box_toolkit_gets_hexadecimal_digits() -> None:
    bench = Bench(kind="bbtk", pulse_width_s=0.02)
    bench.pass_time(1)
    stamp = bench.box.send(10)
    assert (stamp.code, stamp.before, stamp.after) == (10, 1.0, 1.0)
    bench.pass_time(1)
    bench.box.send(255)
    bench.pass_time(0.01)
    bench.box.send(255)
    bench.pass_time(1)
    bench.box.close()
    assert bench.written == [
        (0.0, b"RR"),
        (1.0, b"0A"),
        (1.02, b"00"),
        (2.0, b"FF"),
        (2.01, b"00FF"),
        (2.03, b"00"),
        (3.01, b"00"),
    ]
    assert [code for _, code in bench.emulated.events] == [0, 10, 0, 255, 0, 255, 0, 0]
    assert bench.emulated.malformed == []


def test_the_emulated_module_ignores_what_are_no_digits() -> None:
    box = EmulatedMarkers(VirtualClock())
    box.kind = "bbtk"
    box.receive(b"0")
    box.receive(b"1zzRRff")
    assert [code for _, code in box.events] == [1, 0]
    assert [data for _, data in box.malformed] == [b"zz", b"ff"]


@pytest.mark.parametrize("kind", ["mmbt_pulse", "bbtk"])
@pytest.mark.parametrize("code", [0, 256, -1])
def test_a_code_that_eight_lines_cannot_show_is_refused(kind: str, code: int) -> None:
    with pytest.raises(ValueError, match="1 to 255"):
        Bench(kind=kind).box.send(code)


@pytest.mark.parametrize(("stood_still_s", "lost"), [(3.0, False), (0.2, True)])
@pytest.mark.parametrize("kind", ["serial_ttl", "mmbt_pulse", "bbtk"])
def test_a_write_that_was_held_up_with_the_program_blames_no_box(
    kind: str, stood_still_s: float, lost: bool
) -> None:
    """pyserial's time-out comes after the bytes have gone; one as long as its limit is a hang."""
    bench = Bench(kind=kind)
    bench.pass_time(1)
    port, write = bench.box._port, bench.box._port.write

    def held_up(data: bytes) -> int:
        port.write = write
        written = write(data)
        bench.clock.stall(stood_still_s)
        raise serial.SerialTimeoutException(f"Write timeout after {written} bytes")

    port.write = held_up
    bench.box.send(7)
    bench.pass_time(1)
    bench.box.send(8)
    assert ("was lost" in bench.box.failure()) is lost
    assert [code for _, code in bench.emulated.codes()] == ([7] if lost else [7, 8])


def test_fewer_lines_mean_lower_codes() -> None:
    for lines, highest in ((1, 1), (4, 15), (8, 255)):
        made = SECTIONS.validate_python({"kind": "cedrus", "lines": lines})
        assert made.highest_code == highest
    assert SECTIONS.validate_python({"kind": "lsl"}).highest_code == 255


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"kind": "cedrus", "lines": 9}, "less than or equal to 8"),
        ({"kind": "lsl", "lines": 4}, "Extra inputs"),
        ({"kind": "ttl"}, "'serial_ttl', 'mmbt_pulse', 'bbtk', 'cedrus', 'lsl'"),
        ({"kind": "mmbt_pulse", "port": "COM3", "pulse_width_s": 0.01}, "Extra inputs"),
        ({"kind": "cedrus", "port": "COM3"}, "Extra inputs"),
        ({"kind": "lsl", "stream": "two words"}, "pattern"),
        ({"kind": "lsl", "temperature": 1}, "valid boolean"),
    ],
)
def test_a_broken_section_is_refused_with_one_error(section: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says) as error:
        SECTIONS.validate_python(section)
    assert error.value.error_count() == 1


@pytest.mark.parametrize("kind", ["serial_ttl", "mmbt_pulse", "bbtk"])
def test_opening_sets_the_emulated_box_to_the_rigs_kind(laptop: dict[str, Any], kind: str) -> None:
    laptop.pop("thermode")
    laptop["markers"] = {"kind": kind, "port": "emulated://markers"}
    clock = VirtualClock()
    with EmulatedWorld(clock) as world:
        with open_devices(Rig.model_validate(laptop), clock, world) as devices:
            assert devices.markers is not None
            assert devices.markers.info.kind == kind
            devices.markers.send(77)
        assert world.markers.codes() == [(0.0, 77)]


def test_devices_without_a_port_are_emulated_by_those_with_one(laptop: dict[str, Any]) -> None:
    laptop["markers"] = {"kind": "lsl"}
    laptop["scanner"] |= {"kind": "lsl", "stream": "pulses", "pulse": "volume"}
    del laptop["scanner"]["port"], laptop["scanner"]["baud"]
    rig = Rig.model_validate(laptop)
    assert rig.ports() == {"thermode": "emulated://tcs"}
    emulated = rig.emulated()
    assert emulated.emulated_devices() == ("thermode", "scanner", "markers")
    assert emulated.scanner is not None
    assert emulated.scanner.dummies_stored == 6
    assert Rig.model_validate(emulated.model_dump()) == emulated


# --- Cedrus: only our side of it, with a stand-in for the maker's package -----------------------


class StandIn:
    """The two calls that the public description names."""

    device_name = "c-pod"

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def set_pulse_duration(self, milliseconds: int) -> None:
        self.calls.append(("duration", milliseconds))

    def activate_line(self, bitmask: int) -> None:
        if bitmask == 99:
            raise OSError("unplugged")
        self.calls.append(("lines", bitmask))


def package(monkeypatch: pytest.MonkeyPatch, boxes: list[StandIn]) -> None:
    module = types.ModuleType("pyxid2")
    monkeypatch.setattr(module, "get_xid_devices", lambda: boxes, raising=False)
    monkeypatch.setitem(sys.modules, "pyxid2", module)


def test_cedrus(monkeypatch: pytest.MonkeyPatch) -> None:
    box = StandIn()
    package(monkeypatch, [box])
    section = CedrusMarkersSection(kind="cedrus", pulse_width_s=0.02)
    markers = CedrusMarkers(VirtualClock(), section)
    stamp = markers.send(37)
    assert stamp is not None
    assert stamp.code == 37
    assert box.calls == [("duration", 20), ("lines", 37)]
    with pytest.raises(ValueError, match="1 to 255"):
        markers.send(256)
    assert markers.send(99) is None
    assert markers.send(5) is None
    assert "was lost (unplugged)" in markers.failure()
    markers.close()


def test_no_cedrus_box_or_no_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    section = CedrusMarkersSection(kind="cedrus")
    package(monkeypatch, [])
    with pytest.raises(DeviceError, match="No Cedrus box was found"):
        CedrusMarkers(VirtualClock(), section)
    monkeypatch.setitem(sys.modules, "pyxid2", None)
    with pytest.raises(DeviceError, match="install the extra 'cedrus'"):
        CedrusMarkers(VirtualClock(), section)


# --- Lab Streaming Layer, on this computer's network ---------------------------------------------


@pytest.fixture
def lsl() -> Any:
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:  # the latter where its library is missing
        pytest.skip(f"pylsl: {error}")
    return pylsl


def inlet_of(lsl: Any, name: str) -> Any:
    found = lsl.resolve_byprop("name", name, 1, 10.0)
    assert found, f"{name} isn't on the network"
    inlet = lsl.StreamInlet(found[0], recover=False)
    inlet.open_stream(10.0)
    return inlet


def test_markers_and_temperatures_go_out_with_their_times(lsl: Any, real_clock: RealClock) -> None:
    section = LslMarkersSection(kind="lsl", stream="trustpain-test", temperature=True)
    markers = LslMarkers(real_clock, section)
    codes, warmth = inlet_of(lsl, "trustpain-test"), inlet_of(lsl, "trustpain-test-temperature")
    offset = lsl.local_clock() - real_clock.now()
    for code in (1, 255):
        stamp = markers.send(code)
        value, time = codes.pull_sample(5.0)
        assert value == [code]
        assert stamp.before - 0.01 <= time - offset <= stamp.after + 0.01
    at = real_clock.now()
    markers.sample(TemperatureSample(at, 32.0, (40.0, 47.5)))
    value, time = warmth.pull_sample(5.0)
    assert value == [47.5]
    assert time - offset == pytest.approx(at, abs=0.01)
    with pytest.raises(ValueError, match="1 to 255"):
        markers.send(0)
    markers.close()
    markers.close()
    markers.send(3)


def test_pulses_come_from_a_stream(lsl: Any, real_clock: RealClock) -> None:
    outlet = lsl.StreamOutlet(lsl.StreamInfo("pulse-test", "Markers", 1, 0.0, "int32", "pulses"))
    section = LslScannerSection(
        kind="lsl", stream="pulse-test", pulse="5", dummies_stored=0, dummies_pulsed_not_stored=0
    )
    scanner = LslScanner(real_clock, section)
    times: list[float] = []
    scanner.start(times.append)
    sent = []
    for value in (5, 7, 5):
        sent.append(real_clock.now())
        outlet.push_sample([value])
        real_clock.wait(lambda: False, real_clock.now() + 0.05)
    assert real_clock.wait(lambda: len(times) == 2, real_clock.now() + 5)
    assert times == pytest.approx([sent[0], sent[2]], abs=0.02)
    assert scanner.others == {"7": 1}
    assert scanner.failure() == ""
    scanner.close()
    outlet.push_sample([5])
    assert len(times) == 2


def test_a_stream_that_is_not_there_is_said(
    lsl: Any, real_clock: RealClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hardware.lsl.FIND_S", 0.3)
    section = LslScannerSection(
        kind="lsl", stream="nowhere", pulse="5", dummies_stored=0, dummies_pulsed_not_stored=0
    )
    with pytest.raises(DeviceError, match="nowhere isn't on the network"):
        LslScanner(real_clock, section)


def test_without_the_package_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(DeviceError, match="install the extra 'lsl'"):
        LslMarkers(VirtualClock(), LslMarkersSection(kind="lsl"))


def test_a_room_with_streams_opens(laptop: dict[str, Any], lsl: Any, real_clock: RealClock) -> None:
    laptop.pop("scanner")
    laptop["markers"] = {"kind": "lsl", "stream": "room-test", "temperature": True}
    with (
        EmulatedWorld(real_clock) as world,
        open_devices(Rig.model_validate(laptop), real_clock, world),
    ):
        warmth = inlet_of(lsl, "room-test-temperature")
        value, _ = warmth.pull_sample(5.0)
        assert 25 < value[0] < 35
