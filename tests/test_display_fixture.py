"""The virtual screen that the tests with windows stand on."""

import os
import subprocess


def test_display_answers(display: str) -> None:
    assert os.environ["DISPLAY"] == display
    size = subprocess.run(
        ["xdotool", "getdisplaygeometry"], capture_output=True, text=True, check=True
    )
    assert len(size.stdout.split()) == 2
