"""A laboratory's own questionnaires, looked at before anybody comes: languages, and the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conditions.questionnaire import ChoiceItem, Questionnaire, words
from experiment.errors import UserError
from experiment.plan.scene import Scene, Text
from experiment.session.preparation import Prepared
from experiment.visit.screens import item_on_screen


def check_wording(questionnaire: Questionnaire, prepared: Prepared) -> list[str]:
    """What the user should know of a questionnaire: that it's in English, say.

    Raises `UserError` if it's half translated, or doesn't fit the rig's screen.
    """
    from experiment.display.field import field_of
    from experiment.display.misfit import misfit

    language, name = prepared.texts.language, questionnaire.name
    lacking = [where for where, found in _all_words(questionnaire) if language not in found]
    every = len(list(_all_words(questionnaire)))
    if lacking and len(lacking) < every:
        raise UserError(
            f"the questionnaire {name} is in {language!r} but for {lacking[0]}"
            + (f" and {len(lacking) - 1} more" if len(lacking) > 1 else "")
            + ": add the words, or take the language out of the others"
        )
    field = field_of(prepared.rig.model.screen)
    for where, scene in scenes_of(
        questionnaire,
        language,
        prepared.texts.text("rather_not_say"),
        alone=asked_on_screen(questionnaire, mouse=prepared.rig.model.response.mouse),
    ):
        if wrong := misfit(scene, field):
            raise UserError(
                f"the questionnaire {name}: the words of {where} don't fit the rig's screen "
                f"({wrong}): shorten them"
            )
    if lacking:
        return [f"The questionnaire {name} has no words in {language!r}: it's shown in English."]
    return []


def asked_on_screen(questionnaire: Questionnaire, *, mouse: bool) -> bool:
    """Whether the participant answers alone: a button box has no keys for so many options."""
    return questionnaire.asked_by == "participant" and mouse


def scenes_of(
    questionnaire: Questionnaire, language: str, leave_out: str, *, alone: bool
) -> Iterator[tuple[str, Scene]]:
    """Everything of it that the participant sees, with what it is."""
    title = words(questionnaire.title, language)
    yield "its instruction", Text(words(questionnaire.instruction, language), title)
    for item in questionnaire.item:
        where = f"item {item.name!r}"
        if alone and isinstance(item, ChoiceItem):
            segment = item_on_screen(questionnaire, item, language, leave_out)
            yield where, segment.phases[0].scene
        else:
            yield where, Text(words(item.text, language))


def _all_words(questionnaire: Questionnaire) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "its title", questionnaire.title
    yield "its instruction", questionnaire.instruction
    for option in questionnaire.answers:
        yield f"the answer {option.value!r}", option.text
    for item in questionnaire.item:
        yield f"item {item.name!r}", item.text
        for option in item.options if isinstance(item, ChoiceItem) else ():
            yield f"item {item.name!r}, option {option.value!r}", option.text
