"""The questionnaires of a visit: on the participant's screen, or asked aloud and typed."""

from __future__ import annotations

from conditions.questionnaire import (
    ChoiceItem,
    Item,
    NumberItem,
    Questionnaire,
    TextItem,
    words,
)
from experiment.journal import events
from experiment.visit.files import instrument_of
from experiment.visit.results import DONE, StepResult
from experiment.visit.screens import LEFT_OUT, item_on_screen
from experiment.visit.tools import VisitTools
from experiment.visit.wording import asked_on_screen

LEAVE_OUT = {"x": "left out"}


def questionnaires(visit: VisitTools, when: str) -> StepResult:
    """All that belong here, by the participant's own hand where the rig lets them choose."""
    for questionnaire in visit.files.asked(when):
        visit.show_words(questionnaire.instruction, questionnaire.title)
        visit.choose(
            f"Questionnaire '{words(questionnaire.title, 'en')}': is the participant ready?",
            {"g": "begin"},
        )
        # Without a mouse the experimenter asks aloud.
        alone = asked_on_screen(questionnaire, mouse=visit.prepared.rig.model.response.mouse)
        for item in questionnaire.item:
            result = _item(visit, questionnaire, item, instrument_of(questionnaire, when), alone)
            if result.status != "done":
                return result
    return DONE


def _item(
    visit: VisitTools, questionnaire: Questionnaire, item: Item, instrument: str, alone: bool
) -> StepResult:
    if alone and isinstance(item, ChoiceItem):
        leave_out = visit.prepared.texts.text("rather_not_say")
        result, heard = visit.outside(
            item_on_screen(questionnaire, item, visit.language, leave_out)
        )
        if result.status == "done":
            chosen = next((e.chosen for e in heard if isinstance(e, events.ChoiceMade)), None)
            value = next(
                (o.value for o in questionnaire.options_of(item) if str(o.value) == chosen), None
            )
            visit.answered(instrument, item.name, None if chosen == LEFT_OUT else value)
        return result
    if item.participants_column == "handedness" and visit.handedness is not None:
        visit.answered(instrument, item.name, visit.handedness or None)  # told in the set-up
        return DONE
    visit.show_words(item.text)
    visit.answered(instrument, item.name, _asked_aloud(visit, questionnaire, item))
    return DONE


def _asked_aloud(
    visit: VisitTools, questionnaire: Questionnaire, item: Item
) -> float | int | str | None:
    question = words(item.text, visit.language)
    if isinstance(item, ChoiceItem):
        options = {str(n): o for n, o in enumerate(questionnaire.options_of(item), start=1)}
        shown = {n: words(option.text, visit.language) for n, option in options.items()}
        answer = visit.choose(question, shown | LEAVE_OUT)
        return options[answer].value if answer in options else None
    if isinstance(item, TextItem):
        return visit.line(f"{question} (empty: left out)", "no answer", lambda line: "") or None
    middle = f"{(item.lowest + item.highest) // 2:g}"
    typed = visit.line(
        f"{question} (empty: left out)", middle, lambda line: _number_problem(line, item)
    )
    return float(typed.replace(",", ".")) if typed else None


def _number_problem(line: str, item: NumberItem) -> str:
    if not line:
        return ""
    try:
        value = float(line.replace(",", "."))
    except ValueError:
        return f"{line!r} isn't a number"
    if not item.lowest <= value <= item.highest:
        return f"{value:g} isn't between {item.lowest:g} and {item.highest:g}"
    return ""
