"""A trial as data: a timeline of frozen phases, which the runner walks.

The runner doesn't know what a trial is. What a phase *does* besides showing its scene is its
action: data again, which makes its own performer when a segment begins (`experiment.phases`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from experiment.plan.scene import CursorState, Scene
from experiment.running.stage import Stage
from hardware.devices import Response

OUTSIDE_TRIALS = -1  # `Phase.trial` of what belongs to no trial, such as a run's last fixation
NO_SITE = 0  # `Segment.skin_site` where nothing is on the skin; sites count from 1


class Performer(Protocol):
    """Carries out one phase's action. The runner calls these in this order, on its thread."""

    @property
    def skipped(self) -> bool:
        """Whether what the phase is for won't happen, or didn't."""
        ...

    def prepare(self) -> None:
        """Begin what takes time; called when the last such phase has ended. Returns at once."""

    def expect(self, not_before: float) -> None:
        """The phase won't begin before this time; said again as more is known of the schedule."""

    def about_to_begin(self, planned: float) -> None:
        """The deadline: one or two frames before the onset, which is planned for `planned`."""

    def on_flip(self, flip: float, planned: float) -> None:
        """The phase's first frame has just appeared, which was planned for `planned`."""

    def cursor(self, now: float) -> CursorState | None:
        """The cursor to draw, or None if the scene has none."""
        ...

    def on_response(self, response: Response) -> None:
        """Somebody responded during the phase. Comes from any thread."""

    def done(self) -> bool:
        """Whether an "until response" phase may end."""
        ...

    def finish(self, end: float) -> None:
        """The phase ended at `end`: its successor is on the screen, or it was cut off."""


class Action(Protocol):
    """What a phase does besides showing its scene."""

    @property
    def needs_preparing(self) -> bool:
        """Whether `Performer.prepare` has something to do that occupies a device."""
        ...

    def performer(self, phase: Phase, stage: Stage) -> Performer:
        """Make the object that carries this out."""
        ...


@dataclass(frozen=True)
class Phase:
    """One phase of a trial. Times are seconds on the segment's schedule, from its zero.

    `duration` None means "until response": the onsets that follow are then counted as if it took
    no time, and the runner moves them by what it took.
    """

    trial: int
    name: str
    trial_type: str
    onset: float
    duration: float | None
    scene: Scene
    action: Action | None = None
    marker: int | None = None


@dataclass(frozen=True)
class Segment:
    """A stretch of a run between interruptions, complete: what the runner executes.

    `run` is the run index, which counts acquisitions; `volumes` is what to type at the console.
    """

    run: int
    design_run: int
    segment: int
    acquisition: int
    skin_site: int
    phases: tuple[Phase, ...]
    rows: dict[int, dict[str, Any]] = field(repr=False)  # trial number -> its row
    length_s: float
    volumes: int | None

    @property
    def first_trial(self) -> int:
        """The first trial that isn't the lead-in."""
        return next((p.trial for p in self.phases if p.trial > 0), 0)
