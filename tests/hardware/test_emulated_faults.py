"""`trustpain emulate DEVICE --fault ...`: a process of its own that fails on demand, by real bytes."""

import re
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
import serial
import typer
from typer.testing import CliRunner

from conditions.scenario import Scenario
from experiment.cli.emulate import emulate
from experiment.clocks import RealClock
from experiment.errors import ExitCode, UserError
from experiment.faults.devices import KINDS, role_of
from experiment.faults.scenario import load_scenario, shipped_scenarios
from experiment.faults.standing import asked_faults
from experiment.places import ROOT
from hardware.opening import open_devices
from tests.hardware.test_real_bytes import lines, only

Start = Callable[..., tuple[Popen[str], str]]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
SOON = 10.0

app = typer.Typer()
app.command()(emulate)


def faults(*asked: str) -> list[str]:
    return [word for fault in asked for word in ("--fault", fault)]


def ask(port: serial.Serial, query: bytes, wait: float = 0.3) -> bytes:
    port.reset_input_buffer()
    port.write(query)
    time.sleep(wait)
    return port.read(port.in_waiting)


def quiet(address: str) -> serial.Serial:
    port = serial.Serial(address, 115_200, timeout=0)
    port.write(b"F")
    time.sleep(0.2)
    return port


def test_a_thermode_says_what_its_faults_are(emulated_process: Start) -> None:
    asked = ["error_state zone=3", "low_battery percent=6", "wrong_device", "stop_ignored"]
    asked += ["overshoot by=2.0 zones=[1,2]", "stuck_zone zone=4 temperature=46.5"]
    _, address = emulated_process("tcs", *faults(*asked))
    with quiet(address) as port:
        assert ask(port, b"Q") == b"000100"
        assert b"  6%" in ask(port, b"B")
        assert ask(port, b"?") == b"PUMP\r"
        port.write(b"N320C0400V09999R09999D005000L")
        time.sleep(0.5)
        port.write(b"A")
        assert ask(port, b"E") == b"\r320+420+420+400+465+400"


