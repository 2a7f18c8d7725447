"""Studies of other shapes than the shipped ones, and an oracle for orders."""

from __future__ import annotations

import copy
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from hypothesis import strategies as st

from conditions.schedule import ThermodeFigures
from conditions.study import Study
from experiment.inputs.files import STUDIES

TCS = ThermodeFigures(baseline=32.0, rise_rate=70.0, return_rate=70.0, highest_target=49.0)
PATHWAY = ThermodeFigures(
    baseline=32.0,
    rise_rate=8.0,
    return_rate=8.0,
    highest_target=49.0,
    programs=(44.0, 45.0, 46.0, 46.5, 47.0, 47.5, 48.0),
)
SLOW = replace(PATHWAY, programs=None)
TONES = ("light", "tan", "brown", "dark")
LEVELS = ("lowest", "lower", "higher", "highest")


def shipped(name: str) -> dict[str, Any]:
    """A shipped study file's data."""
    return tomllib.loads((STUDIES / f"{name}.toml").read_text(encoding="utf-8"))


def flagship(**changes: Any) -> Study:
    """The flagship study with other values: `design__max_same_trust=1`, `runs=3`."""
    data = copy.deepcopy(shipped("trust_pain"))
    for key, value in changes.items():
        *sections, last = key.split("__")
        place = data
        for section in sections:
            place = place[section]
        place[last] = value
    return Study.model_validate(data)


def temperatures(count: int) -> dict[str, Any]:
    """A section with so many levels."""
    return {
        "levels": list(LEVELS[:count]),
        "fixed": [45.0 + number for number in range(count)],
        "targets_vas": [30.0 + 15 * number for number in range(count)],
        "targets_glms": [10.0 + 10 * number for number in range(count)],
    }


@st.composite
def studies(draw: st.DrawFn) -> Study:
    """Studies whose constraints can be met, with other numbers of everything."""
    half = draw(st.integers(2, 5))
    each = draw(st.sampled_from(["at_each_temperature", "once"]))
    levels = draw(st.sampled_from([n for n in (1, 2, 3, 4) if each != "once" or half % n == 0]))
    runs = draw(st.integers(1, 6))
    identities = [
        {
            "id": f"C{number}",
            "sex": draw(st.sampled_from(["female", "male"])),
            "skin_tone": draw(st.sampled_from(TONES)),
        }
        for number in range(2 * half)
    ]
    low = draw(st.sampled_from([1.0, 2.5, 3.0]))
    step = draw(st.sampled_from([0.1, 0.25, 0.5]))
    steps = draw(st.integers(1, 20))
    jitter = {
        "jitter": [low, round(low + 2 * steps * step, 3)],
        "mean": round(low + steps * step, 3),
        "step": step,
    }
    return flagship(
        runs=runs,
        temperatures=temperatures(levels),
        clinicians__identities=identities,
        clinicians__levels=draw(st.sampled_from([["low", "high"], ["neutral", "low"]])),
        design__each_clinician=each,
        design__balance_assignment=draw(
            st.sampled_from([[], ["sex"], ["skin_tone"], ["skin_tone", "sex"]])
        ),
        design__max_same_trust=draw(st.integers(2, 4)),
        design__max_same_temperature=draw(st.integers(3, 5)) if levels > 1 else 100,
        design__min_other_clinicians=draw(st.integers(0, half - 1)),
        design__balance_by_half=draw(st.booleans()),
        design__first_trial_trust_balanced=draw(st.booleans()),
        skin_sites={"count": 8, "for_runs": draw(st.integers(1, runs))},
        ratings__order=draw(st.sampled_from(["fixed", "alternate_by_block"])),
        trial=[
            {**phase, "duration": jitter} if isinstance(phase.get("duration"), dict) else phase
            for phase in shipped("trust_pain")["trial"]
        ],
    )


def longest_stretch(values: Sequence[Any]) -> int:
    """Length of the longest stretch of one value."""
    return max(len(list(group)) for _, group in groupby(values))


def broken_rules(study: Study, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Which of the design's constraints the trials of one run break."""
    design, broken = study.design, []
    if longest_stretch([row["trust"] for row in rows]) > design.max_same_trust:
        broken.append("max_same_trust")
    if longest_stretch([row["temperature"] for row in rows]) > design.max_same_temperature:
        broken.append("max_same_temperature")
    who = [row["clinician"] for row in rows]
    for place, clinician in enumerate(who):
        if clinician in who[max(0, place - design.min_other_clinicians) : place]:
            broken.append("min_other_clinicians")
    if design.balance_by_half:
        first, second = (
            Counter((row["trust"], row["temperature"]) for row in half)
            for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :])
        )
        if any(abs(first[cell] - second[cell]) > 1 for cell in first | second):
            broken.append("balance_by_half")
    return broken
