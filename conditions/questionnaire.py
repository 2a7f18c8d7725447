"""Short questionnaires as files: their items, answers, scoring, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from conditions.strict import FromList, Label, StrictModel

Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Words = Annotated[dict[Language, Annotated[str, Field(min_length=1, max_length=400)]], Field()]
"""The same words in several languages; a language that is missing is shown in English."""

Answer = float | str | None  # a code, a number or words; None: left out


def words(found: Mapping[str, str], language: str) -> str:
    """The words in a language, or in English where it has none."""
    return found.get(language, found["en"])


class Option(StrictModel):
    """One of the answers to choose from; `value` is what is stored."""

    value: int | Annotated[str, Field(min_length=1, max_length=40)]
    text: Words


class _Item(StrictModel):
    """What every item has. `participants_column` also puts it into `participants.tsv`."""

    name: Label
    text: Words
    participants_column: Literal["age", "sex", "handedness"] | None = None


class ChoiceItem(_Item):
    """An item with options, either its own or those of the questionnaire (`answers`)."""

    kind: Literal["choice"]
    options: Annotated[tuple[Option, ...], Field(strict=False, max_length=9)] = ()
    reversed: bool = False


class NumberItem(_Item):
    """An item that takes a number between two bounds; `unit` as in BIDS, such as 'year'."""

    kind: Literal["number"]
    lowest: float
    highest: float
    unit: Label


class TextItem(_Item):
    """An open question."""

    kind: Literal["text"]


Item = Annotated[ChoiceItem | NumberItem | TextItem, Field(discriminator="kind")]


class Score(StrictModel):
    """A score: mean or sum over choice items with whole numbers as values.

    Up to `missing` items may be left out; a sum is then the mean times the number of items.
    """

    name: Label
    description: Annotated[str, Field(min_length=1)]
    method: Literal["mean", "sum"]
    items: Annotated[tuple[Label, ...], Field(strict=False, min_length=1)]
    missing: Annotated[int, Field(ge=0)] = 0


class Questionnaire(StrictModel):
    """A questionnaire's file. `asked_by` says who enters the answers."""

    name: Label
    title: Words
    when: Literal["before", "after", "both"]
    asked_by: Literal["participant", "experimenter"]
    source: Annotated[str, Field(min_length=1)]
    licence: Annotated[str, Field(min_length=1)]
    instruction: Words
    answers: Annotated[tuple[Option, ...], Field(strict=False, max_length=9)] = ()
    item: Annotated[tuple[Item, ...], Field(strict=False, min_length=1, max_length=60)]
    score: Annotated[tuple[Score, ...], FromList] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Questionnaire:
        for where, found in [("title", self.title), ("instruction", self.instruction)]:
            _has_english(where, found)
        names = [item.name for item in self.item]
        for number, item in enumerate(self.item, start=1):
            where = f"item[{number}]"
            if names.count(item.name) > 1:
                raise ValueError(
                    f"{where}.name is {item.name!r}, as another item's: must be unique"
                )
            _has_english(f"{where}.text", item.text)
            if isinstance(item, ChoiceItem) and len(self.options_of(item)) < 2:
                raise ValueError(f"{where} needs at least two options, or `answers` at the top")
            if isinstance(item, TextItem | NumberItem) and self.asked_by == "participant":
                raise ValueError(
                    f"{where}.kind is {item.kind!r}, which the participant's keys can't answer: "
                    f'use asked_by = "experimenter"'
                )
            if isinstance(item, NumberItem) and not item.lowest < item.highest:
                raise ValueError(f"{where}.lowest isn't below its highest")
        for number, score in enumerate(self.score, start=1):
            for name in score.items:
                named = next((i for i in self.item if i.name == name), None)
                if not isinstance(named, ChoiceItem) or not all(
                    isinstance(option.value, int) for option in self.options_of(named)
                ):
                    raise ValueError(
                        f"score[{number}].items names {name!r}, but must name items of kind "
                        f'"choice" whose values are whole numbers'
                    )
        return self

    def options_of(self, item: ChoiceItem) -> tuple[Option, ...]:
        """The options of an item: its own, or the questionnaire's."""
        return item.options or self.answers

    def scores(self, answers: Mapping[str, Answer]) -> dict[str, float | None]:
        """The scores of some answers (name of item -> value); None where too many are missing."""
        return {score.name: self._score(score, answers) for score in self.score}

    def _score(self, score: Score, answers: Mapping[str, Answer]) -> float | None:
        items = [item for item in self.item if item.name in score.items]
        values = [
            v for item in items if (v := self._value(item, answers.get(item.name))) is not None
        ]
        if not values or len(items) - len(values) > score.missing:
            return None
        mean = math.fsum(values) / len(values)
        return round(mean if score.method == "mean" else mean * len(items), 4)

    def _value(self, item: Item, answer: Answer) -> float | None:
        if not isinstance(item, ChoiceItem) or not isinstance(answer, int | float):
            return None
        values = [o.value for o in self.options_of(item) if isinstance(o.value, int)]
        return float(min(values) + max(values) - answer) if item.reversed else float(answer)


def _has_english(where: str, found: Mapping[str, str]) -> None:
    if "en" not in found:
        raise ValueError(f"{where} has no English text (en), which stands in for all others")
