"""Which course a study takes: that of its paradigm."""

from __future__ import annotations

from typing import Any

from conditions.norming import NormingStudy
from experiment.norming.course import NormingCourse
from experiment.session.course import Course
from experiment.session.preparation import Prepared


def course_of(prepared: Prepared, *arguments: Any) -> Course:
    """The course of a prepared session; `arguments` as `Course` takes them."""
    kind = NormingCourse if isinstance(prepared.study.model, NormingStudy) else Course
    return kind(prepared, *arguments)
