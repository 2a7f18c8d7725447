"""The same drivers over real pseudo-terminals and sockets, in real time, against other processes."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from experiment.clocks import RealClock
from hardware.devices import DeviceError, Stimulus
from hardware.emulation import EmulatedWorld
from hardware.history import Delivery
from hardware.opening import Devices, open_devices
from hardware.rig import Rig

Start = Callable[..., tuple[Popen[str], str]]
Heat = Callable[..., Stimulus]
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")


def only(laptop: dict[str, Any], section: str, port: str) -> Rig:
    for other in {"thermode", "scanner", "markers"} - {section}:
        laptop.pop(other)
    laptop[section]["port"] = port if port.startswith(("/", "emulated")) else f"socket://{port}"
    return Rig.model_validate(laptop)


@contextmanager
def opened(
    rig: Rig, clock: RealClock, world: EmulatedWorld | None = None
) -> Iterator[tuple[Devices, list[Delivery]]]:
    deliveries: list[Delivery] = []
    with open_devices(rig, clock, world, on_delivery=deliveries.append) as devices:
        yield devices, deliveries


def give(
    devices: Devices, deliveries: list[Delivery], clock: RealClock, stimulus: Stimulus
) -> Delivery:
    thermode = devices.thermode
    assert thermode is not None
    thermode.prepare(stimulus)
    assert clock.wait(lambda: thermode.ready().ok, clock.now() + 3), thermode.ready()
    thermode.trigger()
    assert clock.wait(lambda: bool(deliveries), clock.now() + stimulus.length_s + 3)
    return deliveries[-1]


def lines(log: Path, kind: str) -> list[tuple[float, str]]:
    rows = [line.split("\t") for line in log.read_text(encoding="utf-8").splitlines()]
    return [(float(at), text) for at, found, text in rows if found == kind]


@pytest.mark.parametrize("way", ["pty", "tcp", "inside"])
def test_a_heat_over_real_bytes(
    laptop: dict[str, Any],
    real_clock: RealClock,
    emulated_process: Start,
    heat: Heat,
    tmp_path: Path,
    way: str,
) -> None:
    log = tmp_path / "log"
    world = None
    if way == "inside":
        world = EmulatedWorld(real_clock)
        port = "emulated://tcs"
    else:
        _, port = emulated_process("tcs", "--log", str(log), *(["--tcp"] if way == "tcp" else []))
    asked = heat(target=45.0, plateau_s=1.0)
    with opened(only(laptop, "thermode", port), real_clock, world) as (devices, deliveries):
        delivery = give(devices, deliveries, real_clock, asked)
        assert devices.infos[0].emulated
        assert devices.failures() == []
    assert delivery.problem == ""
    assert delivery.mean_plateau == pytest.approx(45.0, abs=0.1)
    assert delivery.plateau_onset is not None
    assert delivery.plateau_onset - delivery.started == pytest.approx(0.18, abs=0.1)
    assert delivery.samples > 0.8 * 50 * asked.length_s
    if world is None:
        said = [text for _, text in lines(log, "command")]
        while said[-1] == "A":  # of closing, which a pseudo-terminal may lose
            said.pop()
        assert said[-9:] == [
            "Om490",
            "N320",
            "S11111",
            "C0450",
            "V00700",
            "R00700",
            "D001186",
            "P",
            "L",
        ]
        assert lines(log, "malformed") == []
        assert max(float(t.split()[0]) for _, t in lines(log, "temperature")) == 45.0
    else:
        world.close()


def test_a_port_in_use_is_told(
    laptop: dict[str, Any], real_clock: RealClock, emulated_process: Start
) -> None:
    _, port = emulated_process("tcs")
    rig = only(laptop, "thermode", port)
    with (
        opened(rig, real_clock),
        pytest.raises(DeviceError, match="in use by another program"),
        open_devices(rig, real_clock),
    ):
        pytest.fail("opened twice")


def test_an_abort_from_any_thread_is_on_the_wire_at_once(
    laptop: dict[str, Any],
    real_clock: RealClock,
    emulated_process: Start,
    heat: Heat,
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    _, port = emulated_process("tcs", "--log", str(log))
    with opened(only(laptop, "thermode", port), real_clock) as (devices, deliveries):
        thermode = devices.thermode
        assert thermode is not None
        thermode.prepare(heat(target=46.0, plateau_s=8.0))
        assert real_clock.wait(lambda: thermode.ready().ok, real_clock.now() + 3)
        thermode.trigger()
        real_clock.wait(lambda: False, real_clock.now() + 0.5)
        pressed: list[float] = []

        def press() -> None:
            pressed.append(time.perf_counter())
            thermode.abort()

        threading.Thread(target=press).start()
        assert real_clock.wait(lambda: bool(deliveries), real_clock.now() + 3)
        assert deliveries[0].aborted
        assert deliveries[0].ended - deliveries[0].started < 1.2
        assert devices.failures() == []
    ((_, origin),) = lines(log, "perf_counter")
    aborts = [float(origin) + at for at, text in lines(log, "command") if text == "A"]
    assert min(at - pressed[0] for at in aborts if at >= pressed[0]) < 0.05


CHILD = """
import sys, tomllib
from experiment.clocks import RealClock
from hardware.devices import Stimulus
from hardware.opening import open_devices
from hardware.rig import Rig

