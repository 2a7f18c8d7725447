"""Ratings of faces, before and after the runs, as a session's journals tell them: a pure reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from experiment.journal import Journal, events

FACE_STEPS = {"faces_before": "before", "faces_after": "after"}


@dataclass(frozen=True)
class FaceRating:
    """One clinician on one item, `when` before or after the runs; the last time counts.

    `clinician` and `trust` are None for a picture that the session's head doesn't name.
    """

    when: str
    clinician: str | None
    trust: str | None
    picture: str
    question: str
    rating: float | None
    response_time: float | None


def face_ratings_of(journals: Sequence[Journal]) -> list[FaceRating]:
    """All ratings of faces of one session's journals, oldest journal first, in the order asked."""
    found: dict[tuple[str, str, str], events.Rating] = {}
    for journal in journals:
        step, picture = "", ""
        for event in journal.events:
            match event:
                case events.StepStart():
                    step = event.step
                case events.PhaseStart() if event.run == 0:
                    picture = event.picture or ""
                case events.Rating() if step in FACE_STEPS and event.run == 0:
                    found[FACE_STEPS[step], picture, event.question] = event
                case _:
                    pass
    portraits = {PurePosixPath(p["file"]).name: p for j in journals for p in j.head.portraits}
    return [
        FaceRating(
            when=when,
            clinician=portraits.get(picture, {}).get("clinician"),
            trust=portraits.get(picture, {}).get("level"),
            picture=picture,
            question=question,
            rating=rating.rating,
            response_time=rating.response_time,
        )
        for (when, picture, question), rating in found.items()
    ]


@dataclass(frozen=True)
class Faces:
    """A session's ratings of faces. `begun`: before, after or both, as far as the visit came."""

    ratings: tuple[FaceRating, ...]
    begun: tuple[str, ...]
    expected: int  # each time: every clinician on every item

    @classmethod
    def of(cls, journals: Sequence[Journal]) -> Faces:
        """From all journals of a session, oldest first."""
        steps = [event.step for journal in journals for event in journal.of(events.StepStart)]
        begun = tuple(when for step, when in FACE_STEPS.items() if step in steps)
        return cls(tuple(face_ratings_of(journals)), begun, faces_expected(journals[-1].head))

    @property
    def items(self) -> list[str]:
        """What was asked, in its order."""
        return list(dict.fromkeys(face.question for face in self.ratings))

    def counts(self) -> list[tuple[str, str]]:
        """When, and how many of how many were given."""
        return [
            (when, f"{sum(_given(face, when) for face in self.ratings)} of {self.expected}")
            for when in self.begun
        ]


def _given(face: FaceRating, when: str) -> bool:
    return face.when == when and face.rating is not None


def faces_expected(head: events.SessionStart) -> int:
    """How many ratings each time has: every clinician that is met, on every item."""
    met = {row["clinician"] for row in head.trials if row.get("clinician")}
    return len(met) * len((head.study.get("face_ratings") or {}).get("items", ()))
