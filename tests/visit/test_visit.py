"""A visit in virtual time: every step, what is logged, and what interruptions do."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from experiment.bids.export import export_session
from experiment.bids.validate import validate_dataset
from experiment.blinding import Blind
from experiment.errors import ExitCode, UserError
from experiment.journal import events
from experiment.plan.materials import materials_of
from experiment.plan.scene import Forearm, RatingScale, Scene, Text
from experiment.visit.screens import WARM_C, instruction_pages, picture_of
from experiment.visit.steps import STEPS
from tests.visit.conftest import Visited, answering, go

ALL = [step.name for step in STEPS if step.name != "questionnaires_after"]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


# --- a whole visit --------------------------------------------------------------------------------


def test_every_step_is_done_once_in_order(whole: Visited) -> None:
    assert whole.played.ending.exit_code == ExitCode.DONE
    assert [event.step for event in whole.of(events.StepStart)] == ALL
    assert [(e.step, e.status, e.attempt) for e in whole.of(events.StepEnd)] == [
        (name, "done", 1) for name in ALL
    ]


def test_no_heat_before_consent_and_only_warmth_in_practice(whole: Visited) -> None:
    ends = {event.step: event.t for event in whole.of(events.StepEnd)}
    heats = whole.of(events.HeatTriggered)
    assert min(heat.t for heat in heats) > max(ends["exclusion"], ends["consent"])
    practised = [heat.temperature for heat in heats if heat.run == 0]
    assert practised == list(WARM_C) * (len(practised) // len(WARM_C))
    assert max(practised) <= 42.0
    assert all(heat.t < ends["practice"] for heat in heats if heat.run == 0)
    numbers = [heat.number for heat in heats]
    assert len(set(numbers)) == len(numbers)


def test_instructions_have_pictures_of_this_study(whole: Visited) -> None:
    prepared = whole.played.prepared
    materials = materials_of(
        prepared.study.model, prepared.texts, prepared.thermode, lambda *who: Path(), hand="keys"
    )
    study = prepared.study.model
    pages = instruction_pages(prepared.texts, study)
    drawn = [picture_of(page, study, materials) for page in pages if page.picture]
    assert [type(picture).__name__ for picture in drawn] == [
        "Silhouette",
        "Forearm",
        "RatingScale",
        "StopButton",
    ]
    scale = next(picture for picture in drawn if isinstance(picture, RatingScale))
    assert scale.kind == study.scale


def test_the_participant_sees_the_sites_of_the_set_up(tmp_path: Path) -> None:
    shown: list[Scene] = []
    choose = answering({"which forearm": ["r"], "Face ratings. ": ["q"]})
    lines = {"can't be used": ["2, 5"]}
    seen = go(tmp_path, choose, lines=lines, watch=shown.append)
    (arm,) = [
        scene.drawing
        for scene in shown
        if isinstance(scene, Text) and isinstance(scene.drawing, Forearm)
    ]
    assert arm.arm == "right"
    study = seen.played.prepared.study.model
    sites = {site for row in arm.rows for site in row if site is not None}
    assert sites == set(range(1, study.skin_sites.count + 1)) - {2, 5}
    alone = study.model_copy(
        update={"skin_sites": study.skin_sites.model_copy(update={"count": 1})}
    )
    pages = instruction_pages(seen.played.prepared.texts, alone)
    assert "forearm" not in [page.picture for page in pages]


def test_every_device_is_told_in_the_device_check(whole: Visited) -> None:
    told = whole.told[whole.told.index("Device check") :]
    for role in ("thermode", "scanner", "markers"):
        assert re.search(rf"^  {role} +open on ", told, re.M)
    assert re.search(r"^  responses +open: \w+, emulated$", told, re.M)


def test_every_face_is_rated_on_every_item_before_and_after(whole: Visited) -> None:
    prepared = whole.played.prepared
    rows = table(next(prepared.place.dataset.rglob("*_task-faces_beh.tsv")))
    met = {row["clinician"] for row in prepared.rows if row["clinician"]}
    items = prepared.study.model.face_ratings.items
    wanted = {(w, c, item) for w in ("before", "after") for c in met for item in items}
    assert {(row["when"], row["clinician"], row["question"]) for row in rows} == wanted
    assert len(rows) == len(wanted)
    level = {c: r["trust"] for r in prepared.rows if (c := r["clinician"])}
    assert all(row["trust"] == level[row["clinician"]] for row in rows)
    by_level = {
        trust: fmean(float(row["rating"]) for row in rows if row["trust"] == trust)
        for trust in ("low", "high")
    }
    assert by_level["low"] < by_level["high"]  # as the simulated participant is made


def test_what_was_answered_is_in_the_dataset(whole: Visited) -> None:
    dataset = whole.played.prepared.place.dataset
    (person,) = table(dataset / "participants.tsv")
    assert person["participant_id"] == "sub-sim01"
    assert (person["age"], person["sex"], person["handedness"]) == ("53", "female", "right")
    (anxiety,) = table(dataset / "phenotype" / "state_anxiety.tsv")
    assert "state_anxiety_mean" in anxiety
    (words,) = table(dataset / "phenotype" / "open_questions.tsv")
    assert words["suspicion"] == "no answer"
    assert not list(dataset.rglob("*heat*.tsv"))  # nothing about health


def test_the_dataset_is_valid_and_can_be_made_again(whole: Visited) -> None:
    place = whole.played.prepared.place
    assert validate_dataset(place.dataset).ok
    before = {path: path.read_bytes() for path in place.dataset.rglob("*.tsv")}
    for path in before:
        if path.name != "allocation.tsv":
            path.unlink()
    export_session(place.dataset, place.existing_journals())
    assert {path: path.read_bytes() for path in place.dataset.rglob("*.tsv")} == before


def test_whoever_leads_the_visit_stays_blind(whole: Visited) -> None:
    assert "Step 1 of" in whole.told
    for line in whole.told.splitlines():
        assert Blind(whole.journals[0].head)(line) == line


# --- interruptions --------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ALL)
def test_a_visit_that_is_cut_off_goes_on_at_that_step(
    step: str, whole: Visited, tmp_path: Path
) -> None:
    """Killed a moment after the step has begun: whatever came later isn't in the journal."""
    from experiment.session.preparation import Request
    from experiment.visit.begin import QUESTIONNAIRES, begin, load_files

    cut = cut_after(whole, tmp_path, f'"step":"{step}","attempt"')
    request = Request("demo", "laptop", out=cut, simulated=True)
    found = begin(request, load_files(QUESTIONNAIRES, "heat"))
    assert found.progress.left([s for s in STEPS if s.name in ALL])[0].name == step
    assert found.arm == ("left" if step != "setup" else "")


