"""A norming session on the runner that plays pain studies: from the table to BIDS."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from experiment.bids.validate import validate_dataset
from experiment.calibration.play import calibrate_simulated
from experiment.errors import ExitCode, UserError
from experiment.inputs.files import load_rig
from experiment.journal import Journal, events, read_journal, read_journals
from experiment.norming.judgements import read_judgements
from experiment.preview.storyboard import screens_of
from experiment.preview.trial_view import draw, plan_for, summary
from experiment.recovery.resume import Repeat, prepare_resume
from experiment.report.group import analyse
from experiment.report.session import write_session_report
from experiment.session.dry import dry_run_one, dry_runs
from experiment.session.finish import finish
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from experiment.visit.begin import begin, load_files
from tests.experiment.virtual import Room, play_virtually
from tests.norming.small import small_study


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of one whole session of the shipped study."""
    out = tmp_path_factory.mktemp("whole")
    console = Console(file=(out / "said.txt").open("w"), width=200)
    request = Request("norming", "laptop", out=out, simulated=True)
    assert dry_run_one(request, console) == ExitCode.DONE
    return out / "norming-sim"


def test_the_dataset_is_valid_and_says_what_was_asked(whole: Path) -> None:
    assert validate_dataset(whole).ok
    tables = sorted(whole.glob("sub-sim01/beh/*_task-norming_run-*_events.tsv"))
    assert len(tables) == 7
    asked = set()
    for path in tables:
        sidecar = json.loads(path.with_suffix(".json").read_text())
        asked.add(sidecar["Question"])
        kind = f"rating_{sidecar['Question']}"
        assert kind in sidecar["trial_type"]["Levels"]
        assert "SkinSite" not in sidecar
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        rated = [row for row in rows if row["trial_type"] == kind]
        assert len(rated) == 24
        assert {row["skin_site"] for row in rows} == {"n/a"}
        assert {row["confirmed"] for row in rated} == {"true"}
        assert {row["stim_file"] for row in rated} == {
            f"clinicians/{row['clinician']}_{row['trust']}.png" for row in rated
        }
        if sidecar["Question"] == "age":
            assert (sidecar["RatingEnds"], sidecar["RatingUnits"]) == ([18.0, 80.0], "year")
    assert len(asked) == 7
    assert "thermode" not in (whole / "README").read_text()


def test_no_device_is_opened_and_nothing_of_heat_is_said(whole: Path) -> None:
    [path] = (whole / "sourcedata").rglob("*.jsonl")
    journal = read_journal(path)
    assert [info.role for info in journal.of(events.DeviceOpened)] == ["responses"]
    assert (journal.head.rig["thermode"], journal.head.rig["scanner"]) == (None, None)
    page = write_session_report(whole).read_text(encoding="utf-8")
    assert "<h2>Ratings</h2>" in page
    for word in ("skin site", "<h2>Heat</h2>", "Ratings by trust"):
        assert word not in page
    with pytest.raises(UserError, match="portraits norms"):
        analyse(whole)


def test_a_person_at_a_rig_of_emulated_devices_is_no_pilot(tmp_path: Path) -> None:
    prepared = prepare(Request("norming", "laptop", out=tmp_path))
    assert (prepared.kind, prepared.place.dataset.name) == ("participant", "norming")


def test_a_room_without_a_thermode_will_do(tmp_path: Path) -> None:
    rig = load_rig("laptop").path.read_text(encoding="utf-8")
    begin_, rest = rig.split("[thermode]")
    path = tmp_path / "plain.toml"
    path.write_text(begin_ + "[response]" + rest.split("[response]")[1], encoding="utf-8")
    assert prepare(Request("norming", str(path), out=tmp_path)).thermode is None


def test_who_does_not_answer_holds_nothing_up(tmp_path: Path) -> None:
    study = small_study(tmp_path, ("longest_s = 60.0", "longest_s = 5.0"))
    prepared = prepare(Request(str(study), "laptop", out=tmp_path, simulated=True))
    setting = virtual_setting()
    played, journal = play_virtually(tmp_path / "whole", study=str(study))
    setting.participant = lambda prepared, responses: OnlyTurnsPages(setting.clock, responses)
    alone = play(prepared, setting)
    assert alone.ending.exit_code == played.ending.exit_code == ExitCode.DONE
    ratings = read_journal(alone.journal).of(events.Rating)
    assert len(ratings) == len(journal.of(events.Rating)) == 36
    assert {rating.rating for rating in ratings} == {None}
    assert {round(rating.t - rating.onset, 1) for rating in ratings} <= {5.0, 5.1}


class OnlyTurnsPages:
    """Reads, but answers nothing."""

    def __init__(self, clock, responses) -> None:  # type: ignore[no-untyped-def]
        self.room = Room(clock, responses)

    def felt(self, highest: float, plateau_s: float, skin_site: int) -> None:
        """There is nothing to feel."""

    def begins(self, phase, row, cursor) -> None:  # type: ignore[no-untyped-def]
        if phase.trial_type == "instructions":
            clock = self.room.clock
            clock.call_at(clock.now() + 1.0, lambda: self.room.press("next"))


