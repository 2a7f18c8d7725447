"""What all models of human-written files of this room have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class StrictModel(BaseModel):
    """A frozen model that takes nothing for granted.

    Strict, since by default `"4"` and `true` would pass for numbers; no `nan` or `inf`; no
    unknown keys, since a misspelt key would otherwise silently keep its default.
    """

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid", frozen=True)


def _whole_milliseconds(seconds: float) -> float:
    """Refuse what the schedule, which is kept in milliseconds, couldn't hold exactly."""
    if round(seconds, 3) != seconds:
        raise ValueError("must be a whole number of milliseconds")
    return seconds


Seconds = Annotated[
    float, Field(gt=0, le=600, description="seconds"), AfterValidator(_whole_milliseconds)
]
Celsius = Annotated[float, Field(ge=0, le=60, description="degrees Celsius")]
ScalePosition = Annotated[float, Field(ge=0, le=100, description="position on the scale, 0-100")]
Label = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        max_length=60,
        description="small letters, digits and _, beginning with a letter",
    ),
]
# A TOML array is a list, which a strict tuple refuses; what is *in* the tuple stays strict.
FromList = Field(strict=False)


def milliseconds(seconds: float) -> int:
    """Seconds as a whole number of milliseconds: sums of these carry no binary dust."""
    return round(seconds * 1000)
