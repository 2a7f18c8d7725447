"""The set-up: the dialog before a visit, and what is asked in its first step."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from conditions.stimulation import run_sites, sites_without, spare_sites
from experiment.cli.app import app
from experiment.inputs.files import load_study
from experiment.journal import events
from experiment.recovery.resume import Repeat, prepare_resume
from experiment.session import dialog
from experiment.session.preparation import Request
from experiment.visit.begin import begin, check_set_up, load_files
from experiment.visit.play import put_on_record
from experiment.visit.setup import SetUp, ask_for_visit, remember, remembered
from tests.display.test_dialog import Terminal
from tests.visit.conftest import Visited, answering, go

QUICK = {"Instructions. ": ["k"], "Face ratings. ": ["k", "k"], "Practice. ": ["k"]}
DEFAULTS = {"study": "trust_pain", "rig": "laptop", "session": "", "language": "en"}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(dialog, "screen_missing", lambda: True)
    return monkeypatch


def test_an_option_goes_before_memory_and_memory_before_the_default(
    terminal: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "visit.json"
    remember({"study": "demo", "rig": "mri_tcs", "language": "de"}, kept)
    terminal.setattr("sys.stdin", Terminal("", "", "07", "", ""))
    found = ask_for_visit({"rig": "laptop"}, DEFAULTS, lambda found: None, kept)
    assert found == SetUp("demo", "laptop", "07", None, "de")


def test_a_slip_reopens_the_dialog_and_isnt_remembered(
    terminal: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "visit.json"
    wrong = ("demmo", "labtop", "07", "", "")
    terminal.setattr(
        "sys.stdin", Terminal(*wrong, "demo", "", "", "", "", "", "laptop", "", "", "")
    )

    def check(found: SetUp) -> None:
        assert not kept.exists()
        check_set_up(replace(Request(out=tmp_path), **vars(found)), load_files((), "heat"))

    found = ask_for_visit({}, DEFAULTS, check, kept)
    assert found == SetUp("demo", "laptop", "07", None, "en")
    said = " ".join(capsys.readouterr().out.split())
    assert 'There is no study "demmo": did you mean "demo"?' in said
    assert 'There is no rig "labtop": did you mean "laptop"?' in said
    assert remembered(kept)["study"] == "demo"


def test_handedness_is_asked_once_and_is_in_the_list_of_participants(tmp_path: Path) -> None:
    answers = QUICK | {"write?": ["l"], "Skin check. ": ["q"]}
    for name, asked in (("with", ("demographics",)), ("without", ())):
        files = load_files(asked, "heat")
        seen = go(tmp_path / name, answering(answers), files=files)
        with (seen.played.prepared.place.dataset / "participants.tsv").open() as file:
            (row,) = csv.DictReader(file, delimiter="\t")
        assert row["handedness"] == "left"
        assert seen.told.count("write?") == 1


@pytest.fixture(scope="module")
def scarred(tmp_path_factory: pytest.TempPathFactory) -> Visited:
    """Two sites can't be used, one of them the first run's, the other the practice's."""
    lines = {"can't be used": ["nine", "1, 99", "1; 8"]}
    return go(tmp_path_factory.mktemp("scar"), lines=lines, calibration=None)


def test_no_heat_on_a_site_that_cannot_be_used(scarred: Visited) -> None:
    assert "'nine' isn't a list of numbers" in scarred.told
    assert "no skin site 99" in scarred.told
    heats = scarred.of(events.HeatPrepared)
    assert heats
    assert not {heat.skin_site for heat in heats} & {1, 8}
    assert {row["skin_site"] for row in scarred.journals[-1].head.trials}.isdisjoint({1, 8})
    assert [e.value for e in scarred.of(events.Answered) if e.item == "unusable_sites"] == ["1 8"]
    assert set(scarred.ended.values()) == {"done"}


def test_a_repeated_run_keeps_off_it_too(scarred: Visited, tmp_path: Path) -> None:
    seen = go(tmp_path, answering(QUICK | {"Skin check. ": ["q"]}), lines={"can't be": ["2"]})
    prepared, _ = prepare_resume(seen.played.journal, Repeat(1, and_later=False))
    assert spare_sites(prepared.study.model)[0] == 2
    assert {row["skin_site"] for row in prepared.rows} == {3}


def test_too_few_sites_are_refused_in_a_sentence(tmp_path: Path) -> None:
    lines = {"can't be used": ["1 2 3 4 5 6 7 8", "none"]}
    seen = go(tmp_path, answering({"Device check. ": ["q"]}), lines=lines)
    assert "there are too few: use the other forearm" in seen.told
    assert seen.ended["setup"] == "done"


def test_other_runs_keep_their_sites() -> None:
    study = load_study("trust_pain").model
    planned = run_sites(study, 7)
    assert sites_without(study, 7, ()) == dict(enumerate(planned, start=1))
    found = sites_without(study, 7, {planned[0]})
    assert [found[run] for run in sorted(found)][1:] == list(planned)[1:]
    assert found[1] not in planned


def test_the_visits_calibration_can_be_a_fixed_series(tmp_path: Path) -> None:
    files = replace(load_files((), "heat"), method="fixed")
    choose = answering(QUICK | {"The runs. ": ["q"]})
    seen = go(tmp_path, choose, files=files, calibration=None)
    judged = [e for e in seen.of(events.Decision) if "fit for use" in e.question]
    assert {e.details["method"] for e in judged} == {"fixed"}


def test_a_visit_led_unblinded_is_on_the_list_before_it_begins(tmp_path: Path) -> None:
    prepared = begin(Request("demo", "laptop", "07", out=tmp_path), load_files((), "heat")).prepared
    put_on_record(prepared, Console(file=io.StringIO()))
    listed = prepared.place.dataset / "derivatives" / "trustpain" / "unblinding.tsv"
    _, line = listed.read_text(encoding="utf-8").splitlines()
    assert line.split("\t")[1:4] == ["sub-07", "screen of the visit", "command, visit not closed"]


@pytest.mark.parametrize("command", ["visit", "calibrate"])
def test_progress_keeps_quiet_where_there_is_no_terminal(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--calibration", "none"] if command == "visit" else ["--method", "fixed"]
    out = ["--out", str(tmp_path)]
    with pytest.raises(SystemExit) as ended:
        app([command, "--study", "demo", "--simulate", "--participant", "01", *more, *out])
    assert ended.value.code == 0
    assert capsys.readouterr().err == ""
