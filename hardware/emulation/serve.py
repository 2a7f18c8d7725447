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

from hardware.clock import Clock
from hardware.emulation.medoc import EmulatedMedoc
from hardware.emulation.tcs import EmulatedTcs
from hardware.emulation.world import EmulatedDevice

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


class PtyEnd:
    """A pseudo-terminal (not on Windows). It stays open while programs come and go."""

    def __init__(self) -> None:
        import tty

        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.address = os.ttyname(self._slave)

    def run(self, device: EmulatedDevice, stop: threading.Event) -> None:
        """Carry bytes to the device until `stop` is set."""
        while not stop.is_set():
            readable, _, _ = select.select([self._master], [], [], LOOK_S)
            if readable:
                with contextlib.suppress(BlockingIOError):
                    device.receive(os.read(self._master, CHUNK))

    def send(self, data: bytes) -> None:
        """Carry bytes from the device; what doesn't fit any more is lost."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._master, data)


class TcpEnd:
    """A TCP port on this computer only (0: any free one), for one program at a time.

    With `one_answer` a connection is closed after the device has answered once, as Medoc does.
    """

    def __init__(self, port: int = 0, *, one_answer: bool = False) -> None:
        self._one_answer = one_answer
        self._server = socket.create_server(("127.0.0.1", port))
        self._server.settimeout(LOOK_S)
        self._client: socket.socket | None = None
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"

    def run(self, device: EmulatedDevice, stop: threading.Event) -> None:
        """Serve one program after the other until `stop` is set."""
        while not stop.is_set():
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

    def send(self, data: bytes) -> None:
        """Carry bytes from the device, if somebody is connected."""
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError):
                client.sendall(data)
                if self._one_answer:
                    client.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _serve(client: socket.socket, device: EmulatedDevice, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                data = client.recv(CHUNK)
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            device.receive(data)


def serve(
    device: EmulatedDevice,
    clock: Clock,
    stop: threading.Event,
    announce: Callable[[str], None],
    *,
    tcp: bool = False,
    port: int = 0,
    log: Log | None = None,
) -> None:
    """Serve `device` until `stop` is set. `announce` gets the address once it can be opened.

    A Medoc is always served over TCP. With `log`, a thermode's temperatures are written down 20
    times a second, whoever asks or doesn't. Raises `OSError` if `port` can't be had.
    """
    end: End
    if isinstance(device, EmulatedMedoc):
        end = TcpEnd(port, one_answer=True)
    else:
        end = TcpEnd(port) if tcp or port or sys.platform == "win32" else PtyEnd()
    device.transmit = end.send
    if log is not None and isinstance(device, EmulatedTcs | EmulatedMedoc):
        _log_temperatures(device, clock, stop, log)
    announce(end.address)
    end.run(device, stop)


def _log_temperatures(
    device: EmulatedTcs | EmulatedMedoc, clock: Clock, stop: threading.Event, log: Log
) -> None:
    def write() -> None:
        if not stop.is_set():
            now = clock.now()
            log(now, "temperature", " ".join(f"{zone:.2f}" for zone in device.zones(now)))
            clock.call_at(now + LOG_TEMPERATURES_S, write)

    write()
