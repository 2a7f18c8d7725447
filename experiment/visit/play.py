"""Playing a visit: with a person, or with a simulated participant in virtual or real time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rich.console import Console

from experiment.blinding import PAGES, record_unblinding
from experiment.clocks import RealClock
from experiment.display.virtual_screen import needed_screen
from experiment.errors import ExitCode, UserError
from experiment.session.finish import finish
from experiment.session.preparation import Prepared, Request
from experiment.session.session import Played, Setting, play
from experiment.session.settings import person_setting, virtual_setting, visual_setting
from experiment.visit.begin import Visit, begin, go_on
from experiment.visit.course import GOES_ON, VisitCourse
from experiment.visit.files import VisitFiles
from experiment.visit.people import SimulatedVisitExperimenter, VisitExperimenter
from experiment.visit.terminal import terminal_experimenter
from hardware.clock import Clock


def visit(
    request: Request, files: VisitFiles, *, visual: bool = False, unblind: bool = False
) -> ExitCode:
    """Go through a visit, from its start or from where it was cut off.

    `unblind`: the experimenter's screen names clinician and trust level, which is put on record.
    """
    console = Console()
    found = begin(request, files)
    for sentence in found.told:
        console.print(sentence, markup=False, highlight=False)
    if unblind and not request.simulated:
        put_on_record(found.prepared, console)
    if request.simulated and not visual:
        # On stderr, and quiet where that's no terminal.
        with Console(stderr=True).status("Simulating ...") as status:

            def make(clock: Clock) -> SimulatedVisitExperimenter:
                experimenter = SimulatedVisitExperimenter(clock)
                experimenter.on_step = lambda said: status.update(f"Simulating: {said}")
                return experimenter

            played = play_virtually(found, make)
        return finish(played, console)
    clock = RealClock()
    try:
        if request.simulated:
            with needed_screen(console):
                experimenter = SimulatedVisitExperimenter(clock, console)
                played = play_all(
                    found,
                    lambda part: play_once(part, visual_setting(clock, console), experimenter),
                )
        else:
            setting = person_setting(clock, console)
            with terminal_experimenter(console, clock, found.prepared, unblinded=unblind) as person:
                setting.show_progress = person.phase_began
                played = play_all(found, lambda part: play_once(part, setting, person))
        return finish(played, console)
    finally:
        clock.close()


def put_on_record(prepared: Prepared, console: Console) -> None:
    """Say and list that whoever leads this visit isn't blind, before anything is shown.

    Raises `UserError` if it can't be listed.
    """
    place = prepared.place
    try:
        record_unblinding(place.dataset / PAGES, place.stem, "screen of the visit", open_visit=True)
    except OSError as error:
        raise UserError(f"the unblinding can't be listed, so nothing is shown: {error}") from None
    console.print(
        "UNBLINDED: the screen names clinician and trust level. It's in unblinding.tsv.",
        style="bold yellow",
    )


def play_virtually(
    found: Visit,
    make: Callable[[Any], SimulatedVisitExperimenter] = SimulatedVisitExperimenter,
    arrange: Callable[[Setting], None] = lambda setting: None,
) -> Played:
    """Play in virtual time, each journal on a clock of its own.

    For tests: `make` makes the simulated experimenter of a clock, `arrange` may change a setting.
    """

    def once(part: Visit) -> Played:
        setting = virtual_setting()
        arrange(setting)
        return play_once(part, setting, make(setting.clock))

    return play_all(found, once)


def play_all(found: Visit, once: Callable[[Visit], Played]) -> Played:
    """Play a visit to its end, or until it's ended.

    With a calibration of its own it's played in two journals or more, each with the table of its
    runs: devices and window are opened anew for each.
    """
    while True:
        played = once(found)
        if played.ending != GOES_ON:
            return played
        found = go_on(played.journal, found.files, found.prepared.request.calibration)


def play_once(found: Visit, setting: Setting, experimenter: VisitExperimenter) -> Played:
    """Play one journal of a visit, in a setting whose experimenter and course are a visit's."""

    def course(*parts: Any) -> VisitCourse:
        made = VisitCourse(*parts, files=found.files, progress=found.progress)
        made.arm, made.given, made.handedness = found.arm, found.given, found.handedness
        return made

    return play(found.prepared, replace(setting, experimenter=experimenter, make_course=course))
