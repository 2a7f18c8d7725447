"""Pictures of a study's screens, and a screen where there's none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiment.display import look
from experiment.display.virtual_screen import needed_screen, virtual_screen
from experiment.display.window import WindowDisplay
from experiment.errors import ExitCode, UserError
from experiment.plan.scene import CursorState, Fixation, Portrait
from experiment.preview.storyboard import Screenful, contact_sheet, draw_screens, screens_of

from .conftest import GLMS, VAS


def test_draws_each_screen_and_a_contact_sheet(
    wide: WindowDisplay, portrait_file: Path, tmp_path: Path
) -> None:
    screens = [
        Screenful("fixation, 4 s", Fixation()),
        Screenful("clinician, 4 s", Portrait(portrait_file, "Hello.", fade_in_s=0.3)),
        Screenful("rating, 6 s", VAS, CursorState(30.0)),
        Screenful("rating, confirmed", GLMS, CursorState(30.0, locked=True)),
    ]
    files = draw_screens(screens, wide, tmp_path)
    assert [file.name for file in files] == [
        "01_fixation.png",
        "02_clinician.png",
        "03_rating.png",
        "04_rating_confirmed.png",
    ]
    pictures = [np.asarray(Image.open(file)).astype(int) for file in files]
    for picture in pictures:
        assert picture.shape == (720, 1280, 3)
        assert (picture[0, 0] == look.BACKGROUND).all()
        assert (picture != np.array(look.BACKGROUND)).any()
    # The face has come out of the background entirely.
    assert (np.abs(pictures[1] - np.array((200, 60, 60))).max(axis=2) <= 2).sum() > 1000
    assert (np.abs(pictures[2] - np.array(look.CURSOR)).max(axis=2) <= 2).any()
    assert (np.abs(pictures[3] - np.array(look.CURSOR_LOCKED)).max(axis=2) <= 2).any()
    sheet = tmp_path / "sheet.png"
    contact_sheet(
        [(file, screen.caption) for file, screen in zip(files, screens, strict=True)], sheet
    )
    with Image.open(sheet) as image:
        assert image.width > 3 * 480
        assert image.height > 2 * 270


def test_the_flagships_trial_is_complete(tmp_path: Path) -> None:
    from experiment.session.preparation import Request, prepare

    prepared = prepare(Request(calibration="none", out=tmp_path, simulated=True))
    screens = screens_of(prepared)
    captions = [screen.caption.split(",")[0] for screen in screens]
    for phase in ("fixation", "clinician", "anticipation", "heat", "fixation after heat"):
        assert phase in captions
    assert captions.count("rating intensity") == captions.count("rating unpleasantness") == 2
    assert not any(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_a_virtual_screen_is_started_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("Xvfb") is None:
        pytest.skip("no Xvfb")
    monkeypatch.delenv("DISPLAY", raising=False)
    with needed_screen() as started:
        assert started
        name = os.environ["DISPLAY"]
        assert Path(f"/tmp/.X11-unix/X{name[1:]}").exists()
        with needed_screen() as again:  # now there is one
            assert not again
    assert "DISPLAY" not in os.environ
    with needed_screen() as started:
        assert os.environ["DISPLAY"] == name  # the same one, for the whole process


KEYS_ON_A_VIRTUAL_SCREEN = """
import os
from experiment.clocks import RealClock
from experiment.display.virtual_screen import needed_screen
from experiment.responses.keyboard import KeyboardResponses
with needed_screen() as started:
    keyboard = KeyboardResponses(RealClock(), {"stop": ("escape",)})
    print(started, keyboard.info.details["backend"], os.environ["DISPLAY"])
    keyboard.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_the_virtual_screen_ends_after_the_process_and_leaves_its_exit_code() -> None:
    """Psychtoolbox keeps a connection; an Xvfb that ends first would make the exit code 1."""
    if shutil.which("Xvfb") is None:
        pytest.skip("no Xvfb")
    done = subprocess.run(
        [sys.executable, "-c", KEYS_ON_A_VIRTUAL_SCREEN],
        env={name: value for name, value in os.environ.items() if name != "DISPLAY"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    started, backend, name = done.stdout.split()
    assert (started, backend, done.returncode, done.stderr) == ("True", "ptb", 0, "")
    socket = Path(f"/tmp/.X11-unix/X{name[1:]}")
    deadline = time.monotonic() + 10
    while socket.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not socket.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_without_xvfb_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr("experiment.display.virtual_screen._started", None)
    with (
        pytest.raises(UserError, match="no Xvfb to make a virtual one") as caught,
        virtual_screen(),
    ):
        pass
    assert caught.value.exit_code == ExitCode.DEVICE
