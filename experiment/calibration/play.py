"""`trustpain calibrate`: a calibration as a session of its own, by a person or a simulated one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from rich.console import Console

from experiment.calibration.procedure import CalibrationCourse, MethodName
from experiment.clocks import RealClock
from experiment.errors import ExitCode
from experiment.session.experimenter import SimulatedExperimenter
from experiment.session.preparation import Prepared, Request, prepare
from experiment.session.session import Played, Setting, play
from experiment.session.settings import person_setting, virtual_setting


def calibrate_person(request: Request, method: MethodName) -> ExitCode:
    """A person in front of the screen."""
    console, clock = Console(), RealClock()
    try:
        prepared = prepare(request, "calibration")
        played = play_calibration(prepared, person_setting(clock, console), method)
        return _finish(played, console)
    finally:
        clock.close()


def calibrate_simulated(request: Request, method: MethodName) -> ExitCode:
    """A simulated participant and experimenter, in virtual time."""
    console, setting = Console(), virtual_setting()
    setting.experimenter = SimulatedExperimenter(setting.clock, console)
    prepared = prepare(replace(request, simulated=True), "calibration")
    # On stderr, and quiet where that's no terminal.
    with Console(stderr=True).status("Simulating the calibration ..."):
        played = play_calibration(prepared, setting, method)
    return _finish(played, console)


def play_calibration(prepared: Prepared, setting: Setting, method: MethodName) -> Played:
    """Play a prepared calibration; see `experiment.session.session.play`."""
    setting.make_course = partial(CalibrationCourse, method=method)
    return play(prepared, setting)


def _finish(played: Played, console: Console) -> ExitCode:
    """The BIDS files, and how it ended. A summary of runs would have nothing to say."""
    from experiment.bids import export_session

    place, ending = played.prepared.place, played.ending
    if ending.message:
        console.print(ending.message, style="bold", markup=False)
    try:
        export_session(place.dataset, place.existing_journals(), played.prepared.manifest.root)
    except (OSError, ValueError) as error:
        console.print(
            f"The BIDS files couldn't be written: {error}. The journal {played.journal.name} is "
            f"whole; they can be made again from it.",
            style="bold red",
            markup=False,
        )
        return ending.exit_code or ExitCode.PROGRAM_FAILED
    return ending.exit_code
