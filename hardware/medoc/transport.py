"""One connection a command: connect, send, read until the server closes. Real, and emulated.

Both hand the answer over by a callback of the clock's, never to the one who asked, so that nobody
waits for the network: the real one does its work on threads of its own.
"""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import serial

from hardware.clock import Clock
from hardware.emulation.world import Line
from hardware.medoc.replies import LONGEST

PATIENCE_S = 0.5  # for connecting, and again for the answer
CHUNK = 4096


@dataclass(frozen=True)
class Answer:
    """What came of one exchange: the bytes, or why there are none.

    `sent` is when the request had been handed to the network (None: it wasn't), `time` when the
    answer was complete; both on the session clock.
    """

    data: bytes
    error: str
    sent: float | None
    time: float


@dataclass(frozen=True)
class Exchange:
    """A request and who wants its answer. `still` is asked just before sending: False drops it."""

    request: bytes
    done: Callable[[Answer], None]
    still: Callable[[], bool] = lambda: True


class Transport(Protocol):
    """Carries requests to Medoc's computer."""

    def ask(self, exchange: Exchange, *, urgent: bool = False) -> None:
        """Send a request, after those before it, or with `urgent` at once; returns at once."""

    def close(self) -> None:
        """Take no more requests; wait, but not long, for those under way. Never raises."""


class Tcp:
    """Over the network: one thread for what is sent in turn, one more for each urgent request."""

    def __init__(self, host: str, port: int, clock: Clock) -> None:
        self._address, self._clock = (host, port), clock
        self._queue: queue.SimpleQueue[Exchange | None] = queue.SimpleQueue()
        self._urgent: list[threading.Thread] = []
        self._worker = threading.Thread(target=self._work, name="medoc", daemon=True)
        self._worker.start()

    def ask(self, exchange: Exchange, *, urgent: bool = False) -> None:
        """Send a request, after those before it, or with `urgent` at once; returns at once."""
        if not urgent:
            self._queue.put(exchange)
            return
        thread = threading.Thread(
            target=self._exchange, args=(exchange,), name="medoc urgent", daemon=True
        )
        thread.start()  # first: `close`, on another thread, waits for those that are in the list
        self._urgent = [other for other in self._urgent if other.is_alive()] + [thread]

    def close(self) -> None:
        """Take no more requests; wait, but not long, for those under way."""
        self._queue.put(None)
        for thread in (*self._urgent, self._worker):
            if thread is not threading.current_thread():
                thread.join(timeout=2 * PATIENCE_S)

    def _work(self) -> None:
        while (exchange := self._queue.get()) is not None:
            self._exchange(exchange)

    def _exchange(self, exchange: Exchange) -> None:
        data, error, sent = bytearray(), "", None
        try:
            with socket.create_connection(self._address, timeout=PATIENCE_S) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if not exchange.still():
                    return
                connection.sendall(exchange.request)
                sent = self._clock.now()
                deadline = sent + PATIENCE_S
                while len(data) <= LONGEST and (left := deadline - self._clock.now()) > 0:
                    connection.settimeout(left)
                    if not (received := connection.recv(CHUNK)):
                        break
                    data += received
        except OSError as failed:
            # A server that resets the connection after its answer has answered all the same.
            error = "" if data else str(failed)
        answer = Answer(bytes(data), error, sent, self._clock.now())
        self._clock.call_at(answer.time, lambda: exchange.done(answer))


class EmulatedTcp:
    """The emulated twin, on the cable `line` of an emulated world, where faults are put."""

    def __init__(self, line: Line, clock: Clock) -> None:
        self._line, self._clock = line, clock

    def ask(self, exchange: Exchange, *, urgent: bool = False) -> None:
        """Send a request; the answer comes by a callback. A connection before it is given up."""
        if not exchange.still():
            return
        connection = _Connection(self._line, self._clock, exchange)
        self._clock.call_at(self._clock.now() + PATIENCE_S, connection.give_up)
        connection.send()

    def close(self) -> None:
        """Nothing is held between two requests."""


class _Connection:
    """One emulated connection; what the line calls a port."""

    def __init__(self, line: Line, clock: Clock, exchange: Exchange) -> None:
        self._line, self._clock, self._exchange = line, clock, exchange
        self._sent: float | None = None
        self._open = True

    def send(self) -> None:
        self._line.connect(self)
        try:
            self._line.write(self._exchange.request)
        except serial.SerialException as error:
            self._end(b"", str(error))
        else:
            self._sent = self._clock.now()

    def arrived(self, data: bytes) -> None:
        """The device has answered and closed the connection."""
        self._end(data, "")

    def fail(self, error: Exception) -> None:
        """The cable was pulled."""
        self._end(b"", str(error))

    def give_up(self) -> None:
        self._end(b"", "timed out")

    def _end(self, data: bytes, error: str) -> None:
        if not self._open:
            return
        self._open = False
        self._line.disconnect(self)
        now = self._clock.now()
        answer = Answer(data, error, self._sent, now)
        self._clock.call_at(now, lambda: self._exchange.done(answer))
