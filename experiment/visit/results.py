"""How a step of a visit ended, and what ends the visit itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from experiment.session.course import Ending

Status = Literal["done", "skipped", "failed", "interrupted"]


@dataclass(frozen=True)
class StepResult:
    """How a step ended; a reason for all but `done`."""

    status: Status
    reason: str = ""


DONE = StepResult("done")


class EndVisit(Exception):
    """The visit must end now (a final stop, a device that failed)."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.message)
        self.ending = ending
