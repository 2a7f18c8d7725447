"""What goes into a calibration and what comes out of it, as data, whatever the method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

INTERVAL = 0.90  # all intervals; ours


@dataclass(frozen=True)
class Rated:
    """One stimulus: skin site, degrees Celsius asked for, rating (0 to 100; None: no answer)."""

    site: int
    temperature: float
    rating: float | None


@dataclass(frozen=True)
class Proposal:
    """The stimulus that a method wants next; degrees Celsius."""

    site: int
    temperature: float


@dataclass(frozen=True)
class TargetEstimate:
    """The temperature that should give a rating, with its 90 % interval; degrees Celsius."""

    rating: float
    temperature: float
    low: float
    high: float

    @property
    def half_width_c(self) -> float:
        """Half of the interval's width, in degrees Celsius."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class SiteEstimate:
    """How a skin site answers beside the others.

    `residual`: root mean square of its ratings' distances from the participant's own curve, in
    points; `shift_c` how much warmer (+) it must be for the same rating, with its standard error.
    """

    site: int
    residual: float
    shift_c: float
    shift_se_c: float


@dataclass(frozen=True)
class Estimate:
    """What a method makes of the ratings so far.

    `targets` hold at the mean of the chosen `sites`; `slope` is points a degree between the
    lowest and the highest target, `noise` the standard deviation of single ratings (points).
    """

    targets: tuple[TargetEstimate, ...]
    residuals: tuple[SiteEstimate, ...]  # in the order of the sites' numbers
    sites: tuple[int, ...]  # smallest residual first
    spare_sites: tuple[int, ...]
    slope: float
    noise: float
    curve: tuple[tuple[float, float], ...]  # temperature, expected rating: to be drawn


class Method(Protocol):
    """A way to calibrate: proposes one stimulus after the other, then estimates.

    `highest_target`, in degrees Celsius, may be lowered on the way; no proposal is above it.
    """

    highest_target: float

    @property
    def name(self) -> Literal["fixed", "adaptive"]:
        """As in the calibration's file."""
        ...

    @property
    def most_stimuli(self) -> int:
        """How many it may want."""
        ...

    def propose(self, rated: Sequence[Rated]) -> Proposal | None:
        """The next stimulus, given all before; None: enough."""
        ...

    def estimate(self, rated: Sequence[Rated]) -> Estimate | None:
        """What is known now; None where the ratings allow no estimate at all."""
        ...


def choose_sites(
    residuals: Sequence[SiteEstimate], for_runs: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The sites with the smallest residuals, and the spare ones; each smallest first."""
    order = [each.site for each in sorted(residuals, key=lambda each: (each.residual, each.site))]
    return tuple(order[:for_runs]), tuple(order[for_runs:])


def answered(rated: Sequence[Rated]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sites, temperatures and ratings of those stimuli that were rated, as arrays."""
    kept = [(r.site, r.temperature, r.rating) for r in rated if r.rating is not None]
    sites, temperatures, ratings = zip(*kept, strict=True) if kept else ((), (), ())
    return np.array(sites, dtype=int), np.array(temperatures), np.array(ratings, dtype=float)
