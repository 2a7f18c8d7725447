"""The group report from a dataset to a page: who is in it, what it says, and bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from matplotlib.figure import Figure
from typer.testing import CliRunner

from conditions.study import Exclusion
from experiment.bids import export_session
from experiment.bids.validate import validate_dataset
from experiment.cli.report import report
from experiment.errors import ExitCode, UserError
from experiment.journal import find_journals
from experiment.report.group import analyse, write_group_report
from experiment.report.group_tables import effects_table
from experiment.report.inclusion import Person
from experiment.report.paired import paired_test
from experiment.report.results import Results
from experiment.report.visits import find_visits
from tests.commands import trustpain
from tests.factory import Session, write_session
from tests.report.studies import write_face_ratings

app = typer.Typer()
app.command()(report)


def table(dataset: Path, name: str) -> pd.DataFrame:
    path = dataset / "derivatives" / "trustpain" / f"desc-group_{name}.tsv"
    return pd.read_csv(path, sep="\t", na_values="n/a")


def reasons(results: Results) -> dict[str, str]:
    return {p.participant: "; ".join(p.reasons) for p in results.people if not p.included}


def person(results: Results, name: str) -> Person:
    return next(p for p in results.people if p.participant == name)


def events(dataset: Path, label: str, run: int = 1) -> Path:
    return next(dataset.glob(f"sub-{label}/func/*_run-{run:02d}_events.tsv"))


def change(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def blank(path: Path, question: str = "", rows: int = 1000) -> None:
    """Take ratings out, as of somebody who didn't answer."""
    lines = path.read_text(encoding="utf-8").splitlines()
    place = lines[0].split("\t").index("rating")
    for number, line in enumerate(lines):
        cells = line.split("\t")
        if cells[2].startswith(f"rating_{question}") and rows > 0:
            cells[place] = "n/a"
            lines[number], rows = "\t".join(cells), rows - 1
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def edit_head(dataset: Path, label: str, **changes: object) -> None:
    """Change a journal's head."""
    path = next((dataset / "sourcedata" / f"sub-{label}").glob("*.jsonl"))
    first, rest = path.read_bytes().split(b"\n", 1)
    head = json.loads(first) | changes
    path.write_bytes(json.dumps(head).encode() + b"\n" + rest)


