"""Sessions in a real window and real time: a person, or a simulated participant to look at."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from experiment.clocks import RealClock
from experiment.display.virtual_screen import needed_screen
from experiment.errors import ExitCode
from experiment.monitor.process import monitor_beside
from experiment.recovery.resume import Finished, Repeat, prepare_resume
from experiment.session.finish import finish, make_files, tables_missing
from experiment.session.preparation import Prepared, Request, prepare
from experiment.session.screenshots import Screenshots
from experiment.session.session import Setting, play
from experiment.session.settings import person_setting, virtual_setting, visual_setting


def run_person(request: Request, *, alone: bool = False, monitor: bool = False) -> ExitCode:
    """A person in front of the screen; `alone`: without an experimenter to answer questions.

    `monitor`: with the live page beside it.
    """
    console = Console()
    prepared = prepare(request)
    clock = RealClock()
    page = monitor_beside(prepared.place.journals) if monitor else nullcontext()
    try:
        with page:
            return _play(prepared, person_setting(clock, console, alone=alone), console)
    finally:
        clock.close()


def run_visibly(request: Request) -> ExitCode:
    """A simulated participant in a real window.

    Where there's no screen, on a virtual one; a picture of each of its screens is then kept
    beside the data, so that one still sees something.
    """
    console = Console()
    prepared = prepare(request)
    clock = RealClock()
    setting = visual_setting(clock, console)
    try:
        with needed_screen(console) as started:
            if started:
                return _play_with_pictures(prepared, setting, console)
            return _play(prepared, setting, console)
    finally:
        clock.close()


def resume_session(path: Path, repeat: Repeat | None) -> ExitCode:
    """Go on with a session, played as it was begun: by a person, visibly, or in virtual time."""
    console = Console()
    try:
        prepared, told = prepare_resume(path, repeat)
    except Finished as finished:
        _make_missing_files(finished.prepared, console)
        raise
    for sentence in told:
        console.print(sentence, markup=False)
    if prepared.kind == "simulated" and prepared.goes_on_at is not None:
        return _play(prepared, virtual_setting(), console)
    clock = RealClock()
    try:
        if prepared.kind == "simulated":
            with needed_screen(console):
                return _play(prepared, visual_setting(clock, console), console)
        return _play(prepared, person_setting(clock, console), console)
    finally:
        clock.close()


def _make_missing_files(prepared: Prepared, console: Console) -> None:
    """The program died after the last trial, but before its tables were made: make them now."""
    if tables_missing(prepared.place):
        make_files(prepared.place, prepared.manifest.root, with_report=True)
        console.print(f"The BIDS files of {prepared.place.stem} were missing, and are made now.")


def _play_with_pictures(prepared: Prepared, setting: Setting, console: Console) -> ExitCode:
    folder = prepared.place.dataset / "derivatives" / "trustpain" / "screenshots"
    pictures = Screenshots(folder, setting.open_display, setting.clock)
    setting.open_display = pictures.open_display
    setting.show_progress = pictures.phase_began
    code = _play(prepared, setting, console)
    console.print(f"Pictures of the screens: {folder}", markup=False)
    return code


def _play(prepared: Prepared, setting: Setting, console: Console) -> ExitCode:
    console.print(_what(prepared), markup=False, highlight=False)
    return finish(play(prepared, setting), console)


def _what(prepared: Prepared) -> str:
    """What is about to be run, in a sentence or two."""
    rows = [row for row in prepared.rows if row["trial"] > 0]
    runs = len({row["run"] for row in rows})
    source = "a calibration" if prepared.calibration else "the study's fixed temperatures"
    if prepared.thermode is None:
        source = "no heat"
    origin = {
        "participant": "",
        "pilot": " A device is emulated: these are pilot data.",
        "simulated": " The participant is simulated.",
    }[prepared.kind]
    return (
        f"{prepared.study.model.title}: {prepared.place.stem}, {runs} run(s), {len(rows)} trials, "
        f"allocation {prepared.allocation}, {source}.{origin}"
    )
