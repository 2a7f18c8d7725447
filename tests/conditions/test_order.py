"""The search for an order: it keeps what can be kept, and says what can't."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.order import Pairing, Rules, draw_order
from conditions.trials import trial_rows
from tests.conditions.make import TCS, flagship, temperatures

SIXTEEN = [
    Pairing(name, "low" if number < 4 else "high", level)
    for number, name in enumerate("ABCDEFGH")
    for level in (0, 1)
]
FLAGSHIP = Rules(2, 3, 2, True, "low")


@given(seed=st.integers(0, 10**9))
def test_an_order_holds_each_trial_once(seed: int) -> None:
    order = draw_order(SIXTEEN, FLAGSHIP, np.random.default_rng(seed))
    assert Counter(order) == Counter(SIXTEEN)
    assert order[0].trust == "low"


def test_orders_differ_and_no_place_is_privileged() -> None:
    orders = [draw_order(SIXTEEN, FLAGSHIP, np.random.default_rng(seed)) for seed in range(400)]
    assert len({tuple(order) for order in orders}) == 400
    first = Counter(order[0].clinician for order in orders)  # of the four at low trust
    last = Counter(order[-1].clinician for order in orders)
    assert set(first) == set("ABCD")
    assert min(first.values()) > 60
    assert set(last) == set("ABCDEFGH")
    assert min(last.values()) > 20


@pytest.mark.parametrize(
    ("changes", "named", "not_named"),
    [
        # Strict alternation of both would tie each temperature to one trust level.
        (
            {"design__max_same_trust": 1, "design__max_same_temperature": 1},
            ["max_same_trust = 1", "max_same_temperature = 1"],
            ["min_other_clinicians", "first_trial"],
        ),
        (
            # The eight come again in the same order, so at the temperature that they had.
            {"design__min_other_clinicians": 7, "design__max_same_temperature": 1},
            ["min_other_clinicians = 7", "max_same_temperature = 1"],
            ["first_trial", "max_same_trust", "balance_by_half"],
        ),
        (
            {"temperatures": temperatures(1), "design__each_clinician": "at_each_temperature"},
            ["max_same_temperature = 3"],
            ["max_same_trust", "balance_by_half", "min_other"],
        ),
    ],
)
def test_constraints_in_conflict_are_named(
    changes: dict[str, Any], named: list[str], not_named: list[str]
) -> None:
    begin = time.process_time()
    with pytest.raises(ValueError, match="no order of a run's") as caught:
        trial_rows(flagship(**changes), TCS, allocation=1)
    assert time.process_time() - begin < 10
    message = str(caught.value)
    assert "\n" not in message
    for words in named:
        assert words in message
    for words in not_named:
        assert words not in message


def test_a_small_impossible_set_is_refused_by_trying_all() -> None:
    four = [Pairing(name, trust, 0) for name, trust in zip("AABB", ("low",) * 4, strict=True)]
    with pytest.raises(ValueError, match="keeps min_other_clinicians = 2: loosen it"):
        draw_order(four, Rules(min_other_clinicians=2), np.random.default_rng(0))


def test_without_rules_every_order_is_possible() -> None:
    three = [Pairing(name, "low", 0) for name in "ABC"]
    orders = {
        "".join(p.clinician for p in draw_order(three, Rules(), np.random.default_rng(seed)))
        for seed in range(100)
    }
    assert len(orders) == 6


def test_tight_but_possible() -> None:
    # Every eighth trial is the same clinician: rows of eight that repeat.
    study = flagship(design__min_other_clinicians=6, design__max_same_trust=1)
    rows = [row for row in trial_rows(study, TCS, allocation=1, runs=[1]) if row["trial"]]
    trust = [row["trust"] for row in rows]
    assert all(before != after for before, after in pairwise(trust))
