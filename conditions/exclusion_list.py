"""The exclusion check list: questions before anything is put on the skin, as a file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from conditions.questionnaire import Words
from conditions.strict import Label, StrictModel


class Check(StrictModel):
    """One question to ask the participant; `excludes` is the answer with which nobody takes part.

    `only_scanned`: asked only where volumes are acquired.
    """

    name: Label
    text: Words
    excludes: Literal["yes", "no"]
    only_scanned: bool = False


class ExclusionList(StrictModel):
    """A check list's file. `source` says whose rules these are."""

    name: Label
    source: Annotated[str, Field(min_length=1)]
    check: Annotated[tuple[Check, ...], Field(strict=False, min_length=1, max_length=60)]

    @model_validator(mode="after")
    def _unique(self) -> ExclusionList:
        names = [check.name for check in self.check]
        for number, check in enumerate(self.check, start=1):
            if names.count(check.name) > 1:
                raise ValueError(
                    f"check[{number}].name is {check.name!r} twice, but must be unique"
                )
            if "en" not in check.text:
                raise ValueError(f"check[{number}].text has no English text (en)")
        return self

    def asked(self, *, scanned: bool) -> tuple[Check, ...]:
        """The checks that apply."""
        return tuple(check for check in self.check if scanned or not check.only_scanned)
