"""Talking to Medoc: the gap between two commands is kept, and every answer is judged once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hardware.clock import Clock, Timer
from hardware.medoc import replies
from hardware.medoc.replies import Status
from hardware.medoc.requests import Command, request
from hardware.medoc.transport import Answer, Exchange, Transport


class Talk:
    """Sends commands, and calls `turn()` when the next one may go.

    `heard(status, sent, time)` gets what was understood, `unheard(why)` what wasn't or didn't come;
    all three on the clock's callbacks. `wall_origin` is the wall time (s) of the clock's zero.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        gap_s: float,
        wall_origin: float,
        turn: Callable[[], None],
        heard: Callable[[Status, float, float], None],
        unheard: Callable[[str], None],
    ) -> None:
        self._transport, self._clock = transport, clock
        self._gap_s, self._wall_origin = gap_s, wall_origin
        self._turn, self._heard, self._unheard = turn, heard, unheard
        self._lock = threading.RLock()
        self._timer: Timer | None = None
        self._under_way: Exchange | None = None
        self._closed = False
        self.free_at = clock.now()  # a command that goes out before may be missed

    @property
    def busy(self) -> bool:
        """Whether the answer to the last command hasn't come yet, nor been given up."""
        return self._under_way is not None

    def say(
        self,
        command: Command,
        number: int | None = None,
        *,
        urgent: bool = False,
        still: Callable[[], bool] = lambda: True,
    ) -> None:
        """Send a command; returns at once. `urgent`: past everything, the gap included."""
        now = self._clock.now()
        data = request(command, self._wall_origin + now, number)
        with self._lock:
            if self._closed:
                return
            self.free_at = now + self._gap_s
            exchange = Exchange(data, lambda answer: self._end(exchange, command, answer), still)
            self._under_way = exchange
        self._transport.ask(exchange, urgent=urgent)

    def book(self, time: float) -> None:
        """Call `turn` at `time`, or when the gap is over, and not when it was booked before."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if not self._closed:
                self._timer = self._clock.call_at(max(time, self.free_at), self._due)

    def _due(self) -> None:
        if self._clock.now() < self.free_at:
            self.book(self.free_at)  # an answer has come since, and the gap counts from it
        else:
            self._turn()

    def close(self) -> None:
        """Say no more, and let go of the transport."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
        self._transport.close()

    def _end(self, exchange: Exchange, command: Command, answer: Answer) -> None:
        with self._lock:
            if self._closed:
                return
            if self._under_way is exchange:
                self._under_way = None
                # Medoc has had it by now, but when exactly isn't known: it may have waited for its
                # connection, or over there. Only from here is the gap kept on Medoc's clock too.
                self.free_at = max(self.free_at, answer.time + self._gap_s)
        status = replies.status(answer.data, command)
        if status is not None and answer.sent is not None:
            self._heard(status, answer.sent, answer.time)
        elif answer.data:
            self._unheard(f"its answer isn't understood: {answer.data[:30].hex(' ')}")
        else:
            self._unheard(answer.error or "it closed the connection without an answer")
