"""The emergency stop: one object that anything may call, from any thread.

The first press sends abort to the thermode on the thread that it came on, before anything else
is done; only then is it logged and the runner told. A second press, or holding the key for 1 s,
ends the session.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator

from experiment.journal.events import Event, Stop
from hardware.clock import Clock, Timer

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
HOLD_S = 1.0  # holding the stop key for so long ends the session, as a second press does


class EmergencyStop:
    """Knows whether a stop was asked for, and has aborted the thermode if so.

    `abort` is the thermode's `abort` (or something that does nothing where there's none).
    """

    def __init__(
        self, clock: Clock, abort: Callable[[], None], write: Callable[[Event], None]
    ) -> None:
        self._clock, self._abort, self._write = clock, abort, write
        self._lock = threading.Lock()
        self._holding: Timer | None = None
        self._presses = 0
        self.requested = False  # the run must pause
        self.final = False  # the session must end
        self.source = ""

    @property
    def presses(self) -> int:
        """How often a stop was asked for, since the session began or `reset`."""
        return self._presses

    def request(self, source: str, *, final: bool = False) -> None:
        """Abort the thermode now; pause the run, or with `final` end the session.

        Never raises: the threads that call this (keys, signals, the clock) must live on, since
        they are what repeats an abort and hears a second press.
        """
        self.requested = True  # before anything else: from here on no heat is triggered
        sent: float | None = None
        with contextlib.suppress(Exception):  # a dead port must not keep the rest from stopping
            self._abort()
            sent = self._clock.now()
        with self._lock:
            self._presses += 1
            self.requested = True  # a `reset` may have come in between
            if self._presses == 1:
                self.source = source
            if final or self._presses > 1:
                self.final = True
            press = self._presses
        self._log(source, press, sent)

    def pressed(self, source: str) -> None:
        """The stop key went down."""
        self.request(source)
        with self._lock:
            if self._holding is None:
                self._holding = self._clock.call_at(self._clock.now() + HOLD_S, self._held)

    def released(self) -> None:
        """The stop key came up again."""
        with self._lock:
            holding, self._holding = self._holding, None
        if holding is not None:
            holding.cancel()

    def reset(self, seen: int) -> bool:
        """The experimenter has chosen to go on, knowing of `seen` presses: count anew.

        False, and nothing is reset, if there has been another one since.
        """
        with self._lock:
            if self._presses != seen or self.final:
                return False
            self._presses = 0
            self.requested = False
            self.source = ""
            holding, self._holding = self._holding, None
        if holding is not None:
            holding.cancel()
        return True

    def _held(self) -> None:
        with self._lock:
            self.requested = self.final = True
        self._log("held", self._presses, None)

    def _log(self, source: str, press: int, sent: float | None) -> None:
        with contextlib.suppress(Exception):  # a full disk is told by whoever writes next
            self._write(Stop(t=self._clock.now(), source=source, press=press, abort_sent=sent))


@contextlib.contextmanager
def stop_on_signals(request: Callable[[str], None]) -> Iterator[None]:
    """While this lasts, the signals that end a program call `request('signal')` from a thread.

    Ctrl-C, SIGTERM, a terminal that is closed (SIGHUP), and Ctrl-Break on Windows.

    Python runs its signal handlers on the main thread, and only between two bytecodes: that may
    be blocked in a flip, or hold the very lock that abort needs. The interpreter's wake-up
    descriptor is written by the operating system's handler itself, so a thread that reads it
    isn't held up by either.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    receiver, sender = socket.socketpair()
    receiver.settimeout(None)  # PsychoPy sets a time-out for every socket made after its import
    sender.setblocking(False)
    numbers = {int(getattr(signal, name)) for name in SIGNALS if hasattr(signal, name)}
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) == signal.SIG_IGN:
        numbers.discard(int(hangup))  # `nohup`: somebody wants to go on without the terminal

    def watch() -> None:
        while data := receiver.recv(16):
            if numbers & set(data):
                with contextlib.suppress(Exception):  # the next signal must be heard too
                    request("signal")

    thread = threading.Thread(target=watch, name="signals", daemon=True)
    thread.start()
    previous = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(previous)
        sender.close()
        thread.join(timeout=2.0)
        receiver.close()