@pytest.mark.timeout(300)
def test_page_and_tables_of_a_small_study(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[str]] = []
    save = Figure.savefig

    def watch(figure: Figure, *args: Any, **kwargs: Any) -> None:
        drawn.append([text.get_text() for text in figure.texts])
        save(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", watch)
    result = CliRunner().invoke(app, ["--group", str(dataset)])
    assert result.exit_code == 0, result.output
    path = dataset / "derivatives" / "trustpain" / "desc-group_report.html"
    assert str(path) in result.output.replace("\n", "")
    page = path.read_text(encoding="utf-8")
    assert len(drawn) == page.count("data:image/png;base64,") == page.count("<img") == 6
    assert all("SIMULATED, NOT DATA OF PEOPLE" in texts for texts in drawn)
    assert "Made by a simulated participant: never evidence about people." in page
    assert "://" not in page
    assert "<script" not in page
    assert "No face ratings found" in page
    effects = table(dataset, "effects")
    shown = effects[(effects["method"] == "mixed model") & (effects["question"] == "intensity")]
    assert f"{shown['estimate'].item():.2f}".replace("-", "−") in page
    assert f"{shown['df'].item():.1f}" in page
    assert (table(dataset, "inclusion")["included"] == "yes").all()
    cells = table(dataset, "cells")
    assert cells["n"].sum() == effects.loc[effects["method"] == "mixed model", "n_trials"].sum()
    before = {found.name: found.read_bytes() for found in path.parent.iterdir()}
    write_group_report(dataset)
    assert {found.name: found.read_bytes() for found in path.parent.iterdir()} == before
    assert validate_dataset(dataset).ok


def test_its_numbers_are_those_of_the_event_tables(dataset: Path) -> None:
    cells = analyse(dataset).cells["intensity"]
    parts = []
    for path in dataset.glob("sub-*/func/*_events.tsv"):
        part = pd.read_csv(path, sep="\t", na_values="n/a")
        parts.append(part[part["trial_type"] == "rating_intensity"].assign(who=path.name[:9]))
    rated = pd.concat(parts).dropna(subset=["rating"])
    assert cells["n"].sum() == len(rated)
    total = (cells["mean"] * cells["n"]).sum()
    assert total == pytest.approx(rated["rating"].sum())
    means = rated.groupby(["who", "trust"])["rating"].mean().unstack("trust")
    one = cells.groupby(["participant", "trust"])[["mean", "n"]].apply(
        lambda own: (own["mean"] * own["n"]).sum() / own["n"].sum()
    )
    pd.testing.assert_frame_equal(
        one.unstack("trust"), means, check_names=False, check_column_type=False
    )


def test_visits_that_are_not_closed_are_left_out_and_named(dataset: Path) -> None:
    first, second, third = (
        next((dataset / "sourcedata" / f"sub-sim0{n}").glob("*.jsonl")) for n in (1, 2, 3)
    )
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join(lines[:-1]))  # running, or cut off
    second.write_bytes(second.read_bytes()[:-20])  # its last line is torn
    last = json.loads(third.read_bytes().splitlines()[-1])
    stopped = json.dumps(last | {"status": "stopped"}).encode() + b"\n"
    third.write_bytes(b"".join(third.read_bytes().splitlines(keepends=True)[:-1]) + stopped)
    results = analyse(dataset)
    out = reasons(results)
    assert set(out) == {"sub-sim01", "sub-sim02", "sub-sim03"}
    assert "isn't closed" in out["sub-sim01"]
    assert "isn't closed" in out["sub-sim02"]
    assert "was stopped" in out["sub-sim03"]
    assert set(results.trials["participant"]) == {"sub-sim04", "sub-sim05", "sub-sim06"}
    assert any("No mixed model of intensity" in text for text in results.missing)


def test_one_open_session_keeps_the_whole_participant_out(dataset: Path, tmp_path: Path) -> None:
    plan = Session(participant="sim01", kind="simulated", session="02", runs=1, ends=False)
    write_session(dataset, plan, tmp_path / "pictures")
    assert "session 02" in reasons(analyse(dataset))["sub-sim01"]


def test_a_calibration_alone_is_no_visit(dataset: Path, tmp_path: Path) -> None:
    """Made on another day, or last of all in the session itself; or nothing else was done."""
    pictures = tmp_path / "pictures"
    for participant, session, number in (
        ("sim01", "00", 1),
        ("sim02", None, 2),
        ("sim99", None, 1),
    ):
        plan = Session(participant, session, "simulated", runs=1, number=number, stop_in=(1, 2))
        path = write_session(dataset, plan, pictures)
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('"step":"runs"', '"step":"calibration"', 1), encoding="utf-8")
    visits = {visit.name: visit for visit in find_visits(dataset)}
    assert sorted(visits) == [f"sub-sim{n:02d}" for n in (1, 2, 3, 4, 5, 6)] + ["sub-sim99"]
    assert [visit.problem for visit in visits.values() if visit.problem] == [
        "was calibrated, and nothing else"
    ]
    assert [list(visit.heads) for visit in visits.values() if visit.participant == "sub-sim02"] == [
        ["sub-sim02_journal-001.jsonl"]
    ]


def test_who_will_not_go_on_is_judged_by_the_studys_rules(dataset: Path) -> None:
    path = next((dataset / "sourcedata" / "sub-sim01").glob("*.jsonl"))
    *lines, end = path.read_bytes().splitlines(keepends=True)
    closed = json.dumps(json.loads(end) | {"status": "stopped", "closed": True}).encode() + b"\n"
    path.write_bytes(b"".join([*lines, closed]))
    for run in (1, 2):
        blank(events(dataset, "sim01", run))
    assert "isn't closed" not in reasons(analyse(dataset))["sub-sim01"]
    assert "rating" in reasons(analyse(dataset))["sub-sim01"]


