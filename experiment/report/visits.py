"""Which visits a dataset holds, and whether each is closed: read from ends of journals only.

A journal of a whole session is some megabytes; its first line says what was done, its last one how
it ended.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from experiment.bids.export import subject_label
from experiment.journal import NoHead, events
from experiment.journal.events import Event, SessionStart
from experiment.journal.reader import JOURNAL_NAME, parse_journal

HEAD_BYTES = 20_000_000  # a head is about 50 kB; keeps a wrong file from filling memory
TAIL_BYTES = 1_000_000  # holds the last whole line, however long
PLANNED = ("run", "trial", "clinician", "trust", "temperature_level", "temperature")
ONLY_CALIBRATED = "was calibrated, and nothing else"
SUBJECT = re.compile(r"sub-(?P<label>[A-Za-z0-9]+)")


@dataclass(frozen=True)
class Visit:
    """One session of one participant. `problem` says, if not empty, why it can't be used.

    `heads`: the head of each journal, oldest first, by the journal's name.
    """

    participant: str  # 'sub-01'
    session: str | None
    heads: dict[str, SessionStart]
    problem: str = ""

    @property
    def head(self) -> SessionStart:
        """The head of the latest journal. Raises `ValueError` if there is none."""
        if not self.heads:
            raise ValueError(f"{self.name} has no journal")
        return list(self.heads.values())[-1]

    @property
    def name(self) -> str:
        """`sub-01` or `sub-01, session 02`."""
        return self.participant + (f", session {self.session}" if self.session else "")

    def folder(self, dataset: Path) -> Path:
        """Where its tables lie, without `func` or `beh`."""
        inside = [self.participant, *([f"ses-{self.session}"] if self.session else [])]
        return dataset.joinpath(*inside)


def is_closed(last: Event | None) -> bool:
    """Whether a visit whose latest journal ends with this event is closed.

    The session ended in order, or somebody said that there is nothing to go on with. It's the one
    place that decides it.
    """
    return isinstance(last, events.SessionEnd) and (last.status == "completed" or last.closed)


def find_visits(dataset: Path) -> list[Visit]:
    """All visits of a dataset, by label; with one for each `sub-` folder without a journal.

    A session that was a calibration and nothing else is none, for who has another one.
    """
    grouped: dict[tuple[str, str], list[Path]] = {}
    for path in sorted((dataset / "sourcedata").rglob("*.jsonl")):
        if match := JOURNAL_NAME.fullmatch(path.name):
            key = (match["participant"], match["session"] or "")
            grouped.setdefault(key, []).append(path)
    visits = [_visit(label, session, paths) for (label, session), paths in grouped.items()]
    calibrated = [visit for visit in visits if visit.problem == ONLY_CALIBRATED]
    others = {visit.participant for visit in visits if visit not in calibrated}
    visits = [v for v in visits if v not in calibrated or v.participant not in others]
    known = {visit.participant for visit in visits}
    for folder in sorted(dataset.glob("sub-*")):
        if folder.is_dir() and SUBJECT.fullmatch(folder.name) and folder.name not in known:
            problem = "has no journal in sourcedata/, so that nothing says how the visit ended"
            visits.append(Visit(folder.name, None, {}, problem))
    return sorted(visits, key=lambda visit: (visit.participant, visit.session or ""))


def _visit(label: str, session: str, paths: Iterable[Path]) -> Visit:
    heads: dict[str, SessionStart] = {}
    last: Event | None = None
    calibration: SessionStart | None = None
    try:
        for path in sorted(paths):
            try:
                head, end = read_ends(path)
            except NoHead:  # killed as it wrote its first line: nothing can have happened in it
                continue
            if head.step == "calibration":
                calibration = head
            else:
                heads[path.name], last = head, end
    except (OSError, ValueError) as error:
        return Visit(f"sub-{label}", session or None, heads, str(error))
    if not heads and calibration is not None:
        label = subject_label(calibration)
        return Visit(f"sub-{label}", session or None, {}, ONLY_CALIBRATED)
    if not heads:
        return Visit(f"sub-{label}", session or None, {}, "has a journal without a head")
    head = list(heads.values())[-1]
    problem = "" if is_closed(last) else _why_open(last)
    return Visit(f"sub-{subject_label(head)}", session or None, heads, problem)


def _slim(head: SessionStart) -> SessionStart:
    """A head with no more than is read here, since those of all participants are kept."""
    trials = [{key: row.get(key) for key in PLANNED} for row in head.trials]
    return head.model_copy(update={"trials": trials, "portraits": [], "rig": {}, "display": {}})


def _why_open(last: Event | None) -> str:
    if isinstance(last, events.SessionEnd):
        if last.status == "continued":
            return "the visit isn't closed: it was to go on in a journal that isn't there"
        return f"the visit isn't closed: the session was {last.status}"
    return "the visit isn't closed: the session is running, or was cut off"


def read_ends(path: Path) -> tuple[SessionStart, Event | None]:
    """A journal's head, and its last whole event if there's another.

    Raises `ValueError`, in one sentence, for what isn't a journal (`NoHead` without a whole first
    line), `OSError` if it can't be read.
    """
    with path.open("rb") as file:
        first = file.readline(HEAD_BYTES)
        head = _slim(parse_journal(path, first).head)
        body = len(first)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(body, size - TAIL_BYTES))
        tail = file.read()
    line = tail[: tail.rfind(b"\n") + 1].rstrip(b"\n").rpartition(b"\n")[2]
    if not line:
        return head, None
    # The last line alone, behind the head: a torn or damaged one is put aside as always.
    found = parse_journal(path, first + line + b"\n").events
    return head, found[-1] if len(found) > 1 else None
