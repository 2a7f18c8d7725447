"""Trying out the keys: the command itself, on a real X server, pressed by xdotool."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageGrab

from experiment.check.key_trial import KeyTrial
from experiment.display import look
from experiment.inputs.files import load_rig
from experiment.plan.scene import KeyScreen
from hardware.devices import Response
from hardware.rig import Rig
from stimuli.texts import load_texts

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from experiment.cli import main; main()", "check", "--keys"]
SOON = 20.0
TEXTS = load_texts("en")


def laptop(**response: Any) -> Rig:
    data = tomllib.loads(load_rig("laptop").path.read_text(encoding="utf-8"))
    data["response"].update(response)
    return Rig.model_validate(data)


def states(scene: KeyScreen) -> dict[str, str]:
    return {tile.meaning: tile.state for tile in scene.tiles if tile.state != "untried"}


def say(trial: KeyTrial, *roles: str, time: float = 1.0, pressed: bool = True) -> None:
    for role in roles:
        trial.respond(Response(time, role, pressed, role))


def test_a_key_is_lit_while_it_is_held_and_marked_afterwards() -> None:
    trial = KeyTrial(laptop(), TEXTS)
    trial.begin(0.0)
    say(trial, "confirm", "next")  # the space bar
    assert states(trial.scene()) == {"confirm": "held", "go on": "held"}
    say(trial, "confirm", "next", pressed=False)
    assert states(trial.scene()) == {"confirm": "tried", "go on": "tried"}
    say(trial, "letter_g", "7")
    found = states(trial.scene())
    assert found["experimenter's answers"] == found["numbered answers"] == "held"
    assert [came for meaning, _, came in trial.found() if meaning == "left"] == [False]


def test_what_has_no_meaning_is_named() -> None:
    trial = KeyTrial(laptop(), TEXTS)
    trial.respond(Response(1.0, "unassigned", True, "f9"))
    assert trial.scene().note == "f9 isn't assigned."
    assert trial.strays == ["f9"]


def test_the_cursors_speed_is_told_once_it_rests() -> None:
    trial = KeyTrial(laptop(joystick={"confirm": [0]}), TEXTS)
    trial.begin(0.0)
    for frame in range(180):
        now = frame / 60
        if frame == 60:
            trial.respond(Response(now, "tilt", x=0.3))
        if frame == 120:
            trial.respond(Response(now, "tilt", x=0.0))
        trial.cursor(now)
    assert trial.scene().note == "30.0 points in 1.00 s: 30 per second."
    assert trial.cursor(3.0).position == pytest.approx(80.0)


def test_the_stop_key_can_be_tried_once_without_ending_it() -> None:
    trial = KeyTrial(laptop(), TEXTS)
    say(trial, "stop")
    say(trial, "stop", pressed=False)
    say(trial, "participant_stop")
    assert not trial.over
    say(trial, "stop")
    assert trial.over


def test_boxes_and_sticks_stand_on_their_tiles() -> None:
    box = {"port": "COM9", "left": ["b"], "confirm": ["g"], "pulse": [0x01]}
    trial = KeyTrial(laptop(buttons=box, joystick={"confirm": [0], "participant_stop": [3]}), TEXTS)
    keys = {meaning: keys for meaning, keys, _ in trial.found()}
    assert keys["left"] == "left, box b, stick x"
    assert keys["confirm"] == "space, return, box g, button 0"
    assert keys["stop (participant)"] == "s, button 3"
    assert keys["scanner pulse"] == "box 0x01, emulated://scanner"


def lit(picture: Image.Image) -> int:
    """Pixels in the colour of a key that is held."""
    colours = picture.convert("RGB").getcolors(picture.width * picture.height) or []
    return sum(count for count, colour in colours if colour == look.CURSOR)


def xdotool(*arguments: str) -> None:
    subprocess.run(["xdotool", *arguments], check=True)


def test_the_command_lights_up_what_is_pressed(display: str, tmp_path: Path) -> None:
    program = subprocess.Popen(
        [*COMMAND, "--rig", "laptop"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "DISPLAY": display, "COLUMNS": "100"},
    )
    try:
        assert program.stdout is not None
        assert "can be tried now" in program.stdout.readline()
        before = lit(ImageGrab.grab(xdisplay=display))
        xdotool("keydown", "Right")
        until = time.monotonic() + SOON
        while (now := lit(ImageGrab.grab(xdisplay=display))) < before + 10_000:
            assert time.monotonic() < until, "the tile wasn't lit"
            time.sleep(0.1)
        xdotool("keyup", "Right")
        while lit(ImageGrab.grab(xdisplay=display)) > now - 10_000:
            assert time.monotonic() < until + SOON, "the tile stayed lit"
            time.sleep(0.1)
        xdotool("key", "F9", "Escape")
        time.sleep(0.5)
        assert program.poll() is None
        xdotool("key", "Escape")
        said, trouble = program.communicate(timeout=SOON)
    finally:
        program.kill()
        program.wait()
    assert program.returncode == 0, trouble
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "came right right" in lines
    assert "came stop (experimenter) escape" in lines
    assert "not tried confirm space, return" in lines
    assert "Not assigned: f9" in said


def test_a_missing_device_is_refused(display: str, tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    text = load_rig("laptop").path.read_text(encoding="utf-8")
    rig.write_text(text.replace("emulated://scanner", "/dev/nothing_scanner"), encoding="utf-8")
    done = subprocess.run([*COMMAND, "--rig", str(rig)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 3
    assert "nothing_scanner doesn't exist" in done.stderr
    assert "Traceback" not in done.stderr
