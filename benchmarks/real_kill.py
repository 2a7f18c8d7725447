"""One session in a real window in real time, on emulators in processes of their own, killed.

Nobody rates, so ratings are missing; somebody at the terminal answers every question with `g`.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.kill_check import Trial, as_killed, complaints
from experiment.display.virtual_screen import virtual_screen
from experiment.errors import ExitCode
from experiment.places import ROOT

MAIN = [sys.executable, "-c", "from experiment.cli import main; main()"]
TRIALS: set[Trial] = {(1, 0, trial) for trial in range(1, 5)}  # of the study `demo`
LONGEST_S = 500.0
RESUMES = 3
STUDY = "demo"
HEAT_S = 4.5 + 0.5  # the study's plateau with its ramps, and the emulator's own resolution


@contextmanager
def emulator(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """An emulated device in a process of its own, and the address at which it's found."""
    process = subprocess.Popen(
        [*MAIN, "emulate", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()
            process.wait()


@contextmanager
def emulators(folder: Path) -> Iterator[tuple[Path, Path]]:
    """All devices so: a rig file with their ports, and the thermode's log."""
    log = folder / "thermode.log"
    commands = {
        "emulated://tcs": ("tcs", "--log", str(log)),
        "emulated://scanner": ("scanner", "--tr", "0.46", "--delay", "0"),
        "emulated://markers": ("markers",),
    }
    text = (ROOT / "hardware" / "rigs" / "laptop.toml").read_text(encoding="utf-8")
    with ExitStack() as stack:
        for port, arguments in commands.items():
            _, address = stack.enter_context(emulator(*arguments))
            text = text.replace(port, address)
        rig = folder / "rig.toml"
        rig.write_text(text, encoding="utf-8")
        yield rig, log


class Terminal:
    """A program at a terminal at which somebody answers `g` again and again."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self.output = b""
        self.process = subprocess.Popen(
            [*MAIN, *arguments], cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def _talk(self) -> None:
        asked = 0
        while True:
            readable, _, _ = select.select([self._ours], [], [], 0.2)
            try:
                if readable:
                    self.output += os.read(self._ours, 65536)
                questions = self.output.count(b"  g  ")  # how an option is printed
                if questions > asked:
                    time.sleep(0.5)
                    asked = questions
                    os.write(self._ours, b"g\n")
            except OSError:  # the program has ended
                return

    def wait(self, timeout: float) -> int:
        """The exit code."""
        code = self.process.wait(timeout)
        self._thread.join(2.0)
        os.close(self._ours)
        return code


def real_kill(folder: Path, label: str, after_s: float) -> tuple[bool, int, list[str]]:
    """Kill a session so many seconds after its run has begun; go on with it, and look.

    Returns whether it was killed, the trials completed before, and what is wrong.
    """
    place = folder / label
    place.mkdir(parents=True)
    with virtual_screen(), emulators(place) as (rig, log):
        session = Terminal(
            *("run", "--study", STUDY, "--rig", str(rig), "--participant", label),
            *("--calibration", "none", "--out", str(folder)),
        )
        dataset, stem = folder / f"{STUDY}-pilot", f"sub-{label}"
        journal = dataset / "sourcedata" / stem / f"{stem}_journal-001.jsonl"
        if not _wait_for(journal, b'"event":"run_zero"', session):
            session.process.kill()
            return False, 0, [f"its run never began: {session.output[-300:]!r}"]
        time.sleep(after_s)
        session.process.kill()
        killed = time.perf_counter()
        if (code := session.wait(10)) != -9:
            said = session.output[-300:]
            return False, 0, [f"it had ended before it was killed, with {code}: {said!r}"]
        before = as_killed(journal)
        time.sleep(HEAT_S)
        problems = _still_hot(log, killed)
        problems += _go_on(str(dataset / "sourcedata" / stem))
        problems += complaints(dataset, stem, before, TRIALS)
        return True, len(before.done), problems


def _go_on(path: str) -> list[str]:
    """Resume; again where an overloaded computer lost its thermode (exit code 3), as one would."""
    for _ in range(RESUMES):
        resumed = Terminal("resume", path)
        code = resumed.wait(LONGEST_S)
        if code != ExitCode.DEVICE:
            break
    return [f"resume ended with {code}: {resumed.output[-300:]!r}"] if code else []


def _wait_for(journal: Path, text: bytes, session: Terminal) -> bool:
    limit = time.monotonic() + LONGEST_S
    while time.monotonic() < limit and session.process.poll() is None:
        if journal.exists() and text in journal.read_bytes():
            return True
        time.sleep(0.05)
    return False


def _still_hot(log: Path, killed: float) -> list[str]:
    """Whether the thermode, which nobody commands any more, came down in time."""
    late = max((at - killed for at in hot_times(log)), default=-1.0)
    return [f"the thermode was hot {late:.1f} s after the kill"] if late > HEAT_S else []


def hot_times(log: Path) -> list[float]:
    """When the emulated probe was above 33 C, 20 times a second, in this process's perf_counter."""
    rows = [line.split("\t") for line in log.read_text(encoding="utf-8").splitlines()]
    origin = next(float(text) for _, kind, text in rows if kind == "perf_counter")
    return [
        float(at) + origin
        for at, kind, text in rows
        if kind == "temperature" and float(text.split()[0]) > 33.0
    ]
