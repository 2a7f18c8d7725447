"""Event markers on a serial port: a code on the lines of a trigger box, cleared after its width."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hardware import writing
from hardware.clock import Clock, Timer
from hardware.devices import DeviceInfo, MarkerStamp
from hardware.sections.base import EMULATED
from hardware.sections.markers import MmbtPulseSection, PortMarkersSection

NEVER = math.inf
BUSY_S = 0.001  # until the lines are looked at again while something is being written
ANNOUNCED_S = 0.25  # a code that was announced and doesn't come is waited for so long


@dataclass(frozen=True)
class _Speech:
    """How a box is spoken to. Without `clear` it clears its lines itself."""

    code: Callable[[int], bytes]
    clear: bytes
    reset: bytes


_SPEECHES = {
    "serial_ttl": _Speech(lambda code: bytes((code,)), clear=b"\x00", reset=b"\x00"),
    "mmbt_pulse": _Speech(lambda code: bytes((code,)), clear=b"", reset=b""),
    "bbtk": _Speech(lambda code: b"%02X" % code, clear=b"00", reset=b"RR"),
}


def check_code(code: int) -> None:
    """Raise `ValueError` for a code that eight lines can't show, or that none would show (0)."""
    if not 1 <= code <= 255:
        raise ValueError(f"a marker code is 1 to 255, not {code}")


class PortMarkers:
    """A trigger box on an open serial port, of the kind that `section` says.

    A code that comes before the lines are clear clears them first, so that the same code twice
    still makes two edges (but for a box that clears them itself). Raises `ValueError` for a code
    outside 1-255.
    """

    def __init__(self, port: Any, clock: Clock, section: PortMarkersSection) -> None:
        self._port, self._clock, self._where = port, clock, section.port
        self._speech = _SPEECHES[section.kind]
        self._width_s = 0.0 if isinstance(section, MmbtPulseSection) else section.pulse_width_s
        self._codes = {code: self._speech.code(code) for code in range(1, 256)}
        self._lock = threading.RLock()
        self._look_booked: Timer | None = None
        self._ends = NEVER  # when the code on the lines is to be cleared
        self._announced_until = -NEVER
        self._failure = ""
        self._closed = False
        details = {"baud": str(section.baud)}
        if self._width_s:
            details["pulse_width_s"] = f"{self._width_s:g}"
        self.info = DeviceInfo(
            role="markers",
            kind=section.kind,
            port=section.port,
            emulated=section.port.startswith(EMULATED),
            details=details,
        )
        self._listener = clock.listen(port, lambda data, time: None, self._lost)
        self._write(self._speech.reset)

    def about_to_send(self) -> None:
        """A code follows within a few frames: be on the look-out for its end from now on.

        Booking it with the flip would wake the clock's thread just when the byte is on its way,
        and on a computer of two cores what delivers it would have to wait (benchmarks, row 2).
        """
        if self._speech.clear:
            with self._lock:
                now = self._clock.now()
                self._announced_until = now + ANNOUNCED_S
                self._look_at(now + self._width_s)

    def send(self, code: int) -> MarkerStamp | None:
        """Write a code and see to its end; times around the write, on the session clock.

        None: it wasn't sent, since the box has failed.
        """
        check_code(code)
        data = self._codes[code]
        with self._lock:
            if self._ends < NEVER:
                data = self._speech.clear + data
            before = self._clock.now()
            if not self._write(data):
                return None
            after = self._clock.now()
            self._announced_until = -NEVER
            if self._speech.clear:
                self._ends = after + self._width_s
                self._look_at(self._ends)
        return MarkerStamp(code, before, after)

    def failure(self) -> str:
        """A sentence if the box has failed, else ''."""
        return self._failure

    def close(self) -> None:
        """Clear the lines and release the port."""
        with self._lock:
            if self._closed:
                return
            if self._look_booked is not None:
                self._look_booked.cancel()
            self._write(self._speech.clear)
            self._closed = True
        self._listener.close()
        try:
            self._port.close()
        except Exception as error:  # a port that was pulled out can't be closed in order
            self._failure = self._failure or f"The marker box's port couldn't be closed ({error})."

    def _look_at(self, time: float) -> None:
        # One that is booked already comes no later: it was booked earlier, for the same width.
        if self._look_booked is None:
            self._look_booked = self._clock.call_at(time, self._look)

    def _look(self) -> None:
        """Clear the lines if it's time; look again where a code is on them or was announced."""
        if not self._lock.acquire(blocking=False):
            # A code is being written. A port that is stuck holds that up for its whole time-out,
            # and this thread, which also polls and aborts the thermode, mustn't wait for it.
            self._look_booked = self._clock.call_at(self._clock.now() + BUSY_S, self._look)
            return
        try:
            self._look_booked = None
            now = self._clock.now()
            if now >= self._ends:
                self._ends = NEVER
                self._write(self._speech.clear)
            if self._failure or self._closed:
                return
            if self._ends < NEVER:
                self._look_at(self._ends)
            elif now < self._announced_until:
                self._look_at(now + self._width_s)
        finally:
            self._lock.release()

    def _write(self, data: bytes) -> bool:
        if self._failure or self._closed:
            return False
        if not data:
            return True
        try:
            writing.write(self._port, self._clock, data)
        except Exception as error:  # a lost port raises many kinds
            self._lost(error)
            return False
        return True

    def _lost(self, error: Exception) -> None:
        self._failure = self._failure or f"The marker box at {self._where} was lost ({error})."
