"""Few windows for many tests: opening one takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiment.clocks import RealClock
from experiment.display.window import WindowDisplay
from experiment.plan.scene import (
    Choice,
    Fixation,
    Portrait,
    RatingScale,
    ScaleLabel,
    Scene,
    Text,
)
from hardware.rig import Screen

VAS = RatingScale(
    "vas",
    "How intense was the pain?",
    (ScaleLabel(0.0, "no pain"), ScaleLabel(100.0, "worst pain imaginable")),
    "left and right keys: move",
)
GLMS = RatingScale(
    "glms",
    "How intense was the pain?",
    tuple(
        ScaleLabel(position, text)
        for position, text in (
            (0.0, "no sensation"),
            (1.4, "barely detectable"),
            (6.0, "weak"),
            (17.0, "moderate"),
            (35.0, "strong"),
            (53.0, "very strong"),
            (100.0, "strongest imaginable sensation of any kind"),
        )
    ),
)
QUESTION = Choice("Was it painful?", ("yes", "no"), chosen=0)


def screen(width: int, height: int, **more: object) -> Screen:
    figures: dict[str, object] = {
        "width_px": width,
        "height_px": height,
        "width_cm": 34.5,
        "distance_cm": 60.0,
        "refresh_hz": 60.0,
        "full_screen": False,
    }
    return Screen.model_validate(figures | more)


@pytest.fixture(scope="session")
def portrait_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture in which every quarter is another colour, so that its place and turn can be seen."""
    pixels = np.zeros((1000, 800, 3), np.uint8)
    pixels[:500, :400] = (200, 60, 60)
    pixels[:500, 400:] = (60, 200, 60)
    pixels[500:, :400] = (60, 60, 200)
    pixels[500:, 400:] = (200, 200, 60)
    path = tmp_path_factory.mktemp("pictures") / "quarters.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="session")
def scenes(portrait_file: Path) -> tuple[Scene, ...]:
    """One of each kind of scene, and both scales."""
    return (
        Fixation(),
        Portrait(portrait_file, "Hello, I am Dr Mensah. I will carry out the next procedure."),
        Text("Intensity is how strong the pain was.\n\nPlease lie still.", "Two questions"),
        QUESTION,
        VAS,
        GLMS,
    )


def _opened(figures: Screen) -> Iterator[WindowDisplay]:
    clock = RealClock()
    window = WindowDisplay(figures, clock)
    yield window
    window.close()
    clock.close()


@pytest.fixture(scope="session")
def wide(display: str) -> Iterator[WindowDisplay]:
    """A window of 16:9."""
    yield from _opened(screen(1280, 720))


@pytest.fixture(scope="session")
def narrow(display: str) -> Iterator[WindowDisplay]:
    """A window of 4:3, seen through a mirror, with a photodiode's patch."""
    patch = {"corner": "bottom_left", "size_cm": 1.5}
    yield from _opened(screen(800, 600, mirrored=True, photodiode=patch))


@pytest.fixture
def clock(wide: WindowDisplay) -> RealClock:
    """The session clock of the wide window."""
    return wide.clock
