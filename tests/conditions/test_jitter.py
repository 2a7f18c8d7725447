"""Jitters: on the grid, with exactly the mean, and uniform."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.jitter import draw_jitter
from conditions.phases import Jitter

FLAGSHIP = Jitter(jitter=(3.0, 6.0), mean=4.5, step=0.1)


@given(
    low=st.integers(1, 100),
    steps=st.integers(1, 60),
    trials=st.integers(1, 60),
    step=st.sampled_from([0.001, 0.05, 0.1, 0.25, 1.0]),
    seed=st.integers(0, 10**6),
    data=st.data(),
)
def test_the_mean_is_exact(
    low: int, steps: int, trials: int, step: float, seed: int, data: st.DataObject
) -> None:
    above = data.draw(st.integers(0, steps))
    shortest, mean = round(low * step, 3), round((low + above) * step, 3)
    longest = round((low + steps) * step, 3)
    jitter = Jitter(jitter=(shortest, longest), mean=mean, step=step)
    drawn = draw_jitter(jitter, trials, np.random.default_rng(seed))
    assert round(sum(drawn), 6) == round(mean * trials, 6)
    assert all(shortest <= value <= longest for value in drawn)
    assert all(round(value, 3) == value for value in drawn)


def test_flagship_jitters_are_uniform() -> None:
    counts = Counter(
        value
        for seed in range(1000)
        for value in draw_jitter(FLAGSHIP, 16, np.random.default_rng(seed))
    )
    assert len(counts) == 31
    # 16,000 draws of 31 values: about 516 each. That the mean is given costs the ends about 3 %.
    assert min(counts.values()) > 420
    assert max(counts.values()) < 610


def test_every_list_with_the_mean_is_equally_likely() -> None:
    jitter = Jitter(jitter=(1.0, 1.3), mean=1.1, step=0.1)
    possible = [v for v in product((1.0, 1.1, 1.2, 1.3), repeat=3) if round(sum(v), 6) == 3.3]
    counts = Counter(
        tuple(draw_jitter(jitter, 3, np.random.default_rng(seed))) for seed in range(5000)
    )
    assert set(counts) == set(possible)
    expected = 5000 / len(possible)
    assert all(abs(n - expected) < 5 * expected**0.5 for n in counts.values())


def test_first_and_last_trial_are_jittered_alike() -> None:
    drawn = np.array([draw_jitter(FLAGSHIP, 16, np.random.default_rng(s)) for s in range(1000)])
    assert np.abs(drawn.mean(axis=0) - 4.5).max() < 0.12
    assert np.abs(drawn.std(axis=0) - drawn.std()).max() < 0.08


def test_a_mean_off_the_grid_is_refused() -> None:
    jitter = Jitter(jitter=(3.0, 6.0), mean=4.55, step=0.1)
    assert round(sum(draw_jitter(jitter, 16, np.random.default_rng(0))), 6) == 72.8
    with pytest.raises(ValueError, match=r"15 durations in steps of 0\.1"):
        draw_jitter(jitter, 15, np.random.default_rng(0))
