"""Beginning a visit, or going on with one: everything comes from the session's journals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from experiment.dataset import SUFFIX, SessionPlace, check_label, dataset_folder
from experiment.errors import UserError
from experiment.inputs.files import (
    load_exclusion_list,
    load_pain_study,
    load_questionnaire,
)
from experiment.journal import Journal, events, read_journals
from experiment.journal.events import Kind
from experiment.recovery.resume import prepare_resume
from experiment.session.preparation import Prepared, Request, prepare
from experiment.visit.files import VisitFiles
from experiment.visit.steps import OVER, Progress, steps_of
from experiment.visit.temperatures import accepted_file, with_calibration, with_table
from experiment.visit.wording import check_wording

QUESTIONNAIRES = ("demographics", "state_anxiety")
EXCLUSION = "heat"


@dataclass(frozen=True)
class Visit:
    """A visit that can begin or go on. `told` is what its user should know first.

    `given`: its calibration was given by an option, so that none is to be made.
    """

    prepared: Prepared
    files: VisitFiles
    progress: Progress
    arm: str
    told: tuple[str, ...]
    given: bool = False
    handedness: str | None = None  # '' where it wasn't told, None: not asked yet


def load_files(questionnaires: tuple[str, ...], exclusion: str) -> VisitFiles:
    """The questionnaires and the check list, by name or path. Raises `UserError`."""
    found = tuple(load_questionnaire(source).model for source in questionnaires)
    names = [questionnaire.name for questionnaire in found]
    if len(set(names)) < len(names):
        raise UserError(f"two questionnaires have the same name ({', '.join(sorted(names))})")
    return VisitFiles(found, load_exclusion_list(exclusion).model)


def begin(request: Request, files: VisitFiles) -> Visit:
    """Prepare a visit, or the rest of one that was cut off. Raises `UserError` (exit code 2)."""
    existing = _existing(request)
    if existing is None:
        prepared = _fresh(request)
        given = prepared.calibration is not None
        told = _wording(files, prepared)
        return Visit(prepared, files, Progress({}, {}), "", tuple(told), given)
    return go_on(existing, files, request.calibration)


def _wording(files: VisitFiles, prepared: Prepared) -> list[str]:
    return [line for each in files.questionnaires for line in check_wording(each, prepared)]


def check_set_up(request: Request, files: VisitFiles) -> None:
    """Whether a visit can begin so, or go on. Raises `UserError`."""
    if _existing(request) is None:
        _wording(files, _fresh(request))


def go_on(session: Path, files: VisitFiles, calibration: str | None = None) -> Visit:
    """The rest of the visit whose journals are in `session`. Raises `UserError`.

    `calibration` as the option of that name; it counts until the calibration's step is over.
    """
    prepared, told = prepare_resume(session, even_if_whole=True)
    journals = read_journals(prepared.place.existing_journals())
    progress = Progress.of(journals)
    stem = prepared.place.stem
    if not progress.attempts:
        raise UserError(
            f"{stem} was run without a visit: go on with it by `trustpain resume`, or give "
            f"another --session or --participant"
        )
    left = progress.left(steps_of(prepared.pain_study, files.times()))
    if not left:
        raise UserError(f"the visit of {stem} is finished: give another --session or --participant")
    accepted = accepted_file(journals, prepared.place)
    given = accepted is None and prepared.calibration is not None
    if accepted is not None and not prepared.past.runs:
        prepared = with_calibration(prepared, accepted)
    elif _said(journals, "unusable_sites") is not None and not prepared.past.runs:
        prepared = with_table(prepared, prepared.calibration)
    if accepted is None and calibration not in (None, "none") and not given:
        if prepared.past.runs or progress.ended.get("calibration") in OVER:
            told = [*told, "The calibration's step is over: --calibration isn't used."]
        else:
            prepared, given = with_calibration(prepared, Path(calibration)), True
    prepared = replace(prepared, request=replace(prepared.request, calibration=calibration))
    told = [*told, f"The visit of {stem} goes on at '{left[0].title}'."]
    told = [*told, *_wording(files, prepared)]
    arm, hand = _said(journals, "arm") or "", _said(journals, "handedness")
    return Visit(prepared, files, progress, arm, tuple(told), given, hand)


def is_visit(journals: list[Journal]) -> bool:
    """Whether these journals are of a visit."""
    return any(isinstance(event, events.StepStart) for j in journals for event in j.events)


def _existing(request: Request) -> Path | None:
    """The folder with the session's journals, if it has any."""
    study = load_pain_study(request.study).model.name
    participant = check_label(request.participant, "participant")
    session = check_label(request.session, "session") if request.session is not None else None
    if request.simulated and not participant.startswith("sim"):
        participant = f"sim{participant}"
    kinds: list[Kind] = ["simulated"] if request.simulated else ["participant", "pilot"]
    assert set(kinds) <= set(SUFFIX)
    for kind in kinds:
        place = SessionPlace(dataset_folder(request.out, study, kind), participant, session)
        if found := place.existing_journals():
            return found[0]  # its folder may hold other sessions' folders too
    return None


def _fresh(request: Request) -> Prepared:
    """A visit's own calibration comes later: until then there's none, unless one was given."""
    if request.calibration is not None:
        return prepare(request)
    return replace(prepare(replace(request, calibration="none")), request=request)


def _said(journals: list[Journal], item: str) -> str | None:
    """What was said in the set-up last; '' where it was left out, None if it wasn't asked."""
    said = [
        event.value
        for journal in journals
        for event in journal.of(events.Answered)
        if (event.instrument, event.item) == ("setup", item)
    ]
    return str(said[-1] or "") if said else None