rig = tomllib.loads(open("hardware/rigs/laptop.toml").read())
rig.pop("scanner"), rig.pop("markers")
rig["thermode"]["port"] = sys.argv[1]
clock = RealClock()
delivered = []
with open_devices(Rig.model_validate(rig), clock, on_delivery=delivered.append) as devices:
    devices.thermode.prepare(Stimulus(1, 47.5, 2.0, 32.0, 70.0, 70.0, 1))
    assert clock.wait(lambda: devices.thermode.ready().ok, clock.now() + 3)
    devices.thermode.trigger()
    clock.wait(lambda: False, clock.now() + 1)
    print("plateau", flush=True)
    clock.wait(lambda: bool(delivered), clock.now() + 60)
    print(len(delivered), delivered[0].problem, devices.thermode.failure() or "sound", sep=";")
"""


def heating_program(port: str) -> Popen[str]:
    """A program that is on a plateau of 2 s when it has printed its first line."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, port], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_a_program_that_stood_still_says_so_and_blames_nobody(emulated_process: Start) -> None:
    _, port = emulated_process("tcs")
    child = heating_program(port)
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "plateau\n"
        child.send_signal(signal.SIGSTOP)
        time.sleep(3)
        child.send_signal(signal.SIGCONT)
        number, problem, state = child.stdout.readline().strip().split(";")
    assert child.wait(5) == 0
    assert (number, state) == ("1", "sound")
    assert "stood still" in problem or "No temperatures came" in problem


def test_a_program_killed_on_the_plateau_leaves_heat_that_ends_by_itself(
    laptop: dict[str, Any], real_clock: RealClock, emulated_process: Start, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    _, port = emulated_process("tcs", "--log", str(log))
    child = heating_program(port)
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "plateau\n"
        child.kill()
    assert child.wait(5) == -signal.SIGKILL
    time.sleep(2.5)
    started = next(at for at, text in lines(log, "command") if text == "L")
    hot = [at for at, text in lines(log, "temperature") if float(text.split()[0]) > 32.5]
    assert max(hot) - started == pytest.approx(2.44, abs=0.15)
    after = [text for at, text in lines(log, "command") if at > started]
    assert after[1:] == []  # nobody ended it
    # And the next program finds the thermode in order.
    with opened(only(laptop, "thermode", port), real_clock) as (devices, _):
        assert devices.thermode is not None
        assert devices.thermode.at_baseline()


def test_an_emulator_that_dies_is_a_lost_thermode(
    laptop: dict[str, Any], real_clock: RealClock, emulated_process: Start, heat: Heat
) -> None:
    process, port = emulated_process("tcs")
    with opened(only(laptop, "thermode", port), real_clock) as (devices, deliveries):
        thermode = devices.thermode
        assert thermode is not None
        thermode.prepare(heat(target=46.0, plateau_s=3.0))
        assert real_clock.wait(lambda: thermode.ready().ok, real_clock.now() + 3)
        thermode.trigger()
        real_clock.wait(lambda: False, real_clock.now() + 0.5)
        process.kill()
        assert real_clock.wait(lambda: bool(deliveries), real_clock.now() + 5)
        assert "no further heat" in thermode.failure()
        assert deliveries[0].problem


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_emulator_stops_in_order(emulated_process: Start, number: int) -> None:
    process, address = emulated_process("tcs", "--tcp")
    assert address.startswith("127.0.0.1:")
    process.send_signal(number)
    assert process.wait(5) == 0


def test_pulses_over_a_real_line_are_stamped_at_arrival(
    laptop: dict[str, Any], real_clock: RealClock, emulated_process: Start, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    ours = time.perf_counter() - real_clock.now()
    _, port = emulated_process(
        *("scanner", "--tr", "0.05", "--volumes", "60", "--delay", "1", "--log", str(log))
    )
    with opened(only(laptop, "scanner", port), real_clock) as (devices, _):
        assert devices.scanner is not None
        times: list[float] = []
        devices.scanner.start(times.append)
        real_clock.wait(lambda: len(times) == 60, real_clock.now() + 10)
        real_clock.wait(lambda: False, real_clock.now() + 0.2)
    ((_, theirs),) = lines(log, "perf_counter")
    late = [
        at + ours - float(theirs) - sent
        for at, (sent, _) in zip(times, lines(log, "pulse"), strict=True)
    ]
    assert len(late) == 60
    # A busy machine may delay any single one, so the quickest is what tells the method.
    assert 0 <= min(late) < 0.005


def test_markers_over_a_real_line(
    laptop: dict[str, Any], real_clock: RealClock, emulated_process: Start, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    _, port = emulated_process("markers", "--log", str(log))
    with opened(only(laptop, "markers", port), real_clock) as (devices, _):
        assert devices.markers is not None
        for code in (1, 255, 17):
            devices.markers.send(code)
            real_clock.wait(lambda: False, real_clock.now() + 0.1)
        assert devices.failures() == []
    time.sleep(0.2)
    assert [int(text) for _, text in lines(log, "marker")] == [0, 1, 0, 255, 0, 17, 0, 0]
