"""A session in real time without a window, for a process of its own that something happens to.

    python -m tests.experiment.real_session run OUT STUDY RIG
    python -m tests.experiment.real_session resume JOURNAL

Nobody answers the ratings; the experimenter begins every run, and ends the session at a pause.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from experiment.clocks import RealClock
from experiment.display.headless import HeadlessDisplay
from experiment.recovery.resume import prepare_resume
from experiment.responses.emulated import EmulatedResponses
from experiment.running.stage import Nobody
from experiment.session.experimenter import SimulatedExperimenter
from experiment.session.preparation import Prepared, Request, prepare
from experiment.session.session import Setting, play


def prepared_as_asked(what: str, *arguments: str) -> Prepared:
    if what == "resume":
        return prepare_resume(Path(arguments[0]))[0]
    out, study, rig = arguments
    return prepare(Request(study, rig, participant="01", calibration="none", out=Path(out)))


def main(*arguments: str) -> int:
    clock = RealClock()
    setting = Setting(
        clock=clock,
        virtual=False,
        experimenter=SimulatedExperimenter(
            clock,
            Console(),
            lambda question, options: "q" if "Paused" in question else next(iter(options)),
            thinks_s=0.2,
        ),
        open_display=lambda prepared: HeadlessDisplay(clock),
        open_responses=lambda prepared, display: EmulatedResponses(),
        participant=lambda prepared, responses: Nobody(),
    )
    try:
        played = play(prepared_as_asked(*arguments), setting)
    finally:
        clock.close()
    print(played.ending.message)
    return int(played.ending.exit_code)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
