"""A session in virtual time that kills itself: for `benchmarks.kill_test`, in a process of its own.

    python -m benchmarks.killed_session OUT PARTICIPANT byte|moment VALUE [RUN]

`byte`: SIGKILL when so many bytes of the journal are written, wherever in a line that is.
`moment`: SIGKILL at this virtual time (seconds of the session). With RUN the participant's session
is there already, and it's the repeat of this planned run that is killed.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from experiment.journal import JournalWriter
from experiment.recovery.resume import Repeat, prepare_resume
from experiment.session.preparation import Request, prepare
from experiment.session.session import Setting, play
from experiment.session.settings import virtual_setting

STUDY = "pilot_short"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalJournal(JournalWriter):
    """Writes up to a byte, and not one more."""

    last_byte: int

    def _hand_over(self) -> None:
        left = self.last_byte - os.fstat(self._file).st_size
        if len(self._pending) >= left:
            os.write(self._file, self._pending[:left])
            die()
        super()._hand_over()


def killed_at(setting: Setting, kind: str, value: float) -> None:
    """Arrange for the process to be killed."""
    if kind == "moment":
        setting.clock.call_at(value, die)
        return

    def open_journal(path: Path, *, durable: bool) -> JournalWriter:
        journal = MortalJournal(path, durable=durable)
        journal.last_byte = int(value)
        return journal

    setting.open_journal = open_journal


def main(out: str, participant: str, kind: str, value: str, run: str = "") -> None:
    setting = virtual_setting()
    killed_at(setting, kind, float(value))
    request = Request(STUDY, participant=participant, out=Path(out), simulated=True)
    if run:
        folder = Path(out) / f"{STUDY}-sim" / "sourcedata" / f"sub-sim{participant}"
        prepared, _ = prepare_resume(folder, Repeat(int(run), and_later=False))
    else:
        prepared = prepare(request)
    play(prepared, setting)


if __name__ == "__main__":
    main(*sys.argv[1:])
