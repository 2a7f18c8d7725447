"""A norming study's file and trial table."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditions.allocation import numbers_a_block
from conditions.norming import NormingStudy
from conditions.norming_trials import block_order
from conditions.paradigms import study_of
from conditions.schedule import run_length
from conditions.trials import trial_rows, trial_table
from experiment.errors import ExitCode, UserError
from experiment.inputs.files import load_study
from stimuli.manifest import load_manifest
from tests.norming.small import TEXT, shipped, small_study


def norming(**design: Any) -> NormingStudy:
    data = shipped()
    data["design"] |= design
    study = study_of(data)
    assert isinstance(study, NormingStudy)
    return study


def test_every_portrait_of_the_shipped_set_is_judged_once_on_each_question() -> None:
    rows = trial_rows(norming(), None, allocation=1)
    assert len(rows) == 7 * 24
    everything = {(p.clinician, p.level) for p in load_manifest().portraits}
    for run in range(1, 8):
        block = [row for row in rows if row["run"] == run]
        assert {(row["clinician"], row["trust"]) for row in block} == everything
        assert len({row["question"] for row in block}) == 1
        assert [row["trial"] for row in block] == list(range(1, 25))
    assert {row["question"] for row in rows} == set(norming().design.names)


@settings(max_examples=30)
@given(st.integers(1, 500), st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_no_clinician_comes_twice_in_a_row(allocation: int, seed: int, between: int) -> None:
    study = norming(min_other_clinicians=between)
    rows = trial_rows(study, None, allocation=allocation, seed=seed)
    assert rows == trial_rows(study, None, allocation=allocation, seed=seed)
    for run in range(1, 8):
        who = [row["clinician"] for row in rows if row["run"] == run]
        for place, clinician in enumerate(who):
            assert clinician not in who[max(0, place - between) : place]


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7])
def test_questions_are_balanced_over_a_block_of_allocation_numbers(count: int) -> None:
    study = norming(questions=shipped()["design"]["questions"][:count])
    size = numbers_a_block(study)
    orders = [block_order(study, number) for number in range(1, size + 1)]
    for place in range(count):
        assert set(Counter(order[place] for order in orders).values()) == {size // count}
    follows = Counter(pair for order in orders for pair in pairwise(order))
    assert len(follows) == count * (count - 1)
    assert len(set(follows.values())) <= 1
    assert block_order(study, size + 1) == orders[0]


def test_a_repeated_block_comes_in_another_order_and_others_stay() -> None:
    study = norming()
    whole = trial_rows(study, None, allocation=3, seed=5)
    again = trial_rows(study, None, allocation=3, seed=5, acquisition=1, runs=[2])
    before = [row for row in whole if row["run"] == 2]
    assert {row["question"] for row in again} == {row["question"] for row in before}
    assert [row["clinician"] for row in again] != [row["clinician"] for row in before]
    assert trial_rows(study, None, allocation=3, seed=5, runs=[2]) == before


def test_jittered_fixations_keep_the_length_of_a_block() -> None:
    data = shipped()
    data["trial"][0]["duration"] = {"jitter": [0.5, 1.5], "mean": 1.0, "step": 0.1}
    study = study_of(data)
    table = trial_table(study, None, allocation=1)
    for _, block in table.groupby("run"):
        assert block["fixation_s"].sum() == pytest.approx(24.0)
    assert run_length(study, None) == 24.5
    assert str(table["question"].dtype) == "string"


BROKEN = [
    ("paradigm = \"norming\"", "paradigm = \"norm\"", ["paradigm is 'norm'", '"norming"']),
    ("[verdict]", "[scan]\ntr_s = 2.0\n[verdict]", ['unknown key "scan"']),
    ("[verdict]", "[skin_sites]\ncount = 8\n[verdict]", ['unknown key "skin_sites"']),
    ("task = ", "runs = 7\ntask = ", ['unknown key "runs"']),
    ("[verdict]", "[verdict]\nmax_missing_pulses = 1", ["max_missing_pulses"]),
    ("duration = 0.5", "duration = 0.5\nmarker = 3", ["trial[1].marker is 3", "no markers"]),
    ('phase = "portrait_rating"', 'phase = "rating"', ["trial[2]", '"portrait_rating"']),
    ('phase = "fixation"\nduration = 0.5', 'phase = "portrait_rating"\nstart = 1.0', ["longest_s"]),
    ("longest_s = 60.0", "longest_s = 1.0", ["trial[2].longest_s", "at least 5"]),
    ("longest_s = 60.0", "duration = 6.0", ["trial[2]", "duration"]),
    ('{ name = "happy" }', '{ name = "angry" }', ["different names"]),
    ("ends = [18.0, 80.0]", "ends = [80.0, 18.0]", ["ends is [80, 18]"]),
    ("min_other_clinicians = 2", "min_other_clinicians = 8", ["only 8 clinicians"]),
    ('id = "M2"', 'id = "F1"', ["'F1' twice"]),
    ('"low", "neutral"', '"low", "low"', ["levels must all be different"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), BROKEN, ids=range(len(BROKEN)))
def test_what_does_not_belong_to_the_paradigm_is_refused(
    tmp_path: Path, old: str, new: str, said: list[str]
) -> None:
    assert old in TEXT
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_study(path)
    assert caught.value.exit_code == ExitCode.BAD_INPUT
    for part in said:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_portrait_ratings_are_no_part_of_a_study_of_pain(tmp_path: Path) -> None:
    pain = (Path(load_study("trust_pain").path)).read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(pain.replace('phase = "anticipation"', 'phase = "portrait_rating"', 1))
    with pytest.raises(UserError, match=r'trial\[3\]\.phase is "portrait_rating"'):
        load_study(path)


def test_a_study_without_paradigm_is_one_of_pain() -> None:
    assert "paradigm" not in load_study("trust_pain").text
    assert load_study("trust_pain").model.paradigm == "pain"


def test_the_small_study_is_one(tmp_path: Path) -> None:
    study = load_study(small_study(tmp_path)).model
    assert (study.runs, study.trials_a_run) == (3, 12)
