"""Single keys from a terminal, without waiting for the end of a line."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

ESCAPE = "\x1b"
LOOK_S = 0.1  # how often it's asked whether to go on


@contextlib.contextmanager
def keys_to(callback: Callable[[str], None]) -> Iterator[None]:
    """While this lasts, hand every key typed at the terminal to `callback`, on a thread.

    The terminal is as it was afterwards, whatever happens. Ctrl-C stays a signal: it's the stop.
    """
    if sys.platform == "win32":
        read: Callable[[], str] = _read_windows
        restore: Callable[[], None] = lambda: None  # noqa: E731
    else:
        read, restore = _posix()
    ended = threading.Event()

    def loop() -> None:
        while not ended.is_set():
            typed = read()
            if typed.startswith(ESCAPE) and len(typed) > 1:  # an arrow or another special key
                continue
            for key in typed:
                callback(key)

    thread = threading.Thread(target=loop, name="terminal keys", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=1.0)
        restore()


def _posix() -> tuple[Callable[[], str], Callable[[], None]]:
    import codecs
    import os
    import select
    import termios
    import tty

    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    tty.setcbreak(number)

    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode

    def read() -> str:
        # Not through `sys.stdin`: what is typed fast would wait in its buffer, unseen by `select`.
        ready, _, _ = select.select([number], [], [], LOOK_S)
        return decode(os.read(number, 64)) if ready else ""

    return read, lambda: termios.tcsetattr(number, termios.TCSADRAIN, before)


def _read_windows() -> str:
    import msvcrt

    if not msvcrt.kbhit():  # type: ignore[attr-defined, unused-ignore]
        time.sleep(LOOK_S)
        return ""
    return str(msvcrt.getwch())  # type: ignore[attr-defined, unused-ignore]
