"""A screen where there is none: a virtual X server of our own, on Linux."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

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
    """Run an Xvfb of 1280 x 800 for as long as this lasts, as DISPLAY; yields its name (':1')."""
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
    before = os.environ.get("DISPLAY")
    try:
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise UserError(
                f"the virtual screen didn't start: Xvfb ended with code {server.wait(READY_S)}",
                ExitCode.DEVICE,
            )
        os.environ["DISPLAY"] = f":{number}"
        yield f":{number}"
    finally:
        _restore("DISPLAY", before)
        _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(5.0)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(5.0)


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
