"""The trial table of a norming study: a block a question, in each all portraits in random order.

Columns, with their dtypes in the table (`norming_rows` has the same as plain values):

====================  ========  ====================================================================
run, trial            int64     block from 1 in the rater's own order; trial from 1 in each
question              string    what is asked in this block
clinician             string    id
sex, skin_tone        string    the clinician's
trust                 string    trust level of the portrait
onset_s               float64   planned onset of the row, answers taken to need no time
length_s              float64   seconds of the row, without the answer
<phase>_s             float64   every jittered duration
<rating>_start        float64   start of the cursor, where the study says "random"
====================  ========  ====================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conditions.jitter import draw_jitter
from conditions.norming import NormingStudy
from conditions.order import Pairing, Rules, draw_order
from conditions.phases import jitter_of
from conditions.seed import stream
from conditions.strict import milliseconds


def norming_rows(
    study: NormingStudy, *, allocation: int, seed: int, acquisition: int, runs: Sequence[int]
) -> list[dict[str, Any]]:
    """The table as plain dicts, one a row in the order of time; see `conditions.trials.trial_rows`.

    Raises ValueError, in one sentence, for what can't be met.
    """
    questions = block_order(study, allocation)
    people = {clinician.id: clinician for clinician in study.clinicians.identities}
    rows = []
    for run in runs:
        onset_ms = 0
        drawn = _drawn(study, seed, acquisition, run)
        for number, portrait in enumerate(_order(study, seed, acquisition, run), start=1):
            own = {column: values[number - 1] for column, values in drawn.items()}
            length_ms = sum(
                milliseconds(own.get(f"{phase.name}_s") or _fixed(phase)) for phase in study.trial
            )
            rows.append(
                {
                    "run": run,
                    "trial": number,
                    "question": questions[run - 1],
                    "clinician": portrait.clinician,
                    "sex": people[portrait.clinician].sex,
                    "skin_tone": people[portrait.clinician].skin_tone,
                    "trust": portrait.trust,
                    "onset_s": onset_ms / 1000,
                    "length_s": length_ms / 1000,
                    **own,
                }
            )
            onset_ms += length_ms
    return rows


def block_order(study: NormingStudy, allocation: int) -> tuple[str, ...]:
    """The questions in the order in which this allocation number meets them.

    Balanced, it's a row of a Williams square (1949, Aust J Sci Res A 2, 149-168).
    Raises ValueError for a number below 1.
    """
    if allocation < 1:
        raise ValueError(f"the allocation number is {allocation}, but must be 1 or more")
    names = study.design.names
    if study.design.block_order == "fixed":
        return names
    square = _williams(len(names))
    return tuple(names[place] for place in square[(allocation - 1) % len(square)])


def orders(study: NormingStudy) -> int:
    """How many allocation numbers cover the order of blocks: a block of them is balanced."""
    if study.design.block_order == "fixed":
        return 1
    return len(_williams(len(study.design.names)))


def _williams(count: int) -> list[list[int]]:
    """Orders in which each item stands at each place, and next after each other one, equally often.

    As many as there are items; of an odd number twice as many, the second half mirrored.
    """
    zigzag = [
        number // 2 if number % 2 == 0 else count - 1 - number // 2 for number in range(count)
    ]
    square = [[(place + shift) % count for place in zigzag] for shift in range(count)]
    return square if count % 2 == 0 else square + [row[::-1] for row in square if count > 1]


def _order(study: NormingStudy, seed: int, acquisition: int, run: int) -> list[Pairing]:
    portraits = [
        Pairing(clinician.id, level, 0)
        for clinician in study.clinicians.identities
        for level in study.clinicians.levels
    ]
    rules = Rules(min_other_clinicians=study.design.min_other_clinicians)
    return draw_order(portraits, rules, stream(seed, "order", acquisition, run))


def _drawn(study: NormingStudy, seed: int, acquisition: int, run: int) -> dict[str, list[float]]:
    """What differs from trial to trial: jittered durations, and where the cursor starts."""
    found: dict[str, list[float]] = {}
    for phase in study.trial:
        if (jitter := jitter_of(phase)) is not None:
            rng = stream(seed, "jitter", phase.name, acquisition, run)
            found[f"{phase.name}_s"] = draw_jitter(jitter, study.trials_a_run, rng)
    rating = study.portrait_rating
    if rating.start == "random":
        rng = stream(seed, "start", rating.name, acquisition, run)
        found[f"{rating.name}_start"] = (
            rng.integers(0, 101, study.trials_a_run).astype(float).tolist()
        )
    return found


def _fixed(phase: Any) -> float:
    duration = getattr(phase, "duration", None)
    return duration if isinstance(duration, float) else 0.0
