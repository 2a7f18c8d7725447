"""The fixed series: 3 stimuli on each site, and a straight line through the ratings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from experiment.calibration.estimate import (
    INTERVAL,
    Estimate,
    Proposal,
    Rated,
    SiteEstimate,
    TargetEstimate,
    answered,
    choose_sites,
)

FIRST_C = 45.0
STEP_C = 0.5
ENOUGH_RATING = 80.0  # the first rating so high ends the ascent
A_SITE = 3
NARROWEST_C = 1.0  # a line needs a range; a narrower one is widened downwards, never upwards


@dataclass
class FixedSeries:
    """Ascends over the sites, then fills the range so found in pseudo-random order.

    `sites` in the order of the ascent; `highest_target` in degrees Celsius bounds it.
    """

    targets: tuple[float, ...]
    sites: tuple[int, ...]
    for_runs: int
    highest_target: float
    rng: np.random.Generator
    name: Literal["fixed"] = "fixed"
    _rest: list[Proposal] | None = field(default=None, init=False)
    _ascent: int = field(default=0, init=False)

    @property
    def most_stimuli(self) -> int:
        """How many stimuli the whole series has."""
        return A_SITE * len(self.sites)

    def propose(self, rated: Sequence[Rated]) -> Proposal | None:
        """The next step of the ascent, or the next of the rest."""
        given = len(rated)
        if self._rest is None:
            over = any(r.rating is not None and r.rating >= ENOUGH_RATING for r in rated)
            next_c = round(FIRST_C + STEP_C * given, 1)
            if given < len(self.sites) and not over and next_c <= self.highest_target:
                return Proposal(self.sites[given], next_c)
            self._ascent, self._rest = given, self._make_rest(rated)
        left = given - self._ascent
        if left >= len(self._rest):
            return None
        planned = self._rest[left]
        return Proposal(planned.site, min(planned.temperature, self.highest_target))

    def _make_rest(self, rated: Sequence[Rated]) -> list[Proposal]:
        """What is left of 3 a site: first one on each site not yet used, then two rounds of all.

        Temperatures are spread evenly over the range and shuffled; no site comes twice in a row.
        """
        high = max(r.temperature for r in rated)
        low = min(FIRST_C, high - NARROWEST_C)
        order = list(self.sites[len(rated) :])
        while len(order) < self.most_stimuli - len(rated):
            round_ = [int(site) for site in self.rng.permutation(self.sites)]
            last = order[-1] if order else rated[-1].site
            if round_[0] == last and len(round_) > 1:
                round_.append(round_.pop(0))
            order += round_
        temperatures = self.rng.permutation(np.linspace(low, high, len(order)))
        return [
            Proposal(site, math.floor(round(10 * temperature, 6)) / 10)
            for site, temperature in zip(order, temperatures.tolist(), strict=True)
        ]

    def estimate(self, rated: Sequence[Rated]) -> Estimate | None:
        """Ordinary least squares: one slope for the participant, one intercept for each site.

        Sites are judged by their residuals from the participant's own line; the temperatures
        hold at the mean of those chosen. Intervals by the delta method.
        """
        from scipy.stats import t as student

        sites, temperatures, ratings = answered(rated)
        used = np.unique(sites)
        free = ratings.size - used.size - 1
        if free < 2 or used.size < self.for_runs or np.ptp(temperatures) == 0:
            return None
        middle = temperatures.mean()
        slope, level = np.polyfit(temperatures - middle, ratings, 1)
        off_line = ratings - level - slope * (temperatures - middle)
        design = np.column_stack([temperatures - middle, sites[:, None] == used[None, :]])
        try:
            inverse = np.linalg.inv(design.T @ design)
        except np.linalg.LinAlgError:
            return None
        fitted = inverse @ design.T @ ratings
        variance = float(np.sum((ratings - design @ fitted) ** 2)) / free
        steepness = fitted[0] if abs(fitted[0]) > 1e-9 else 1e-9
        residuals = []
        for site in used:
            here = sites == site
            residuals.append(
                SiteEstimate(
                    site=int(site),
                    residual=float(np.sqrt(np.mean(off_line[here] ** 2))),
                    shift_c=float(-off_line[here].mean() / steepness),
                    shift_se_c=float(np.sqrt(variance / here.sum()) / abs(steepness)),
                )
            )
        chosen, spare = choose_sites(residuals, self.for_runs)
        weights = np.isin(used, chosen) / len(chosen)
        intercept = float(weights @ fitted[1:])
        critical = float(student.ppf((1 + INTERVAL) / 2, free))
        targets = []
        for rating in self.targets:
            offset = (rating - intercept) / steepness
            gradient = -np.concatenate([[offset], weights]) / steepness
            half = critical * math.sqrt(variance * float(gradient @ inverse @ gradient))
            at = middle + offset
            targets.append(TargetEstimate(rating, at, at - half, at + half))
        grid = np.linspace(temperatures.min(), temperatures.max(), 25)
        return Estimate(
            targets=tuple(targets),
            residuals=tuple(residuals),
            sites=chosen,
            spare_sites=spare,
            slope=float(fitted[0]),
            noise=math.sqrt(variance),
            curve=tuple((float(c), float(intercept + fitted[0] * (c - middle))) for c in grid),
        )
