"""A question with a few options, answered with one key each."""

from __future__ import annotations

from dataclasses import dataclass

from experiment.journal import events
from experiment.phases.on_screen import OnScreen
from experiment.plan.scene import CursorState
from experiment.plan.timeline import Phase
from experiment.running.stage import Stage
from hardware.devices import Response


@dataclass(frozen=True)
class TakeChoice:
    """One of a few options; `roles` are the responses that choose them, in the same order."""

    key: str
    options: tuple[str, ...]
    roles: tuple[str, ...]

    needs_preparing = False

    def performer(self, phase: Phase, stage: Stage) -> ChoicePerformer:
        """Make the object that takes this choice."""
        return ChoicePerformer(phase, stage, self)


class ChoicePerformer(OnScreen):
    """Takes the first answer and logs it; what is pressed later doesn't change it."""

    def __init__(self, phase: Phase, stage: Stage, action: TakeChoice) -> None:
        self._phase, self._stage, self._action = phase, stage, action
        self._onset = float("inf")
        self._chosen: int | None = None
        self._answered_at = 0.0

    def on_flip(self, flip: float, planned: float) -> None:
        """The question has appeared."""
        self._onset = flip

    def cursor(self, now: float) -> CursorState | None:
        """No cursor."""
        return None

    def on_response(self, response: Response) -> None:
        """Take the first answer."""
        if self._chosen is not None or not response.pressed or response.time < self._onset:
            return
        roles, chosen = self._action.roles, None
        if response.role in roles:
            chosen = roles.index(response.role)
        elif response.role == "click" and response.x is not None:
            chosen = min(int(response.x * len(roles)), len(roles) - 1)
        if chosen is not None:
            self._answered_at = response.time  # first, since `finish` may run on another thread
            self._chosen = chosen

    def done(self) -> bool:
        """Whether it's answered."""
        return self._chosen is not None

    def finish(self, end: float) -> None:
        """Log the answer, or that none was given."""
        chosen = self._chosen
        self._stage.write(
            events.ChoiceMade(
                t=end,
                run=self._stage.run,
                trial=self._phase.trial,
                phase=self._phase.name,
                question=self._action.key,
                options=list(self._action.options),
                chosen=None if chosen is None else self._action.options[chosen],
                response_time=None if chosen is None else self._answered_at - self._onset,
            )
        )