@pytest.mark.parametrize("step", ["practice", "open_questions"])
def test_what_is_left_is_done_and_nothing_else(step: str, whole: Visited, tmp_path: Path) -> None:
    rest = go(cut_after(whole, tmp_path, f'"step":"{step}","attempt"'))
    assert rest.played.ending.exit_code == ExitCode.DONE
    later = rest.journals[-1].of(events.StepStart)
    assert [event.step for event in later] == ALL[ALL.index(step) :]
    assert later[0].attempt == 2
    assert len({(r.design_run, r.segment) for r in rest.of(events.RunStart)}) == 1
    with pytest.raises(UserError, match="is finished"):
        go(rest.played.prepared.place.dataset.parent)


def cut_after(whole: Visited, tmp_path: Path, mark: str) -> Path:
    """A copy of the dataset whose journal ends with the first line that holds `mark`."""
    shutil.copytree(whole.played.prepared.place.dataset.parent, tmp_path / "copy")
    (journal,) = (tmp_path / "copy").rglob("*_journal-001.jsonl")
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    end = next(n for n, line in enumerate(lines) if mark in line)
    journal.write_text("".join(lines[: end + 1]), encoding="utf-8")
    return tmp_path / "copy"


def test_a_step_may_be_skipped_with_a_reason_and_done_again(tmp_path: Path) -> None:
    choose = answering(
        {
            "Consent. ": ["r"],  # the check list once more
            "Instructions. ": ["k"],
            "Face ratings. ": ["k", "k"],
            "Practice. ": ["k"],
            "The runs. ": ["k"],
        }
    )
    seen = go(tmp_path, choose, lines={"'Instructions' skipped": ["", "knows them"]})
    assert seen.played.ending.exit_code == ExitCode.DONE
    skipped = {e.step: e.reason for e in seen.of(events.StepEnd) if e.status == "skipped"}
    assert skipped["instructions"] == "knows them"  # an empty reason isn't taken
    assert set(skipped) == {"instructions", "faces_before", "practice", "runs", "faces_after"}
    attempts = [e.attempt for e in seen.of(events.StepEnd) if e.step == "exclusion"]
    assert attempts == [1, 2]
    assert not seen.of(events.HeatTriggered)


