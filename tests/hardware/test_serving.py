"""The ends at which an emulator is served, in this process, and the emulated port's own manners."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import serial

from experiment.clocks import RealClock, VirtualClock
from hardware.emulation import EmulatedWorld, protocol_emulated
from hardware.emulation.markers import EmulatedMarkers
from hardware.emulation.serve import serve
from hardware.emulation.tcs import EmulatedTcs


@contextmanager
def served(clock: RealClock, *, tcp: bool, log: list[str] | None = None) -> Iterator[str]:
    """An emulated TCS at an address."""
    stop, addresses = threading.Event(), list[str]()
    device = EmulatedTcs(clock)
    note = None if log is None else lambda at, kind, text: log.append(kind)
    thread = threading.Thread(
        target=serve, args=(device, clock, stop, addresses.append), kwargs={"tcp": tcp, "log": note}
    )
    thread.start()
    while not addresses:
        time.sleep(0.01)
    yield addresses[0]
    stop.set()
    thread.join(5)
    device.close()
    assert not thread.is_alive()


def talk(read: Callable[[int], bytes], write: Callable[[bytes], object]) -> bytes:
    write(b"F")
    time.sleep(0.1)
    write(b"Q")
    heard = b""
    while b"000000" not in heard:
        heard += read(100)
    return heard


def test_one_program_after_the_other_over_tcp(real_clock: RealClock) -> None:
    log: list[str] = []
    with served(real_clock, tcp=True, log=log) as address:
        host, _, port = address.partition(":")
        for _ in range(2):
            with socket.create_connection((host, int(port)), timeout=5) as client:
                assert talk(client.recv, client.sendall).endswith(b"000000")
        time.sleep(0.3)
    assert log.count("temperature") >= 2


def test_a_terminal_that_nobody_reads_blocks_nothing(real_clock: RealClock) -> None:
    with served(real_clock, tcp=False) as address:
        file = os.open(address, os.O_RDWR | os.O_NOCTTY)
        os.write(file, b"L" + b"H" * 300)  # more help than the terminal holds
        time.sleep(0.5)
        os.close(file)
        with serial.Serial(address, timeout=1) as port:
            port.reset_input_buffer()
            port.write(b"FQ")
            assert b"000000" in port.read(2000)


def test_an_emulated_port_blocks_until_its_time_is_over(real_clock: RealClock) -> None:
    protocol_emulated.register()
    with EmulatedWorld(real_clock) as world:
        port = serial.serial_for_url(world.resolve("emulated://markers"), timeout=0.05)
        before = time.perf_counter()
        assert port.read(1) == b""
        assert time.perf_counter() - before >= 0.04
        world.markers.transmit(b"abc")
        assert port.in_waiting == 3
        assert port.read(2) == b"ab"
        port.reset_input_buffer()
        assert port.in_waiting == 0
        port.flush()
        port.reset_output_buffer()
        with pytest.raises(serial.SerialException, match="already open"):
            port.open()
        port.timeout = None
        threading.Timer(0.05, port.cancel_read).start()
        assert port.read(1) == b""
        threading.Timer(0.05, world.lines["markers"].unplug).start()
        with pytest.raises(serial.SerialException, match="unplugged"):
            port.read(1)
        with pytest.raises(serial.SerialException, match="unplugged"):
            port.write(b"x")
        port.close()
        with pytest.raises(serial.SerialException, match=r"not open|unplugged"):
            port.write(b"x")


def test_a_cable_put_back_serves_a_new_port_only() -> None:
    protocol_emulated.register()
    with EmulatedWorld(VirtualClock()) as world:
        line = world.lines["markers"]
        old = serial.serial_for_url(world.resolve("emulated://markers"))
        line.unplug()
        with pytest.raises(serial.SerialException):
            serial.serial_for_url(world.resolve("emulated://markers"))
        line.plug()
        new = serial.serial_for_url(world.resolve("emulated://markers"))
        old.close()
        new.write(b"\x07")
        assert world.markers.state == 7
        with pytest.raises(serial.SerialException, match="no emulated device"):
            serial.serial_for_url(f"emulated://pump?world={world.id}")


def test_a_marker_log() -> None:
    said: list[tuple[float, str, str]] = []
    box = EmulatedMarkers(VirtualClock(), lambda *entry: said.append(entry))
    box.receive(b"\x05\x00")
    box.transmit(b"goes nowhere")
    assert said == [(0.0, "marker", "5"), (0.0, "marker", "0")]
