"""Where the temperatures of a visit's runs come from, and the step that finds them.

A calibration given by an option, one made in this visit, or, where the step is skipped, the
participant's last accepted one; without any, the study's fixed temperatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from conditions.calibration import Calibration
from experiment.dataset import SessionPlace
from experiment.errors import UserError
from experiment.inputs.files import last_calibration, load_calibration
from experiment.journal import Journal, events
from experiment.session.heat_limits import check_limits
from experiment.session.preparation import Prepared
from experiment.visit.results import DONE, EndVisit, StepResult
from experiment.visit.tools import VisitTools

FIXED = "the study's fixed temperatures"


def accepted_file(journals: Sequence[Journal], place: SessionPlace) -> Path | None:
    """The calibration that a visit has made or taken over last, if any."""
    files = [
        str(event.value)
        for journal in journals
        for event in journal.of(events.Answered)
        if (event.instrument, event.item) == ("calibration", "file")
    ]
    if not files:
        return None
    beside = place.journals / files[-1]
    return beside if beside.is_file() else place.dataset / "sourcedata" / files[-1]


def with_calibration(prepared: Prepared, path: Path) -> Prepared:
    """The same session with the table of another calibration. Raises `UserError`."""
    return with_table(prepared, load_calibration(path).model)


def with_table(prepared: Prepared, calibration: Calibration | None) -> Prepared:
    """The same session with the table anew, on skin sites that can be used. Raises `UserError`."""
    try:
        rows = prepared.table_on_usable_sites(calibration)
    except ValueError as error:
        raise UserError(f"the session's table can't be made anew: {error}") from None
    check_limits(prepared.pain_study, rows, prepared.rig.model, prepared.thermode)
    return replace(prepared, rows=tuple(rows), calibration=calibration)


def calibration(visit: VisitTools) -> StepResult:
    """Given beforehand (`--calibration`), or made now, by the calibration's own procedure.

    The table hangs on it, and stands in the journal's head: with a new one the visit goes on in a
    journal of its own (`goes_on`). One that was made may be made again, until a run
    has begun.
    """
    fixed = visit.prepared.request.calibration == "none" and visit.prepared.calibration is None
    if visit.given or fixed:
        visit.experimenter.tell(
            f"Temperatures: {'the calibration given' if visit.given else FIXED}, as was asked for."
        )
        visit.answered("calibration", "source", "given" if visit.given else "fixed")
        return DONE
    calibrated = visit.calibrate()
    if calibrated.path is None or calibrated.calibration is None:
        ending = calibrated.ending
        if ending is not None and (ending.status == "failed" or visit.runner.stop.final):
            raise EndVisit(ending)
        return StepResult("interrupted", ending.message if ending else "none was accepted")
    visit.answered("calibration", "source", "made")
    visit.answered("calibration", "file", calibrated.path.name)
    visit.goes_on = True
    return DONE


def left_out(visit: VisitTools, reason: str) -> StepResult:
    """The step is skipped: the last accepted calibration, as in `trustpain run`.

    Where there is none that the runs can be given at, the experimenter says whether the fixed
    temperatures are to be used.
    """
    skipped = StepResult("skipped", reason)
    visit.refresh()
    if visit.given or visit.prepared.past.runs or visit.prepared.request.calibration == "none":
        return skipped
    place = visit.prepared.place
    found = last_calibration(place.dataset, place.participant)
    if found is not None and _usable(visit, found):
        visit.experimenter.tell(f"Temperatures: of the last accepted calibration, {found.name}.")
        visit.answered("calibration", "source", "last")
        name = found.relative_to(place.dataset / "sourcedata").as_posix()
        visit.answered("calibration", "file", name)
        visit.goes_on = load_calibration(found).model != visit.prepared.calibration
        return skipped
    answer = visit.choose(
        f"This participant has no accepted calibration that can be used. Take {FIXED}?",
        {"g": "yes", "n": "no, back to the calibration"},
        part_of_step=False,
    )
    if answer != "g":
        return StepResult("interrupted", "no temperatures were chosen")
    visit.answered("calibration", "source", "fixed")
    return skipped


def _usable(visit: VisitTools, path: Path) -> bool:
    """Whether the runs can be given at a calibration's temperatures; says why not."""
    from experiment.calibration.offer import against_runs

    try:
        found = load_calibration(path).model
    except UserError as error:
        visit.runner.stage.warn(f"{str(error).capitalize()}.")
        return False
    against = against_runs(visit.prepared, found, visit.runner.stage.breaches)
    for each in against:
        visit.runner.stage.warn(f"The calibration {path.name} can't be used: {each}.")
    return not against
