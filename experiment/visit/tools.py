"""What the steps of a visit work with: questions, lines, screens, the journal, the session's runs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conditions.questionnaire import words
from experiment.journal import events, read_journals
from experiment.plan.scene import Text
from experiment.plan.timeline import Segment
from experiment.recovery.past import past_of
from experiment.session.course import NO_DETAILS, Course, Ending
from experiment.summary.deviations import PART_OF_STEP
from experiment.visit.device_lines import device_lines
from experiment.visit.files import VisitFiles
from experiment.visit.forearm import forearm
from experiment.visit.people import VisitExperimenter
from experiment.visit.results import DONE, EndVisit, StepResult
from experiment.visit.steps import Progress

if TYPE_CHECKING:
    from experiment.calibration.procedure import Calibrated


@dataclass
class VisitTools(Course):
    """A session's course with what a visit's steps need beside the runs; see `VisitCourse`."""

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
        self.people.devices = lambda: device_lines(self.runner, self._pulses)

    @property
    def people(self) -> VisitExperimenter:
        """The experimenter, who in a visit can type too."""
        return self.experimenter  # type: ignore[return-value]

    @property
    def language(self) -> str:
        """What the participant reads."""
        return self.prepared.texts.language

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
        self._note("adverse event", self.line("What is seen?", "redness", not_empty))
        return False

    def _begin(self, segment: Segment, title: str, screen: str) -> bool:
        """Before each run: the skin first, then the thermode onto its site."""
        if not self.look_at_skin(
            segment.skin_site, f"{title}: look at the skin, site {segment.skin_site} above all."
        ):
            return False
        return super()._begin(segment, title, screen)

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


def not_empty(text: str) -> str:
    """Why a line that must say something can't be taken, or ''."""
    return "" if text else "say it in a few words"
