"""The check of a rig: each finding on its own, and the command with its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from experiment.check import whole
from experiment.check.devices import DeviceCheck
from experiment.check.findings import Check, Finding
from experiment.check.hands import hands
from experiment.check.lines import latency_timer, medoc_round_trip
from experiment.check.room import disk
from experiment.cli.app import app
from experiment.clocks import RealClock, VirtualClock
from experiment.errors import ExitCode, UserError
from experiment.inputs.files import load_rig
from hardware.emulation import EmulatedWorld
from hardware.rig import KeyboardSection, MedocSection

LAPTOP = load_rig("laptop")


def found(check: DeviceCheck) -> dict[str, Finding]:
    return {finding.subject: finding for finding in check.findings()}


@pytest.fixture(scope="module")
def emulated() -> dict[str, Finding]:
    clock = RealClock()
    with EmulatedWorld(clock) as world:
        findings = found(DeviceCheck(LAPTOP.model, clock, world, None))
    clock.close()
    return findings


def test_every_emulated_device_is_opened_and_says_who_it_is(emulated: dict[str, Finding]) -> None:
    for subject in ("thermode", "scanner line", "marker box", "test marker"):
        assert emulated[subject].state in ("green", "amber")
    assert "emulated tcs" in emulated["thermode"].found


def test_the_test_stimulus_is_one_degree_above_baseline(emulated: dict[str, Finding]) -> None:
    figures = emulated["test stimulus"].figures
    assert LAPTOP.model.thermode is not None
    assert figures["asked_c"] == LAPTOP.model.thermode.baseline + 1
    assert figures["measured_c"] == pytest.approx(figures["asked_c"], abs=0.3)
    assert figures["sample_median_ms"] > 0


def test_a_lines_round_trip_is_measured(emulated: dict[str, Finding]) -> None:
    figures = emulated["thermode line"].figures
    assert 0 < figures["median_ms"] <= figures["p99_ms"]


def test_ten_pulses_are_listened_to(emulated: dict[str, Finding]) -> None:
    figures = emulated["pulses"].figures
    assert figures["pulses"] == 10
    assert figures["tr_s"] == pytest.approx(0.46, rel=0.05)


def test_each_missing_device_is_reported() -> None:
    rig = LAPTOP.model
    missing = rig.model_copy(
        update={
            role: getattr(rig, role).model_copy(update={"port": f"/dev/nothing_{role}"})
            for role in ("thermode", "scanner", "markers")
        }
    )
    clock = RealClock()
    findings = list(DeviceCheck(missing, clock, None, None).findings())
    clock.close()
    assert [f.state for f in findings] == ["red"] * 3
    for finding, role in zip(findings, ("thermode", "scanner", "markers"), strict=True):
        assert f"nothing_{role}" in finding.found
        assert finding.advice


def test_a_missing_button_box_and_joystick_are_red(display: str) -> None:
    data = LAPTOP.as_dict()["response"] | {
        "buttons": {"port": "/dev/nothing_box", "confirm": ["g"]},
        "joystick": {"name": "No Such Stick", "confirm": [0]},
    }
    box, stick = hands(KeyboardSection.model_validate(data))
    assert (box.state, stick.state) == ("red", "red")
    assert "nothing_box" in box.found
    assert "'No Such Stick' isn't there" in stick.found
    assert list(hands(LAPTOP.model.response)) == []


def test_the_adapter_of_a_button_box_is_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "nothing_box").mkdir()
    (tmp_path / "nothing_box" / "latency_timer").write_text("16\n")
    buttons = {"port": "/dev/nothing_box", "confirm": ["g"]}
    section = KeyboardSection.model_validate(LAPTOP.as_dict()["response"] | {"buttons": buttons})
    timer, box = hands(section, tmp_path)
    assert (timer.subject, timer.state) == ("button box adapter", "amber")
    assert timer.figures["latency_timer_ms"] == 16
    assert box.state == "red"


def test_the_round_trip_to_a_medoc_is_measured() -> None:
    section = load_rig("mri_medoc").model.thermode
    assert isinstance(section, MedocSection)
    section = section.model_copy(update={"port": "emulated://medoc"})
    clock = VirtualClock()
    with EmulatedWorld(clock) as world:
        finding = medoc_round_trip(section, clock, world)
        assert finding.figures["unanswered"] == 0
        assert world.medoc.missed.maxlen
        assert not world.medoc.missed  # its gap was kept


@pytest.mark.parametrize(("timer", "state"), [("16\n", "amber"), ("1\n", "green"), ("?", "amber")])
def test_an_ftdi_adapters_latency_timer_is_looked_at(
    tmp_path: Path, timer: str, state: str
) -> None:
    port = tmp_path / "ttyUSB7"
    port.touch()
    link = tmp_path / "by-id"
    link.symlink_to(port)
    (tmp_path / "sysfs" / "ttyUSB7").mkdir(parents=True)
    file = tmp_path / "sysfs" / "ttyUSB7" / "latency_timer"
    file.write_text(timer)
    finding = latency_timer("scanner", str(link), tmp_path / "sysfs")
    assert finding is not None
    assert finding.state == state
    if timer.strip() == "16":
        assert f"echo 1 | sudo tee {file}" in finding.advice


@pytest.mark.parametrize("port", ["emulated://tcs", "socket://127.0.0.1:5000", "/dev/ttyACM0"])
def test_what_is_no_ftdi_adapter_has_no_latency_timer(tmp_path: Path, port: str) -> None:
    assert latency_timer("thermode", port, tmp_path) is None


def test_the_disk_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    finding = disk(tmp_path)
    assert finding.figures["free_mb"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_red(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert disk(tmp_path / "file" / "checks").state == "red"


def test_the_worst_finding_decides_and_all_are_kept(tmp_path: Path) -> None:
    findings = (Finding("disk", "green", "80 GB free"), Finding("screen", "amber", "30 Hz", "Look"))
    check = Check("laptop", "0" * 64, "2026-11-24T00:00:00+00:00", findings, {}, {})
    path = check.save(tmp_path / "checks")
    kept = json.loads(path.read_text())
    assert kept["state"] == check.state == "amber"
    assert [f["subject"] for f in kept["findings"]] == ["disk", "screen"]


def test_a_bad_rig_file_is_bad_input(tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    rig.write_text("name = 4\n")
    result = CliRunner().invoke(app, ["check", "--rig", str(rig), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, UserError)
    assert result.exception.exit_code == ExitCode.BAD_INPUT
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("state", "code"), [("green", 0), ("amber", 0), ("red", 3)])
def test_red_is_exit_code_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, code: int
) -> None:
    monkeypatch.setattr(whole, "_all", lambda *_: iter([Finding("screen", state, "so", "do")]))
    result = CliRunner().invoke(app, ["check", "--out", str(tmp_path)])
    assert result.exit_code == code
    assert "screen" in result.output
    assert len(list(tmp_path.glob("check_laptop_*.json"))) == 1


def test_on_a_virtual_screen_it_is_amber_for_want_of_sync(display: str, tmp_path: Path) -> None:
    rig = LAPTOP.model.model_copy(update={"thermode": None, "scanner": None, "markers": None})
    told: list[Finding] = []
    loaded = LAPTOP.__class__(rig, LAPTOP.path, LAPTOP.text, LAPTOP.sha256)
    check = whole.check_rig(loaded, tmp_path, told.append, frames_s=1.0)
    by_subject = {finding.subject: finding for finding in check.findings}
    assert told == list(check.findings)
    assert by_subject["screen"].state == "amber"
    assert "unsynchronised" in by_subject["screen"].found
    assert by_subject["screen"].figures["frames"] > 10
    assert by_subject["keyboard"].figures["backend"] in ("ptb", "event")
    assert check.state == "amber"
