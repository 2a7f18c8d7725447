"""What a computer has to be told before a run: no chatter, no pauses, no screen saver.

As PsychoPy recommends for timing: automatic garbage collection off (it's done between runs), the
process's priority raised where that's permitted, the screen kept awake.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import socket
import sys
import time
from typing import Any

AWAKE_EVERY_S = 30.0
RAISED = -10  # niceness; PsychoPy's manual asks for a right to -20
_WINDOWS_NORMAL_PRIORITY, _WINDOWS_HIGH_PRIORITY = 0x20, 0x80
_WINDOWS_KEEP_AWAKE = 0x80000000 | 0x1 | 0x2  # continuous, system required, display required


def quiet_psychopy() -> None:
    """Import PsychoPy so that its messages stay off the console and its log doesn't grow.

    PsychoPy gives all sockets of the process a time-out, which would end the threads that block
    on one for as long as nothing happens; that is taken back.
    """
    timeout = socket.getdefaulttimeout()
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        from psychopy import logging

        logging.console.setLevel(logging.CRITICAL)
        logging.root.autoFlush = False
        import psychopy.visual  # noqa: F401
    socket.setdefaulttimeout(timeout)


class Machine:
    """Settings of the process, put back by `restore`."""

    def __init__(self) -> None:
        self._collected = gc.isenabled()
        gc.disable()
        self._priority_before = _priority()
        self.priority = _set_priority(RAISED)
        self._next_awake = 0.0
        if sys.platform == "win32":
            with contextlib.suppress(Exception):
                ctypes.windll.kernel32.SetThreadExecutionState(_WINDOWS_KEEP_AWAKE)

    def all_imported(self) -> None:
        """PsychoPy's many objects are here to stay: don't look through them each time (0.3 s)."""
        gc.collect()
        gc.freeze()

    def between_runs(self) -> None:
        """Do what is never done during a run: collect garbage."""
        gc.collect()

    def keep_awake(self, window: Any) -> None:
        """Put the screen saver off; cheap enough for each frame. On a Mac PsychoPy does it."""
        if sys.platform != "linux" or (now := time.monotonic()) < self._next_awake:
            return
        self._next_awake = now + AWAKE_EVERY_S
        with contextlib.suppress(Exception):
            from pyglet.libs.x11 import xlib

            xlib.XResetScreenSaver(window.winHandle._x_display)

    def restore(self) -> None:
        """Put everything back. Never raises."""
        if self._priority_before is not None:
            _set_priority(self._priority_before)
        gc.unfreeze()
        if self._collected:
            gc.enable()
        with contextlib.suppress(Exception):
            if sys.platform == "win32":
                ctypes.windll.kernel32.SetThreadExecutionState(0x80000000)


def _priority() -> int | None:
    """This process's niceness; 0 on Windows, where only the class is set. None: not known."""
    if sys.platform == "win32":
        return 0
    with contextlib.suppress(OSError, AttributeError):
        return os.getpriority(os.PRIO_PROCESS, 0)
    return None


def _set_priority(nice: int) -> str:
    """Set the priority of this process, all its threads; says what came of it.

    Not to real time, as PsychoPy's `core.rush` does on Linux: a drawing loop that spins there
    would keep the threads that stamp pulses from running.
    """
    try:
        if sys.platform == "win32":
            kernel = ctypes.windll.kernel32
            wanted = _WINDOWS_HIGH_PRIORITY if nice < 0 else _WINDOWS_NORMAL_PRIORITY
            done = kernel.SetPriorityClass(kernel.GetCurrentProcess(), wanted)
            return "high" if done else "normal (not permitted)"
        # On Linux niceness belongs to a thread; new ones inherit it from the one that makes them.
        threads = os.listdir("/proc/self/task") if sys.platform == "linux" else ["0"]
        for thread in threads:
            os.setpriority(os.PRIO_PROCESS, int(thread), nice)
        return f"nice {nice}"
    except (OSError, AttributeError):
        return "normal (not permitted)"
