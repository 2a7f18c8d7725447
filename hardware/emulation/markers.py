"""An emulated trigger box with eight lines, of the kind that the rig has."""

from __future__ import annotations

from collections.abc import Callable

from hardware.clock import Clock

MMBT_PULSE_S = 0.008
KINDS = ("serial_ttl", "mmbt_pulse", "bbtk")

_HEX = b"0123456789ABCDEF"


def _nowhere(_: bytes) -> None:
    """What is transmitted while nothing is connected."""


class EmulatedMarkers:
    """Records every change of its lines with its time, zeros too; `state` is what they show now.

    `kind`: 'serial_ttl' (each byte sets the lines), 'mmbt_pulse' (likewise, but they are cleared
    again after 8 ms), 'bbtk' (two hexadecimal digits set them, `RR` resets; what is neither is
    ignored, and kept in `malformed`).
    """

    def __init__(self, clock: Clock, log: Callable[[float, str, str], None] | None = None) -> None:
        self._clock, self._log = clock, log
        self.transmit: Callable[[bytes], None] = _nowhere
        self.kind = "serial_ttl"
        self.events: list[tuple[float, int]] = []
        self.malformed: list[tuple[float, bytes]] = []
        self._digit = b""

    @property
    def state(self) -> int:
        """The lines as a number, 0-255."""
        return self.events[-1][1] if self.events else 0

    def codes(self) -> list[tuple[float, int]]:
        """Time and code of the markers, without the zeros."""
        return [event for event in self.events if event[1]]

    def receive(self, data: bytes) -> None:
        """Set the lines, byte after byte."""
        if self.kind == "bbtk":
            for byte in data:
                self._character(bytes((byte,)))
            return
        for code in data:
            self._set(code)
            if self.kind == "mmbt_pulse" and code:
                self._clear_later(len(self.events))

    def close(self) -> None:
        """Switch off."""

    def _character(self, character: bytes) -> None:
        pair = self._digit + character
        if len(pair) < 2:
            self._digit = pair
            return
        self._digit = b""
        if pair == b"RR":
            self._set(0)
        elif all(digit in _HEX for digit in pair):
            self._set(int(pair, 16))
        else:
            self.malformed.append((self._clock.now(), pair))

    def _clear_later(self, number: int) -> None:
        def clear() -> None:
            if len(self.events) == number:  # a later code has its own end
                self._set(0)

        self._clock.call_at(self._clock.now() + MMBT_PULSE_S, clear)

    def _set(self, code: int) -> None:
        now = self._clock.now()
        self.events.append((now, code))
        if self._log is not None:
            self._log(now, "marker", str(code))
