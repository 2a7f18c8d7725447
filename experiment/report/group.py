"""The group report: what a study found, from its dataset alone.

It shows everything by condition, so that nobody may be in it whose visit is still open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from conditions.study import Exclusion
from experiment.bids.files import write_whole
from experiment.bids.validate import find_dataset
from experiment.errors import UserError
from experiment.journal.events import SessionStart
from experiment.report import group_page, group_tables
from experiment.report.faces import face_effects, face_ratings
from experiment.report.inclusion import Person, judge
from experiment.report.inference import NoFit
from experiment.report.model import TrustEffect, trust_effect
from experiment.report.paired import PairedTest, paired_test
from experiment.report.results import Results
from experiment.report.tables import QUESTIONS, cell_means, trial_frame, trusts_of
from experiment.report.visits import Visit, find_visits

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path("derivatives", "trustpain")
STEM = "desc-group"


def write_group_report(path: Path) -> Path:
    """Write a dataset's group report and its tables; gives the page's path.

    `path` is the dataset's folder. Raises `UserError`, in one sentence, for a part of a dataset and
    where there is nothing of trustpain's; whatever else is missing stands in the report.
    """
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        results = analyse(path, progress)
        folder = results.dataset / FOLDER
        for name, table in group_tables.all_tables(results).items():
            text = table.to_csv(sep="\t", index=False, na_rep="n/a", lineterminator="\n")
            write_whole(folder / f"{STEM}_{name}.tsv", text.encode())
        html = group_page.group_html(
            results, lambda sections: progress.track(sections, description="Drawing")
        )
    for sentence in results.missing:
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)
    return write_whole(folder / f"{STEM}_report.html", html.encode())


def analyse(path: Path, progress: Progress | None = None) -> Results:
    """Everything that the report says; `progress` is told how far it is.

    Raises `UserError` as `write_group_report`.
    """
    progress = progress or Progress(disable=True)
    dataset = _dataset(path)
    visits = find_visits(dataset)
    heads = tuple(visit.head for visit in visits if visit.heads)
    if not heads:
        if _has_journal(dataset):
            raise UserError(f"{dataset} holds no session to report on: {_why_none(visits)}")
        raise UserError(
            f"{dataset} is a BIDS dataset, but holds no session of trustpain: there is no journal "
            f"in its sourcedata/"
        )
    if norming := [head for head in heads if head.study.get("paradigm") == "norming"]:
        raise UserError(
            f"{norming[0].study.get('name')} norms portraits, and has no group report: "
            f"`trustpain portraits norms {path}` says what the raters judged"
        )
    rules, missing = _rules(heads)
    people = tuple(_judge_all(dataset, visits, rules, progress))
    trials = trial_frame(row for p in people if p.included for row in p.trials)
    trusts = tuple(trusts_of(trials))
    cells = {question: cell_means(trials, question) for question in QUESTIONS}
    effects, tests, more = _compare(cells, trusts, progress)
    faces, problems = face_ratings(dataset, [person for person in people if person.included])
    return Results(
        dataset=dataset,
        heads=heads,
        rules=rules,
        people=people,
        trials=trials,
        trusts=trusts,
        cells=cells,
        effects=effects,
        tests=tests,
        faces=tuple(face_effects(faces, (trusts[0], trusts[1]))) if len(trusts) == 2 else (),
        missing=(*missing, *more, *problems),
    )


def _dataset(path: Path) -> Path:
    """The dataset at `path`; of a part of one nobody would expect the whole study's report."""
    try:
        dataset = find_dataset(path)
    except ValueError as error:
        if _has_journal(path):
            raise UserError(
                f"{path} has journals but no tables yet: they are written when a session ends"
            ) from None
        raise UserError(str(error)) from None
    if dataset != path.absolute():
        raise UserError(
            f"{path} is only a part of a dataset, and the group report is of all its participants: "
            f"give the dataset's folder, {dataset}"
        )
    return dataset


def _has_journal(folder: Path) -> bool:
    return any((folder / "sourcedata").rglob("*_journal-*.jsonl"))


def _why_none(visits: Sequence[Visit]) -> str:
    first = f"{visits[0].name} {visits[0].problem}"
    return first if len(visits) == 1 else f"{first}, and so on for {len(visits)} in all"


def _rules(heads: Sequence[SessionStart]) -> tuple[Exclusion | None, list[str]]:
    """The study's rules as the latest session had them, and what's to be said about them."""
    latest = max(heads, key=lambda head: (head.started_utc, head.participant))
    missing = []
    if len({head.study_sha256 for head in heads}) > 1:
        missing.append(
            "The study file was changed between sessions; the exclusion rules are those of the "
            "latest session."
        )
    if len(kinds := sorted({head.kind for head in heads})) > 1:
        missing.append(
            f"The dataset mixes data of different origin ({', '.join(kinds)}): take them apart "
            f"before anything is concluded."
        )
    stated = latest.study.get("exclusion")
    if stated is None:
        missing.append("The study file states no exclusion rules, so that none were applied.")
        return None, missing
    try:
        return Exclusion.model_validate(stated), missing
    except ValidationError:
        raise UserError(
            f"the exclusion rules in the journal of sub-{latest.participant} can't be read: "
            f"update trustpain"
        ) from None


def _judge_all(
    dataset: Path, visits: Iterable[Visit], rules: Exclusion | None, progress: Progress
) -> Iterable[Person]:
    groups = [list(own) for _, own in groupby(visits, key=lambda visit: visit.participant)]
    for own in progress.track(groups, description="Reading"):
        yield judge(dataset, own, rules)


def _compare(
    cells: Mapping[str, pd.DataFrame], trusts: tuple[str, ...], progress: Progress
) -> tuple[dict[str, TrustEffect], dict[str, PairedTest], list[str]]:
    effects: dict[str, TrustEffect] = {}
    tests: dict[str, PairedTest] = {}
    if len(trusts) != 2:
        found = f"{len(trusts)} trust level(s)" if trusts else "no rated trial"
        return effects, tests, [f"No effect of trust: the data hold {found}, it needs two levels."]
    missing = []
    lower, higher = trusts
    for question, table in progress.track(list(cells.items()), description="Fitting"):
        if table.empty:
            missing.append(f"No ratings of {question}.")
            continue
        try:
            effects[question] = trust_effect(table, (lower, higher))
        except NoFit as error:
            missing.append(f"No mixed model of {question}: {error}.")
        try:
            tests[question] = paired_test(table, (lower, higher))
        except NoFit as error:
            missing.append(f"No paired test of {question}: {error}.")
    return effects, tests, missing
