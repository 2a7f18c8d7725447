"""An emulated scanner's trigger converter: one byte for each volume."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hardware.clock import Clock, Timer


def _nowhere(_: bytes) -> None:
    """What is transmitted while nothing is connected."""


class EmulatedScanner:
    """Sends `pulse` at the start of every volume, on an absolute schedule, so it never drifts."""

    def __init__(
        self,
        clock: Clock,
        pulse: bytes = b"5",
        log: Callable[[float, str, str], None] | None = None,
    ) -> None:
        self._clock, self._log = clock, log
        self._lock = threading.RLock()
        self._timer: Timer | None = None
        self._running = 0  # tells the callbacks of a scan that was stopped from the present ones
        self.transmit: Callable[[bytes], None] = _nowhere
        self.pulse = pulse
        self.other_tr_s: float | None = None  # rehearsed: the console runs another protocol
        self.sent: list[float] = []  # times of the pulses of the present scan

    def start(
        self, tr_s: float, volumes: int | None = None, dummies: int = 0, delay_s: float = 0.0
    ) -> None:
        """Begin a scan: `dummies` + `volumes` pulses (None: until stopped), the first after a delay.

        Times in seconds. Raises `ValueError` for a TR that isn't positive.
        """
        if not tr_s > 0 or delay_s < 0 or dummies < 0 or (volumes is not None and volumes < 0):
            raise ValueError(f"a scan with TR {tr_s} s, delay {delay_s} s isn't possible")
        tr_s = self.other_tr_s or tr_s
        with self._lock:
            self.stop()
            self.sent = []
            first = self._clock.now() + delay_s
            count = None if volumes is None else dummies + volumes
            self._book(self._running, first, tr_s, 0, count)

    def stop(self) -> None:
        """End the scan at once."""
        with self._lock:
            self._running += 1
            if self._timer is not None:
                self._timer.cancel()

    def receive(self, data: bytes) -> None:
        """A trigger converter takes no commands."""

    def close(self) -> None:
        """Switch off."""
        self.stop()

    def _book(self, running: int, first: float, tr_s: float, index: int, count: int | None) -> None:
        if count is not None and index >= count:
            return

        def pulse() -> None:
            with self._lock:
                if self._running != running:
                    return
                now = self._clock.now()
                self.sent.append(now)
                if self._log is not None:
                    self._log(now, "pulse", str(index + 1))
                self._book(running, first, tr_s, index + 1, count)
            self.transmit(self.pulse)

        self._timer = self._clock.call_at(first + index * tr_s, pulse)
