"""In real time, on a thermode in a process of its own: a suspended computer, a cable pulled out."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.real_kill import emulator, hot_times
from experiment.errors import ExitCode
from experiment.inputs.files import RIGS, STUDIES
from experiment.journal import Journal, events, read_journal
from experiment.places import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals, SIGSTOP")
HEAT_S = 4.5  # of the study `demo`, ramps counted
SLACK_S = 0.6  # of a busy machine, and of a log that is written 20 times a second


@pytest.fixture
def programs() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Room:
    """A thermode behind a port that keeps its name, and programs that use it."""

    def __init__(self, folder: Path, programs: ExitStack) -> None:
        self.folder, self._programs = folder, programs
        self._port, self.log = folder / "thermode", folder / "log"
        study = (STUDIES / "demo.toml").read_text(encoding="utf-8")
        self.study = folder / "study.toml"
        self.study.write_text(re.sub(r"\[scan\].*?(?=\n\[)", "", study, flags=re.DOTALL))
        rig = (RIGS / "laptop.toml").read_text(encoding="utf-8")
        self.rig = folder / "rig.toml"
        self.rig.write_text(rig.replace("emulated://tcs", str(self._port)))
        self.thermode = self.plug()

    def plug(self) -> subprocess.Popen[str]:
        """A thermode at the port: the one that there is, or another one after it was unplugged."""
        self.thermode, address = self._programs.enter_context(
            emulator("tcs", "--log", str(self.log))
        )
        self._port.unlink(missing_ok=True)
        self._port.symlink_to(address)
        return self.thermode

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a session, or go on with one."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.experiment.real_session", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._programs.callback(process.wait)
        self._programs.callback(process.kill)
        return process

    def run(self) -> subprocess.Popen[str]:
        return self.start("run", str(self.folder), str(self.study), str(self.rig))

    def journal_has(self, number: int, event: str, session: subprocess.Popen[str]) -> Path:
        """Wait until the session's journal has such an event."""
        limit = time.monotonic() + 60.0
        while time.monotonic() < limit and session.poll() is None:
            for path in self.folder.rglob(f"*_journal-{number:03d}.jsonl"):
                if f'"event":"{event}"' in path.read_text(encoding="utf-8"):
                    return path
            time.sleep(0.02)
        pytest.fail(f"no {event} came: {session.communicate(timeout=5)[0]}")


@pytest.fixture
def room(tmp_path: Path, programs: ExitStack) -> Room:
    return Room(tmp_path, programs)


def ended(session: subprocess.Popen[str], journal: Path) -> tuple[int, str, Journal]:
    said, _ = session.communicate(timeout=60)
    return session.returncode, said, read_journal(journal)


def test_a_computer_that_was_suspended_blames_nobody_and_ends_the_segment(room: Room) -> None:
    session = room.run()
    path = room.journal_has(1, "heat_triggered", session)
    triggered = time.perf_counter()
    time.sleep(1.0)
    session.send_signal(signal.SIGSTOP)
    time.sleep(HEAT_S + 2.5)
    session.send_signal(signal.SIGCONT)
    code, said, journal = ended(session, path)
    assert max(hot_times(room.log)) - triggered < HEAT_S + SLACK_S  # the device's own doing
    assert code == ExitCode.EMERGENCY_STOP, said
    assert "stood still" in said
    assert not journal.of(events.DeviceFailed)
    [heat] = journal.of(events.HeatDelivered)
    assert heat.reason
    # The time in which nothing was measured counts as hot: never too little, on a slow computer more.
    assert heat.cem43 >= 0.9 * journal.of(events.HeatTriggered)[0].cem43_planned
    assert journal.of(events.RunEnd)[-1].status == "aborted"
    assert "stood still" in next(d.question for d in journal.of(events.Decision) if d.answer == "q")


def test_a_program_killed_on_the_plateau_is_gone_on_with_and_its_heat_counts(room: Room) -> None:
    session = room.run()
    path = room.journal_has(1, "heat_triggered", session)
    triggered = time.perf_counter()
    time.sleep(1.0)
    session.kill()
    session.wait(10)
    time.sleep(HEAT_S + 0.5)
    assert triggered + 3.0 < max(hot_times(room.log)) < triggered + HEAT_S + SLACK_S
    again = room.start("resume", str(path))
    second = room.journal_has(2, "session_start", again)
    again.send_signal(signal.SIGTERM)
    code, said, journal = ended(again, second)
    assert code == ExitCode.EMERGENCY_STOP, said
    assert journal.head.previous is not None
    from experiment.recovery.past import heat_of

    [heat] = heat_of([read_journal(path)])
    assert heat.cem43 > 0.7


def test_a_thermode_that_was_unplugged_and_plugged_in_again_goes_on(room: Room) -> None:
    session = room.run()
    path = room.journal_has(1, "heat_triggered", session)
    room.thermode.kill()
    code, said, journal = ended(session, path)
    assert code == ExitCode.DEVICE, said
    assert journal.of(events.DeviceFailed)
    assert journal.of(events.HeatDelivered)[0].reason
    room.plug()
    again = room.start("resume", str(path))
    second = room.journal_has(2, "heat_delivered", again)
    again.send_signal(signal.SIGTERM)
    code, said, journal = ended(again, second)
    assert code == ExitCode.EMERGENCY_STOP, said
    heat = journal.of(events.HeatDelivered)[0]
    assert not heat.aborted
    assert heat.reason == ""
    assert heat.temperature_measured == pytest.approx(heat.temperature, abs=0.2)
