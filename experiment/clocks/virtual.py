"""Virtual time: a small discrete-event scheduler for dry runs."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from typing import Any

from experiment.clocks.timer import BookedTimer

LONGEST_WAIT_S = 24 * 3600.0  # a wait without deadline that takes a day will never end


class VirtualClock:
    """Time that jumps from one booked callback to the next.

    Callbacks run inside `wait`, in the order of their times (ties in the order of booking).
    A callback that waits would make time run backwards, so that raises `RuntimeError`.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._order = itertools.count()
        self._booked: list[tuple[float, int, BookedTimer]] = []
        self._in_callback = False

    def now(self) -> float:
        """Seconds since the clock was made."""
        return self._now

    def call_at(self, time: float, callback: Callable[[], None]) -> BookedTimer:
        """Book `callback` for `time`, or for now if that has passed."""
        timer = BookedTimer(callback)
        heapq.heappush(self._booked, (max(time, self._now), next(self._order), timer))
        return timer

    def wait(self, predicate: Callable[[], bool], deadline: float) -> bool:
        """Let time pass until `predicate()` holds (True) or `deadline` has come (False)."""
        if self._in_callback:
            raise RuntimeError("a callback must not wait")
        if predicate():
            return True
        if math.isinf(deadline):
            deadline = self._now + LONGEST_WAIT_S
            endless = True
        else:
            endless = False
        booked = self._booked
        while booked and booked[0][0] <= deadline:
            time, _, timer = heapq.heappop(booked)
            callback, timer.callback = timer.callback, None
            if callback is None:
                continue
            if time > self._now:  # not after a stall, when everything is late
                self._now = time
            self._in_callback = True
            try:
                callback()
            finally:
                self._in_callback = False
            if predicate():
                return True
        if endless:
            raise RuntimeError("waiting for ever: nothing that was booked has ended the wait")
        self._now = max(self._now, deadline)
        return predicate()

    def stall(self, seconds: float) -> None:
        """Let time pass in which nothing runs, as for a process that the computer has stopped.

        To be called from a callback; what was booked for that time comes late, all at once.
        """
        self._now += seconds

    def listen(
        self,
        port: Any,
        callback: Callable[[bytes, float], None],
        lost: Callable[[Exception], None],
    ) -> Any:
        """Subscribe to an emulated port, the only kind that can live in virtual time."""
        subscribe = getattr(port, "subscribe", None)
        if subscribe is None:
            raise TypeError(f"{port!r} isn't an emulated port, so it can't run in virtual time")
        return subscribe(lambda data: callback(data, self._now), lost)
