"""From rows of the trial table to a segment: every phase with its onset on one schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from conditions.paradigms import AnyStudy
from conditions.phases import HeatPhase, PortraitRatingPhase, jitter_of
from conditions.trials import phases_in_order
from experiment.phases.registry import BUILDERS, Materials, Row
from experiment.plan.scene import Fixation
from experiment.plan.timeline import NO_SITE, OUTSIDE_TRIALS, Phase, Segment


def build_segment(
    study: AnyStudy,
    rows: Sequence[Row],
    materials: Materials,
    *,
    run: int,
    segment: int,
    acquisition: int,
    volumes: Callable[[float], int] | None = None,
) -> Segment:
    """Lay rows of one planned run out on a schedule that begins at 0.

    `rows` are rows of the trial table (the lead-in first) with the key `stimulus`, the number of
    the row's stimulus in the session. `volumes` turns the segment's length into what is typed at
    the console (None: unscanned). Onsets are sums of whole milliseconds, so carry no dust.
    """
    phases: list[Phase] = []
    at_ms = 0
    for row in rows:
        for spec in phases_of(study, row):
            length_s = duration_of(spec, row)
            scene, action = BUILDERS[spec.phase](spec, row, materials)
            phases.append(
                Phase(
                    trial=row["trial"],
                    name=spec.name,
                    trial_type=trial_type_of(spec, row),
                    onset=at_ms / 1000,
                    duration=length_s,
                    scene=scene,
                    action=action,
                    marker=spec.marker,
                )
            )
            at_ms += round(1000 * (length_s or 0.0))
    phases.append(
        Phase(
            trial=OUTSIDE_TRIALS,
            name="run_end",
            trial_type="fixation",
            onset=at_ms / 1000,
            duration=study.run_end_s,
            scene=Fixation(),
        )
    )
    length_s = (at_ms + round(1000 * study.run_end_s)) / 1000
    return Segment(
        run=run,
        design_run=rows[0]["run"],
        segment=segment,
        acquisition=acquisition,
        skin_site=rows[0].get("skin_site", NO_SITE),
        phases=tuple(phases),
        rows={row["trial"]: row for row in rows},
        length_s=length_s,
        volumes=volumes(length_s) if volumes is not None else None,
    )


def phases_of(study: AnyStudy, row: Row) -> Sequence[Any]:
    """The phases of a row, in the order in which this row has them."""
    return study.lead_in if row["trial"] == 0 else phases_in_order(study, row.get("first_rating"))


def trial_type_of(spec: Any, row: Row) -> str:
    """What stands in `events.tsv`; of a portrait's rating, with the question of its block."""
    if isinstance(spec, PortraitRatingPhase):
        return f"rating_{row['question']}"
    return str(spec.trial_type)


def duration_of(spec: Any, row: Row) -> float | None:
    """How long a phase of this row lasts, in seconds; None: until response."""
    if isinstance(spec, HeatPhase):
        return float(row["heat_slot_s"])
    if getattr(spec, "until_response", False):
        return None
    if jitter_of(spec) is not None:
        return float(row[f"{spec.name}_s"])
    return float(spec.duration)
