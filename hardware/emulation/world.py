"""The emulated devices of one session, on one clock."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Protocol

import serial

from hardware.clock import Clock
from hardware.emulation.markers import EmulatedMarkers
from hardware.emulation.medoc import EmulatedMedoc
from hardware.emulation.scanner import EmulatedScanner
from hardware.emulation.tcs import EmulatedTcs
from hardware.sections.base import EMULATED

_worlds: dict[str, EmulatedWorld] = {}
_numbers = itertools.count(1)


class EmulatedDevice(Protocol):
    """The core of an emulated device: bytes in, bytes out, independent of what carries them."""

    transmit: Callable[[bytes], None]

    def receive(self, data: bytes) -> None:
        """Take what was written to the device."""


class Line:
    """The cable between an emulated port and an emulated device; rehearsed faults are put here.

    `to_device` and `to_host` may change what passes (give back other bytes, b"" for nothing).
    """

    def __init__(self, name: str, device: EmulatedDevice) -> None:
        self.name, self.device = name, device
        self.to_device: Callable[[bytes], bytes] | None = None
        self.to_host: Callable[[bytes], bytes] | None = None
        self.plugged = True
        self._port: Any = None
        device.transmit = self._from_device

    @property
    def busy(self) -> bool:
        """Whether a port is open at this end already."""
        return self._port is not None

    def connect(self, port: Any) -> None:
        """Attach an emulated port."""
        self._port = port

    def disconnect(self, port: Any) -> None:
        """Detach it again, if it still is the one; what the device says then goes nowhere."""
        if self._port is port:
            self._port = None

    def write(self, data: bytes) -> None:
        """Carry bytes to the device. Raises `serial.SerialException` if it is unplugged."""
        if not self.plugged:
            raise serial.SerialException(f"{EMULATED}{self.name} is unplugged")
        if self.to_device is not None:
            data = self.to_device(data)
        self.device.receive(data)

    def unplug(self) -> None:
        """Pull the cable: the port fails, the device goes on by itself."""
        self.plugged = False
        port, self._port = self._port, None
        if port is not None:
            port.fail(serial.SerialException(f"{EMULATED}{self.name} is unplugged"))

    def plug(self) -> None:
        """Put the cable back; a port has to be opened anew."""
        self.plugged = True

    def _from_device(self, data: bytes) -> None:
        port = self._port
        if port is None:
            return
        if self.to_host is not None:
            data = self.to_host(data)
        if data:
            port.arrived(data)


class EmulatedWorld:
    """The emulated devices on `clock`, found by their ports through the world's `id`.

    A context manager; outside of it the ports can't be opened. A URL can't carry a clock, so
    `resolve` turns `emulated://tcs` of a rig file into `emulated://tcs?world=ID`.
    """

    def __init__(self, clock: Clock) -> None:
        self.id = str(next(_numbers))
        self.tcs = EmulatedTcs(clock)
        self.medoc = EmulatedMedoc(clock)
        self.scanner = EmulatedScanner(clock)
        self.markers = EmulatedMarkers(clock)
        self.lines = {
            "tcs": Line("tcs", self.tcs),
            "medoc": Line("medoc", self.medoc),
            "scanner": Line("scanner", self.scanner),
            "markers": Line("markers", self.markers),
        }
        _worlds[self.id] = self

    def __enter__(self) -> EmulatedWorld:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Switch the devices off and forget the world."""
        _worlds.pop(self.id, None)
        self.tcs.close()
        self.medoc.close()
        self.scanner.close()
        self.markers.close()

    def resolve(self, port: str) -> str:
        """The port as pyserial can open it; real ones come back as they are."""
        return f"{port}?world={self.id}" if port.startswith(EMULATED) else port


def find_line(name: str, world: str) -> Line:
    """The line of an emulated port. Raises `serial.SerialException` where there is none."""
    found = _worlds.get(world)
    if found is None:
        raise serial.SerialException(
            f"no emulated world {world!r}: {EMULATED}{name} can't be opened"
        )
    line = found.lines.get(name)
    if line is None:
        raise serial.SerialException(
            f"no emulated device {name!r}: there are {', '.join(found.lines)}"
        )
    return line
