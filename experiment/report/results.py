"""What the group report found, by question: the page and the tables are made from it alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from conditions.study import Exclusion
from experiment.journal.events import Kind, SessionStart
from experiment.report.faces import FaceEffect
from experiment.report.inclusion import Person
from experiment.report.model import TrustEffect
from experiment.report.paired import PairedTest

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Results:
    """All that the report says, by question where it's about one. `missing`: what isn't there."""

    dataset: Path
    heads: tuple[SessionStart, ...]  # the latest of each participant that was looked at
    rules: Exclusion | None
    people: tuple[Person, ...]
    trials: pd.DataFrame = field(repr=False)
    trusts: tuple[str, ...]
    cells: dict[str, pd.DataFrame] = field(repr=False)
    effects: dict[str, TrustEffect] = field(repr=False)
    tests: dict[str, PairedTest]
    faces: tuple[FaceEffect, ...]
    missing: tuple[str, ...]

    @property
    def kinds(self) -> list[Kind]:
        """Whose data these are."""
        return sorted({head.kind for head in self.heads})

    @property
    def included(self) -> list[Person]:
        """The participants in the analysis."""
        return [person for person in self.people if person.included]
