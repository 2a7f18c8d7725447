"""The course of a visit: step after step, with the session's runs as one of them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from conditions.exclusion_list import ExclusionList
from conditions.questionnaire import Questionnaire, words
from experiment.errors import ExitCode
from experiment.journal import events, read_journals
from experiment.plan.scene import Text
from experiment.plan.timeline import Segment
from experiment.recovery.past import past_of
from experiment.session.course import CLOSED, COMPLETED, NO_DETAILS, Course, Ending
from experiment.summary.deviations import PART_OF_STEP
from experiment.visit.forearm import forearm
from experiment.visit.people import DeviceLine, VisitExperimenter
from experiment.visit.steps import BACK_TO, OVER, SKIN, Progress, Step, steps_of
from hardware.devices import MarkerBox, Scanner, Thermode

if TYPE_CHECKING:
    from experiment.calibration.procedure import Calibrated, MethodName

Status = Literal["done", "skipped", "failed", "interrupted"]
NOT_FINISHED = "the visit isn't finished: `trustpain visit` with the same options goes on with it"

FOR_GOOD = "end the visit for good (the participant won't go on)"
LETTERS = "abcdefghijklmnop"  # for the steps gone back to; `t` writes a note

GOES_ON = Ending("continued", ExitCode.DONE, "the visit goes on in the next journal")


@dataclass(frozen=True)
class VisitFiles:
    """What a visit has beside the study: its questionnaires, its check list, how it calibrates."""

    questionnaires: tuple[Questionnaire, ...]
    exclusion: ExclusionList
    method: MethodName = "adaptive"  # of the calibration


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


@dataclass
class VisitCourse(Course):
    """Takes a prepared session through all steps of a visit that are still to be done."""

    files: VisitFiles = field(kw_only=True)
    progress: Progress = field(kw_only=True)
    goes_on: bool = field(default=False, init=False)  # in a journal with another table
    attempt: int = field(default=0, init=False)  # of the present step
    arm: str = field(default="", init=False)
    _pulses: int = field(default=0, init=False)  # of the present segment
    handedness: str | None = field(default=None, init=False)  # None: not asked
    given: bool = field(default=False, init=False)  # a calibration, by an option

    def __post_init__(self) -> None:
        super().__post_init__()
        self._original_write = self.runner.stage.write
        self.runner.stage.write = self._write
        self.people.on_note = self._note
        self.people.devices = self._devices

    @property
    def people(self) -> VisitExperimenter:
        """The experimenter, who in a visit can type too."""
        return self.experimenter  # type: ignore[return-value]

    @property
    def language(self) -> str:
        """What the participant reads."""
        return self.prepared.texts.language

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
        when = {time for q in self.files.questionnaires for time in times_of(q)}
        return steps_of(self.prepared.pain_study, when)

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
        from experiment.visit.temperatures import left_out

        reason = self.line(f"Why is '{step.title}' skipped?", "no time", _not_empty)
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
        from experiment.visit.doing import DOING

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
                    for q in self.files.questionnaires
                    if when in times_of(q)
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

    # --- what the steps use -------------------------------------------------------------------

    def now(self) -> float:
        """The session clock."""
        return self.runner.stage.clock.now()

    def write(self, event: events.Event) -> None:
        """Journal an event."""
        self.runner.stage.write(event)

    def answered(self, instrument: str, item: str, value: float | int | str | None) -> None:
        """Journal an answer that isn't a rating."""
        self.write(
            events.Answered(
                t=self.now(), instrument=instrument, item=item, value=value, attempt=self.attempt
            )
        )

    def choose(
        self, question: str, options: Mapping[str, str], *, part_of_step: bool = True
    ) -> str:
        """Ask the experimenter; a final stop ends the visit.

        `part_of_step`: asked in every visit, so that the answer is nothing for a page to tell;
        what it may mean (a step that failed, a note) is journalled by itself.
        """
        answer = self._ask(question, options, {PART_OF_STEP: True} if part_of_step else NO_DETAILS)
        if self.runner.stop.final:
            raise EndVisit(self._stopped(f"stop was asked for ({self.runner.stop.source})"))
        return answer

    def line(self, question: str, example: str, problem: Callable[[str], str]) -> str:
        """Ask the experimenter for a line until it's a good one; a final stop ends the visit."""
        stop = self.runner.stop
        while True:
            self.people.ask_line(question, example)
            self.runner.stage.clock.wait(
                lambda: self.people.line() is not None or stop.final, math.inf
            )
            typed = self.people.line()
            if stop.final or typed is None:
                raise EndVisit(self._stopped(f"stop was asked for ({stop.source})"))
            if not (said := problem(typed.strip())):
                return typed.strip()
            self.experimenter.warn(said)

    def outside(self, segment: Segment) -> tuple[StepResult, list[events.Event]]:
        """Show phases outside the runs; how that ended, and what was journalled meanwhile."""
        self.runner.display.prepare(list(dict.fromkeys(p.scene for p in segment.phases)))
        with self._overheard() as heard:
            outcome = self.runner.outside_runs(segment)
        if outcome.status == "completed":
            return DONE, heard
        return StepResult("interrupted", outcome.reason), heard

    def show_words(self, found: Mapping[str, str], title: Mapping[str, str] | None = None) -> None:
        """Put a text of a file onto the participant's screen."""
        head = words(title, self.language) if title else ""
        self.show_text(Text(words(found, self.language), head))

    def show_text(self, scene: Text) -> None:
        """Put a text onto the participant's screen."""
        self.runner.display.show(scene, lambda flip: None)

    def show(self, screen: str) -> None:
        """Put one of the program's own screens onto the participant's."""
        self._show(screen)

    def runs(self) -> Ending:
        """The session's runs, as far as they are left."""
        self.refresh()
        return Course.execute(self)

    def refresh(self) -> None:
        """Take in what this visit has done already: runs, trials, numbers of stimuli."""
        journals = read_journals(self.prepared.place.existing_journals())
        # Those of a calibration that was made by itself hold no runs, but a count of stimuli.
        self.prepared = replace(self.prepared, past=past_of(journals))
        past = self.prepared.past
        self._lowered_c, self._run_index, self._stimuli = (
            past.lowered_c,
            past.run_index,
            past.stimuli,
        )

    def calibrate(self) -> Calibrated:
        """A calibration on this visit's own devices; its file lies beside the journal."""
        from experiment.calibration.procedure import CalibrationCourse

        self.refresh()
        return CalibrationCourse(
            self.prepared,
            self.runner,
            self.materials,
            self.experimenter,
            self.start_scan,
            self.stop_scan,
            method=self.files.method,
        ).calibrate()

    @property
    def next_stimulus(self) -> int:
        """The number of the next stimulus, after `refresh`."""
        return self._stimuli + 1

    def look_at_skin(self, site: int | None, question: str) -> bool:
        """Have the skin looked at; False if it isn't well. Heat stays off until then."""
        self.experimenter.tell(forearm(self.prepared.pain_study.skin_sites.count, site, self.arm))
        answer = self.choose(question, {"g": "looked at, the skin is well", "a": "it is not"})
        if answer == "g":
            return True
        self._note("adverse event", self.line("What is seen?", "redness", _not_empty))
        return False

    def _begin(self, segment: Segment, title: str, screen: str) -> bool:
        """Before each run: the skin first, then the thermode onto its site."""
        if not self.look_at_skin(
            segment.skin_site, f"{title}: look at the skin, site {segment.skin_site} above all."
        ):
            return False
        return super()._begin(segment, title, screen)

    def _show_welcome(self) -> None:
        if not any(status == "done" for status in self.progress.ended.values()):
            self._show("welcome")

    def _note(self, kind: str, text: str, began: float | None = None) -> None:
        """A note's time is when its writing began: what it's about has happened by then."""
        self.write(events.Note(t=self.now() if began is None else began, kind=kind, text=text))

    def _write(self, event: events.Event) -> None:
        if isinstance(event, events.Pulse):
            self._pulses = event.number
        elif isinstance(event, events.RunStart):
            self._pulses = 0
        self._original_write(event)
        self.progress.see(event)
        self.people.saw(event)

    def _devices(self) -> list[DeviceLine]:
        """What each device does now (any thread)."""
        stage, runner = self.runner.stage, self.runner
        thermode = stage.thermode
        lines = []
        if thermode is not None:
            measured = stage.measured()
            said = ["no temperature yet" if measured is None else f"{measured:.1f} °C"]
            said.append("at baseline" if thermode.at_baseline() else "not at baseline")
            if battery := thermode.info.details.get("battery"):
                said.append(f"battery {battery} when opened")
            lines.append(_line("thermode", thermode, said))
        if runner.scanner is not None:
            lines.append(_line("scanner", runner.scanner, [f"{self._pulses} pulses in this run"]))
        if runner.markers is not None:
            lines.append(_line("markers", runner.markers, []))
        return lines

    @contextlib.contextmanager
    def _overheard(self) -> Iterator[list[events.Event]]:
        stage, before = self.runner.stage, self.runner.stage.write
        heard: list[events.Event] = []

        def write(event: events.Event) -> None:
            heard.append(event)
            before(event)

        stage.write = write
        try:
            yield heard
        finally:
            stage.write = before


def times_of(questionnaire: Questionnaire) -> tuple[str, ...]:
    """When a questionnaire is asked: before the runs, after them, or both."""
    return ("before", "after") if questionnaire.when == "both" else (questionnaire.when,)


def instrument_of(questionnaire: Questionnaire, when: str) -> str:
    """The name under which its answers are stored; asked twice, it has two."""
    return f"{questionnaire.name}_{when}" if questionnaire.when == "both" else questionnaire.name


def _line(role: str, device: Thermode | Scanner | MarkerBox, said: Sequence[str]) -> DeviceLine:
    if reason := device.failure():
        return DeviceLine(role, f"FAILED: {reason}", failed=True)
    info = device.info
    opened = f"{info.kind} on {info.port}{', emulated' if info.emulated else ''}"
    return DeviceLine(role, " · ".join([*said, opened]))


def _not_empty(text: str) -> str:
    return "" if text else "say it in a few words"


Doing = Callable[[VisitCourse], StepResult]
