"""Sources of volume pulses: a byte on a serial port, or a key."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from hardware.clock import Clock
from hardware.devices import DeviceInfo, Response, ResponseDevice
from hardware.sections.base import EMULATED
from hardware.sections.scanner import KeyScannerSection, SerialScannerSection


class Pulses:
    """Calls back while started; `stop` returns when no call is running any more."""

    def __init__(self) -> None:
        self._callback: Callable[[float], None] | None = None
        # Re-entrant, so that a callback may stop its own source.
        self._calling = threading.RLock()

    def start(self, callback: Callable[[float], None]) -> None:
        """From now on call `callback(time of arrival)` for each pulse."""
        with self._calling:
            self._callback = callback

    def stop(self) -> None:
        """Stop calling."""
        with self._calling:
            self._callback = None

    def _pulse(self, time: float) -> None:
        with self._calling:
            if self._callback is not None:
                self._callback(time)


class SerialScanner(Pulses):
    """A trigger converter on an open serial port: one byte for each volume.

    It listens from the moment it is made, so that bytes which waited in the port since before
    `start` are never taken for the first pulse. `strays` counts what arrived besides pulses, by
    byte: a converter that sends `t` where the rig says `5` shows there.
    """

    def __init__(self, port: Any, clock: Clock, section: SerialScannerSection) -> None:
        super().__init__()
        self._port, self._where = port, section.port
        self._byte = bytes((section.pulse_byte,))
        self._failure = ""
        self.strays: dict[int, int] = {}
        self.info = DeviceInfo(
            role="scanner",
            kind="serial",
            port=section.port,
            emulated=section.port.startswith(EMULATED),
            details={"baud": str(section.baud), "pulse": repr(section.pulse)},
        )
        self._listener = clock.listen(port, self._received, self._lost)

    def failure(self) -> str:
        """A sentence if the port has failed, else ''."""
        return self._failure

    def close(self) -> None:
        """Stop and release the port."""
        self.stop()
        self._listener.close()
        try:
            self._port.close()
        except Exception as error:  # a port that was pulled out can't be closed in order
            self._failure = self._failure or f"The scanner's port couldn't be closed ({error})."

    def _received(self, data: bytes, time: float) -> None:
        pulses = data.count(self._byte)
        if pulses < len(data):
            for byte in data.replace(self._byte, b""):
                self.strays[byte] = self.strays.get(byte, 0) + 1
        for _ in range(pulses):
            self._pulse(time)

    def _lost(self, error: Exception) -> None:
        self._failure = f"The scanner's port {self._where} was lost ({error})."


class KeyScanner(Pulses):
    """A trigger converter that types a key: the responses with the role 'pulse'.

    Pulses carry the time stamp of the key event, not of a frame. The response device is
    somebody else's to close.
    """

    def __init__(self, keys: ResponseDevice, section: KeyScannerSection) -> None:
        super().__init__()
        self.strays: dict[int, int] = {}
        self.info = DeviceInfo(
            role="scanner",
            kind="key",
            port="",
            emulated=keys.info.emulated,
            details={"key": section.key},
        )
        keys.listen(self._responded)

    def failure(self) -> str:
        """Keys don't fail by themselves."""
        return ""

    def close(self) -> None:
        """Stop."""
        self.stop()

    def _responded(self, response: Response) -> None:
        if response.role == "pulse" and response.pressed:
            self._pulse(response.time)