@pytest.mark.parametrize(
    ("question", "letter", "step"),
    [
        ("Are you pregnant", "y", "exclusion"),
        ("Are you 18 years", "n", "exclusion"),
        ("in another study", "y", "exclusion"),
        ("signed the consent", "n", "consent"),
    ],
)
def test_who_may_not_take_part_gets_no_heat(
    question: str, letter: str, step: str, tmp_path: Path
) -> None:
    seen = go(tmp_path, answering({question: [letter]}))
    assert seen.played.ending.status == "stopped"
    assert seen.ended[step] == "failed"
    assert list(seen.ended)[-1] == step
    assert not seen.of(events.HeatPrepared)


def test_a_stop_in_practice_aborts_and_the_step_can_be_done_again(
    whole: Visited, tmp_path: Path
) -> None:
    first = next(heat for heat in whole.of(events.HeatTriggered) if heat.run == 0)
    seen = go(tmp_path, happens={first.t + 2.0: lambda room, _: room.press("stop")})
    ends = [e.status for e in seen.of(events.StepEnd) if e.step == "practice"]
    assert ends == ["interrupted", "done"]
    aborted = [heat for heat in seen.of(events.HeatDelivered) if heat.aborted]
    assert [heat.number for heat in aborted] == [first.number]
    assert seen.played.ending.exit_code == ExitCode.DONE


def test_two_stops_end_the_visit_which_can_go_on_later(whole: Visited, tmp_path: Path) -> None:
    first = next(heat for heat in whole.of(events.HeatTriggered) if heat.run == 0)
    presses = {first.t + 2.0: press_stop, first.t + 2.5: press_stop}
    seen = go(tmp_path, happens=presses)
    assert seen.played.ending.exit_code == ExitCode.EMERGENCY_STOP
    assert list(seen.ended.items())[-1] == ("practice", "interrupted")
    rest = go(tmp_path)
    assert rest.ended["practice"] == "done"
    assert rest.played.ending.exit_code == ExitCode.DONE


def press_stop(room: Any, experimenter: Any) -> None:
    room.press("stop")


def test_skin_that_is_not_well_gets_no_heat(tmp_path: Path) -> None:
    choose = answering({"Run 1 of": ["a"], "isn't done": ["q"]})
    seen = go(tmp_path, choose, lines={"What is seen": ["a blister"]})
    assert [(note.kind, note.text) for note in seen.of(events.Note)] == [
        ("adverse event", "a blister")
    ]
    assert not seen.of(events.RunStart)
    assert seen.ended["runs"] == "interrupted"