def test_exclusion_rules_of_the_study_file(dataset: Path) -> None:
    blank(events(dataset, "sim01"))
    for run in (1, 2):
        blank(events(dataset, "sim02", run), question="unpleasantness", rows=2)  # just a quarter
    for run in (1, 2):
        sidecar = events(dataset, "sim03", run).with_suffix(".json")
        change(sidecar, '"TimingVerdict": "good"', '"TimingVerdict": "not_good"')
    change(
        events(dataset, "sim04").with_suffix(".json"),
        '"TimingVerdict": "good"',
        '"TimingVerdict": "not_good"',
    )
    results = analyse(dataset)
    out = reasons(results)
    assert "8 of 16 ratings are missing, more than 25 %" in out["sub-sim01"]
    assert person(results, "sub-sim02").missing == 0.25
    assert "sub-sim02" not in out
    assert "all ratings are missing" in out["sub-sim03"]
    fourth = person(results, "sub-sim04")
    assert fourth.runs_used == 1
    assert "run 1 left out: timing not good" in fourth.notes
    assert {row["design_run"] for row in fourth.trials} == {2}


def test_who_does_not_respond_to_temperature_is_out(dataset: Path) -> None:
    for run in (1, 2):
        path = events(dataset, "sim01", run)
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        place = {name: lines[0].index(name) for name in ("trial", "temperature", "rating")}
        heat = {c[place["trial"]]: c[place["temperature"]] for c in lines if c[2] == "heat"}
        for cells in lines:
            if cells[2] == "rating_intensity":  # the hotter, the less
                cells[place["rating"]] = (
                    "20.0" if heat[cells[place["trial"]]] == "47.50" else "30.0"
                )
        path.write_text("\n".join("\t".join(c) for c in lines) + "\n", encoding="utf-8")
    out = reasons(analyse(dataset))
    assert "rated only -10.0 points higher" in out["sub-sim01"]


def test_without_rules_nobody_is_excluded_but_it_says_so(dataset: Path) -> None:
    blank(events(dataset, "sim01"))
    for visit in find_visits(dataset):
        study = {k: v for k, v in visit.head.study.items() if k != "exclusion"}
        edit_head(dataset, visit.participant.removeprefix("sub-"), study=study)
    results = analyse(dataset)
    assert results.rules is None
    assert not reasons(results)
    assert any("states no exclusion rules" in text for text in results.missing)


def test_data_of_different_origin_are_not_mixed_silently(dataset: Path) -> None:
    edit_head(dataset, "sim02", kind="participant", participant="sim02")
    results = analyse(dataset)
    assert any("mixes data of different origin" in text for text in results.missing)
    assert "simulated" in results.kinds  # so that every picture is marked


def test_rules_of_the_shipped_studies_are_read(dataset: Path) -> None:
    assert analyse(dataset).rules == Exclusion(
        max_missing_share=0.25, runs_with_timing="not_good", min_runs=1, min_temperature_effect=0.0
    )


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.98])
def test_a_half_written_table_keeps_its_participant_out(kept: float, dataset: Path) -> None:
    path = events(dataset, "sim05")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    out = reasons(analyse(dataset))
    assert list(out) == ["sub-sim05"]
    assert path.name in out["sub-sim05"]


def test_a_table_cut_off_between_two_lines_keeps_its_participant_out(dataset: Path) -> None:
    path = events(dataset, "sim05")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) // 2]))
    assert "lacks 2 of 4 trials" in reasons(analyse(dataset))["sub-sim05"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("\tlow\t", "\thigh\t", "not what the journal's head planned"),
        ("\trating\t", "\tscore\t", "lacks the column rating"),
        ("46.50", "nan", "temperature is 'nan'"),
    ],
)
def test_wrong_values_keep_their_participant_out(
    old: str, new: str, why: str, dataset: Path
) -> None:
    change(events(dataset, "sim06"), old, new, count=1000)
    assert why in reasons(analyse(dataset))["sub-sim06"]


def test_an_impossible_rating_keeps_its_participant_out(dataset: Path) -> None:
    path = events(dataset, "sim06")
    value = re.search(r"rating_intensity(?:\t[^\t]+){10}\t(\d+\.\d)", path.read_text())
    assert value is not None
    change(path, f"\t{value[1]}\t", "\t250.0\t")
    assert "rating is '250.0'" in reasons(analyse(dataset))["sub-sim06"]


