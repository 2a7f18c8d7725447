"""Going on with a session after a crash or a stop, and repeating runs.

Everything comes from the session's own journals: study, rig, table and numbers are those that it
was begun with, whatever the files say today.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from conditions.calibration import Calibration
from conditions.paradigms import study_of
from conditions.study import Study
from conditions.trials import spare_sites
from experiment.dataset import SessionPlace
from experiment.errors import UserError
from experiment.inputs.files import Loaded, load_texts
from experiment.inputs.portraits import check_portraits
from experiment.journal import Journal, NoHead, events, find_journals, read_journal
from experiment.journal.reader import study_as_today
from experiment.recovery.past import Past, past_of, unusable_sites, wall_time
from experiment.session.heat_limits import check_limits, figures_for
from experiment.session.preparation import Prepared, Request
from experiment.sharing.mark import refuse_shared_copy
from hardware.rig import Rig
from stimuli.manifest import Manifest, load_manifest, portrait_of

LAST_STEP = "debrief"  # of a visit: it's closed with it
REPEAT_WITHIN_S = 24 * 3600.0  # a run may be repeated until so long after the last one
VIRTUAL_BREAK_S = 60.0  # a virtual session goes on a minute after it broke off


@dataclass(frozen=True)
class Repeat:
    """Which runs to repeat: only `first`, or also all planned runs after it."""

    first: int
    and_later: bool


class Finished(UserError):
    """There is nothing to go on with. `prepared` is the session all the same."""

    def __init__(self, prepared: Prepared, message: str) -> None:
        super().__init__(message)
        self.prepared = prepared


def prepare_resume(
    path: Path, repeat: Repeat | None = None, *, even_if_whole: bool = False
) -> tuple[Prepared, list[str]]:
    """The session at `path`, ready to go on, and what its user should be told.

    `even_if_whole`: also when all runs are done, since a visit may have steps left after them.
    Raises `UserError` (exit code 2) for what isn't one session of ours, what is finished (without
    `repeat`), or what can't be repeated any more.
    """
    refuse_shared_copy(path)
    journals = _journals_of_one_session(path)
    place = _place_of(journals[-1])
    ends = journals[-1].of(events.SessionEnd)
    if ends and ends[-1].closed:
        raise UserError(
            f"{place.stem} was ended for good, so there is nothing to go on with: begin a new "
            f"--session"
        )
    past = past_of(journals)
    prepared = _as_begun(journals, place, past)
    told = [_torn(journal) for journal in journals if journal.torn]
    if repeat is not None:
        repeated = _repeated(prepared, repeat, journals)
        return repeated, [*told, *_left_besides(prepared, repeated, path)]
    if not even_if_whole and not prepared.rows_left():
        raise Finished(
            prepared,
            f"{place.stem} is finished, so there is nothing to go on with: to do a run again, say "
            f"`trustpain resume {path} --repeat-run N`",
        )
    check_limits(prepared.study.model, prepared.rows, prepared.rig.model, prepared.thermode)
    return prepared, told


def _journals_of_one_session(path: Path) -> list[Journal]:
    try:
        found = find_journals(path)
    except ValueError as error:
        raise UserError(str(error)) from None
    if path.is_file():  # one journal of a session: its brothers belong to it
        found = sorted(path.parent.glob(f"{path.name.rsplit('_journal-', 1)[0]}_journal-*.jsonl"))
    if len({p.name.rsplit("_journal-", 1)[0] for p in found}) > 1:
        raise UserError(
            f"{path} holds several sessions: name the one to go on with, such as {found[0].parent}"
        )
    journals = []
    for each in found:
        try:
            journals.append(read_journal(each))
        except NoHead:  # killed before anything could happen in it
            continue
        except (ValueError, OSError) as error:
            raise UserError(f"the session can't go on: {error}") from None
    runs = [journal for journal in journals if journal.head.step == "runs"]
    if journals and not runs:
        raise UserError(
            f"{path} holds a calibration only, which is begun anew, not gone on with: say "
            f"`trustpain calibrate`, or `trustpain run` for the runs"
        )
    if not runs:
        raise UserError(
            f"{path} was cut off before anything was done: delete it, and begin anew with "
            f"`trustpain run`"
        )
    return runs


def _place_of(journal: Journal) -> SessionPlace:
    """Where the session lies. `DATASET/sourcedata/sub-01[/ses-01]/sub-01_..._journal-001.jsonl`."""
    head = journal.head
    above = journal.path.resolve().parents
    dataset = above[3 if head.session else 2]
    if above[2 if head.session else 1].name != "sourcedata":
        raise UserError(
            f"{journal.path.name} doesn't lie in the sourcedata folder of a dataset: put it back "
            f"where it was written"
        )
    return SessionPlace(dataset, head.participant, head.session)


def _as_begun(journals: Sequence[Journal], place: SessionPlace, past: Past) -> Prepared:
    """The session as its journals' heads state it: each run's rows as they were drawn last.

    A repeat's head holds the runs that it repeats, and nothing of those still to be done.
    """
    newest = journals[-1]
    head = newest.head
    try:
        study, rig = study_of(study_as_today(head)), Rig.model_validate(head.rig)
        calibration = Calibration.model_validate(head.calibration) if head.calibration else None
    except ValueError as error:
        raise UserError(
            f"{newest.path.name} was written by another version of trustpain whose study or rig "
            f"this one can't read ({error}): go on with that version"
        ) from None
    rows: dict[int, list[dict[str, Any]]] = {}
    acquisitions: dict[int, int] = {}
    for each in (journal.head for journal in journals):
        for run in {int(row["run"]) for row in each.trials}:
            rows[run] = [row for row in each.trials if row["run"] == run]
            acquisitions[run] = each.acquisitions.get(run, each.acquisition)
    prepared = Prepared(
        request=Request(
            study=study.name,
            rig=rig.name,
            participant=head.participant,
            session=head.session,
            allocation=head.allocation,
            seed=head.seed,
            out=place.dataset.parent,
            simulated=head.kind == "simulated",
            language=head.language,
        ),
        study=Loaded(study, Path(study.name), "", head.study_sha256),
        rig=Loaded(rig, Path(rig.name), "", head.rig_sha256),
        texts=load_texts(head.language).model,
        kind=head.kind,
        place=place,
        allocation=head.allocation,
        seed=head.seed,
        rows=tuple(row for run in sorted(rows) for row in rows[run]),
        manifest=_manifest(head, place),
        calibration=calibration,
        thermode=figures_for(study, rig, rig.name),
        scanned=study.scan is not None and rig.scanner is not None,
        past=past,
        unusable=unusable_sites(journals),
        previous=newest.as_previous(),
        journal_number=place.next_number(),
        acquisition=head.acquisition,
        acquisitions=acquisitions,
        goes_on_at=_virtually_at(newest) if head.virtual_time else None,
    )
    check_portraits(prepared.manifest, prepared.rows)
    return prepared


def _virtually_at(journal: Journal) -> datetime:
    ended = wall_time(journal, journal.events[-1].t)
    return datetime.fromtimestamp(ended, UTC) + timedelta(seconds=VIRTUAL_BREAK_S)


def _manifest(head: events.SessionStart, place: SessionPlace) -> Manifest:
    """The portraits that the session began with: from the dataset's copies, or as shipped."""
    portraits = tuple(map(portrait_of, head.portraits))
    copies = Manifest(place.dataset / "stimuli", portraits, {})
    if all(copies.path(portrait).is_file() for portrait in portraits):
        return copies
    return replace(load_manifest(), portraits=portraits)


