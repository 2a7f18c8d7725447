"""Ratings: a cursor on a scale, for as long as the phase lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from experiment.journal import events
from experiment.phases.on_screen import OnScreen
from experiment.plan.scene import CursorState
from experiment.plan.timeline import Phase
from experiment.running.rating import Rating
from experiment.running.stage import Stage
from hardware.devices import Response


@dataclass(frozen=True)
class TakeRating:
    """A rating on a scale, the cursor starting at `start` (0 to 100).

    With `longest_s`, one that is waited for is over after so long, answered or not.
    """

    question: str
    scale: Literal["vas", "glms"]
    start: float
    longest_s: float | None = None

    needs_preparing = False

    def performer(self, phase: Phase, stage: Stage) -> RatingPerformer:
        """Make the object that takes this rating."""
        return RatingPerformer(phase, stage, self)


class RatingPerformer(OnScreen):
    """Feeds responses to a `Rating` and logs what came of it."""

    def __init__(self, phase: Phase, stage: Stage, action: TakeRating) -> None:
        self._phase, self._stage, self._action = phase, stage, action
        self._rating = Rating(action.start)
        self._onset = 0.0
        self._time_is_up = False

    def on_flip(self, flip: float, planned: float) -> None:
        """The scale has appeared: responses count from now on."""
        self._onset = flip
        self._rating.begin(flip)
        if self._action.longest_s is not None:
            self._stage.clock.call_at(flip + self._action.longest_s, self._time_up)

    def cursor(self, now: float) -> CursorState:
        """Where the cursor is."""
        return self._rating.state(now)

    def on_response(self, response: Response) -> None:
        """Move or lock the cursor."""
        self._rating.respond(response)

    def done(self) -> bool:
        """Whether the rating is confirmed, or nobody is waited for any longer."""
        return self._rating.locked or self._time_is_up

    def _time_up(self) -> None:
        self._time_is_up = True

    def finish(self, end: float) -> None:
        """Log the rating, or that none was given."""
        result = self._rating.result(end)
        self._stage.write(
            events.Rating(
                t=end,
                run=self._stage.run,
                trial=self._phase.trial,
                phase=self._phase.name,
                question=self._action.question,
                scale=self._action.scale,
                onset=self._onset,
                rating=result.rating,
                confirmed=result.confirmed,
                response_time=result.response_time,
                first_movement=result.first_movement,
                start=result.start,
                path_t=[round(time, 4) for time in result.path_times],
                path=list(result.path_positions),
            )
        )
