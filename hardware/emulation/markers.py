"""An emulated serial trigger box: each byte sets its eight lines."""

from __future__ import annotations

from collections.abc import Callable

from hardware.clock import Clock


def _nowhere(_: bytes) -> None:
    """What is transmitted while nothing is connected."""


class EmulatedMarkers:
    """Records every byte with its time, zeros too; `state` is what the lines show now."""

    def __init__(self, clock: Clock, log: Callable[[float, str, str], None] | None = None) -> None:
        self._clock, self._log = clock, log
        self.transmit: Callable[[bytes], None] = _nowhere
        self.events: list[tuple[float, int]] = []

    @property
    def state(self) -> int:
        """The lines as a number, 0-255."""
        return self.events[-1][1] if self.events else 0

    def codes(self) -> list[tuple[float, int]]:
        """Time and code of the markers, without the zeros."""
        return [event for event in self.events if event[1]]

    def receive(self, data: bytes) -> None:
        """Set the lines, byte after byte."""
        now = self._clock.now()
        self.events += [(now, code) for code in data]
        if self._log is not None:
            for code in data:
                self._log(now, "marker", str(code))

    def close(self) -> None:
        """Switch off."""
