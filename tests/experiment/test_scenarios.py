"""Every shipped scenario comes out as its file states, and one that doesn't is told from it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import typer
from typer.testing import CliRunner

from conditions.scenario import Fault, Scenario
from experiment.cli.dry_run import dry_run
from experiment.errors import ExitCode, UserError
from experiment.faults.scenario import compare, load_scenario, play_scenario, shipped_scenarios
from experiment.faults.scenario_docs import PAGE, page
from experiment.inputs.files import SCENARIOS, Loaded
from experiment.journal import events, read_journal
from experiment.session.settings import virtual_setting

app = typer.Typer()
app.command()(dry_run)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_a_scenario_comes_out_as_stated(name: str, tmp_path: Path) -> None:
    scenario = load_scenario(name)
    found, never_came = play_scenario(scenario, tmp_path, virtual_setting())
    differing = [line for line in compare(scenario.model.expect, found) if not line.agrees]
    assert differing == [], found.told
    assert never_came == []


def test_there_are_scenarios_of_every_kind_of_fault() -> None:
    kinds = {
        fault.kind for name in shipped_scenarios() for fault in load_scenario(name).model.fault
    }
    union = get_args(get_args(Fault)[0])
    assert kinds == {get_args(model.model_fields["kind"].annotation)[0] for model in union}
    assert len(shipped_scenarios()) >= 20


def changed(name: str, **expect: object) -> Loaded[Scenario]:
    loaded = load_scenario(name)
    data = loaded.model.model_dump()
    data["expect"].update(expect)
    return Loaded(Scenario.model_validate(data), loaded.path, loaded.text, loaded.sha256)


@pytest.mark.parametrize(
    ("stated", "what"),
    [
        ({"ending": "completed"}, "ending"),
        ({"exit_code": 0}, "exit code"),
        ({"trials_kept": 2}, "trials kept"),
        ({"heats": 4}, "heats"),
        ({"highest_temperature": 46.5}, "highest temperature"),
        ({"message_contains": ("nobody says this",)}, "message contains"),
        ({"verdict": "look"}, "verdict"),
    ],
)
def test_what_differs_from_the_file_is_seen(
    stated: dict[str, object], what: str, tmp_path: Path
) -> None:
    scenario = changed("thermode_unplugged", **stated)
    found, _ = play_scenario(scenario, tmp_path, virtual_setting())
    differing = [line.what for line in compare(scenario.model.expect, found) if not line.agrees]
    assert differing == [what]


def test_the_command_says_so_and_its_exit_code_too(tmp_path: Path) -> None:
    good = CliRunner().invoke(app, ["--scenario", "low_battery", "--out", str(tmp_path)])
    assert good.exit_code == ExitCode.DONE
    assert "It came out as stated." in good.output
    text = (SCENARIOS / "low_battery.toml").read_text(encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text(text.replace("exit_code = 3", "exit_code = 1"), encoding="utf-8")
    bad = CliRunner().invoke(app, ["--scenario", str(other), "--out", str(tmp_path)])
    assert bad.exit_code == ExitCode.NOT_AS_EXPECTED
    assert "differs" in bad.output


def test_a_fault_whose_moment_never_comes_is_not_as_stated(tmp_path: Path) -> None:
    text = (SCENARIOS / "disk_full.toml").read_text(encoding="utf-8")
    other = tmp_path / "never.toml"
    text = text.replace("trial = 2", "trial = 99").replace('"failed"', '"completed"')
    text = text.replace("exit_code = 1", "exit_code = 0").replace(
        "trials_kept = 1", "trials_kept = 8"
    )
    other.write_text(
        "\n".join(x for x in text.splitlines() if "heats" not in x and "mess" not in x)
    )
    result = CliRunner().invoke(app, ["--scenario", str(other), "--out", str(tmp_path)])
    assert result.exit_code == ExitCode.NOT_AS_EXPECTED
    assert "its moment never came" in result.output


def test_a_scenario_names_its_own_study(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--scenario", "low_battery", "--study", "demo"])
    assert isinstance(result.exception, UserError)
    assert "--study" in str(result.exception)


def test_a_rehearsal_is_named_in_the_journal(tmp_path: Path) -> None:
    play_scenario(load_scenario("disk_full"), tmp_path, virtual_setting())
    [path] = tmp_path.rglob("*_journal-001.jsonl")
    journal = read_journal(path)
    assert journal.head.scenario == "disk_full"
    assert journal.head.kind == "simulated"
    # What was written before the disk was full is there, and is whole.
    assert journal.torn == b""
    assert journal.events[-1].event == "heat_triggered"
    assert not journal.of(events.SessionEnd)


def test_a_key_that_was_down_before_the_scale_moves_no_cursor(tmp_path: Path) -> None:
    play_scenario(load_scenario("key_held"), tmp_path / "held", virtual_setting())
    play_scenario(
        Loaded(
            load_scenario("key_held").model.model_copy(update={"fault": ()}),
            SCENARIOS / "key_held.toml",
            "",
            "",
        ),
        tmp_path / "free",
        virtual_setting(),
    )
    held, free = (
        read_journal(next((tmp_path / way).rglob("*_journal-001.jsonl"))).of(events.Rating)
        for way in ("held", "free")
    )
    assert [rating.rating for rating in held] == [rating.rating for rating in free]


def test_the_page_on_scenarios_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m experiment.faults.scenario_docs"


VISIBLE = """
title = "Stop, after a moment without frames"
seen = "x"
do = "x"
study = "demo"

[[fault]]
kind = "frames_dropped"
for_s = 0.5
at = { trial = 0, phase = "leadin_fixation", after_s = 0.3 }

[[fault]]
kind = "presses_stop"
times = 2
at = { trial = 0, phase = "leadin_heat", after_s = 1.0 }

[expect]
ending = "stopped"
exit_code = 4
trials_kept = 0
heats = 1
highest_temperature = 46.5
"""


@pytest.mark.usefixtures("display")
def test_a_scenario_plays_in_a_window_too(tmp_path: Path) -> None:
    path = tmp_path / "visible.toml"
    path.write_text(VISIBLE, encoding="utf-8")
    result = CliRunner().invoke(app, ["--scenario", str(path), "--visual", "--out", str(tmp_path)])
    assert result.exit_code == ExitCode.DONE, result.output
    [journal] = tmp_path.rglob("*_journal-001.jsonl")
    dropped = read_journal(journal).of(events.DroppedFrames)
    assert max(length for event in dropped for length in event.intervals_s) > 0.4
