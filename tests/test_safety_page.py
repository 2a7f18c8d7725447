"""The page for the safety officer promises nothing that no test shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiment.faults.scenario import shipped_scenarios

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)
ROWS = [
    line
    for line in PAGE.partition("\n## Measured\n")[0].splitlines()
    if line.startswith("| ") and not line.startswith(("| hazard", "| ---"))
]


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_each_named_test_exists(file: str, test: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert re.search(rf"^def {test}\(", text, re.MULTILINE)


def test_each_hazard_names_what_shows_its_measure() -> None:
    assert len(NAMED) > 40
    hazards = [row for row in ROWS if len(row.split(" | ")) == 3]
    assert len(hazards) > 25
    for row in hazards:
        assert "::test_" in row or "scenario" in row.split(" | ")[2], row


def test_each_named_scenario_exists() -> None:
    named = re.findall(r"scenarios? `(\w+)`(?:, `(\w+)`)?", PAGE)
    assert named
    assert {name for pair in named for name in pair if name} <= set(shipped_scenarios())
