"""Opening all devices or none, and closing them whatever happens."""

import os
import threading
import tty
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import serial

from experiment.clocks import RealClock, VirtualClock
from hardware.devices import DeviceError
from hardware.emulation import EmulatedWorld
from hardware.opening import _opening_problem, open_devices, open_port
from hardware.rig import Rig


def rig(laptop: dict[str, Any]) -> Rig:
    return Rig.model_validate(laptop)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def world(clock: VirtualClock) -> Iterator[EmulatedWorld]:
    with EmulatedWorld(clock) as made:
        yield made


def closed(world: EmulatedWorld) -> bool:
    return not any(line.busy for line in world.lines.values())


def test_everything_opens_and_closes(
    laptop: dict[str, Any], clock: VirtualClock, world: EmulatedWorld
) -> None:
    with open_devices(rig(laptop), clock, world) as devices:
        assert [info.role for info in devices.infos] == ["thermode", "scanner", "markers"]
        assert all(info.emulated for info in devices.infos)
        assert devices.failures() == []
        assert not closed(world)
    assert closed(world)


def test_what_the_rig_lacks_is_none(
    laptop: dict[str, Any], clock: VirtualClock, world: EmulatedWorld
) -> None:
    for section in ("thermode", "scanner", "markers"):
        laptop.pop(section)
    with open_devices(rig(laptop), clock, world) as devices:
        assert (devices.thermode, devices.scanner, devices.markers) == (None, None, None)
        assert devices.infos == ()


def test_an_exception_closes_all_and_aborts(
    laptop: dict[str, Any], clock: VirtualClock, world: EmulatedWorld, heat: Callable[..., Any]
) -> None:
    def session() -> None:
        with open_devices(rig(laptop), clock, world) as devices:
            assert devices.thermode is not None
            devices.thermode.prepare(heat())
            clock.wait(lambda: False, clock.now() + 3)
            devices.thermode.trigger()
            clock.wait(lambda: False, clock.now() + 3)
            raise RuntimeError("a bug in the session")

    with pytest.raises(RuntimeError, match="a bug"):
        session()
    assert closed(world)
    clock.wait(lambda: False, clock.now() + 1)
    assert world.tcs.zones() == (32.0,) * 5


def test_all_that_is_missing_is_said_at_once(laptop: dict[str, Any], clock: VirtualClock) -> None:
    laptop["thermode"]["port"] = "/dev/no_such_thermode"
    laptop["scanner"]["port"] = "/dev/no_such_scanner"
    with pytest.raises(DeviceError) as error, open_devices(rig(laptop), clock):
        pytest.fail("opened")
    lines = str(error.value).splitlines()
    assert len(lines) == 3
    assert "marker box is emulated://markers, but there is no emulated world" in lines[0]
    assert "scanner's port /dev/no_such_scanner doesn't exist" in lines[1]
    assert "thermode's port /dev/no_such_thermode doesn't exist" in lines[2]


def test_what_did_open_is_closed_when_something_is_missing(
    laptop: dict[str, Any], clock: VirtualClock, world: EmulatedWorld
) -> None:
    world.lines["tcs"].unplug()
    with pytest.raises(DeviceError, match="doesn't exist"), open_devices(rig(laptop), clock, world):
        pytest.fail("opened")
    assert closed(world)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda w: setattr(w.lines["tcs"], "to_host", lambda d: b""), "doesn't answer"),
        (lambda w: setattr(w.lines["tcs"], "to_host", lambda d: b"5"), "isn't a TCS"),
        (lambda w: setattr(w.lines["tcs"], "to_device", lambda d: b""), "doesn't answer"),
        (lambda w: w.tcs.errors.__setitem__(0, 2), "error state 200000"),
        (lambda w: setattr(w.tcs, "percent", 9), "9 % battery"),
        (lambda w: setattr(w.lines["tcs"], "to_host", lambda d: d.replace(b"000000", b"xx")), "six digits"),
        (lambda w: setattr(w.lines["tcs"], "to_host", lambda d: d.replace(b"+", b"?")), "no temperatures"),
    ],
)  # fmt: skip
def test_a_thermode_that_is_not_fit_is_refused(
    laptop: dict[str, Any],
    clock: VirtualClock,
    world: EmulatedWorld,
    spoil: Callable[[EmulatedWorld], None],
    says: str,
) -> None:
    spoil(world)
    with pytest.raises(DeviceError, match=says), open_devices(rig(laptop), clock, world):
        pytest.fail("opened")
    assert closed(world)
    assert world.tcs.heats == []


