"""The kinds of study that there are, told apart by the key `paradigm` at the top of the file.

A file without it is one of pain: so were all, before there was a second paradigm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conditions.norming import NormingStudy
from conditions.study import Study

AnyStudy = Study | NormingStudy
PARADIGMS: dict[str, type[Study] | type[NormingStudy]] = {"pain": Study, "norming": NormingStudy}


def model_of(data: Mapping[str, Any]) -> type[Study] | type[NormingStudy]:
    """The model that a study file's data must fit. Raises `ValueError` for an unknown paradigm."""
    paradigm = data.get("paradigm", "pain")
    found = PARADIGMS.get(paradigm) if isinstance(paradigm, str) else None
    if found is None:
        known = " or ".join(f'"{name}"' for name in PARADIGMS)
        raise ValueError(f"paradigm is {paradigm!r}, but must be {known}")
    return found


def study_of(data: Mapping[str, Any]) -> AnyStudy:
    """The study whose plain values (of a file, of a journal's head) these are.

    Raises `ValueError` (a `pydantic.ValidationError`, where the model refuses them).
    """
    return model_of(data).model_validate(data)
