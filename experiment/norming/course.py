"""The course of a norming session: blocks that the rater begins alone, with a break before each."""

from __future__ import annotations

from conditions.norming import NormingStudy
from experiment.plan.scene import Text
from experiment.plan.timeline import Segment
from experiment.running.outcome import SegmentOutcome
from experiment.session.course import Course
from experiment.visit.screens import page_to_turn
from stimuli.texts import Page, Texts

# The program's own screens for somebody with a thermode on the arm, and what stands for them here.
WITHOUT_HEAT = {
    name: f"{name.removeprefix('calm_')}_without_heat" for name in ("calm_pause", "stopped", "end")
}


def block_page(texts: Texts, study: NormingStudy, question: str, number: int) -> Page:
    """What the rater reads before a block: which part it is, and what is asked in it."""
    title = texts.text("norming.part", number=str(number), parts=str(study.runs))
    return Page(
        title=title, text=f"{texts.text('norming.block')}\n\n{texts.text(f'questions.{question}')}"
    )


def block_scene(texts: Texts, study: NormingStudy, question: str, number: int) -> Text:
    """That page as it stands on the screen."""
    return _scene(_turned(texts, block_page(texts, study, question, number)))


def instruction_scenes(texts: Texts) -> list[Text]:
    """The pages before the first block."""
    return [_scene(_turned(texts, found)) for found in texts.norming.instructions]


class NormingCourse(Course):
    """Takes a rater through the blocks: the experimenter starts the first, the rater all others."""

    def _begin(self, segment: Segment, title: str, screen: str) -> bool:
        """The first time a word of the experimenter, then the rater reads on at their own pace."""
        study, texts = self.prepared.study.model, self.prepared.texts
        assert isinstance(study, NormingStudy)
        pages = []
        if screen == "about_to_start":
            self._show(screen)
            answer = self._ask(
                f"{title}: is the rater ready? They go through the {study.runs} parts alone.",
                {"g": "begin", "q": "end the session"},
            )
            if answer != "g":
                return False
            pages = [*texts.norming.instructions]
        question = next(iter(segment.rows.values()))["question"]
        pages.append(block_page(texts, study, question, segment.design_run))
        return all(self._read(_turned(texts, page)) for page in pages)

    def _read(self, page: Segment) -> bool:
        """Have a page read; False if the session is to end there."""
        self.runner.display.prepare([phase.scene for phase in page.phases])
        while True:
            outcome = self.runner.outside_runs(page)
            if outcome.status == "completed":
                return True
            if self._interrupted(outcome) is not None:
                return False

    def _ways_on(self, outcome: SegmentOutcome) -> dict[str, str]:
        return {"g": "go on where it stopped", "q": "end the session"}

    def _show(self, screen: str) -> None:
        super()._show(WITHOUT_HEAT.get(screen, screen))


def _scene(page: Segment) -> Text:
    scene = page.phases[0].scene
    assert isinstance(scene, Text)
    return scene


def _turned(texts: Texts, page: Page) -> Segment:
    return page_to_turn(page, "norming_page", texts.hints.go_on)
