"""Real time: one scheduler thread for booked callbacks, one blocking reader for each port."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import threading
import time as system_time
from collections.abc import Callable
from typing import Any

from experiment.clocks.timer import BookedTimer

IDLE_STEP_S = 0.002  # how often `wait` looks at its predicate where no display paces it


if hasattr(system_time, "CLOCK_BOOTTIME"):

    def _seconds() -> float:
        return system_time.clock_gettime(system_time.CLOCK_BOOTTIME)

else:
    _seconds = system_time.perf_counter


class RealClock:
    """The session's clock: `time.perf_counter`, counted from the moment it was made.

    On Linux that one stands still while the computer is suspended, and nobody would notice that
    minutes are missing; so there it's the clock that goes on (CLOCK_BOOTTIME).

    `idle` is what `wait` does between two looks at its predicate: by default it sleeps for
    2 ms; a display puts its own frame there, so that flips go on while the runner waits.

    An exception in a callback or a reader thread can't be raised where it happened. It goes to
    `on_failure` at once (from that thread: the session aborts the thermode there) and is raised
    again in the next `wait`.
    """

    def __init__(self) -> None:
        self._origin = _seconds()
        self.idle: Callable[[], None] | None = None
        self.on_failure: Callable[[BaseException], None] | None = None
        self._failure: BaseException | None = None
        self._order = itertools.count()
        self._booked: list[tuple[float, int, BookedTimer]] = []
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._thread.start()

    def now(self) -> float:
        """Seconds since the clock was made."""
        return _seconds() - self._origin

    def from_perf_counter(self, stamp: float) -> float:
        """Turn a `time.perf_counter()` stamp into session time."""
        return self.now() - (system_time.perf_counter() - stamp)

    def call_at(self, time: float, callback: Callable[[], None]) -> BookedTimer:
        """Book `callback` for `time` on the scheduler thread."""
        timer = BookedTimer(callback)
        with self._changed:
            entry = (time, next(self._order), timer)
            heapq.heappush(self._booked, entry)
            if self._booked[0] is entry:
                self._changed.notify()
        return timer

    def wait(self, predicate: Callable[[], bool], deadline: float) -> bool:
        """Wait for `predicate()` (True) or `deadline` (False), letting `idle` run meanwhile."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("a callback must not wait")
        while True:
            self._raise_failure()
            if predicate():
                return True
            left = deadline - self.now()
            if left <= 0:
                return False
            if self.idle is not None:
                self.idle()
            else:
                system_time.sleep(min(left, IDLE_STEP_S))

    def listen(
        self,
        port: Any,
        callback: Callable[[bytes, float], None],
        lost: Callable[[Exception], None],
    ) -> _Reader:
        """Start a thread that blocks in `port.read(1)` and stamps what arrives at once."""
        return _Reader(self, port, callback, lost)

    def fail(self, error: BaseException) -> None:
        """Report an exception from a thread of ours: abort now, raise it in the next `wait`."""
        if self._failure is None:
            self._failure = error
        if self.on_failure is not None:
            with contextlib.suppress(Exception):  # whoever called must live on
                self.on_failure(error)

    def close(self) -> None:
        """Stop the scheduler thread; callbacks still booked are never called."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=2.0)

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed:
                    if self._booked:
                        left = self._booked[0][0] - self.now()
                        if left <= 0:
                            break
                        self._changed.wait(left)
                    else:
                        self._changed.wait()
                if self._closed:
                    return
                _, _, timer = heapq.heappop(self._booked)
            callback, timer.callback = timer.callback, None
            if callback is None:
                continue
            try:
                callback()
            except BaseException as error:
                self.fail(error)


class _Reader:
    """One thread that blocks on one port."""

    def __init__(
        self,
        clock: RealClock,
        port: Any,
        callback: Callable[[bytes, float], None],
        lost: Callable[[Exception], None],
    ) -> None:
        self._clock, self._port = clock, port
        self._callback, self._lost = callback, lost
        self._closing = False
        # The time-out only bounds how long closing takes: a byte ends the read when it comes.
        port.timeout = 0.2
        self._thread = threading.Thread(target=self._run, name=f"read {port.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        with contextlib.suppress(Exception):
            self._port.cancel_read()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while not self._closing:
            try:
                data = self._port.read(1)
                stamp = self._clock.now()
                if data and (waiting := self._port.in_waiting):
                    data += self._port.read(waiting)
            except Exception as error:
                # A lost port raises many kinds: SerialException, OSError, TypeError.
                if not self._closing:
                    self._hand_over(self._lost, error)
                return
            if data and not self._closing:
                self._hand_over(self._callback, data, stamp)

    def _hand_over(self, call: Callable[..., None], *what: Any) -> None:
        try:
            call(*what)
        except BaseException as error:
            self._clock.fail(error)
