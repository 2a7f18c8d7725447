"""Questionnaires and check lists: what a file may say, and what comes of its answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conditions.exclusion_list import ExclusionList
from conditions.questionnaire import ChoiceItem, Questionnaire, words
from experiment.errors import UserError
from experiment.inputs.files import (
    EXCLUSION,
    QUESTIONNAIRES,
    TEXTS,
    load_exclusion_list,
    load_questionnaire,
    shipped_names,
)
from experiment.session.preparation import Prepared, Request, prepare
from experiment.visit.wording import check_wording

LANGUAGES = shipped_names(TEXTS)
ANXIETY = ("nervous", "at_ease", "expecting_bad", "breathing_calmly", "body_tight", "confident")


@pytest.mark.parametrize("name", shipped_names(QUESTIONNAIRES))
def test_shipped_ones_speak_every_shipped_language(name: str) -> None:
    found = load_questionnaire(name).model
    texts = [found.title, found.instruction, *(item.text for item in found.item)]
    for item in found.item:
        if isinstance(item, ChoiceItem):
            texts += [option.text for option in found.options_of(item)]
    assert all(set(text) == set(LANGUAGES) for text in texts)
    assert found.source
    assert found.licence


@pytest.mark.parametrize("name", shipped_names(EXCLUSION))
def test_shipped_check_lists_speak_every_shipped_language(name: str) -> None:
    found = load_exclusion_list(name).model
    assert all(set(check.text) == set(LANGUAGES) for check in found.check)


def test_a_language_that_is_missing_is_shown_in_english() -> None:
    assert words({"en": "skin", "de": "Haut"}, "de") == "Haut"
    assert words({"en": "skin", "de": "Haut"}, "fr") == "skin"


def anxiety() -> Questionnaire:
    return load_questionnaire("state_anxiety").model


@pytest.mark.parametrize(
    ("answers", "score"),
    [
        (dict.fromkeys(ANXIETY, 4), 2.5),  # three of the six are reversed
        (dict(zip(ANXIETY, (4, 1, 4, 1, 4, 1), strict=True)), 4.0),
        (dict(zip(ANXIETY, (1, 4, 1, 4, 1, 4), strict=True)), 1.0),
        (dict(zip(ANXIETY, (None, 4, 1, 4, 1, 4), strict=True)), 1.0),  # one may be missing
        (dict(zip(ANXIETY, (None, None, 1, 4, 1, 4), strict=True)), None),
        ({}, None),
    ],
)
def test_scores(answers: dict[str, int | None], score: float | None) -> None:
    assert anxiety().scores(answers) == {"state_anxiety_mean": score}


def test_a_sum_makes_up_for_what_is_missing() -> None:
    data = anxiety().model_dump()
    data["score"][0]["method"] = "sum"
    found = Questionnaire.model_validate(data)
    answers: dict[str, float | None] = dict.fromkeys(ANXIETY[1:], None)
    assert found.scores(answers)["state_anxiety_mean"] is None
    answers = {name: 4 if name in ("body_tight", "expecting_bad") else 1 for name in ANXIETY[1:]}
    assert found.scores(answers)["state_anxiety_mean"] == 24


SHIPPED = (QUESTIONNAIRES / "state_anxiety.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "at_ease"', 'name = "nervous"', "must be unique"),
        ('kind = "choice"\nname = "nervous"', 'kind = "text"\nname = "nervous"', "can't answer"),
        ('en = "My nerves are on edge.", ', "", "no English text"),
        ('items = ["nervous", ', 'items = ["nervouss", ', "'nervouss'"),
        ("value = 1", 'value = "one"', "whole numbers"),
        ("reversed = true", "reverse = true", 'did you mean "reversed"'),
    ],
)
def test_a_slip_is_one_sentence(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError, match=r"mine\.toml") as error:
        load_questionnaire(path)
    assert message in str(error.value)


def test_what_is_only_for_the_scanner_is_asked_only_there() -> None:
    found = load_exclusion_list("heat").model
    assert isinstance(found, ExclusionList)
    bench = {check.name for check in found.asked(scanned=False)}
    assert {check.name for check in found.asked(scanned=True)} - bench == {"implants"}


# --- on the screen --------------------------------------------------------------------------------


def prepared_in(language: str, tmp_path: Path) -> Prepared:
    request = Request("demo", "laptop", out=tmp_path, simulated=True, language=language)
    return prepare(request)


@pytest.mark.parametrize("language", ["en", "de", "es"])
@pytest.mark.parametrize("name", ["demographics", "state_anxiety"])
def test_the_shipped_ones_need_no_word(name: str, language: str, tmp_path: Path) -> None:
    assert check_wording(load_questionnaire(name).model, prepared_in(language, tmp_path)) == []


def reworded(change: Callable[[dict[str, str]], dict[str, str]]) -> Questionnaire:
    """The shipped list of statements with every text changed."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return change(value) if "en" in value else {k: walk(v) for k, v in value.items()}
        return [walk(each) for each in value] if isinstance(value, list | tuple) else value

    found = load_questionnaire("state_anxiety").model.model_dump()
    return Questionnaire.model_validate(walk(found))


def test_one_without_the_language_is_shown_in_english_and_says_so(tmp_path: Path) -> None:
    english = reworded(lambda found: {"en": found["en"]})
    (told,) = check_wording(english, prepared_in("de", tmp_path))
    assert told == "The questionnaire state_anxiety has no words in 'de': it's shown in English."


def test_a_half_translated_one_is_refused(tmp_path: Path) -> None:
    half = reworded(lambda found: found if "not at all" in found["en"] else {"en": found["en"]})
    with pytest.raises(
        UserError, match=r"is in 'de' but for its title and \d+ more: add the words"
    ):
        check_wording(half, prepared_in("de", tmp_path))


def test_one_that_does_not_fit_the_screen_is_refused(tmp_path: Path) -> None:
    long = " ".join(["Donaudampfschifffahrtsgesellschaft"] * 9)
    own = reworded(lambda found: {"en": long if found["en"] == "not at all" else found["en"]})
    with pytest.raises(UserError, match=r"item 'nervous' don't fit the rig's screen \(.*: shorten"):
        check_wording(own, prepared_in("en", tmp_path))
