"""Medoc over real sockets, in real time: its emulator in a process of its own, and bad servers."""

import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from experiment.clocks import RealClock
from hardware.devices import DeviceError
from hardware.history import Delivery
from hardware.medoc.requests import Command, request
from hardware.medoc.transport import Answer, Exchange, Tcp
from hardware.opening import open_devices
from hardware.rig import Rig
from tests.hardware.test_medoc_driver import heat, rig_data

Start = Callable[..., tuple[Popen[str], str]]


def rig_at(address: str) -> Rig:
    """Programs of 45 C for 1 s, so that no test takes long."""
    data = rig_data()
    data["thermode"] |= {
        "port": f"tcp://{address}",
        "rise_rate": 10.0,
        "return_rate": 10.0,
        "gap_s": 0.1,
        "poll_hz": 10.0,
        "programs": [{"id": 7, "temperature": 45.0, "plateau_s": 1.0}],
    }
    return Rig.model_validate(data)


@pytest.fixture
def emulated(
    emulated_process: Start, tmp_path: Path
) -> Callable[..., tuple[Popen[str], str, Path]]:
    def start() -> tuple[Popen[str], str, Path]:
        rig = tmp_path / "bench.toml"
        text = Path("hardware/rigs/mri_medoc.toml").read_text(encoding="utf-8")
        head, _, rest = text.partition("[[thermode.programs]]")
        head = head.replace("_rate = 8.0", "_rate = 10.0").replace(
            'name = "mri_medoc"', 'name = "bench"'
        )
        program = "[[thermode.programs]]\nid = 7\ntemperature = 45.0\nplateau_s = 1.0\n\n"
        rig.write_text(head + program + rest[rest.index("[scanner]") :], encoding="utf-8")
        log = tmp_path / "log.tsv"
        process, address = emulated_process("medoc", "--rig", str(rig), "--log", str(log))
        return process, address, log

    return start


def lines(log: Path, kind: str) -> list[tuple[float, str]]:
    rows = [line.split("\t") for line in log.read_text(encoding="utf-8").splitlines()]
    return [(float(at), text) for at, found, text in rows if found == kind]


SHORT = {"target": 45.0, "plateau_s": 1.0, "rise_rate": 10.0, "return_rate": 10.0}


def test_a_stimulus_and_an_abort_over_the_network(
    emulated: Callable[..., tuple[Popen[str], str, Path]], real_clock: RealClock
) -> None:
    _, address, log = emulated()
    deliveries: list[Delivery] = []
    with open_devices(rig_at(address), real_clock, on_delivery=deliveries.append) as devices:
        thermode = devices.thermode
        assert thermode is not None
        assert thermode.info.emulated  # by its message, behind a real port
        blocked = []
        for number, site in ((1, 1), (2, 2)):
            thermode.prepare(heat(number=number, skin_site=site, **SHORT))
            assert real_clock.wait(lambda: thermode.ready().ok, real_clock.now() + 6)
            before = time.perf_counter()
            thermode.trigger()
            blocked.append(time.perf_counter() - before)
            if number == 2:
                real_clock.wait(lambda: False, real_clock.now() + 1.0)
                before = time.perf_counter()
                thermode.abort()
                blocked.append(time.perf_counter() - before)
            assert real_clock.wait(lambda: len(deliveries) == number, real_clock.now() + 8)  # noqa: B023
    whole, cut = deliveries
    assert (whole.problem, whole.aborted, cut.aborted) == ("", False, True)
    assert whole.mean_plateau == pytest.approx(45.0, abs=0.3)
    # Neither waits for the network: a frame is 17 ms.
    assert max(blocked) < 0.05
    commands = [text for _, text in lines(log, "command")]
    assert commands.count("4") == 2
    assert commands.count("6") >= 1
    assert not lines(log, "missed") or all(text == "6" for _, text in lines(log, "missed"))
    assert max(float(text) for _, text in lines(log, "temperature")) <= 45.0


def test_a_killed_programs_heat_ends_by_itself(
    emulated: Callable[..., tuple[Popen[str], str, Path]], real_clock: RealClock
) -> None:
    """What a dead process leaves: a triggered program, and nobody who stops it."""
    _, address, log = emulated()
    host, port = address.split(":")
    for command, number, pause_s in (
        (Command.SELECT_TP, 7, 0.5),
        (Command.START, None, 2.2),
        (Command.TRIGGER, None, 0.5),
    ):
        with socket.create_connection((host, int(port)), timeout=5) as client:
            client.sendall(request(command, 0.0, number))
        time.sleep(pause_s)
    time.sleep(3.6)
    temperatures = [float(text) for _, text in lines(log, "temperature")]
    assert max(temperatures) == 45.0
    assert temperatures[-1] == 32.0


