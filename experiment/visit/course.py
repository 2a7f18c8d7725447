"""The course of a visit: step after step, with the session's runs as one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from experiment.errors import ExitCode
from experiment.journal import events
from experiment.session.course import CLOSED, COMPLETED, Ending
from experiment.visit.doing import DOING
from experiment.visit.files import instrument_of
from experiment.visit.results import EndVisit, StepResult
from experiment.visit.steps import BACK_TO, OVER, SKIN, Step, steps_of
from experiment.visit.temperatures import left_out
from experiment.visit.tools import VisitTools, not_empty

NOT_FINISHED = "the visit isn't finished: `trustpain visit` with the same options goes on with it"

FOR_GOOD = "end the visit for good (the participant won't go on)"
LETTERS = "abcdefghijklmnop"  # for the steps gone back to; `t` writes a note

GOES_ON = Ending("continued", ExitCode.DONE, "the visit goes on in the next journal")


class VisitCourse(VisitTools):
    """Takes a prepared session through all steps of a visit that are still to be done."""

    def execute(self) -> Ending:
        """Every step that is left, in order. Returns how the visit ended."""
        steps = self._steps()
        try:
            while left := self.progress.left(steps):
                self._go_through(left[0], steps)
        except EndVisit as end:
            return end.ending
        finally:
            self.people.devices = tuple  # they're closed now
        self.people.step(None, len(steps), len(steps))
        return COMPLETED

    def _steps(self) -> tuple[Step, ...]:
        return steps_of(self.prepared.pain_study, self.files.times())

    # --- one step -----------------------------------------------------------------------------

    def _go_through(self, step: Step, steps: Sequence[Step]) -> None:
        """Offer a step, do it, and write down how it ended."""
        self.people.step(step, 1 + list(steps).index(step), len(steps))
        self._show_welcome()
        if missing := self.progress.missing(step, steps):
            names = " and ".join(f"'{s.title}'" for s in missing)
            self.runner.stage.warn(f"'{step.title}' needs {names} first.")
            self._end_step(step, StepResult("failed", f"{names} not done"), begin=True)
            raise EndVisit(self._stopped(NOT_FINISHED))
        answer = self._offer(step, steps)
        if answer == "q":
            raise EndVisit(self._stopped(NOT_FINISHED))
        if answer == "c":
            self._close(steps)
        if answer in "rb":
            self._go_back(step, steps, directly=answer == "r")
            return
        if answer == "k":
            self._skip(step)
            return
        self._begin_step(step)
        result = self._do(step)
        self._end_step(step, result)
        if self.goes_on:
            raise EndVisit(GOES_ON)
        if result.status == "failed":
            self.runner.stage.warn(f"'{step.title}': {result.reason}.")
        if result.status not in OVER:
            self._after_trouble(step, result)

    def _offer(self, step: Step, steps: Sequence[Step]) -> str:
        options = {"g": "begin"}
        if step.skippable:
            options["k"] = "skip it, with a reason"
        earlier = self._earlier(step, steps)
        if earlier and earlier[-1] == steps[list(steps).index(step) - 1]:
            options["r"] = f"back to '{earlier[-1].title}', which was {self._how(earlier[-1])}"
        if len(earlier) > 1:
            options["b"] = "back to another step"
        options["q"] = "end the visit here (it can go on later)"
        options["c"] = FOR_GOOD
        return self._ask(f"{step.title}. {step.hint}", options)

    def _earlier(self, step: Step, steps: Sequence[Step]) -> list[Step]:
        self.refresh()
        return self.progress.back(step, steps, runs_begun=bool(self.prepared.past.runs))

    def _how(self, step: Step) -> str:
        return self.progress.ended[step.name]

    def _go_back(self, step: Step, steps: Sequence[Step], *, directly: bool) -> None:
        """An earlier step is to be gone through again; those after it stay as they are."""
        earlier = self._earlier(step, steps)
        chosen: Step | None = earlier[-1]
        if not directly:
            offered = dict(zip(LETTERS, earlier, strict=False))
            shown = {letter: f"{s.title} ({self._how(s)})" for letter, s in offered.items()}
            answer = self.choose("Back to which step?", shown | {"x": "none of them"})
            chosen = offered.get(answer)
        if chosen is not None:
            # In the journal: a visit that is cut off now goes on there too.
            self._decided("Which step is gone back to?", "yes", {BACK_TO: chosen.name})

    def _skip(self, step: Step) -> None:
        reason = self.line(f"Why is '{step.title}' skipped?", "no time", not_empty)
        self._begin_step(step)
        skipped = StepResult("skipped", reason)
        self._end_step(step, left_out(self, reason) if step.name == "calibration" else skipped)
        if self.goes_on:
            raise EndVisit(GOES_ON)

    def _close(self, steps: Sequence[Step]) -> None:
        """The visit ends for good; the skin is looked at first, if it has had any heat."""
        self.refresh()
        skin = next(step for step in steps if step.name == SKIN)
        if self.prepared.past.stimuli and self.progress.ended.get(SKIN) != "done":
            self._begin_step(skin)
            self._end_step(skin, self._do(skin))
        raise EndVisit(replace(self._stopped(CLOSED), closed=True))

    def _after_trouble(self, step: Step, result: StepResult) -> None:
        """A step failed or was interrupted: again, skip it where that's allowed, or end here."""
        if self.runner.stop.final:
            raise EndVisit(self._stopped(f"stop was asked for ({self.runner.stop.source})"))
        if failed := self._calm_pause():
            raise EndVisit(Ending("failed", ExitCode.DEVICE, failed))
        options = {"q": "end the visit here", "g": "do this step again"}
        if result.status == "interrupted":
            options = dict(reversed(options.items()))
        if step.skippable:
            options["k"] = "skip the rest of this step, with a reason"
        options["c"] = FOR_GOOD
        answer = self._ask(f"'{step.title}' isn't done: {result.reason}.", options)
        if answer == "q":
            raise EndVisit(self._stopped(result.reason))
        if answer == "c":
            self._close(self._steps())
        if answer == "k":
            self._skip(step)

    def _do(self, step: Step) -> StepResult:
        try:
            return DOING[step.name](self)
        except EndVisit as end:
            self._end_step(step, StepResult("interrupted", end.ending.message))
            raise

    def _begin_step(self, step: Step) -> None:
        self.attempt = self.progress.attempts.get(step.name, 0) + 1
        self.write(
            events.StepStart(
                t=self.now(), step=step.name, attempt=self.attempt, details=self._details(step)
            )
        )

    def _details(self, step: Step) -> dict[str, Any]:
        """What the answers of a step must be read with: the journal stands for itself."""
        if step.name.startswith("questionnaires_"):
            when = step.name.removeprefix("questionnaires_")
            return {
                "questionnaires": [
                    {"instrument": instrument_of(q, when), "file": q.model_dump(mode="json")}
                    for q in self.files.asked(when)
                ]
            }
        if step.name == "exclusion":
            return {"check_list": self.files.exclusion.model_dump(mode="json")}
        if step.name == "open_questions":
            return {"open_questions": dict(self.prepared.texts.after)}
        return {}

    def _end_step(self, step: Step, result: StepResult, *, begin: bool = False) -> None:
        if begin:
            self._begin_step(step)
        self.write(
            events.StepEnd(
                t=self.now(),
                step=step.name,
                attempt=self.attempt,
                status=result.status,
                reason=result.reason,
            )
        )

    def _show_welcome(self) -> None:
        if not any(status == "done" for status in self.progress.ended.values()):
            self._show("welcome")
