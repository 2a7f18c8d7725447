"""What a performer may use while its phase is going on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from experiment.journal.events import Event
from experiment.plan.scene import CursorState
from hardware.checks import PlannedHeat
from hardware.clock import Clock
from hardware.devices import Thermode


class Participant(Protocol):
    """Who sits in front of the screen. A person needs none of this; a simulated one does."""

    def begins(
        self,
        phase: Any,
        row: dict[str, Any],
        cursor: Callable[[float], CursorState | None],
    ) -> None:
        """A phase has appeared (`experiment.plan.timeline.Phase`), with its row and its cursor."""

    def felt(self, highest: float, plateau_s: float, skin_site: int) -> None:
        """A heat stimulus of so many degrees Celsius was delivered."""


class Nobody:
    """A `Participant` of flesh and blood: sees and feels without being told."""

    def begins(
        self,
        phase: Any,
        row: dict[str, Any],
        cursor: Callable[[float], CursorState | None],
    ) -> None:
        """Nothing to do."""

    def felt(self, highest: float, plateau_s: float, skin_site: int) -> None:
        """Nothing to do."""


@dataclass
class Stage:
    """The clock, the thermode and the journal, and which run is going on."""

    clock: Clock
    thermode: Thermode | None
    write: Callable[[Event], None]
    warn: Callable[[str], None]
    stopped: Callable[[], bool] = lambda: False  # whether a stop was asked for
    rested_at: Callable[[int], float] = lambda site: 0.0  # when a site may have its next heat
    # What a plan of heat would break, after all that the skin has had; none without a thermode.
    breaches: Callable[[Sequence[PlannedHeat]], list[str]] = lambda planned: []
    measured: Callable[[], float | None] = lambda: None  # hottest zone now, degrees Celsius
    run: int = 0