def test_an_emulator_that_dies_is_a_failure(
    emulated: Callable[..., tuple[Popen[str], str, Path]], real_clock: RealClock
) -> None:
    process, address, _ = emulated()
    with open_devices(rig_at(address), real_clock) as devices:
        assert devices.thermode is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        thermode = devices.thermode
        assert real_clock.wait(lambda: thermode.failure() != "", real_clock.now() + 8)
        assert "stopped answering" in thermode.failure()


@pytest.fixture
def server() -> Iterator[Callable[[Callable[[socket.socket], Any]], int]]:
    """Serve connections by a function; gives the port."""
    made: list[socket.socket] = []

    def start(serve: Callable[[socket.socket], Any]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        made.append(listener)

        def run() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    serve(client)

        threading.Thread(target=run, daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    for listener in made:
        listener.close()


def ask(clock: RealClock, port: int) -> Answer:
    answers: list[Answer] = []
    tcp = Tcp("127.0.0.1", port, clock)
    tcp.ask(Exchange(request(Command.GET_STATUS, 0.0), answers.append))
    assert clock.wait(lambda: bool(answers), clock.now() + 3)
    tcp.close()
    return answers[0]


def test_an_answer_in_pieces_is_read_until_the_server_closes(
    server: Callable[..., int], real_clock: RealClock
) -> None:
    def in_pieces(client: socket.socket) -> None:
        client.recv(100)
        for byte in b"abc":
            client.sendall(bytes((byte,)))
            time.sleep(0.02)

    answer = ask(real_clock, server(in_pieces))
    assert (answer.data, answer.error) == (b"abc", "")


def test_a_server_that_resets_after_its_answer_has_answered(
    server: Callable[..., int], real_clock: RealClock
) -> None:
    def reset(client: socket.socket) -> None:
        client.recv(100)
        client.sendall(b"abc")
        time.sleep(0.05)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    answer = ask(real_clock, server(reset))
    assert (answer.data, answer.error) == (b"abc", "")


def test_endless_answers_and_silence_end(server: Callable[..., int], real_clock: RealClock) -> None:
    def flood(client: socket.socket) -> None:
        try:
            while True:
                client.sendall(b"x" * 1000)
        except OSError:
            return

    assert 4096 < len(ask(real_clock, server(flood)).data) < 10_000
    answer = ask(real_clock, server(lambda client: time.sleep(1)))
    assert answer.data == b""
    assert "timed out" in answer.error
    refused = ask(real_clock, 1)
    assert refused.sent is None
    assert "refused" in refused.error


def test_an_urgent_request_overtakes_one_that_hangs(
    server: Callable[..., int], real_clock: RealClock
) -> None:
    heard: list[tuple[float, int]] = []

    def hang(client: socket.socket) -> None:
        heard.append((real_clock.now(), client.recv(100)[8]))
        client.sendall(b"x")

    port = server(hang)
    tcp = Tcp("127.0.0.1", port, real_clock)
    slow = Tcp("10.255.255.1", 9, real_clock)  # nothing answers there
    done: list[Answer] = []
    for transport in (tcp, slow):
        transport.ask(Exchange(request(Command.GET_STATUS, 0.0), done.append))
    start = real_clock.now()
    tcp.ask(Exchange(request(Command.ABORT, 0.0), done.append), urgent=True)
    assert real_clock.wait(lambda: len(heard) == 2, real_clock.now() + 2)
    assert max(at for at, _ in heard) - start < 0.25
    tcp.close()
    slow.close()


def test_a_trigger_that_was_taken_back_is_not_sent(
    server: Callable[..., int], real_clock: RealClock
) -> None:
    heard: list[bytes] = []
    tcp = Tcp("127.0.0.1", server(lambda client: heard.append(client.recv(100))), real_clock)
    tcp.ask(Exchange(request(Command.TRIGGER, 0.0), lambda answer: None, lambda: False))
    tcp.close()
    time.sleep(0.1)
    assert heard in ([], [b""])


def test_nobody_there_is_said(real_clock: RealClock) -> None:
    with (
        pytest.raises(DeviceError, match=r"can't be reached \(.*refused.*external control"),
        open_devices(rig_at("127.0.0.1:1"), real_clock),
    ):
        pytest.fail("opened")
