"""SOURCES.md lists what the shipped clinicians and the axis are made of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stimuli.pipeline.face import MALE_LIDS, NEUTRAL
from stimuli.pipeline.identity import EIGHT
from stimuli.pipeline.sources import MAKEHUMAN_FILES
from stimuli.pipeline.trust_axis import HIGH, LOW

LISTED = set(
    re.findall(
        r"^\| `([^`]+)` \| `[0-9a-f]{64}` \|$",
        (Path(__file__).parents[2] / "stimuli/SOURCES.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)


@pytest.mark.parametrize(
    "target", sorted({*HIGH, *LOW, *NEUTRAL, *MALE_LIDS, *(t for p in EIGHT for t in p.targets)})
)
def test_every_target_is_listed(target: str) -> None:
    folder, _, leaf = target.rpartition("/")
    names = [f"{folder}/{s}-{leaf[3:]}" for s in "lr"] if leaf.startswith("lr-") else [target]
    for name in names:
        if name.startswith("unit/"):
            assert f"faceunits01/targets/faceunits/{name[5:]}.target" in LISTED
        else:
            assert f"mpfb2/targets/{name}.target.gz" in LISTED


def test_every_skin_is_listed() -> None:
    assert {f"skins/{p.skin}" for p in EIGHT} <= set(MAKEHUMAN_FILES) <= LISTED
