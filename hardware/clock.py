"""The `Clock` that everything which waits or stamps is given.

Times are seconds (float) on the session clock, whose zero is the moment at which the clock was
made. Two clocks fulfil this protocol: `experiment.clocks.RealClock` and
`experiment.clocks.VirtualClock`. A device never asks any other clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Timer(Protocol):
    """A callback that was booked with `Clock.call_at`."""

    def cancel(self) -> None:
        """Make sure that the callback isn't called any more (no effect once it has been)."""


class Listener(Protocol):
    """A port that is being listened to."""

    def close(self) -> None:
        """Stop listening. Returns when no callback of this listener is running any more."""


class Clock(Protocol):
    """Tells the time, books callbacks, waits, and hands over bytes with their time stamp.

    Callbacks come on a thread of the clock's own (real) or from inside `wait` (virtual). They
    must return soon and **must never wait**: in virtual time that would make time run backwards.
    """

    def now(self) -> float:
        """Seconds since the clock was made."""
        ...

    def call_at(self, time: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once at `time`; at once, if that has passed."""
        ...

    def wait(self, predicate: Callable[[], bool], deadline: float) -> bool:
        """Return True as soon as `predicate()` holds, or False when `deadline` has come."""
        ...

    def listen(
        self,
        port: Any,
        callback: Callable[[bytes, float], None],
        lost: Callable[[Exception], None],
    ) -> Listener:
        """Hand over what arrives at an open serial port: `callback(data, time of arrival)`.

        `lost(error)` is called once if the port fails (unplugged); nothing follows after it.
        """
        ...
