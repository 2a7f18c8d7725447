"""The figures that are stated of the group report: an effect found again, and how fast."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from experiment.report.group import analyse
from experiment.report.model import trust_effect
from experiment.session.settings import simulated_parameters
from tests.report.studies import cells_of, played

SUMMARY = Path(__file__).parents[2] / "docs" / "group-validity" / "summary.json"


@pytest.mark.figures
@pytest.mark.timeout(1800)
def test_the_known_effect_of_40_dry_runs_lies_in_the_interval(tmp_path: Path) -> None:
    results = analyse(played(tmp_path, 40, "trust_pain"))
    effect, p = simulated_parameters().trust_effect, simulated_parameters()
    truth = {"intensity": effect, "unpleasantness": effect * p.unpleasantness_slope}
    for question, true in truth.items():
        found = results.effects[question].raw
        print(f"{question}: {found.estimate:.2f}, {found.low:.2f} to {found.high:.2f}; {true:.2f}")
        assert found.low < true < found.high
        assert found.high - found.low < 6  # points: an interval that holds anything shows nothing


@pytest.mark.figures
@pytest.mark.timeout(600)
def test_500_participants_are_fitted_in_seconds() -> None:
    cells = cells_of(500)
    began = time.process_time()
    assert trust_effect(cells, ("low", "high")).fit.converged
    spent = time.process_time() - began
    print(f"mixed model of 500 participants: {spent:.2f} s of CPU time")
    assert spent < 10


def test_the_stated_rates_are_nominal() -> None:
    """What the committed summary states: 5 % in the interval of each null's rate, 95 % covered.

    A conservative test would pass above or below; one that rejects too often wouldn't.
    """
    stated = json.loads(SUMMARY.read_text(encoding="utf-8"))
    for question in ("intensity", "unpleasantness"):
        null, effect = stated["null"][question], stated["effect"][question]
        assert null["studies"] >= 1000
        assert null["rejected"]["low"] <= 0.05
        assert effect["studies"] >= 1000
        assert effect["coverage"]["high"] >= 0.95
