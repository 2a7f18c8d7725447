"""Before anything moves: files read, numbers given, the table made and checked.

Whatever is wrong is found here, while no window is open, no device touched and nothing written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from conditions.calibration import Calibration
from conditions.norming import NormingStudy
from conditions.paradigms import AnyStudy
from conditions.phases import HeatPhase
from conditions.schedule import ThermodeFigures
from conditions.seed import derive_seed
from conditions.stimulation import sites_without
from conditions.study import Study
from conditions.trials import trial_rows
from experiment.dataset import (
    AllocationList,
    SessionPlace,
    check_label,
    check_writable,
    dataset_folder,
)
from experiment.errors import UserError
from experiment.inputs.files import (
    Loaded,
    last_calibration,
    load_calibration,
    load_rig,
    load_study,
    load_texts,
    with_heat,
)
from experiment.inputs.portraits import check_portraits, manifest_of, portraits_of
from experiment.journal import is_calibration
from experiment.journal.events import Kind, PreviousJournal, Step
from experiment.recovery.past import Past, trials_left
from experiment.session.heat_limits import check_limits, figures_for
from experiment.sharing.mark import refuse_shared_copy
from hardware.rig import Rig
from stimuli.manifest import Manifest, Portrait
from stimuli.texts import Texts


@dataclass(frozen=True)
class Request:
    """What somebody asked for on the command line."""

    study: str = "trust_pain"
    rig: str = "laptop"
    participant: str = "01"
    session: str | None = None
    allocation: int | None = None
    calibration: str | None = None  # a path, 'none', or None: the participant's last one
    seed: int | None = None
    out: Path = Path("data")
    simulated: bool = False
    language: str = "en"


@dataclass(frozen=True)
class Prepared:
    """A session, decided: only the devices are still missing."""

    request: Request
    study: Loaded[AnyStudy]
    rig: Loaded[Rig]
    texts: Texts
    kind: Kind
    place: SessionPlace
    allocation: int
    seed: int
    rows: tuple[dict[str, Any], ...]
    manifest: Manifest
    calibration: Calibration | None
    thermode: ThermodeFigures | None  # None in a study without heat
    scanned: bool
    past: Past = field(default_factory=Past)
    previous: PreviousJournal | None = None
    step: Step = "runs"
    journal_number: int = 1
    acquisition: int = 0  # of the rows: 0, or the number of the repeat
    acquisitions: Mapping[int, int] = field(default_factory=dict)  # of a run, where it differs
    unusable: tuple[int, ...] = ()  # skin sites that must have no heat
    goes_on_at: datetime | None = None  # when a virtual session that goes on does so

    @property
    def pain_study(self) -> Study:
        """The study, where it can only be one of pain. Raises `TypeError` otherwise."""
        if not isinstance(self.study.model, Study):
            raise TypeError(f"the study {self.study.model.name} gives no heat")
        return self.study.model

    @property
    def figures(self) -> ThermodeFigures:
        """The thermode's figures, where there must be some. Raises `TypeError` otherwise."""
        if self.thermode is None:
            raise TypeError(f"the study {self.study.model.name} uses no thermode")
        return self.thermode

    def portrait(self, clinician: str, level: str) -> Portrait:
        """The portrait of a clinician at a trust level."""
        return self.manifest.portrait(clinician, level)

    def portraits(self) -> list[Portrait]:
        """The portraits that this session shows."""
        return portraits_of(self.manifest, self.rows)

    def acquisition_of(self, design_run: int) -> int:
        """Which acquisition the rows of a planned run are for."""
        return self.acquisitions.get(design_run, self.acquisition)

    def left(self, design_run: int) -> list[dict[str, Any]]:
        """The rows of a planned run's trials that are still to be done, its lead-in apart."""
        trials = [row for row in self.rows if row["run"] == design_run and row["trial"] > 0]
        return trials_left(
            trials,
            self.past.last(design_run),
            self.acquisition_of(design_run),
            repeat_interrupted=self.study.model.interrupted_trials == "repeat_at_end",
        )

    def rows_left(self) -> list[dict[str, Any]]:
        """Everything that is still to be given, lead-ins included."""
        found: list[dict[str, Any]] = []
        for design_run in sorted({row["run"] for row in self.rows}):
            if left := self.left(design_run):
                lead_in = [r for r in self.rows if r["run"] == design_run and r["trial"] == 0]
                found += [*lead_in, *left]
        return found

    def table(
        self,
        calibration: Calibration | None,
        *,
        acquisition: int = 0,
        runs: Sequence[int] | None = None,
        sites: Mapping[int, int] | None = None,
    ) -> list[dict[str, Any]]:
        """This session's table made anew. Parameters and errors are those of `trial_rows`."""
        return trial_rows(
            self.study.model,
            self.thermode,
            allocation=self.allocation,
            session=self.request.session,
            seed=self.seed,
            acquisition=acquisition,
            runs=runs,
            calibration=calibration,
            sites=sites,
        )

    def table_on_usable_sites(self, calibration: Calibration | None) -> list[dict[str, Any]]:
        """The same without the skin sites that must have no heat. Raises `ValueError`."""
        sites = sites_without(self.pain_study, self.seed, self.unusable, calibration)
        return self.table(calibration, sites=sites)

    def with_allocation(self, allocation: int) -> Prepared:
        """The same session for another allocation number."""
        seed = seed_of(self.request, self.study.model, allocation)
        rows: tuple[dict[str, Any], ...] = ()
        if self.step == "runs":
            rows = _rows(
                self.study.model, self.thermode, self.request, allocation, seed, self.calibration
            )
        return replace(self, allocation=allocation, seed=seed, rows=rows)


