"""A screen where there is none: a virtual X server of our own, on Linux."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from experiment.errors import ExitCode, UserError

SIZE = "1280x800x24"
READY_S = 20.0


def screen_missing() -> bool:
    """Whether no window could be opened here. Windows and Macs always have a screen."""
    return sys.platform == "linux" and not os.environ.get("DISPLAY")


@contextmanager
def needed_screen(console: Console | None = None) -> Iterator[bool]:
    """Start a virtual screen if there's none, and say so; yields whether one was started.

    Raises `UserError` (exit code 3) if there's no screen and no Xvfb either.
    """
    if not screen_missing():
        yield False
        return
    with virtual_screen() as name:
        if console is not None:
            console.print(
                f"There is no screen here, so a virtual one was started ({name}, Xvfb): what is "
                f"shown can't be seen, and its timing says nothing about a real screen.",
                markup=False,
                highlight=False,
            )
        yield True


@contextmanager
def virtual_screen() -> Iterator[str]:
    """Have an Xvfb of 1280 x 800 as DISPLAY for as long as this lasts; yields its name (':1').

    The server itself lasts as long as this process, and is used again: Psychtoolbox keeps its
    connection to the end, and a connection that loses its server ends a process with code 1.
    """
    global _started
    if _started is None or _started.server.poll() is not None:
        _started = _start()
    before = os.environ.get("DISPLAY")
    os.environ["DISPLAY"] = _started.name
    try:
        yield _started.name
    finally:
        _restore("DISPLAY", before)


@dataclass(frozen=True)
class _Started:
    name: str
    server: subprocess.Popen[bytes]
    watcher: subprocess.Popen[bytes]  # ends the server when this process has ended, however


_started: _Started | None = None


def _start() -> _Started:
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        raise UserError(
            "there is no screen (DISPLAY isn't set) and no Xvfb to make a virtual one: run this at "
            "a screen, or install the package xvfb (`make setup` does it as root on Debian)",
            ExitCode.DEVICE,
        )
    # Xvfb chooses a free number itself, and writes it once it's ready for clients.
    reading, writing = os.pipe()
    server = subprocess.Popen(
        [xvfb, "-displayfd", str(writing), "-screen", "0", SIZE, "-nolisten", "tcp", "-noreset"],
        pass_fds=[writing],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the session, which ends in order; the screen stays
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        number = pipe.readline().strip()
    if not number:
        raise UserError(
            f"the virtual screen didn't start: Xvfb ended with code {server.wait(READY_S)}",
            ExitCode.DEVICE,
        )
    # The watcher's input ends when this process does, even if it's killed: nobody else has the
    # other end, and a bare descriptor isn't closed by Python before everything else is over.
    reading, _held_to_the_end = os.pipe()
    watcher = subprocess.Popen(
        ["sh", "-c", f"read -r _; kill {server.pid}"],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(reading)
    return _Started(f":{number}", server, watcher)


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
