"""What a visit has beside the study: its questionnaires, its check list, how it calibrates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conditions.exclusion_list import ExclusionList
from conditions.questionnaire import Questionnaire

if TYPE_CHECKING:
    from experiment.calibration.procedure import MethodName


@dataclass(frozen=True)
class VisitFiles:
    """The files of a visit, read. `method` is the calibration's."""

    questionnaires: tuple[Questionnaire, ...]
    exclusion: ExclusionList
    method: MethodName = "adaptive"

    def times(self) -> set[str]:
        """When there are questionnaires to ask: 'before' the runs, 'after' them."""
        return {time for questionnaire in self.questionnaires for time in times_of(questionnaire)}

    def asked(self, when: str) -> list[Questionnaire]:
        """Those that are asked at this time, in order."""
        return [each for each in self.questionnaires if when in times_of(each)]


def times_of(questionnaire: Questionnaire) -> tuple[str, ...]:
    """When a questionnaire is asked: before the runs, after them, or both."""
    return ("before", "after") if questionnaire.when == "both" else (questionnaire.when,)


def instrument_of(questionnaire: Questionnaire, when: str) -> str:
    """The name under which its answers are stored; asked twice, it has two."""
    return f"{questionnaire.name}_{when}" if questionnaire.when == "both" else questionnaire.name
