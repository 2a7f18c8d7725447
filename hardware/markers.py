"""Event markers: a code on the lines of a trigger box, cleared after the pulse width."""

from __future__ import annotations

import threading
from typing import Any

from hardware.clock import Clock, Timer
from hardware.devices import DeviceInfo, MarkerStamp
from hardware.rig import EMULATED, SerialTtlSection

CLEAR = b"\x00"


class SerialTtlMarkers:
    """A plain serial trigger box: one byte sets the lines, 0 clears them.

    A code that comes before the lines are clear clears them first, so that the same code twice
    still makes two edges. Raises `ValueError` for a code outside 1-255.
    """

    def __init__(self, port: Any, clock: Clock, section: SerialTtlSection) -> None:
        self._port, self._clock, self._where = port, clock, section.port
        self._width_s = section.pulse_width_s
        self._lock = threading.RLock()
        self._timer: Timer | None = None
        self._up = 0  # number of the code that is on the lines, 0 for none
        self._sent = 0
        self._failure = ""
        self._closed = False
        self.dropped = 0  # codes that weren't sent since the box had failed
        self.info = DeviceInfo(
            role="markers",
            kind="serial_ttl",
            port=section.port,
            emulated=section.port.startswith(EMULATED),
            details={"baud": str(section.baud), "pulse_width_s": f"{section.pulse_width_s:g}"},
        )
        self._listener = clock.listen(port, lambda data, time: None, self._lost)
        self._write(CLEAR)

    def send(self, code: int) -> MarkerStamp:
        """Write a code and book its end; times around the write, on the session clock."""
        if not 1 <= code <= 255:
            raise ValueError(f"a marker code is 1 to 255, not {code}")
        with self._lock:
            data = bytes((0, code)) if self._up else bytes((code,))
            if self._timer is not None:
                self._timer.cancel()
            self._sent += 1
            number = self._up = self._sent
            before = self._clock.now()
            if not self._write(data):
                self.dropped += 1
            after = self._clock.now()
            self._timer = self._clock.call_at(after + self._width_s, lambda: self._clear(number))
        return MarkerStamp(code, before, after)

    def failure(self) -> str:
        """A sentence if the box has failed, else ''."""
        return self._failure

    def close(self) -> None:
        """Clear the lines and release the port."""
        with self._lock:
            if self._closed:
                return
            if self._timer is not None:
                self._timer.cancel()
            self._write(CLEAR)
            self._closed = True
        self._listener.close()
        try:
            self._port.close()
        except Exception as error:  # a port that was pulled out can't be closed in order
            self._failure = self._failure or f"The marker box's port couldn't be closed ({error})."

    def _clear(self, number: int) -> None:
        with self._lock:
            # A later code has its own end; this one's is over.
            if self._up == number:
                self._up = 0
                self._write(CLEAR)

    def _write(self, data: bytes) -> bool:
        if self._failure or self._closed:
            return False
        try:
            self._port.write(data)
        except Exception as error:  # a lost port raises many kinds
            self._lost(error)
            return False
        return True

    def _lost(self, error: Exception) -> None:
        self._failure = self._failure or f"The marker box at {self._where} was lost ({error})."
