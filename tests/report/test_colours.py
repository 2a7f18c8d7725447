"""Colours: known in one place, and told apart with any colour vision."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from experiment.report import style

ROOT = Path(__file__).parents[2] / "experiment"
FOLDERS = ("report", "monitor", "norming", "preview", "timing")
HEX = re.compile(r"#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{3})?\b")
# What the eye sees with a kind of cone missing, in linear RGB (Machado, Oliveira & Fernandes 2009,
# IEEE Trans Vis Comput Graph 15(6), 1291-1298, severity 1).
VISION = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.01182, 0.04294, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.3039],
        ]
    ),
}
TOGETHER = {  # colours that stand in one picture
    "trust": list(style.TRUST_COLOURS.values()),
    "questions": [colour for colour, _, _ in style.QUESTIONS[:3]],
    "phases": [colour for colour, _ in style.PHASES.values()],
    "design": [
        *(style.TRUST_COLOURS[t] for t in ("low", "high")),
        *map(style.temperature_colour, (0, 1), (2, 2)),
    ],
    "runs": list(style.RUNS),
    "temperature": [style.INK, style.HEAT],
    "levels": [style.temperature_colour(level, 2) for level in range(2)],
}
FEWEST_DELTA_E = 15.0  # ours; 2.3 can just be told apart side by side


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])


def lab(colour: str, vision: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of what is seen."""
    light = rgb(colour)
    linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    seen = np.clip(vision @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    ratio = to_xyz @ seen / to_xyz.sum(axis=1)
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("picture", TOGETHER)
def test_colours_of_a_picture_are_told_apart(picture: str, vision: str) -> None:
    for one, other in combinations(TOGETHER[picture], 2):
        apart = np.linalg.norm(lab(one, VISION[vision]) - lab(other, VISION[vision]))
        assert apart > FEWEST_DELTA_E, (one, other, apart)


def test_no_hue_is_used_that_isnt_in_the_one_place() -> None:
    known = {found.upper() for found in HEX.findall(Path(style.__file__).read_text("utf-8"))}
    for folder in FOLDERS:
        for path in [*(ROOT / folder).glob("*.py"), *(ROOT / folder).glob("*.j2")]:
            for found in HEX.findall(path.read_text("utf-8")):
                colour = found if len(found) == 7 else "#" + "".join(2 * c for c in found[1:])
                grey = np.ptp(rgb(colour)) == 0
                assert grey or colour.upper() in known, f"{path.name}: {found}"