def prepare(request: Request, step: Step = "runs") -> Prepared:
    """Read and check everything. Raises `UserError` (exit code 2), in one sentence.

    A calibration has no table, and may be made before a session's runs or between them.
    """
    study, rig = load_study(request.study), load_rig(request.rig)
    if step != "runs":
        with_heat(study)
    if isinstance(study.model, NormingStudy):  # what it doesn't use is neither opened nor missed
        rig = replace(rig, model=rig.model.without_devices())
    if request.simulated:
        rig = replace(rig, model=all_emulated(rig.model))
    participant = check_label(request.participant, "participant")
    session = check_label(request.session, "session") if request.session is not None else None
    if request.simulated and not participant.startswith("sim"):
        participant = f"sim{participant}"
    elif participant.startswith("sim") and not request.simulated:
        raise UserError(
            f"the participant label {participant!r} is one of a simulated participant: give a "
            f"person another one",
        )
    if request.allocation is not None and request.allocation < 1:
        raise UserError(
            f"the allocation number is {request.allocation}, but must be 1 or more",
        )
    kind = _kind(request, study.model, rig.model)
    place = SessionPlace(dataset_folder(request.out, study.model.name, kind), participant, session)
    refuse_shared_copy(place.dataset)
    check_writable(place.dataset)
    if step == "runs":
        _refuse_existing(place)
    thermode = figures_for(study.model, rig.model, request.rig)
    calibration = _calibration(request, study.model, place) if step == "runs" else None
    manifest = manifest_of(study)
    allocation = request.allocation or AllocationList(place.dataset).preview(participant)
    seed = seed_of(request, study.model, allocation)
    rows = _rows(study.model, thermode, request, allocation, seed, calibration)
    texts = load_texts(request.language)
    _check_questions(study.model, texts)
    prepared = Prepared(
        request=request,
        study=study,
        rig=rig,
        texts=texts.model,
        kind=kind,
        place=place,
        allocation=allocation,
        seed=seed,
        rows=rows,
        manifest=manifest,
        calibration=calibration,
        thermode=thermode,
        scanned=(study.model.scan is not None and rig.model.scanner is not None and step == "runs"),
        step=step,
        journal_number=place.next_number(),
    )
    check_limits(study.model, rows, rig.model, thermode)
    if step != "runs":
        return replace(prepared, rows=())
    check_portraits(manifest, rows)
    return prepared


