"""How far two builds of a picture may differ: measured in levels, and stated as it is tested."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stimuli.pipeline.repeat import TOLERANCE_LEVELS, difference

PAGE = Path(__file__).parents[2] / "docs" / "portraits.md"


def saved(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def test_a_difference_is_in_levels_and_pixels(tmp_path: Path) -> None:
    pixels = np.full((10, 20, 3), 100, np.uint8)
    one = saved(tmp_path / "one.png", pixels)
    assert difference(one, one).tolerated
    pixels[0, 0] = (100 + TOLERANCE_LEVELS, 100, 100 - TOLERANCE_LEVELS)
    found = difference(one, saved(tmp_path / "two.png", pixels))
    assert found.tolerated
    assert (found.largest, found.share) == (TOLERANCE_LEVELS, 1 / 200)
    assert found.mean == pytest.approx(2 * TOLERANCE_LEVELS / 600)
    pixels[9, 19, 2] += TOLERANCE_LEVELS + 1
    assert not difference(one, saved(tmp_path / "three.png", pixels)).tolerated


def test_pictures_of_other_sizes_are_refused(tmp_path: Path) -> None:
    one = saved(tmp_path / "one.png", np.zeros((10, 20, 3), np.uint8))
    two = saved(tmp_path / "two.png", np.zeros((10, 21, 3), np.uint8))
    with pytest.raises(ValueError, match="differ in size"):
        difference(one, two)


def test_the_page_states_the_tolerance() -> None:
    stated = re.findall(r"agree within (\d+) levels? of 255", PAGE.read_text(encoding="utf-8"))
    assert stated == [str(TOLERANCE_LEVELS)]
