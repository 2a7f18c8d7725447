"""The steps of a visit, as data, and which of them are still to be done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conditions.study import Study
from experiment.journal import Journal, events

OVER = ("done", "skipped")
SKIN = "skin"
BACK_TO = "back_to"  # in a decision's details: the step that is to be gone through again


@dataclass(frozen=True)
class Step:
    """One step. `hint` tells the experimenter what to do; `needs`, which steps must be done first.

    What can't be skipped can be repeated, or the visit ends there. A step that needs another one
    is never begun, skipped or not, while that one hasn't been done. `before_runs`: it makes no
    sense any more once a run has begun.
    """

    name: str
    title: str
    hint: str
    skippable: bool = True
    needs: tuple[str, ...] = ()
    before_runs: bool = False


BEFORE_HEAT = ("devices", "exclusion", "consent")

STEPS = (
    Step(
        "setup",
        "Set-up",
        "The forearm, its skin sites, handedness.",
        before_runs=True,
    ),
    Step(
        "devices",
        "Device check",
        "Thermode off the skin. Look at what each device says; try the stop key.",
        skippable=False,
    ),
    Step("exclusion", "Exclusion check list", "Ask every question aloud.", skippable=False),
    Step("consent", "Consent", "Only a signed form counts.", skippable=False),
    Step(
        "questionnaires_before",
        "Questionnaires",
        "Let the participant answer in peace.",
        before_runs=True,
    ),
    Step("instructions", "Instructions", "The participant turns the pages; answer questions."),
    Step("faces_before", "Face ratings", "Every clinician, without heat.", before_runs=True),
    Step(
        "practice",
        "Practice",
        "Warm, harmless stimuli, until the scales are used in time.",
        needs=BEFORE_HEAT,
        before_runs=True,
    ),
    Step(
        "calibration",
        "Calibration",
        "Finds the temperatures for this participant.",
        needs=BEFORE_HEAT,
        before_runs=True,
    ),
    Step("runs", "The runs", "Skin is looked at before each.", needs=BEFORE_HEAT),
    Step(SKIN, "Skin check", "Take the thermode off; look at every site.", skippable=False),
    Step("faces_after", "Face ratings", "Every clinician, without heat."),
    Step("open_questions", "Open questions", "Ask aloud, and type the answers."),
    Step("questionnaires_after", "Questionnaires", "Let the participant answer in peace."),
    Step("debrief", "Debrief", "Let them read, and answer every question.", skippable=False),
)

HEAT = tuple(step.name for step in STEPS if step.needs)


def steps_of(study: Study, questionnaires: Iterable[str]) -> tuple[Step, ...]:
    """The steps that this study has. `questionnaires`: when some are given, before or after."""
    when, asked = study.face_ratings.when, set(questionnaires)
    left_out = set()
    if when == "after":
        left_out.add("faces_before")
    if when == "before":
        left_out.add("faces_after")
    left_out |= {f"questionnaires_{time}" for time in ("before", "after") if time not in asked}
    return tuple(step for step in STEPS if step.name not in left_out)


@dataclass
class Progress:
    """How often each step was begun, and how it ended last."""

    attempts: dict[str, int]
    ended: dict[str, str]

    @classmethod
    def of(cls, journals: Sequence[Journal]) -> Progress:
        """Read the journals of one session, oldest first."""
        progress = cls({}, {})
        for journal in journals:
            for event in journal.events:
                progress.see(event)
        return progress

    def see(self, event: events.Event) -> None:
        """Take notice of an event."""
        if isinstance(event, events.StepStart):
            self.attempts[event.step] = event.attempt
            self.ended.pop(event.step, None)
            if event.step in HEAT:  # whatever was looked at before it
                self.ended.pop(SKIN, None)
        elif isinstance(event, events.StepEnd):
            self.ended[event.step] = event.status
        elif isinstance(event, events.Decision) and (step := event.details.get(BACK_TO)):
            self.ended.pop(str(step), None)

    def left(self, steps: Sequence[Step]) -> list[Step]:
        """The steps that are still to be gone through, in order."""
        return [step for step in steps if self.ended.get(step.name) not in OVER]

    def back(self, step: Step, steps: Sequence[Step], *, runs_begun: bool) -> list[Step]:
        """The earlier steps that can be gone back to, done or skipped, in order."""
        earlier = [s for s in steps[: list(steps).index(step)] if s.name in self.ended]
        return [
            s
            for s in earlier
            if not (runs_begun and s.before_runs)
            and not (s.name == "runs" and self.ended["runs"] == "done")  # `resume --repeat-run`
        ]

    def missing(self, step: Step, steps: Sequence[Step]) -> list[Step]:
        """What this step needs and hasn't been done."""
        return [s for s in steps if s.name in step.needs and self.ended.get(s.name) != "done"]
