"""The manipulation check: whether faces meant to look more trustworthy were rated so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from experiment.report.inclusion import Person
from experiment.report.inference import NoFit
from experiment.report.model import TrustEffect, trust_effect
from experiment.report.paired import PairedTest, paired_test
from experiment.report.tables import read_number, read_table

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("when", "clinician", "trust", "question", "rating")
PATTERN = "beh/*_task-faces_beh.tsv"


@dataclass(frozen=True)
class FaceEffect:
    """Higher minus lower trust on one item, before or after the runs; None where it can't be told.

    The mixed model is that of the pain ratings, on one rating for each participant and clinician.
    """

    question: str
    when: str
    n: int  # participants
    mixed: TrustEffect | None
    paired: PairedTest | None
    why_not: str


def face_ratings(dataset: Path, people: Sequence[Person]) -> tuple[pd.DataFrame, list[str]]:
    """All ratings of faces by these participants, and a sentence for each file that's damaged.

    Columns: participant, when, clinician, trust, question, rating.
    """
    import pandas as pd

    rows, problems = [], []
    for person in people:
        for visit in person.visits:
            for path in sorted(visit.folder(dataset).glob(PATTERN)):
                try:
                    own = [
                        {
                            "participant": person.participant,
                            **{name: line[name] for name in NEEDED[:4]},
                            "rating": read_number(line, "rating", path, 0.0, 100.0),
                        }
                        for line in read_table(path, NEEDED)
                    ]
                except ValueError as error:
                    problems.append(f"Face ratings of {person.participant} left out: {error}.")
                else:
                    rows += own
    frame = pd.DataFrame(rows, columns=["participant", *NEEDED])
    return frame.astype({"rating": "float64"}).dropna(subset=["rating"]), problems


def face_effects(ratings: pd.DataFrame, trusts: tuple[str, str]) -> list[FaceEffect]:
    """The effect of the trust level (`trusts`: lower, higher) on every item, before and after."""
    effects = []
    for (question, when), own in ratings.groupby(["question", "when"], sort=False):
        keys = ["participant", "clinician", "trust"]
        cells = own.groupby(keys)["rating"].agg(mean="mean", n="size").reset_index().assign(level=0)
        effects.append(_effect(str(question), str(when), cells, trusts))
    # Items in the order asked, each before and after.
    order = list(dict.fromkeys(effect.question for effect in effects))
    whens = ("before", "after")
    return sorted(
        effects,
        key=lambda e: (order.index(e.question), whens.index(e.when) if e.when in whens else 2),
    )


def _effect(question: str, when: str, cells: pd.DataFrame, trusts: tuple[str, str]) -> FaceEffect:
    higher_first = (trusts[1], trusts[0])
    mixed, paired, reasons = None, None, []
    try:
        mixed = trust_effect(cells, higher_first)
    except NoFit as error:
        reasons.append(str(error))
    try:
        paired = paired_test(cells, higher_first)
    except NoFit as error:
        reasons.append(str(error))
    n = cells["participant"].nunique()
    return FaceEffect(question, when, n, mixed, paired, "; ".join(reasons))
