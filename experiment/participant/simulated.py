"""The simulated participant's hand: looks at the screen, presses keys, in real or virtual time.

It uses nothing but what a person has: the scene, the cursor, the heat and the keys.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from experiment.participant.faces import FaceModel
from experiment.participant.model import PainModel, on_glms
from experiment.phases.choice import TakeChoice
from experiment.phases.rating import TakeRating
from experiment.plan.scene import CursorState
from experiment.plan.timeline import Phase
from hardware.clock import Clock
from hardware.devices import Response

GLANCE_S = 1 / 30  # how often the cursor is looked at while a key is held
IMPRESSION = 12.0  # points: of a trust level on a face rating, and their SD; ours
LAST_MOMENT_S = 0.15  # doesn't begin to press so shortly before the end


class SimulatedParticipant:
    """Rates what `PainModel` feels, with keys held and released as a hand would.

    With `faces` portraits are judged by that model, without by one rough impression of all.
    `emit` hands over a response as a response device does. `felt` and `begins` are called by the
    session (`experiment.running.stage.Participant`).
    """

    def __init__(
        self,
        clock: Clock,
        model: PainModel,
        emit: Callable[[Response], None],
        faces: FaceModel | None = None,
    ) -> None:
        self._clock, self._model, self._emit, self._faces = clock, model, emit, faces
        self._intensity = 0.0
        self._row: dict[str, Any] = {}

    def felt(self, highest: float, plateau_s: float, skin_site: int) -> None:
        """Heat was delivered: feel it, with the clinician of the moment.

        What was aborted (a plateau of 0 s) is over before it hurts.
        """
        if plateau_s <= 0:
            return
        self._intensity = self._model.feel(
            highest, skin_site, self._row.get("clinician"), self._row.get("trust")
        )

    def begins(
        self,
        phase: Phase,
        row: dict[str, Any],
        cursor: Callable[[float], CursorState | None],
    ) -> None:
        """Something appeared on the screen: answer if it's a question."""
        if row is not self._row:
            self._row, self._intensity = row, 0.0
        if isinstance(phase.action, TakeRating):
            self._rate(phase, phase.action, cursor)
        elif isinstance(phase.action, TakeChoice):
            role = phase.action.roles[0 if self._intensity > 5 else -1]
            if phase.trial_type == "questionnaire":
                role = str(self._model.rng.choice(phase.action.roles))
            at = self._clock.now() + self._reaction()
            if phase.duration is None or at < self._clock.now() + phase.duration - LAST_MOMENT_S:
                self._clock.call_at(at, lambda: self._tap(role))

    def _rate(
        self, phase: Phase, action: TakeRating, cursor: Callable[[float], CursorState | None]
    ) -> None:
        model, p = self._model, self._model.parameters
        value = self._intensity
        if action.question == "unpleasantness":
            value = model.unpleasantness(value)
        elif action.question != "intensity":
            value = self._impression(action.question)
        goal = on_glms(value) if action.scale == "glms" else value
        answers = model.rng.random() >= p.missing_rate
        confirms = model.rng.random() >= p.unconfirmed_rate
        if phase.duration is None:  # without an answer the session would wait for ever
            answers = confirms = True
        begin = self._clock.now() + self._reaction()
        end = math.inf if phase.duration is None else self._clock.now() + phase.duration
        if answers and begin < end - LAST_MOMENT_S:
            approach = _Approach(self, goal, confirms, end, cursor)
            self._clock.call_at(begin, approach.begin)

    def _impression(self, question: str) -> float:
        """What is thought of a clinician without any heat: more of a trustworthy one."""
        if self._faces is not None:
            return self._faces.judge(question, self._row["clinician"], self._row["trust"])
        middle = 50.0 - IMPRESSION if self._row.get("trust") == "low" else 50.0 + IMPRESSION
        return min(max(float(self._model.rng.normal(middle, IMPRESSION)), 0.0), 100.0)

    def _reaction(self) -> float:
        p = self._model.parameters
        return p.reaction_s * math.exp(float(self._model.rng.normal(0.0, p.reaction_sd_log)))

    def _tap(self, role: str) -> None:
        self._press(role, True)
        self._clock.call_at(self._clock.now() + 0.08, lambda: self._press(role, False))

    def _press(self, role: str, pressed: bool) -> None:
        self._emit(Response(self._clock.now(), role, pressed, name="simulated"))


class _Approach:
    """One movement of the cursor towards a goal: hold, look, release, confirm."""

    def __init__(
        self,
        hand: SimulatedParticipant,
        goal: float,
        confirms: bool,
        end: float,
        cursor: Callable[[float], CursorState | None],
    ) -> None:
        self._hand, self._goal, self._confirms = hand, goal, confirms
        self._end, self._cursor = end, cursor
        self._side = ""

    def begin(self) -> None:
        """Press towards the goal."""
        self._side = "right" if self._goal > self._position() else "left"
        self._hand._press(self._side, True)
        self._book(GLANCE_S)

    def _position(self) -> float:
        state = self._cursor(self._hand._clock.now())
        return state.position if state is not None else self._goal

    def _book(self, after_s: float) -> None:
        self._hand._clock.call_at(self._hand._clock.now() + after_s, self._look)

    def _look(self) -> None:
        left = self._goal - self._position()
        arrived = left <= 0 if self._side == "right" else left >= 0
        edge = self._goal <= 0.0 or self._goal >= 100.0
        if (arrived and not edge) or (edge and abs(left) < 0.05):
            return self._release()
        if self._hand._clock.now() + GLANCE_S >= self._end:
            return self._hand._press(self._side, False)
        self._book(GLANCE_S)

    def _release(self) -> None:
        clock = self._hand._clock
        self._hand._press(self._side, False)
        confirm_at = clock.now() + self._hand._model.parameters.dwell_s
        if self._confirms and confirm_at < self._end - LAST_MOMENT_S:
            clock.call_at(confirm_at, lambda: self._hand._tap("confirm"))