def as_pilot(prepared: Prepared) -> Prepared:
    """The same session among the pilots'. Raises `UserError` if it has been run there already."""
    dataset = dataset_folder(prepared.request.out, prepared.study.model.name, "pilot")
    place = replace(prepared.place, dataset=dataset)
    refuse_shared_copy(place.dataset)
    if prepared.step == "runs":
        _refuse_existing(place)
    return replace(prepared, kind="pilot", place=place, journal_number=place.next_number())


def all_emulated(rig: Rig) -> Rig:
    """The same room with every device emulated: nobody simulated may heat a real thermode."""
    return rig.emulated()


def seed_of(request: Request, study: AnyStudy, allocation: int) -> int:
    """The seed asked for, or the one derived from study, pair and session."""
    if request.seed is not None:
        return request.seed
    return derive_seed(study.name, allocation, request.session)


def _kind(request: Request, study: AnyStudy, rig: Rig) -> Kind:
    """Whose data these will be: a person's, a person's with an emulated device, or nobody's."""
    if request.simulated:
        return "simulated"
    used = {"markers"}
    if any(isinstance(phase, HeatPhase) for phase in (*study.lead_in, *study.trial)):
        used.add("thermode")
    if study.scan is not None:
        used.add("scanner")
    return "pilot" if used & set(rig.emulated_devices()) else "participant"


def _refuse_existing(place: SessionPlace) -> None:
    existing = [path for path in place.existing_journals() if not is_calibration(path)]
    if existing:
        raise UserError(
            f"{place.stem} has been run already ({existing[-1].name} in {place.dataset.name}): go "
            f"on with it by `trustpain resume`, or give another --session or --participant",
        )


def _rows(
    study: AnyStudy,
    thermode: ThermodeFigures | None,
    request: Request,
    allocation: int,
    seed: int,
    calibration: Calibration | None,
) -> tuple[dict[str, Any], ...]:
    try:
        return tuple(
            trial_rows(
                study,
                thermode,
                allocation=allocation,
                session=request.session,
                seed=seed,
                calibration=calibration,
            )
        )
    except ValueError as error:
        raise UserError(f"the study {study.name} can't be run so: {error}") from None


def _check_questions(study: AnyStudy, texts: Loaded[Texts]) -> None:
    """Every question of a norming study has words in the rater's language."""
    if not isinstance(study, NormingStudy):
        return
    for name in study.design.names:
        if name not in texts.model.questions:
            raise UserError(
                f"the study {study.name} asks {name!r}, but {texts.path.name} has no such question: "
                f"add it there to [questions] and [anchors]"
            )


def refuse_calibration(study: AnyStudy, calibration: str | None) -> bool:
    """Whether a study has no use for a calibration. Raises `UserError` if it was given one."""
    if isinstance(study, Study):
        return False
    if calibration not in (None, "none"):
        raise UserError(
            f"the study {study.name} gives no heat, so no calibration belongs to it: leave "
            f"--calibration out"
        )
    return True


def _calibration(request: Request, study: AnyStudy, place: SessionPlace) -> Calibration | None:
    """The calibration asked for, or the participant's last accepted one; None without heat."""
    if refuse_calibration(study, request.calibration):
        return None
    if request.calibration == "none" or (request.simulated and request.calibration is None):
        return None
    if request.calibration is not None:
        return load_calibration(request.calibration).model
    found = last_calibration(place.dataset, place.participant)
    if found is not None:
        return load_calibration(found).model
    raise UserError(
        f"there is no accepted calibration of sub-{place.participant} in {place.dataset.name}: "
        f"calibrate first, give one with --calibration PATH, or take the study's fixed "
        f"temperatures with --calibration none"
    )
