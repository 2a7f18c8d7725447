"""Pictures of a session's screens, one of each kind of phase, taken while it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiment.display.protocol import Display
from experiment.plan.timeline import Phase, Segment
from experiment.session.preparation import Prepared
from hardware.clock import Clock

AFTER_S = 1.2  # a portrait has come out of the background by then
AFTER_SHARE = 0.7  # ... and of a rating, the cursor has moved


class Screenshots:
    """Takes a picture of the first phase of each name, some time after it began.

    A picture takes a few frames, so this is for looking at, not for measuring.
    """

    def __init__(
        self, folder: Path, open_display: Callable[[Prepared], Display], clock: Clock
    ) -> None:
        self._folder, self._open, self._clock = folder, open_display, clock
        self._display: Any = None
        self._taken: set[str] = set()
        self._due: tuple[float, str] | None = None

    def open_display(self, prepared: Prepared) -> Display:
        """Open the display and look at its frames."""
        self._display = self._open(prepared)
        self._display.on_frame.append(self._frame)
        return self._display

    def phase_began(self, segment: Segment, phase: Phase, flip: float) -> None:
        """A phase has appeared."""
        self._due = None
        if phase.trial > 0 and phase.name not in self._taken:
            after = max(AFTER_S, AFTER_SHARE * (phase.duration or 0.0))
            self._due = (flip + after, phase.name)

    def _frame(self) -> None:
        if self._due is None or self._clock.now() < self._due[0]:
            return
        _, name = self._due
        self._due = None
        self._folder.mkdir(parents=True, exist_ok=True)
        self._display.screenshot(self._folder / f"{len(self._taken) + 1:02d}_{name}.png")
        self._taken.add(name)
