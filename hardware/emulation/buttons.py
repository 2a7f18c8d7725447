"""An emulated button box: a byte for each press, given by a program, by typing, or by a rhythm."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping

from hardware.clock import Clock

HELD_S = 0.08  # ours: how long a finger stays down


def _nowhere(_: bytes) -> None:
    """What is transmitted while nothing is connected."""


class EmulatedButtons:
    """Sends `press` bytes; with `releases` (press to release) the byte of the release after 80 ms."""

    def __init__(
        self,
        clock: Clock,
        releases: Mapping[int, int] | None = None,
        log: Callable[[float, str, str], None] | None = None,
    ) -> None:
        self._clock, self._log = clock, log
        self._releases = dict(releases or {})
        self._stopped = threading.Event()
        self.transmit: Callable[[bytes], None] = _nowhere
        self.presses: list[tuple[float, int]] = []

    def press(self, button: int) -> None:
        """Press the button with this byte, and let it go."""
        now = self._clock.now()
        self.presses.append((now, button))
        if self._log is not None:
            self._log(now, "press", repr(chr(button)))
        self.transmit(bytes((button,)))
        release = self._releases.get(button)
        if release is not None:
            self._clock.call_at(now + HELD_S, lambda: self.transmit(bytes((release,))))

    def press_in_turn(self, buttons: bytes, every_s: float) -> None:
        """Press one after the other for ever, the first one `every_s` from now.

        Raises `ValueError` for no buttons, or no time between them.
        """
        if not buttons or not every_s > 0:
            raise ValueError(f"buttons {buttons!r} can't be pressed every {every_s} s")
        turns = itertools.cycle(buttons)

        def book(time: float) -> None:
            def press() -> None:
                if not self._stopped.is_set():
                    self.press(next(turns))
                    book(time + every_s)

            self._clock.call_at(time, press)

        book(self._clock.now() + every_s)

    def receive(self, data: bytes) -> None:
        """A button box takes no commands."""

    def close(self) -> None:
        """Switch off."""
        self._stopped.set()