def test_a_lost_sidecar_or_journal_keeps_its_participant_out(dataset: Path) -> None:
    events(dataset, "sim01").with_suffix(".json").unlink()
    shutil.rmtree(dataset / "sourcedata" / "sub-sim02")
    shutil.rmtree(dataset / "sub-sim03")
    out = reasons(analyse(dataset))
    assert "is missing or damaged" in out["sub-sim01"]
    assert "no journal" in out["sub-sim02"]
    assert "no events.tsv" in out["sub-sim03"]


def test_a_damaged_journal_keeps_its_participant_out(dataset: Path) -> None:
    path = next((dataset / "sourcedata" / "sub-sim04").glob("*.jsonl"))
    path.write_bytes(b"{}\n" + path.read_bytes())
    assert "isn't a trustpain journal" in reasons(analyse(dataset))["sub-sim04"]


def test_one_participant_only(original: Path, tmp_path: Path) -> None:
    dataset = Path(shutil.copytree(original, tmp_path / "one-sim"))
    for number in range(2, 7):
        shutil.rmtree(dataset / f"sub-sim0{number}")
        shutil.rmtree(dataset / "sourcedata" / f"sub-sim0{number}")
    results = analyse(dataset)
    assert not results.effects
    assert not results.tests
    assert any("ratings of 1 participant;" in text for text in results.missing)
    page = write_group_report(dataset).read_text(encoding="utf-8")
    assert "No effect was estimated" in page
    assert table(dataset, "effects").empty


def test_all_ratings_missing(dataset: Path) -> None:
    for path in dataset.glob("sub-*/func/*_events.tsv"):
        blank(path)
    results = analyse(dataset)
    assert all("all ratings are missing" in text for text in reasons(results).values())
    page = write_group_report(dataset).read_text(encoding="utf-8")
    assert "There are no ratings to show" in page
    assert "no rated trial" in page


def test_ratings_that_never_vary_give_no_effect(tmp_path: Path) -> None:
    dataset = tmp_path / "trust_pain"
    for number in range(1, 6):
        plan = Session(participant=f"{number:02d}", runs=1, trials=4, hz=2, scanned=False)
        journal = write_session(dataset, plan, tmp_path / "pictures")
        export_session(dataset, find_journals(journal.parent), tmp_path / "pictures")
    results = analyse(dataset)
    assert not results.effects
    assert any("all ratings are the same" in text for text in results.missing)
    page = write_group_report(dataset).read_text(encoding="utf-8")
    assert "class=mark" not in page  # people, with real devices


def test_of_a_repeated_run_the_latest_counts(tmp_path: Path) -> None:
    dataset = tmp_path / "trust_pain"
    again = Session(
        number=2, runs=1, acquisition=1, first_run=3, design_runs=(2,), hz=2, no_answer=(3, 1)
    )
    for plan in (Session(runs=2, hz=2), again):
        journal = write_session(dataset, plan, tmp_path / "pictures")
    export_session(dataset, find_journals(journal.parent), tmp_path / "pictures")
    found = person(analyse(dataset), "sub-01")
    assert {(row["design_run"], row["acquisition"]) for row in found.trials} == {(1, 0), (2, 1)}
    assert (found.ratings_given, found.ratings_planned) == (14, 16)


def test_segments_of_an_interrupted_run_belong_together(tmp_path: Path) -> None:
    dataset = tmp_path / "trust_pain"
    again = Session(number=2, runs=1, hz=2, first_run=3, design_runs=(2,), segments={3: 2})
    for plan in (Session(runs=2, hz=2, stop_in=(2, 3)), again):
        journal = write_session(dataset, plan, tmp_path / "pictures")
    export_session(dataset, find_journals(journal.parent), tmp_path / "pictures")
    found = person(analyse(dataset), "sub-01")
    assert found.runs_used == 2
    assert {row["run"] for row in found.trials} == {1, 2, 3}


