"""Jittered durations: on a grid, uniform, and with exactly the mean that was asked for."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate

import numpy as np

from conditions.phases import Jitter
from conditions.strict import milliseconds


def draw_jitter(jitter: Jitter, trials: int, rng: np.random.Generator) -> list[float]:
    """Durations in seconds, one a trial, whose mean is exactly `jitter.mean`.

    Every list of grid values with that mean is equally likely: these are independent uniform
    draws, given their sum. Raises ValueError if no list has that mean.
    """
    left = jitter.steps_in_all(trials)
    low, step = milliseconds(jitter.jitter[0]), milliseconds(jitter.step)
    durations = []
    for drawn, chance in enumerate(rng.random(trials).tolist()):
        shares = _shares(jitter.steps, trials - drawn, left)
        steps = min(bisect_right(shares, chance * shares[-1]), jitter.steps)
        left -= steps
        durations.append((low + steps * step) / 1000)
    return durations


@lru_cache(maxsize=100_000)
def _shares(most: int, draws: int, total: int) -> list[float]:
    """How often the first of `draws` values is at most 0, 1, ... `most`, given their total."""
    rest = _counts(most, draws - 1)
    return list(
        accumulate(
            float(rest[total - value]) if 0 <= total - value < len(rest) else 0.0
            for value in range(most + 1)
        )
    )


@lru_cache(maxsize=1_000)
def _counts(most: int, draws: int) -> list[int]:
    """In how many ways `draws` values from 0 to `most` add up to 0, 1, 2, ..."""
    if draws == 0:
        return [1]
    before = _counts(most, draws - 1)
    sums = [0, *accumulate(before)]
    return [
        sums[min(total, len(before) - 1) + 1] - sums[max(0, total - most)]
        for total in range(len(before) + most)
    ]