def test_a_note_at_any_moment(tmp_path: Path) -> None:
    def note(room: Any, experimenter: Any) -> None:
        experimenter.on_note("thermode slipped", "put back", 7.5)  # when its key was pressed

    choose = answering({"Consent. ": ["q"]})
    seen = go(tmp_path, choose, happens={9.0: note})
    (found,) = seen.of(events.Note)
    assert (found.t, found.kind, found.text) == (7.5, "thermode slipped", "put back")


def test_the_screen_knows_every_device_while_the_visit_goes_on(
    whole: Visited, tmp_path: Path
) -> None:
    seen: list[str] = []

    def look(room: Any, experimenter: Any) -> None:
        seen.append("; ".join(f"{line.role} {line.text}" for line in experimenter.devices()))

    first = next(heat for heat in whole.of(events.HeatTriggered) if heat.run == 0)
    looks = {9.0: look, first.t + 2.5: look}
    go(tmp_path, answering({"Calibration. ": ["q"]}), happens=looks)
    cool, hot = seen
    assert re.match(
        r"thermode 3\d\.\d °C · at baseline · battery .* when opened · tcs on emul", cool
    )
    assert "scanner 0 pulses in this run" in cool
    assert "responses open: " in cool
    assert "emulated" in cool
    assert "not at baseline" in hot
    assert float(hot.split()[1]) > 36.0


def test_nonsense_is_refused_in_a_sentence(tmp_path: Path) -> None:
    choose = answering({"Instructions. ": ["q"]})
    seen = go(tmp_path, choose, lines={"How old": ["old", "7", "33,5"]})
    assert "'old' isn't a number" in seen.told
    assert "7 isn't between 18 and 89" in seen.told
    ages = [e.value for e in seen.of(events.Answered) if e.item == "age"]
    assert ages == [33.5]


def test_a_session_without_a_visit_is_not_taken_for_one(tmp_path: Path) -> None:
    from tests.experiment.virtual import play_virtually

    play_virtually(tmp_path, study="demo")
    with pytest.raises(UserError, match="without a visit"):
        go(tmp_path)


# --- with a calibration of its own ----------------------------------------------------------------


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Visited:
    return go(tmp_path_factory.mktemp("calibrated"), calibration=None)


def test_a_calibration_decides_the_runs_after_it(calibrated: Visited) -> None:
    assert calibrated.played.ending.exit_code == ExitCode.DONE
    first, second = calibrated.journals
    assert first.head.calibration is None
    assert not first.of(events.RunStart)
    assert second.head.calibration is not None
    targets = {round(t["temperature"], 2) for t in second.head.calibration["targets"]}
    given = {heat.temperature for heat in second.of(events.HeatTriggered)}
    assert max(given) <= max(targets)
    assert given != {heat.temperature for heat in first.of(events.HeatTriggered)}
    assert [event.step for event in calibrated.of(events.StepStart)] == ALL
    assert set(calibrated.ended.values()) == {"done"}


def test_stimuli_count_on_over_both_journals(calibrated: Visited) -> None:
    numbers = [heat.number for heat in calibrated.of(events.HeatTriggered)]
    assert numbers == sorted(set(numbers))


def test_a_dataset_of_two_journals_is_valid(calibrated: Visited) -> None:
    dataset = calibrated.played.prepared.place.dataset
    assert validate_dataset(dataset).ok
    assert table(dataset / "phenotype" / "state_anxiety.tsv")


def test_cut_off_after_the_calibration_it_isnt_made_again(
    calibrated: Visited, tmp_path: Path
) -> None:
    shutil.copytree(calibrated.played.prepared.place.dataset.parent, tmp_path / "copy")
    (second,) = (tmp_path / "copy").rglob("*_journal-002.jsonl")
    second.unlink()
    rest = go(tmp_path / "copy", calibration=None)
    assert rest.journals[-1].head.trials == calibrated.journals[-1].head.trials
    assert [e.step for e in rest.journals[-1].of(events.StepStart)] == ALL[ALL.index("runs") :]