def done_trials(journals: list[Journal]) -> set[tuple[int, int]]:
    """(block, trial) of every judgement that was completed."""
    blocks = [{start.run: start.design_run for start in j.of(events.RunStart)} for j in journals]
    return {
        (runs[end.run], end.trial)
        for runs, journal in zip(blocks, journals, strict=True)
        for end in journal.of(events.TrialEnd)
        if end.status == "completed"
    }


def test_a_stop_pauses_without_a_word_of_heat_and_goes_on(tmp_path: Path) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []

    def choose(question: str, options: Mapping[str, str]) -> str:
        asked.append((question, tuple(options)))
        return "g"

    played, journal = play_virtually(
        tmp_path,
        study=str(small_study(tmp_path)),
        happens={4.0: lambda room: room.press("stop"), 30.0: lambda room: room.press("stop")},
        choose=choose,
    )
    assert played.ending.exit_code == ExitCode.DONE
    assert len(journal.of(events.Stop)) == 2
    assert {options for question, options in asked if "Paused" in question} == {("g", "q")}
    assert not [question for question, _ in asked if "skin" in question or "thermode" in question]
    finish(played, None)
    assert done_trials([journal]) == {(run, n) for run in (1, 2, 3) for n in range(1, 13)}
    with pytest.raises(UserError, match="at least 2 raters"):
        read_judgements(played.prepared.place.dataset)


def test_a_session_goes_on_after_a_crash_and_a_block_can_be_repeated(tmp_path: Path) -> None:
    played, _ = play_virtually(tmp_path, study=str(small_study(tmp_path)))
    dataset = played.prepared.place.dataset
    data = played.journal.read_bytes()
    played.journal.write_bytes(data[: len(data) // 2])
    prepared, _ = prepare_resume(dataset / "sub-sim01")
    assert play(prepared, virtual_setting()).ending.exit_code == ExitCode.DONE
    prepared, _ = prepare_resume(dataset / "sub-sim01", Repeat(2, and_later=False))
    again = play(prepared, virtual_setting())
    assert again.ending.exit_code == ExitCode.DONE
    journals = read_journals(prepared.place.existing_journals())
    finish(again, None)
    assert len(journals) == 3
    assert done_trials(journals) >= {(run, n) for run in (1, 2, 3) for n in range(1, 13)}
    assert validate_dataset(dataset).ok


def test_what_needs_heat_refuses_in_one_sentence(tmp_path: Path) -> None:
    norming = Request("norming", "laptop", out=tmp_path, simulated=True)
    with pytest.raises(UserError, match="norming gives no heat"):
        calibrate_simulated(norming, "fixed")
    with pytest.raises(UserError, match="norming gives no heat"):
        begin(norming, load_files((), "heat"))
    with pytest.raises(UserError, match="leave --calibration out"):
        prepare(Request("norming", "laptop", calibration="some.toml", out=tmp_path))
    with pytest.raises(UserError, match="leave --calibration out"):
        plan_for("norming", "laptop", "01", None, None, "some.toml", None, None)
    assert not list(tmp_path.iterdir())


def test_a_question_without_words_is_named(tmp_path: Path) -> None:
    study = small_study(tmp_path, ('name = "happy"', 'name = "clever"'))
    with pytest.raises(UserError, match=r"asks 'clever', but de\.toml has no such question"):
        prepare(Request(str(study), "laptop", out=tmp_path, language="de"))


def test_the_table_can_be_looked_at(tmp_path: Path) -> None:
    plan = plan_for("norming", "laptop", "01", None, 2, None, None, None)
    assert "168 judgements" in " ".join(summary(plan))
    draw(plan, tmp_path / "table.png")
    assert (tmp_path / "table.png").stat().st_size > 10_000


def test_the_storyboard_has_each_question(tmp_path: Path) -> None:
    prepared = prepare(Request("norming", "laptop", out=tmp_path, simulated=True))
    screens = screens_of(prepared)
    captions = [screen.caption.split(",")[0] for screen in screens]
    for name in ("trustworthy", "happy", "angry", "dominant", "attractive", "age", "weight"):
        assert name in captions
    [age] = [screen.scene for screen in screens if screen.caption.startswith("age")]
    assert [label.text for label in age.labels] == ["18", "30", "40", "50", "60", "70", "80"]
    assert age.labels[1].position == pytest.approx(100 * 12 / 62)
    assert not any("heat" in getattr(screen.scene, "text", "").lower() for screen in screens)


def test_two_dry_runs_give_the_same_files(tmp_path: Path) -> None:
    study = str(small_study(tmp_path))
    for name in ("one", "two"):
        dry_runs(study, "laptop", "01", None, None, None, tmp_path / name)
    one, two = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in files}
        for name in ("one", "two")
        if (files := sorted((tmp_path / name).rglob("*.tsv")))
    )
    assert one == two