def test_a_device_that_only_knows_h_is_taken(
    laptop: dict[str, Any], clock: VirtualClock, world: EmulatedWorld
) -> None:
    world.lines["tcs"].to_device = lambda data: data.replace(b"?", b"")
    with open_devices(rig(laptop), clock, world) as devices:
        assert devices.infos[0].firmware == "TCS2 emulated 1.0"


def test_heat_that_somebody_left_behind_is_ended(
    laptop: dict[str, Any], clock: VirtualClock, world: EmulatedWorld
) -> None:
    world.tcs.receive(b"V01000R01000C0480OdL")
    clock.wait(lambda: False, clock.now() + 5)
    with open_devices(rig(laptop), clock, world) as devices:
        clock.wait(lambda: False, clock.now() + 2)
        assert devices.thermode is not None
        assert devices.thermode.at_baseline()


def test_a_key_scanner_needs_a_keyboard(laptop: dict[str, Any], clock: VirtualClock) -> None:
    for section in ("thermode", "markers"):
        laptop.pop(section)
    laptop["scanner"] = {
        "kind": "key",
        "key": "5",
        "dummies_stored": 0,
        "dummies_pulsed_not_stored": 0,
    }
    with pytest.raises(DeviceError, match="there is no keyboard"), open_devices(rig(laptop), clock):
        pytest.fail("opened")


def test_an_emulated_port_is_opened_once(world: EmulatedWorld) -> None:
    port = open_port("emulated://tcs", 115_200, "thermode", world)
    with pytest.raises(DeviceError, match="in use by another program"):
        open_port("emulated://tcs", 115_200, "thermode", world)
    port.close()
    open_port("emulated://tcs", 115_200, "thermode", world).close()


def test_a_world_that_is_gone_is_said() -> None:
    with EmulatedWorld(VirtualClock()) as world:
        address = world.resolve("emulated://tcs")
        assert world.resolve("COM3") == "COM3"
    with pytest.raises(serial.SerialException, match="no emulated world"):
        serial.serial_for_url(address)


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


def test_a_port_that_another_program_holds_is_told_from_a_missing_one(
    terminal: tuple[int, str],
) -> None:
    _, name = terminal
    with (
        serial.Serial(name, exclusive=True),
        pytest.raises(DeviceError, match="in use by another program"),
    ):
        open_port(name, 115_200, "scanner")
    with pytest.raises(DeviceError, match="doesn't exist"):
        open_port(name + "99", 115_200, "scanner")
    with pytest.raises(DeviceError, match="can't be opened"):
        open_port("/dev/null", 115_200, "scanner")
    with pytest.raises(DeviceError, match="can't be reached"):
        open_port("socket://127.0.0.1:1", 115_200, "scanner")


def test_a_real_port_that_answers_something_else(
    laptop: dict[str, Any], terminal: tuple[int, str], real_clock: RealClock
) -> None:
    master, name = terminal
    laptop.pop("scanner")
    laptop.pop("markers")
    laptop["thermode"]["port"] = name
    done = threading.Event()

    def answer() -> None:
        while not done.is_set():
            heard = os.read(master, 100)
            if b"?" in heard:
                os.write(master, b"Arduino ready\r\n")
            if b"H" in heard:
                return

    thread = threading.Thread(target=answer)
    thread.start()
    with (
        pytest.raises(DeviceError, match="isn't a TCS: asked who it is, it said 'Arduino ready"),
        open_devices(rig(laptop), real_clock),
    ):
        pytest.fail("opened")
    done.set()
    thread.join(5)


def test_a_real_port_that_says_nothing(
    laptop: dict[str, Any], terminal: tuple[int, str], real_clock: RealClock
) -> None:
    laptop.pop("scanner")
    laptop.pop("markers")
    laptop["thermode"]["port"] = terminal[1]
    with (
        pytest.raises(DeviceError, match="doesn't answer at 115200 baud"),
        open_devices(rig(laptop), real_clock),
    ):
        pytest.fail("opened")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("could not open port 'COM3': PermissionError(13, 'Access is denied.')", "in use"),
        ("could not open port 'COM9': FileNotFoundError(2, 'not found')", "doesn't exist"),
        ("something else", "can't be opened"),
    ],
)
def test_windows_says_it_in_a_text(text: str, says: str) -> None:
    assert says in _opening_problem(serial.SerialException(text), "COM3", "scanner")


def test_a_port_without_permission_says_what_to_do() -> None:
    error = serial.SerialException(13, "could not open port: Permission denied")
    assert "dialout" in _opening_problem(error, "/dev/ttyUSB0", "scanner")
