"""What must hold of a session that was killed and then gone on with."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from experiment.journal import Journal, NoHead, events, read_journal
from experiment.recovery.past import DONE

Trial = tuple[int, int, int]  # planned run, acquisition of it (0: not a repeat), trial


@dataclass(frozen=True)
class Before:
    """Journals as the kill left them. `done`: what was said of each completed trial.

    Without a whole first line (`headless`) the last one can't be gone on with: where it is the
    only one, it's deleted, and the session begun anew.
    """

    data: dict[Path, bytes]
    done: dict[Trial, list[str]]
    headless: bool = False

    @property
    def torn(self) -> bool:
        """Whether the last journal breaks off within a line."""
        last = list(self.data.values())[-1] if self.data else b""
        return bool(last) and not last.endswith(b"\n")


def as_killed(*paths: Path) -> Before:
    """What a killed session left (nothing at all, if it never came to its journal); oldest first."""
    data = {path: path.read_bytes() for path in paths if path.exists()}
    done: dict[Trial, list[str]] = {}
    headless = True
    for path in paths:
        try:
            done |= trials_of(read_journal(path))
            headless = False
        except (NoHead, FileNotFoundError):
            headless = True
    return Before(data, done, headless)


def trials_of(journal: Journal) -> dict[Trial, list[str]]:
    """The completed trials of a journal, each with its heat and its ratings as text."""
    runs = {s.run: (s.design_run, s.acquisition) for s in journal.of(events.RunStart)}
    done = {
        (end.run, end.trial): (*runs[end.run], end.trial)
        for end in journal.of(events.TrialEnd)
        if end.trial > 0 and end.status in DONE
    }
    found: dict[Trial, list[str]] = {trial: [] for trial in done.values()}
    if len(found) != len(done):
        raise AssertionError("a trial was completed twice in one journal")
    for event in journal.events:
        if not isinstance(event, events.HeatTriggered | events.Rating):
            continue
        key = done.get((event.run, event.trial))
        if key is None:
            continue
        value = event.rating if isinstance(event, events.Rating) else event.temperature
        found[key].append("n/a" if value is None else f"{value:.1f}")
    return found


def complaints(dataset: Path, stem: str, before: Before, trials: set[Trial]) -> list[str]:
    """What is lost, doubled or changed in a session that has been gone on with: a sentence each.

    `trials` are those that the study plans. The dataset's own validity is for the validator.
    """
    journals = sorted(dataset.glob(f"sourcedata/**/{stem}_journal-*.jsonl"))
    said = []
    for path, data in before.data.items():
        if before.headless and len(before.data) == 1:
            break  # deleted, as its user was told to
        if not path.exists() or path.read_bytes() != data:
            said.append(f"{path.name}, from before the kill, was changed")
    counted: Counter[Trial] = Counter()
    values: dict[Trial, list[str]] = {}
    for path in journals:
        try:
            of_this = trials_of(read_journal(path))
        except NoHead:
            continue
        counted.update(list(of_this))
        values |= of_this
    said += [f"{trial} was done {n} times" for trial, n in counted.items() if n > 1]
    said += [f"{trial} is missing" for trial in sorted(trials - set(counted))]
    exported = _exported(dataset, stem)
    said += [f"{t} is exported {len(rows)} times" for t, rows in exported.items() if len(rows) > 1]
    for trial, stated in values.items():
        tabled = exported.get(trial, [[]])[0]
        if tabled != stated:
            said.append(f"{trial}: the journal says {stated}, the table {tabled}")
    for trial, stated in before.done.items():
        if values.get(trial) != stated:
            said.append(f"{trial} was {stated} before, and is {values.get(trial)} now")
    return said


def _exported(dataset: Path, stem: str) -> dict[Trial, list[list[str]]]:
    """Completed trials in the BIDS tables: for each table that has it, its heat and ratings."""
    found: dict[Trial, list[list[str]]] = {}
    for path in sorted(dataset.glob(f"sub-*/**/{stem}_*_events.tsv")):
        in_table: dict[Trial, list[str]] = {}
        acquisition = json.loads(path.with_suffix(".json").read_text("utf-8"))["Acquisition"]
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if int(row["trial"]) < 1 or row["status"] not in DONE:
                    continue
                trial = (int(row["design_run"]), acquisition, int(row["trial"]))
                values = in_table.setdefault(trial, [])
                if row["trial_type"] == "heat":
                    values.append(f"{float(row['temperature']):.1f}")
                elif row["trial_type"].startswith("rating_"):
                    rating = row["rating"]
                    values.append(rating if rating == "n/a" else f"{float(rating):.1f}")
        for trial, values in in_table.items():
            found.setdefault(trial, []).append(values)
    return found
