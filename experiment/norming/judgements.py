"""All judgements of portraits below a path, read from the journals: one row a rater and portrait."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conditions.norming import NormingStudy
from conditions.paradigms import study_of
from experiment.bids.records import records_of
from experiment.errors import UserError
from experiment.journal import Journal, NoHead, events, find_journals, read_journal
from experiment.journal.events import Kind
from experiment.report.session import pages_of, session_journals
from experiment.summary.summary import session_label
from stimuli.manifest import LEVELS

if TYPE_CHECKING:
    import pandas as pd

FEWEST_RATERS = 2
Portrait = tuple[str, str]  # clinician and level


@dataclass(frozen=True)
class Judgements:
    """What raters said of one set of portraits.

    `table`: rater, clinician, level, axis, question and rating, in the question's own unit.
    `axis_unit` says what `axis` counts: units of the manifest's axis, or steps from level to level
    where it has none. `portraits`: what the journals say of each picture. `left_out`: a sentence
    for each session that isn't in the table. `pages`: where reports on the dataset belong.
    """

    study: NormingStudy
    kind: Kind
    pages: Path
    raters: tuple[str, ...]
    portraits: dict[Portrait, dict[str, Any]] = field(repr=False)
    axis_unit: str
    table: pd.DataFrame = field(repr=False)
    left_out: tuple[str, ...]

    @property
    def levels(self) -> list[str]:
        """The levels that were judged, lowest first."""
        return [level for level in LEVELS if level in self.study.clinicians.levels]

    def unit(self, question: str) -> str:
        """What the answers to a question are counted in; points are those of the line, 0 to 100."""
        numbers = self.study.question(question).numbers
        return numbers.unit if numbers is not None else "points"

    def of(self, question: str) -> pd.DataFrame:
        """The rows of one question."""
        return self.table[self.table["question"] == question]


def read_judgements(path: Path) -> Judgements:
    """Read every closed norming session below `path` (a dataset, a session's folder, a journal).

    Raises `UserError`, in one sentence, where there is none, where the sessions don't belong
    together (another study, other pictures, real raters and simulated ones), or with one rater.
    """
    import pandas as pd

    sessions = _sessions(path)
    study, heads = _one_study(path, sessions)
    portraits = _one_set(sessions)
    axis, unit = _axis(portraits)
    rows: list[dict[str, Any]] = []
    raters: dict[str, str] = {}
    left_out = []
    for journals in sessions:
        head = journals[-1].head
        name = session_label(head)
        if not _closed(journals):
            left_out.append(f"{name} is left out: its session isn't finished")
        elif head.participant in raters:
            left_out.append(f"{name} is left out: {raters[head.participant]} is by the same rater")
        else:
            raters[head.participant] = name
            rows += _rows(name, journals, study, axis)
    if len(raters) < FEWEST_RATERS:
        told = f" ({'; '.join(left_out)})" if left_out else ""
        raise UserError(
            f"{path} holds {len(raters)} finished norming session(s){told}: norms need at least "
            f"{FEWEST_RATERS} raters"
        )
    columns = ["rater", "clinician", "level", "axis", "question", "rating"]
    return Judgements(
        study=study,
        kind=heads[0].kind,
        pages=pages_of(sessions[0][0].path),
        raters=tuple(raters.values()),
        portraits=portraits,
        axis_unit=unit,
        table=pd.DataFrame(rows, columns=columns),
        left_out=tuple(left_out),
    )


def _sessions(path: Path) -> list[list[Journal]]:
    """Journals by session, oldest first."""
    try:
        found = session_journals(path) if path.is_file() else find_journals(path)
        by_session = [
            [_read(p) for p in own]
            for _, own in groupby(found, key=lambda p: p.name.rpartition("_journal-")[0])
        ]
    except (ValueError, OSError) as error:
        raise UserError(f"the judgements can't be read: {error}") from None
    whole = [[journal for journal in own if journal is not None] for own in by_session]
    return [journals for journals in whole if journals]


def _read(path: Path) -> Journal | None:
    try:
        return read_journal(path)
    except NoHead:  # killed as it wrote its first line: nothing can have happened in it
        return None


def _one_study(
    path: Path, sessions: Sequence[Sequence[Journal]]
) -> tuple[NormingStudy, list[events.SessionStart]]:
    heads = [journals[-1].head for journals in sessions]
    for head in heads:
        if head.study.get("paradigm") != "norming":
            raise UserError(
                f"{path} holds a session of the study {head.study.get('name')}, which norms no "
                f"portraits: give a dataset of a norming study, such as data/norming"
            )
    if not heads:
        raise UserError(f"{path} holds no session that began")
    for name, what in (
        ("are of different studies", [head.study.get("name") for head in heads]),
        ("differ in whose data they are", [head.kind for head in heads]),
        ("asked different questions", [head.study["design"]["questions"] for head in heads]),
        ("showed different clinicians", [head.study["clinicians"] for head in heads]),
    ):
        if odd := [head for head, own in zip(heads, what, strict=True) if own != what[0]]:
            raise UserError(
                f"{session_label(heads[0])} and {session_label(odd[0])} {name}: give a dataset "
                f"with one kind of session"
            )
    try:
        study = study_of(heads[0].study)
    except ValueError as error:
        raise UserError(f"the study of {session_label(heads[0])} can't be read: {error}") from None
    assert isinstance(study, NormingStudy)
    return study, heads


def _one_set(sessions: Sequence[Sequence[Journal]]) -> dict[Portrait, dict[str, Any]]:
    """The pictures, the same ones for all raters."""
    found: dict[Portrait, dict[str, Any]] = {}
    for journals in sessions:
        head = journals[-1].head
        for portrait in head.portraits:
            key = (str(portrait["clinician"]), str(portrait["level"]))
            known = found.setdefault(key, portrait)
            if known["sha256"] != portrait["sha256"]:
                raise UserError(
                    f"{session_label(head)} judged another picture {portrait['file']} than the "
                    f"raters before (its SHA-256 differs): norm each set by itself"
                )
    return found


def _axis(portraits: dict[Portrait, dict[str, Any]]) -> tuple[dict[Portrait, float], str]:
    """Each portrait's place on the trust axis, and in which unit."""
    values = {key: portrait.get("axis_value") for key, portrait in portraits.items()}
    if all(value is not None and math.isfinite(value) for value in values.values()):
        return {key: float(value) for key, value in values.items() if value is not None}, "unit"
    return {key: float(LEVELS.index(key[1]) - 1) for key in portraits}, "level"


def _closed(journals: Sequence[Journal]) -> bool:
    last = journals[-1].events[-1]
    return isinstance(last, events.SessionEnd) and last.status == "completed"


def _rows(
    rater: str, journals: Iterable[Journal], study: NormingStudy, axis: dict[Portrait, float]
) -> list[dict[str, Any]]:
    """A rater's answers; of a portrait that was shown again, the last one."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for journal in journals:
        for run in records_of(journal):
            for (trial, _), rating in run.ratings.items():
                row = run.rows.get(trial)
                if row is None or run.trial_status(trial) != "completed":
                    continue
                key = (str(row["question"]), str(row["clinician"]), str(row["trust"]))
                numbers = study.question(key[0]).numbers
                value = math.nan if rating.rating is None else rating.rating
                found[key] = {
                    "rater": rater,
                    "clinician": key[1],
                    "level": key[2],
                    "axis": axis[key[1:]],
                    "question": key[0],
                    "rating": numbers.value(value) if numbers is not None else value,
                }
    return list(found.values())
