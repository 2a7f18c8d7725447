"""The shipped studies, number by number as they were decided."""

from __future__ import annotations

import re

import pytest

from conditions.schedule import heat_slot, run_length, trial_length, volumes
from conditions.study import Study
from conditions.trials import heat_onset, trial_rows
from experiment.inputs.files import STUDIES, load_rig, load_study, shipped_names
from hardware.checks import PlannedHeat, check_plan
from hardware.devices import Stimulus
from stimuli.manifest import load_manifest
from tests.conditions.make import SLOW, TCS, flagship

NAMES = shipped_names(STUDIES)
WITH_HEAT = [name for name in NAMES if name != "norming"]


def test_flagship_on_a_tcs() -> None:
    study = load_study("trust_pain").model
    assert (study.runs, study.trials_a_run) == (4, 16)
    assert heat_slot(8.0, TCS) == 8.5
    assert trial_length(study, TCS) == 38.0
    assert run_length(study, TCS) == 645.5
    assert volumes(study, 645.5, 6) == 1410
    assert len(trial_rows(study, TCS, allocation=1)) == 68


def test_flagship_on_a_pathway() -> None:
    assert heat_slot(8.0, SLOW) == 12.3
    assert run_length(load_study("trust_pain").model, SLOW) == 645.5 + 17 * 3.8


def test_unscanned_needs_no_volumes() -> None:
    data = flagship().model_dump()
    del data["scan"]
    study = Study.model_validate(data)
    assert volumes(study, 645.5, 6) is None


def test_pilot_and_demo() -> None:
    pilot, demo = load_study("pilot_short").model, load_study("demo").model
    assert (pilot.runs, pilot.trials_a_run) == (2, 4)
    assert (demo.runs, demo.trials_a_run) == (1, 4)
    dummies_s = 6 * 0.46
    assert run_length(demo, TCS) + dummies_s <= 115  # leaves time to start, within two minutes
    for allocation in range(1, 9):
        rows = [row for row in trial_rows(pilot, TCS, allocation=allocation) if row["trial"]]
        met = {(row["clinician"], row["temperature"]) for row in rows}
        assert len(met) == 8  # each clinician at both temperatures over the two runs
        assert {rows[0]["trust"], rows[4]["trust"]} == {"low", "high"}


@pytest.mark.parametrize("name", NAMES)
def test_clinicians_are_those_of_the_shipped_portraits(name: str) -> None:
    manifest = load_manifest()
    for clinician in load_study(name).model.clinicians.identities:
        portrait = manifest.portrait(clinician.id, "low")
        assert (portrait.sex, portrait.skin_tone) == (clinician.sex, clinician.skin_tone)


def test_all_others_give_heat() -> None:
    assert all(isinstance(load_study(name).model, Study) for name in WITH_HEAT)


@pytest.mark.parametrize("name", WITH_HEAT)
@pytest.mark.parametrize("rig_name", ["laptop", "mri_tcs"])
def test_shipped_studies_keep_the_shipped_limits(name: str, rig_name: str) -> None:
    study, rig = load_study(name).model, load_rig(rig_name).model
    for allocation in range(1, 21):
        planned = []
        for number, row in enumerate(trial_rows(study, TCS, allocation=allocation), start=1):
            onset = heat_onset(study, TCS, row)
            assert onset is not None
            stimulus = Stimulus(
                number, row["temperature"], row["plateau_s"], 32.0, 70.0, 70.0, row["skin_site"]
            )
            planned.append(
                PlannedHeat(row["run"], row["trial"], stimulus, 2000 * row["run"] + onset)
            )
        assert check_plan(planned, rig.limits) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_value_says_whose_it_is(name: str) -> None:
    text = load_study(name).text
    if "every number here is ours" in text:
        return
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        told = "ours" in section or "ours" in line or "published" in line
        if re.match(
            r"(?!name|title|task|kind|set|paradigm)\w+ = ", line
        ) and not section.startswith("[["):
            assert told, line