def _left_besides(prepared: Prepared, repeated: Prepared, path: Path) -> list[str]:
    """What will still be to do after a repeat, so that nobody takes the session for finished."""
    again = {row["run"] for row in repeated.rows}
    left = sorted({row["run"] for row in prepared.rows_left()} - again)
    if not left:
        return []
    runs = ", ".join(map(str, left))
    return [f"After this, run {runs} is still to be done: `trustpain resume {path}`."]


def _repeated(prepared: Prepared, repeat: Repeat, journals: Sequence[Journal]) -> Prepared:
    """The same session with a fresh order for the runs that are repeated, on spare sites."""
    study, past = prepared.study.model, prepared.past
    if not 1 <= repeat.first <= study.runs:
        raise UserError(f"there is no run {repeat.first}: the study has runs 1 to {study.runs}")
    _refuse_if_too_late(prepared, journals)
    wanted = range(repeat.first, study.runs + 1) if repeat.and_later else [repeat.first]
    acquisition = 1 + max((run.acquisition for run in past.runs), default=0)
    begun = [run for run in wanted if past.last(run) is not None]
    sites = _spare_for(begun, prepared) if isinstance(study, Study) else None
    try:
        rows = prepared.table(
            prepared.calibration, acquisition=acquisition, runs=list(wanted), sites=sites
        )
    except ValueError as error:
        raise UserError(f"the run can't be repeated: {error}") from None
    check_limits(study, rows, prepared.rig.model, prepared.thermode)
    return replace(prepared, rows=tuple(rows), acquisition=acquisition, acquisitions={})


def _spare_for(runs: Sequence[int], prepared: Prepared) -> dict[int, int]:
    """A skin site for each run that is repeated. Raises `UserError` where there are too few."""
    used = {run.skin_site for run in prepared.past.runs} | set(prepared.unusable)
    every = spare_sites(prepared.pain_study, prepared.calibration)
    spare = [site for site in every if site not in used]
    if len(runs) > len(spare):
        raise UserError(
            f"{len(runs)} run(s) would be repeated, but only {len(spare)} skin site(s) are spare"
        )
    return dict(zip(runs, spare, strict=False))


def _refuse_if_too_late(prepared: Prepared, journals: Sequence[Journal]) -> None:
    """A visit's runs can be repeated until it's closed, those of `run` alone for 24 h."""
    newest = journals[-1]
    steps = [e for journal in journals for e in journal.of(events.StepEnd)]
    if steps:
        if any(step.step == LAST_STEP and step.status == "done" for step in steps):
            raise UserError(
                f"the visit of {prepared.place.stem} is closed, so no run of it can be repeated: "
                f"begin a new --session"
            )
        return
    ended = wall_time(newest, newest.events[-1].t)
    now = prepared.goes_on_at.timestamp() if prepared.goes_on_at else time.time()
    if now - ended > REPEAT_WITHIN_S:
        raise UserError(
            f"{prepared.place.stem} ended more than 24 h ago, so no run of it can be repeated: "
            f"begin a new --session"
        )


def _torn(journal: Journal) -> str:
    return (
        f"The last line of {journal.path.name} was cut off ({len(journal.torn)} bytes): it was "
        f"being written when the program died. It stays in that file, and isn't counted."
    )
