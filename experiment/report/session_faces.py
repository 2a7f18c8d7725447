"""Ratings of faces in a session's report: how many were given; unblinded, by trust and clinician."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from experiment.bids.face_ratings import FaceRating, Faces
from experiment.report.session_plots import drawing
from experiment.report.style import trust_look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from experiment.report.session_facts import SessionFacts

NONE = "–"


def face_rows(faces: Faces) -> list[tuple[object, ...]]:
    """A row a clinician: trust level, and each item before / after. Never on a blind page."""
    who = sorted({(str(f.clinician), str(f.trust)) for f in faces.ratings if f.clinician})
    value = {(f.clinician, f.question, f.when): f.rating for f in faces.ratings}
    return [
        (
            *(clinician, trust),
            *(
                " / ".join(_number(value.get((clinician, item, when))) for when in faces.begun)
                for item in faces.items
            ),
        )
        for clinician, trust in who
    ]


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.0f}"


def faces_by_trust(facts: SessionFacts) -> str:
    """Each item before and after, a thin line a clinician, means by trust. Never on a blind page."""
    if not facts.shown:
        raise ValueError("ratings of faces by trust level belong on an unblinded page only")
    faces = facts.faces
    with drawing(2.0, facts) as (figure, result):
        row = figure.subplots(1, max(1, len(faces.items)), sharey=True, squeeze=False)[0]
        for axes, item in zip(row, faces.items, strict=False):
            _item(axes, [f for f in faces.ratings if f.question == item], faces.begun)
            axes.set_title(item)
        row[0].set_ylabel("rating (0 to 100)")
        row[0].set_ylim(-3, 103)
        handles, labels = row[0].get_legend_handles_labels()
        figure.legend(handles, labels, ncols=4, loc="outside lower center", fontsize=6.5)
    return result.svg


def _item(axes: Axes, faces: Sequence[FaceRating], begun: Sequence[str]) -> None:
    levels = sorted({face.trust for face in faces if face.trust})
    for number, level in enumerate(levels):
        look: dict[str, Any] = dict(
            zip(("color", "marker"), trust_look(level, number), strict=True)
        )
        mine = [face for face in faces if face.trust == level]
        shift = 0.1 * (number - (len(levels) - 1) / 2)
        for clinician in sorted({str(face.clinician) for face in mine}):
            _line(
                axes, [f for f in mine if f.clinician == clinician], begun, shift, look, thin=True
            )
        n = len({face.clinician for face in mine})
        look["label"] = f"{level} trust, mean of {n} clinicians (thin: each)"
        _line(axes, mine, begun, shift, look, thin=False)
    axes.set_xticks(range(len(begun)), begun)
    axes.set_xlim(-0.4, len(begun) - 0.6)


def _line(
    axes: Axes,
    faces: Sequence[FaceRating],
    begun: Sequence[str],
    shift: float,
    look: dict[str, Any],
    *,
    thin: bool,
) -> None:
    """Means over these faces at each time that has any."""
    points = [
        (place + shift, fmean(values))
        for place, when in enumerate(begun)
        if (values := [f.rating for f in faces if f.when == when and f.rating is not None])
    ]
    size: dict[str, Any] = (
        {"linewidth": 0.5, "markersize": 2.5, "alpha": 0.4}
        if thin
        else {"linewidth": 1.3, "markersize": 6}
    )
    axes.plot([x for x, _ in points], [y for _, y in points], **look, **size)