@pytest.mark.parametrize(
    ("fault", "query", "reply"),
    [
        ("silent", b"Q", b""),
        ("half_replies", b"Q", b"000"),
        ("lost_bytes every=1", b"Q", b""),
        ("late_replies delay_s=0.6", b"Q", b""),
        ("garbled", b"Q", None),
    ],
)
def test_a_thermodes_line_fails_for_a_while(
    emulated_process: Start, fault: str, query: bytes, reply: bytes | None, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    when = ["--at", "1.5", "--for", "2"]
    _, address = emulated_process("tcs", *faults(fault), *when, "--log", str(log))
    with quiet(address) as port:
        assert ask(port, query) == b"000000"
        until = time.monotonic() + SOON
        while not lines(log, "fault"):
            assert time.monotonic() < until
            time.sleep(0.05)
        said = ask(port, query)
        assert said == reply if reply is not None else said != b"000000"
        if fault.startswith("late"):
            time.sleep(0.6)
            assert port.read(port.in_waiting) == b"000000"
        while len(lines(log, "fault")) < 2:
            assert time.monotonic() < until
            time.sleep(0.05)
        time.sleep(0.2)
        assert ask(port, query) == b"000000"
    kind = fault.split()[0]
    assert [text for _, text in lines(log, "fault")] == [f"{kind} begins", f"{kind} is over"]


def test_our_driver_meets_a_scenarios_fault(
    emulated_process: Start, laptop: dict[str, Any], real_clock: RealClock
) -> None:
    _, address = emulated_process("tcs", "--fault", "thermode_silent", "--at", "5")
    with open_devices(only(laptop, "thermode", address), real_clock) as devices:
        assert devices.failures() == []
        assert real_clock.wait(lambda: bool(devices.failures()), real_clock.now() + 2 * SOON)
        assert "has stopped answering" in devices.failures()[0]


def test_an_unplugged_terminal_fails_and_is_gone(emulated_process: Start) -> None:
    _, address = emulated_process("tcs", "--fault", "unplugged", "--at", "1.5")
    with quiet(address) as port:
        assert ask(port, b"Q") == b"000000"
        port.timeout = SOON
        with pytest.raises((serial.SerialException, OSError)):
            port.read(1)
    assert not Path(address).exists()


def test_an_unplugged_tcp_port_comes_back(emulated_process: Start) -> None:
    when = ["--at", "1", "--for", "5"]
    _, address = emulated_process("markers", "--tcp", "--fault", "unplugged", *when)
    place = ("127.0.0.1", int(address.rpartition(":")[2]))
    with socket.create_connection(place, timeout=SOON) as client:
        assert client.recv(1) == b""  # closed from the other side
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(place, timeout=1)
    until = time.monotonic() + SOON
    while True:
        try:
            socket.create_connection(place, timeout=1).close()
            break
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_marker_box_loses_bytes(emulated_process: Start, tmp_path: Path) -> None:
    log = tmp_path / "log"
    _, address = emulated_process("markers", "--log", str(log), *faults("lost_bytes every=3"))
    with serial.Serial(address, 115_200) as port:
        port.write(bytes([1, 2, 3, 4, 5, 6, 7]))
        time.sleep(0.5)
    assert [text for _, text in lines(log, "marker")] == ["1", "2", "4", "5", "7"]


@pytest.mark.parametrize(
    ("fault", "pulses"),
    [
        ("missed_pulses numbers=[1,4]", 8),
        ("double_pulses apart_s=0.02", 20),
        ("scan_stops after=3", 3),
        ("scan_stops_early", 10),  # the scenario's comes after more pulses than these
        ("scanner_never_starts", 0),
        ("silent", 0),
    ],
)
def test_a_scanner_fails(emulated_process: Start, fault: str, pulses: int) -> None:
    scan = ["--tr", "0.1", "--volumes", "10", "--delay", "0.8"]
    _, address = emulated_process("scanner", *scan, "--fault", fault)
    with serial.Serial(address, 115_200, timeout=0.1) as port:
        heard, until = b"", time.monotonic() + 2.5
        while time.monotonic() < until:
            heard += port.read(100)
    assert heard == b"5" * pulses


def test_a_scanner_runs_another_protocol(emulated_process: Start, tmp_path: Path) -> None:
    log = tmp_path / "log"
    scan = ["--tr", "5", "--volumes", "4", "--delay", "0.1", "--log", str(log)]
    emulated_process("scanner", *scan, "--fault", "wrong_tr tr_s=0.2")
    until = time.monotonic() + SOON
    while len(lines(log, "pulse")) < 4:
        assert time.monotonic() < until
        time.sleep(0.1)
    times = [at for at, _ in lines(log, "pulse")]
    assert times[3] - times[0] == pytest.approx(0.6, abs=0.3)


@pytest.mark.parametrize("fault", ["silent", "garbled", "late_replies delay_s=30"])
def test_a_button_box_fails(emulated_process: Start, fault: str) -> None:
    _, address = emulated_process(
        "buttons", "--buttons", "g", "--every", "0.1", *faults(fault), "--at", "0.5"
    )
    with serial.Serial(address, 19_200, timeout=0.1) as port:
        time.sleep(1.5)
        port.reset_input_buffer()
        time.sleep(0.7)
        heard = port.read(port.in_waiting)
    assert set(heard) - {ord("g")} if fault == "garbled" else heard == b""


def medoc(address: str, command: int, number: int | None = None) -> bytes:
    body = struct.pack("<IB", 0, command) + (b"" if number is None else struct.pack("<I", number))
    host, _, port = address.rpartition(":")
    heard = b""
    with socket.create_connection((host, int(port)), timeout=1.5) as client:
        client.sendall(struct.pack(">I", len(body)) + body)
        try:
            while data := client.recv(100):
                heard += data
        except TimeoutError:
            pass
    return heard


def test_a_medoc_fails(emulated_process: Start) -> None:
    asked = ["error_state zone=0", "overshoot by=2.0", "stop_ignored"]
    _, address = emulated_process("medoc", *faults(*asked))
    assert struct.unpack_from("<H", medoc(address, 0), 11) == (4096,)
    time.sleep(0.3)  # a command that comes too soon is missed
    program = 0b01000000  # 44 C
    for command, number, wait in ((1, program, 1), (2, None, 3.5), (4, None, 3), (6, None, 0.3)):
        medoc(address, command, number)
        time.sleep(wait)
    (hundredths,) = struct.unpack_from("<h", medoc(address, 0), 17)
    assert hundredths == 4600  # two degrees too hot, and the abort changed nothing


@pytest.mark.parametrize(
    ("fault", "says"), [("silent", b""), ("half_replies", None), ("lost_bytes every=1", b"")]
)
def test_a_medocs_line_fails(emulated_process: Start, fault: str, says: bytes | None) -> None:
    _, address = emulated_process("medoc", *faults(fault))
    heard = medoc(address, 0)
    assert heard == says if says is not None else 0 < len(heard) < 22


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["tcs", "--fault", "loud"], "can have (unplugged, silent, garbled"),
        (["markers", "--fault", "silent"], "can have (unplugged, lost_bytes) nor a scenario"),
        (["tcs", "--fault", "late_replies"], 'lacks the key "delay_s"'),
        (["tcs", "--fault", "late_replies delay=1.0"], 'did you mean "delay_s"?'),
        (["tcs", "--fault", "late_replies delay_s=soon"], "such as delay_s=0.7"),
        (["tcs", "--fault", "silent for_s=2.0"], "--for SECONDS"),
        (["scanner", "--fault", "silent device='thermode'"], "device is thermode, but this is"),
        (["tcs", "--fault", "participant_stops"], "only presses_stop"),
        (["buttons", "--fault", "thermode_silent"], "no fault that an emulated buttons can have"),
        (["tcs", "--at", "3"], "say which by --fault"),
        (["tcs", "--fault", "unplugged", "--for", "3"], "serve on TCP"),
        (["scanner", "--fault", "wrong_tr tr_s=2.0", "--at", "3"], "leave out --at"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, UserError), result.output
    assert result.exception.exit_code == ExitCode.BAD_INPUT
    assert says in result.exception.message
    assert "\n" not in result.exception.message


def test_a_scenarios_moment_is_said_to_mean_nothing() -> None:
    said: list[str] = []
    (fault,) = asked_faults("tcs", ["zone_stuck_hot"], said.append)
    assert fault.kind == "stuck_zone"
    assert said == [
        "zone_stuck_hot lets stuck_zone happen in run 1, trial 2, phase anticipation; there is no "
        "session here, so it begins with --at"
    ]


@pytest.mark.parametrize("name", shipped_scenarios())
def test_each_scenarios_device_faults_are_some_devices(name: str) -> None:
    scenario: Scenario = load_scenario(name).model
    ports = {"thermode": "tcs", "scanner": "scanner", "markers": "markers"}
    for fault in scenario.fault:
        if role := role_of(fault):
            assert fault.kind in KINDS[ports[role]]


def test_the_page_lists_each_devices_faults() -> None:
    page = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")
    for device, kinds in KINDS.items():
        (listed,) = re.findall(rf"^\| {device} \| (.*) \|$", page, re.MULTILINE)
        assert set(re.sub(r" \(.*?\)", "", listed).split(", ")) == set(kinds)