def test_faces_are_tested_before_and_after(dataset: Path) -> None:
    path = write_face_ratings(dataset)
    results = analyse(dataset)
    assert [(e.question, e.when, e.n) for e in results.faces] == [
        ("trust", "before", 6),
        ("trust", "after", 6),
    ]
    for found, effect in zip(results.faces, (40, 20), strict=True):
        assert found.mixed is not None
        assert found.mixed.raw.estimate == pytest.approx(effect, abs=1.5)
        assert found.mixed.raw.low > 0
    page = write_group_report(dataset).read_text(encoding="utf-8")
    assert "No face ratings found" not in page
    assert len(table(dataset, "faces")) == 4
    path.write_text("when\n", encoding="utf-8")
    assert any("left out" in text for text in analyse(dataset).missing)


def test_what_is_no_dataset_of_ours_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    foreign = tmp_path / "foreign"
    (foreign / "sub-01" / "func").mkdir(parents=True)
    (foreign / "dataset_description.json").write_text("{}")
    for path, why in (
        (tmp_path / "nowhere", "doesn't exist"),
        (tmp_path / "empty", "isn't in a BIDS dataset"),
        (foreign, "no session of trustpain"),
    ):
        with pytest.raises(UserError, match=why) as raised:
            write_group_report(path)
        assert raised.value.exit_code == ExitCode.BAD_INPUT
        assert not list(tmp_path.rglob("desc-group*"))


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ("pilot_short-sim/sub-sim01", (), "give the dataset's folder, {}/pilot_short-sim"),
        ("", (), "did you mean {}/pilot_short-sim?"),
        ("pilot_short-sim", ("--unblind",), "leave it out, the group report is by condition"),
    ],
)
def test_what_it_does_not_take_is_refused_in_one_sentence(
    given: str, options: tuple[str, ...], said: str, dataset: Path
) -> None:
    path = dataset.parent / given
    done = trustpain("report", "--group", *options, str(path), cwd=dataset.parent)
    assert done.returncode == ExitCode.BAD_INPUT
    assert said.format(dataset.parent) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(dataset.rglob("desc-group*"))


def test_a_visit_in_progress_and_a_journal_without_a_head_are_one_sentence(tmp_path: Path) -> None:
    begun = tmp_path / "begun"  # tables are written when a session ends
    write_session(begun, Session(runs=1, trials=2), tmp_path / "pictures")
    with pytest.raises(UserError, match="journals but no tables yet"):
        write_group_report(begun)
    (begun / "dataset_description.json").write_text("{}")
    next(begun.rglob("*.jsonl")).write_bytes(b'{"event":"session_st')
    with pytest.raises(UserError, match="sub-01 has a journal without a head"):
        write_group_report(begun)


def test_a_tests_counts_are_of_whom_it_tested(dataset: Path) -> None:
    results = analyse(dataset)
    cells = results.cells["intensity"]
    lacking = cells[(cells["participant"] == "sub-sim02") & (cells["trust"] == "low")].index
    results = replace(results, cells=results.cells | {"intensity": cells.drop(lacking)})
    left = results.cells["intensity"]
    tested = paired_test(left, ("low", "high"))
    assert tested.without == ("sub-sim02",)
    results = replace(results, tests=results.tests | {"intensity": tested})
    found = effects_table(results).set_index(["question", "method"])
    row: Any = found.loc[("intensity", "paired test")]
    whole = left[~left["participant"].isin(tested.without)]
    assert row["n_participants"] == whole["participant"].nunique()
    assert row["n_trials"] == whole["n"].sum() < left["n"].sum()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_it_shows_how_far_it_is_on_a_terminal_alone(dataset: Path) -> None:
    command = [sys.executable, "-c", "from experiment.cli import main; main()"]
    command += ["report", "--group", str(dataset)]
    quiet = subprocess.run(command, capture_output=True, text=True, check=True)
    assert quiet.stderr == ""
    ours, theirs = os.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment) as shown:
        os.close(theirs)
        told = b""
        try:
            while piece := os.read(ours, 4096):
                told += piece
        except OSError:  # Linux's way of saying that the other end was closed
            pass
    os.close(ours)
    assert shown.returncode == 0
    for step in (b"Reading", b"Fitting", b"Drawing"):
        assert step in told, step
