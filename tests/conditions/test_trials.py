"""What every trial table keeps, whatever the study, the seed and the participant."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditions.assignment import block_size
from conditions.phases import jitter_of
from conditions.schedule import phase_length, run_length
from conditions.stimulation import planned_temperatures, spare_sites
from conditions.study import Study
from conditions.trials import (
    TEXT_COLUMNS,
    WHOLE_COLUMNS,
    heat_onset,
    phases_in_order,
    trial_rows,
    trial_table,
)
from tests.conditions.make import PATHWAY, SLOW, TCS, broken_rules, flagship, studies

seeds = st.integers(0, 2**32 - 1)
allocations = st.integers(1, 500)


def by_run(rows: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    runs = defaultdict(list)
    for row in rows:
        if row["trial"] > 0:
            runs[row["run"]].append(row)
    return runs


@settings(max_examples=60)
@given(study=studies(), allocation=allocations, seed=seeds)
def test_every_constraint_holds(study: Study, allocation: int, seed: int) -> None:
    runs = by_run(trial_rows(study, TCS, allocation=allocation, seed=seed))
    assert sorted(runs) == list(range(1, study.runs + 1))
    for rows in runs.values():
        assert broken_rules(study, rows) == []
        assert [row["trial"] for row in rows] == list(range(1, study.trials_a_run + 1))
    if study.design.first_trial_trust_balanced:
        first = Counter(rows[0]["trust"] for rows in runs.values())
        assert abs(first[study.clinicians.levels[0]] - first[study.clinicians.levels[1]]) <= 1


@settings(max_examples=100)
@given(seed=seeds, allocation=allocations)
def test_flagship_constraints(seed: int, allocation: int) -> None:
    study = flagship()
    for rows in by_run(trial_rows(study, TCS, allocation=allocation, seed=seed)).values():
        assert broken_rules(study, rows) == []
        half = Counter((row["trust"], row["temperature"]) for row in rows[:8])
        assert set(half.values()) == {2}
        assert len({(row["clinician"], row["temperature"]) for row in rows}) == 16


@settings(max_examples=60)
@given(study=studies(), allocation=allocations, seed=seeds)
def test_conditions_are_crossed(study: Study, allocation: int, seed: int) -> None:
    runs = by_run(trial_rows(study, TCS, allocation=allocation, seed=seed))
    met: dict[str, Counter[float]] = defaultdict(Counter)
    for rows in runs.values():
        cells = Counter((row["trust"], row["temperature"]) for row in rows)
        assert len(set(cells.values())) == 1
        assert len(cells) == 2 * len(study.temperatures.levels)
        for row in rows:
            met[row["clinician"]][row["temperature"]] += 1
    for counts in met.values():  # over the runs: each temperature equally often, or one more
        times = [counts[t] for t in study.temperatures.fixed]
        assert max(times) - min(times) <= (study.runs % len(times) > 0)


@settings(max_examples=60)
@given(study=studies(), allocation=allocations, seed=seeds)
def test_a_run_has_a_fixed_length(study: Study, allocation: int, seed: int) -> None:
    rows = trial_rows(study, TCS, allocation=allocation, seed=seed)
    for trials in by_run(rows).values():
        end = trials[-1]["onset_s"] + trials[-1]["length_s"] + study.run_end_s
        assert round(end, 6) == run_length(study, TCS)
        for phase in study.trial:
            jitter = jitter_of(phase)
            if jitter is None:
                continue
            drawn = [row[f"{phase.name}_s"] for row in trials]
            steps = [(value - jitter.jitter[0]) / jitter.step for value in drawn]
            assert round(sum(drawn), 6) == round(jitter.mean * len(drawn), 6)
            assert min(drawn) >= jitter.jitter[0]
            assert max(drawn) <= jitter.jitter[1]
            assert all(abs(step - round(step)) < 1e-6 for step in steps)


@settings(max_examples=50)
@given(study=studies(), allocation=allocations, seed=seeds)
def test_rows_follow_one_another_without_gap(study: Study, allocation: int, seed: int) -> None:
    rows = trial_rows(study, SLOW, allocation=allocation, seed=seed)
    for before, after in pairwise(rows):
        if before["run"] == after["run"]:
            assert after["onset_s"] == round(before["onset_s"] + before["length_s"], 3)
    for row in rows:
        phases = phases_in_order(study, row["first_rating"]) if row["trial"] else study.lead_in
        lengths = [phase_length(phase, SLOW, row) for phase in phases]
        assert round(sum(lengths), 6) == row["length_s"]
        heat = next(place for place, phase in enumerate(phases) if phase.phase == "heat")
        onset = heat_onset(study, SLOW, row)
        assert onset == round(row["onset_s"] + sum(lengths[:heat]), 3)


@settings(max_examples=50)
@given(study=studies(), pair=st.integers(1, 200), session=st.sampled_from([None, "01", "02"]))
def test_mates_differ_in_trust_only(study: Study, pair: int, session: str | None) -> None:
    odd, even = (
        trial_rows(study, TCS, allocation=number, session=session)
        for number in (2 * pair - 1, 2 * pair)
    )
    flipped = dict(zip(study.clinicians.levels, reversed(study.clinicians.levels), strict=True))
    for mine, theirs in zip(odd, even, strict=True):
        assert {**mine, "trust": flipped.get(mine["trust"])} == theirs


@settings(max_examples=30)
@given(study=studies(), allocation=allocations, seed=seeds)
def test_same_input_same_table(study: Study, allocation: int, seed: int) -> None:
    again = Study.model_validate_json(study.model_dump_json())
    assert trial_rows(study, TCS, allocation=allocation, seed=seed) == trial_rows(
        again, TCS, allocation=allocation, seed=seed
    )


def test_a_table_stays_what_it_was() -> None:
    # Written down once: a session that is resumed after an update must get the same table.
    rows = trial_rows(flagship(), TCS, allocation=1, session="01")
    run = [row for row in rows if row["run"] == 2 and row["trial"] > 0]
    assert " ".join(f"{row['clinician']}{row['temperature']:g}" for row in run) == GOLDEN_ORDER
    assert [row["fixation_s"] for row in run] == GOLDEN_FIXATION


def test_other_session_seed_and_pair_give_other_tables() -> None:
    study = flagship()
    tables = [
        trial_rows(study, TCS, allocation=1),
        trial_rows(study, TCS, allocation=3),
        trial_rows(study, TCS, allocation=1, session="01"),
        trial_rows(study, TCS, allocation=1, seed=1),
        trial_rows(study, TCS, allocation=1, acquisition=1),
    ]
    orders = {tuple((row["clinician"], row["temperature"]) for row in table) for table in tables}
    assert len(orders) == len(tables)


def test_the_seed_never_decides_the_assignment() -> None:
    study = flagship()
    assigned = {
        frozenset((row["clinician"], row["trust"]) for row in rows if row["trial"])
        for rows in (trial_rows(study, TCS, allocation=5, seed=seed) for seed in range(30))
    }
    assert len(assigned) == 1


def test_a_repeated_run_is_drawn_anew_on_the_site_it_is_given() -> None:
    study = flagship()
    first = trial_rows(study, TCS, allocation=3)
    again = trial_rows(
        study, TCS, allocation=3, acquisition=1, runs=[3], sites={3: spare_sites(study)[0]}
    )
    before = [row for row in first if row["run"] == 3]
    assert len(again) == len(before) == 17
    assert {row["skin_site"] for row in again} == {5}
    assert [r["clinician"] for r in again] != [r["clinician"] for r in before]
    assert again[1]["trust"] == before[1]["trust"]  # balanced over the runs, still
    assert broken_rules(study, again[1:]) == []


def test_one_run_is_drawn_alike_alone_and_with_the_others() -> None:
    study = flagship()
    alone = trial_rows(study, TCS, allocation=3, runs=[2])
    assert alone == [row for row in trial_rows(study, TCS, allocation=3) if row["run"] == 2]


def test_a_run_that_the_study_does_not_have() -> None:
    with pytest.raises(ValueError, match=r"run 5 was asked for, but the study has runs 1 to 4"):
        trial_rows(flagship(), TCS, allocation=1, runs=[5])


@settings(max_examples=30)
@given(seed=seeds)
def test_lead_in_rows(seed: int) -> None:
    rows = [row for row in trial_rows(flagship(), TCS, allocation=1, seed=seed) if not row["trial"]]
    assert len(rows) == 4
    for row in rows:
        assert row["clinician"] is row["trust"] is row["fixation_s"] is row["first_rating"] is None
        assert (row["temperature"], row["temperature_level"]) == (46.5, "lower")
        assert (row["onset_s"], row["length_s"], row["heat_slot_s"]) == (0.0, 27.5, 8.5)


def test_a_study_without_lead_in() -> None:
    rows = trial_rows(flagship(lead_in=[]), TCS, allocation=1)
    assert len(rows) == 64
    assert rows[0]["onset_s"] == 0.0


def test_dtypes_of_the_table() -> None:
    table = trial_table(flagship(), TCS, allocation=1)
    assert len(table) == 68
    for name in table:
        kind = "string" if name in TEXT_COLUMNS else "int64" if name in WHOLE_COLUMNS else "float64"
        assert str(table[name].dtype) == kind, name
    lead_in = table[table["trial"] == 0]
    assert lead_in[["clinician", "sex", "skin_tone", "trust"]].isna().all(axis=None)
    assert not table[table["trial"] > 0].isna().any(axis=None)


def test_no_binary_dust() -> None:
    for row in trial_rows(flagship(), PATHWAY, allocation=7):
        for value in row.values():
            assert not isinstance(value, np.generic)
            if isinstance(value, float):
                assert round(value, 3) == value
    text = trial_table(flagship(), PATHWAY, allocation=7).to_csv()
    assert max(len(cell) for line in text.splitlines()[1:] for cell in line.split(",")) <= 16


def test_table_and_rows_agree() -> None:
    table = trial_table(flagship(), TCS, allocation=2).astype(object)
    rows = table.where(table.notna(), None).to_dict(orient="records")
    assert rows == trial_rows(flagship(), TCS, allocation=2)
    assert isinstance(table, pd.DataFrame)


@settings(max_examples=30)
@given(seed=seeds)
def test_skin_sites_without_a_calibration(seed: int) -> None:
    rows = trial_rows(flagship(), TCS, allocation=1, seed=seed)
    sites = {row["run"]: row["skin_site"] for row in rows}
    assert sorted(sites.values()) == [1, 2, 3, 4]
    assert spare_sites(flagship()) == (5, 6, 7, 8)


def test_skin_sites_change_with_the_seed() -> None:
    study = flagship()
    orders = {
        tuple(row["skin_site"] for row in trial_rows(study, TCS, allocation=1, seed=seed)[::17])
        for seed in range(40)
    }
    assert len(orders) > 10


def test_ratings_alternate_by_block() -> None:
    study = flagship(ratings__order="alternate_by_block")
    first = [
        trial_rows(study, TCS, allocation=number, runs=[1])[1]["first_rating"]
        for number in range(1, 2 * block_size(study) + 1)
    ]
    assert first == ["rating_intensity"] * 6 + ["rating_unpleasantness"] * 6
    swapped = [phase.name for phase in phases_in_order(study, "rating_unpleasantness")]
    assert swapped[-2:] == ["rating_unpleasantness", "rating_intensity"]
    assert swapped[:-2] == [phase.name for phase in study.trial][:-2]


def test_starts_only_where_random() -> None:
    trial = [
        {**phase, "start": 50} if phase.get("question") == "intensity" else phase
        for phase in flagship().model_dump()["trial"]
    ]
    rows = trial_rows(flagship(trial=trial), TCS, allocation=1)
    assert "rating_intensity_start" not in rows[0]
    starts = [row["rating_unpleasantness_start"] for row in rows if row["trial"]]
    assert len(set(starts)) > 20
    assert all(0 <= start <= 100 for start in starts)


def test_temperatures_are_rounded_down_to_what_the_thermode_gives() -> None:
    study = flagship(temperatures__fixed=[46.59, 47.99])
    assert planned_temperatures(study, TCS) == (46.5, 47.9)
    assert planned_temperatures(study, PATHWAY) == (46.5, 47.5)
    assert planned_temperatures(study, TCS, temperatures=[44.3, 45.0]) == (44.3, 45.0)


@pytest.mark.parametrize(
    ("thermode", "fixed", "message"),
    [
        (TCS, [46.51, 46.55], r"lower temperature \(46.5 C\) isn't below the higher one"),
        (PATHWAY, [46.6, 46.9], r"isn't below the higher one \(46.5 C\)"),
        (PATHWAY, [43.9, 46.0], "43.9 C is needed, but the thermode's lowest program is 44 C"),
        (TCS, [46.5, 49.1], "higher temperature is 49.1 C, but the rig's highest target is 49 C"),
    ],
)
def test_temperatures_that_cannot_be(thermode: Any, fixed: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trial_rows(flagship(temperatures__fixed=fixed), thermode, allocation=1)


GOLDEN_ORDER = (
    "M347.5 F246.5 M247.5 F346.5 F247.5 M346.5 M146.5 M447.5 "
    "F447.5 F147.5 M246.5 M147.5 F146.5 F347.5 F446.5 M446.5"
)
GOLDEN_FIXATION = [3.9, 4.3, 4.0, 4.7, 6.0, 5.2, 3.9, 4.4, 4.6, 3.2, 6.0, 5.3, 5.8, 3.9, 3.5, 3.3]
