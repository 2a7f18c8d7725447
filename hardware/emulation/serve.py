"""An emulated device at an address that any program can open: a pseudo-terminal or a TCP port."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import threading
from collections.abc import Callable
from typing import Protocol

import serial

from hardware.clock import Clock
from hardware.emulation.medoc import EmulatedMedoc
from hardware.emulation.tcs import EmulatedTcs
from hardware.emulation.world import EmulatedDevice, Line

LOOK_S = 0.2  # how often a blocked end looks whether it should stop
LOG_TEMPERATURES_S = 0.05
CHUNK = 4096

Log = Callable[[float, str, str], None]


class End(Protocol):
    """Our end of a connection; `address` is what the other side opens."""

    address: str

    def run(self, device: EmulatedDevice, stop: threading.Event) -> None:
        """Carry bytes to the device until `stop` is set."""

    def send(self, data: bytes) -> None:
        """Carry bytes from the device; dropped if nobody takes them, as on a real line."""

    def hang_up(self) -> None:
        """Pull the cable: within 0.2 s the other side's port fails. From any thread."""

    def serve_again(self) -> None:
        """Put the cable back, at the same address."""


class PtyEnd:
    """A pseudo-terminal (not on Windows). It stays open while programs come and go.

    One that was pulled out is gone for good: its name is the system's to give.
    """

    def __init__(self) -> None:
        import tty

        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.address = os.ttyname(self._slave)
        self._hung_up = threading.Event()

    def run(self, device: EmulatedDevice, stop: threading.Event) -> None:
        """Carry bytes to the device until `stop` is set."""
        while not (stop.is_set() or self._hung_up.is_set()):
            readable, _, _ = select.select([self._master], [], [], LOOK_S)
            if readable:
                with contextlib.suppress(BlockingIOError):
                    device.receive(os.read(self._master, CHUNK))
        if self._hung_up.is_set():
            os.close(self._slave)
            os.close(self._master)
            stop.wait()

    def send(self, data: bytes) -> None:
        """Carry bytes from the device; what doesn't fit any more is lost."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._master, data)

    def hang_up(self) -> None:
        """Close it."""
        self._hung_up.set()

    def serve_again(self) -> None:
        """Raises `ValueError`: it can't come back under its name."""
        raise ValueError(f"{self.address} was closed and can't be opened again under this name")


class TcpEnd:
    """A TCP port on this computer only (0: any free one), for one program at a time.

    With `one_answer` a connection is closed after the device has answered once, as Medoc does.
    """

    def __init__(self, port: int = 0, *, one_answer: bool = False) -> None:
        self._one_answer = one_answer
        self._server = socket.create_server(("127.0.0.1", port))
        self._server.settimeout(LOOK_S)
        self._client: socket.socket | None = None
        self._hung_up = threading.Event()
        self._port: int = self._server.getsockname()[1]
        self.address = f"127.0.0.1:{self._port}"

    def run(self, device: EmulatedDevice, stop: threading.Event) -> None:
        """Serve one program after the other until `stop` is set."""
        while not stop.is_set():
            if self._hung_up.is_set():
                self._server.close()
                while self._hung_up.is_set() and not stop.wait(LOOK_S):
                    pass
                if stop.is_set():
                    return
                self._server = socket.create_server(("127.0.0.1", self._port))
                self._server.settimeout(LOOK_S)
            try:
                client, _ = self._server.accept()
            except TimeoutError:
                continue
            with client:
                client.settimeout(LOOK_S)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._client = client
                self._serve(client, device, stop)
                self._client = None
                if self._hung_up.is_set():
                    # Before the connection: who sees that end must find the port gone, too.
                    self._server.close()

    def send(self, data: bytes) -> None:
        """Carry bytes from the device, if somebody is connected."""
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError):
                client.sendall(data)
                if self._one_answer:
                    client.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Close the connection, and take no other."""
        self._hung_up.set()

    def serve_again(self) -> None:
        """Take connections again."""
        self._hung_up.clear()

    def _serve(self, client: socket.socket, device: EmulatedDevice, stop: threading.Event) -> None:
        while not (stop.is_set() or self._hung_up.is_set()):
            try:
                data = client.recv(CHUNK)
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            device.receive(data)


class ServedLine(Line):
    """The cable of a served device, where faults can be put in; it is the port at its own end."""

    def __init__(self, device: EmulatedDevice) -> None:
        super().__init__("served", device)
        self.transmit: Callable[[bytes], None] = lambda data: None  # a device has one
        self._end: End | None = None

    def attach(self, end: End) -> None:
        """Lead it to where other programs connect."""
        self._end = end
        if self.plugged:
            self.connect(self)
        else:
            end.hang_up()

    def receive(self, data: bytes) -> None:
        """Carry bytes to the device; those of a moment after it was unplugged are lost."""
        with contextlib.suppress(serial.SerialException):
            self.write(data)

    def arrived(self, data: bytes) -> None:
        """Carry bytes from the device."""
        if self._end is not None:
            self._end.send(data)

    def fail(self, error: Exception) -> None:
        """Unplugged."""
        if self._end is not None:
            self._end.hang_up()

    def plug(self) -> None:
        """Put the cable back. Raises `ValueError` on a pseudo-terminal."""
        super().plug()
        if self._end is not None:
            self._end.serve_again()
            self.connect(self)


def serve(
    device: EmulatedDevice,
    clock: Clock,
    stop: threading.Event,
    announce: Callable[[str], None],
    *,
    tcp: bool = False,
    port: int = 0,
    log: Log | None = None,
    line: ServedLine | None = None,
) -> None:
    """Serve `device` until `stop` is set. `announce` gets the address once it can be opened.

    `line` is the device's cable, if faults were put into it.
    A Medoc is always served over TCP. With `log`, a thermode's temperatures are written down 20
    times a second, whoever asks or doesn't. Raises `OSError` if `port` can't be had.
    """
    end: End
    if isinstance(device, EmulatedMedoc):
        end = TcpEnd(port, one_answer=True)
    else:
        end = TcpEnd(port) if tcp or port or sys.platform == "win32" else PtyEnd()
    line = line or ServedLine(device)
    line.attach(end)
    if log is not None and isinstance(device, EmulatedTcs | EmulatedMedoc):
        _log_temperatures(device, clock, stop, log)
    announce(end.address)
    end.run(line, stop)


def _log_temperatures(
    device: EmulatedTcs | EmulatedMedoc, clock: Clock, stop: threading.Event, log: Log
) -> None:
    def write() -> None:
        if not stop.is_set():
            now = clock.now()
            log(now, "temperature", " ".join(f"{zone:.2f}" for zone in device.zones(now)))
            clock.call_at(now + LOG_TEMPERATURES_S, write)

    write()
