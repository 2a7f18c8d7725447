"""Faults of people: a participant who answers otherwise, and an experimenter with a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from conditions.scenario import Experimenter
from experiment.participant.model import PainModel
from experiment.participant.simulated import SimulatedParticipant
from experiment.phases.choice import TakeChoice
from experiment.phases.rating import TakeRating
from experiment.plan.scene import CursorState
from experiment.plan.timeline import Phase
from experiment.session.experimenter import SimulatedExperimenter
from hardware.clock import Clock

THINKS_S = 5.0  # longer than a skin site must rest, over the two questions of a pause
LETTERS = {"go_on": "g", "lower": "l", "end": "q", "wait_again": "r"}


@dataclass
class Behaviour:
    """How the participant behaves at the moment."""

    answers: bool = True
    rating: float | None = None  # given to every question; None: as it's felt


class RehearsedModel(PainModel):
    """A person who may be told what to say."""

    behaviour = Behaviour()

    def feel(
        self, temperature: float, site: int, clinician: str | None, trust: str | None
    ) -> float:
        """Take one stimulus, and return what will be said of it (0 to 100)."""
        felt = super().feel(temperature, site, clinician, trust)
        return felt if self.behaviour.rating is None else self.behaviour.rating

    def unpleasantness(self, intensity: float) -> float:
        """Unpleasantness of a stimulus of this intensity (0 to 100)."""
        felt = super().unpleasantness(intensity)
        return felt if self.behaviour.rating is None else self.behaviour.rating


class RehearsedParticipant:
    """A simulated participant who doesn't answer while `behaviour` says so."""

    def __init__(self, hand: SimulatedParticipant, behaviour: Behaviour) -> None:
        self._hand, self._behaviour = hand, behaviour

    def begins(
        self,
        phase: Phase,
        row: dict[str, Any],
        cursor: Callable[[float], CursorState | None],
    ) -> None:
        """Something appeared on the screen."""
        asked = isinstance(phase.action, TakeRating | TakeChoice)
        if self._behaviour.answers or not asked:
            self._hand.begins(phase, row, cursor)

    def felt(self, highest: float, plateau_s: float, skin_site: int) -> None:
        """Heat was delivered."""
        self._hand.felt(highest, plateau_s, skin_site)


class ScriptedExperimenter(SimulatedExperimenter):
    """Answers as the scenario says, and remembers in `told` what it was told."""

    def __init__(self, clock: Clock, script: Experimenter, console: Console | None) -> None:
        super().__init__(clock, console, self._decide, THINKS_S)
        self._script = script
        self.told: list[str] = []

    def tell(self, message: str) -> None:
        """A plain message."""
        self.told.append(message)
        super().tell(message)

    def warn(self, message: str) -> None:
        """Something that needs attention."""
        self.told.append(message)
        super().warn(message)

    def _decide(self, question: str, options: Mapping[str, str]) -> str:
        if "No pulses came" in question:
            return LETTERS[self._script.when_no_pulses]
        if "Paused" in question and self._script.when_paused is not None:
            return LETTERS[self._script.when_paused]
        return next(iter(options))
