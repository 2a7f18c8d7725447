"""Talking over one port: one question at a time, short writes, and an urgent way past the queue."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import serial

from hardware.clock import Clock, Listener, Timer

WRITE_LOCK_S = 0.3  # an urgent write waits no longer than this for another write to end
STOOD_STILL_S = 0.5  # a write that took longer than this, far past its own limit, was held up with us
MOST_BUFFERED = 8192  # bytes of one reply that are kept


@dataclass(slots=True)
class Question:
    """A query and what becomes of its reply.

    The reply is complete when `enough(bytes so far)` holds, or after `patience_s`: the length of
    several TCS replies isn't known. `done(reply)` gets what came, possibly nothing.
    """

    query: bytes
    patience_s: float
    done: Callable[[bytes], None]
    enough: Callable[[bytes], bool] | None = None


class Conversation:
    """Owns the port's writing side and the queue of questions; hands other bytes to `otherwise`.

    `otherwise(data, time)` gets what comes while no question is open. `failed(sentence)` is called
    when writing fails. No lock is held while any of the callbacks runs.
    """

    def __init__(
        self,
        port: Any,
        clock: Clock,
        otherwise: Callable[[bytes, float], None],
        failed: Callable[[str], None],
        lost: Callable[[Exception], None],
    ) -> None:
        self._port, self._clock = port, clock
        self._otherwise, self._failed, self._lost = otherwise, failed, lost
        self._queue: deque[Question] = deque()
        self._reply = bytearray()
        self._timer: Timer | None = None
        self._lock = threading.RLock()
        self._writing = threading.Lock()
        self._listener: Listener | None = None
        self.open: Question | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._listener = self._clock.listen(self._port, self._received, self._lost)

    def write(self, data: bytes) -> None:
        """Write in turn; a port that fails is reported, not raised."""
        try:
            with self._writing:
                self._put(data)
        except Exception as error:  # a lost port raises many kinds
            self._failed(f"can't be written to ({error})")

    def write_if(self, condition: Callable[[], bool], data: bytes) -> tuple[float, float] | None:
        """Write if `condition()` holds once no other write can come between; times around it."""
        before = self._clock.now()
        try:
            with self._writing:
                if not condition():
                    return None
                before = self._clock.now()
                self._put(data)
                return before, self._clock.now()
        except Exception as error:
            self._failed(f"can't be written to ({error})")
            return before, self._clock.now()

    def write_urgently(self, data: bytes) -> None:
        """Write from any thread, past the queue; after 0.3 s even beside a write that hangs."""
        held = self._writing.acquire(timeout=WRITE_LOCK_S)
        try:
            self._put(data)
        except Exception as error:
            self._failed(f"can't be written to ({error})")
        finally:
            if held:
                self._writing.release()

    def _put(self, data: bytes) -> None:
        """Write; a program that stood still in the middle doesn't blame the port.

        pyserial looks at the time only after the bytes have gone out. If they haven't after all, the
        polls that follow stay unanswered, settings don't read back, and an abort is sent again.
        """
        before = self._clock.now()
        try:
            self._port.write(data)
        except serial.SerialTimeoutException:
            if self._clock.now() - before < STOOD_STILL_S:
                raise

    def ask(self, question: Question) -> None:
        """Ask as soon as the questions before it are answered; returns at once."""
        with self._lock:
            self._queue.append(question)
            following = self._next()
        if following is not None:
            self.write(following)

    def hush(self) -> None:
        """Drop all open questions; none of their `done` is called any more."""
        with self._lock:
            self._queue.clear()
            self._reply.clear()
            self.open = None
            self._cancel()

    def close(self) -> None:
        """Stop listening; the port is the caller's."""
        self.hush()
        if self._listener is not None:
            self._listener.close()

    def _next(self) -> bytes | None:
        """Open the next question, with the lock held; gives what has to be written."""
        if self.open is not None or not self._queue:
            return None
        question = self.open = self._queue.popleft()
        self._reply.clear()
        patience = self._clock.now() + question.patience_s
        self._timer = self._clock.call_at(patience, lambda: self._end(question))
        return question.query

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _received(self, data: bytes, time: float) -> None:
        question = self.open
        if question is None:
            self._otherwise(data, time)
            return
        with self._lock:
            if self.open is not question:
                return
            if len(self._reply) < MOST_BUFFERED:
                self._reply += data
            complete = question.enough is not None and question.enough(bytes(self._reply))
        if complete:
            self._end(question)

    def _end(self, question: Question) -> None:
        with self._lock:
            if self.open is not question:
                return
            reply = bytes(self._reply)
            self._reply.clear()
            self.open = None
            self._cancel()
        question.done(reply)
        with self._lock:
            following = self._next()
        if following is not None:
            self.write(following)
