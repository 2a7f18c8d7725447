"""The adaptive series: QUEST+ places each stimulus where it tells most about the two targets.

QUEST+ (Watson 2017) is questplus's; its psychometric functions are of two outcomes, so that a
rating's distribution over bins of the scale is put in their place. What the ratings mean in the
end is said by `CurvePosterior`, which knows of skin sites.
"""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from experiment.calibration.curve import (
    GAP_PRIOR,
    LOWER_PRIOR_C,
    SITE_SD_C,
    CurvePosterior,
    anchors_of,
    expected,
    logit,
)
from experiment.calibration.estimate import Estimate, Proposal, Rated, choose_sites

FIRST_C = 45.0
STEP_C = 0.5  # never more above the hottest so far
MOST = 32
A_SITE = 4
FEWEST = 16
ASKED_EVERY = 4  # stimuli: whether that is enough is reckoned no more often
PRECISE_C = 0.2  # enough is known when both intervals reach no further than this to either side
BINS = np.arange(0.0, 100.1, 10.0)  # of ratings, for QUEST+


class RatingQuestPlus:
    """QUEST+ for ratings: which temperature tells most about the curve.

    `temperatures` (degrees Celsius) are those that may be proposed.
    """

    def __init__(self, targets: Sequence[float], temperatures: Sequence[float]) -> None:
        self._staircase: Any = _make(anchors_of(targets), temperatures)
        self._temperatures = list(temperatures)

    def update(self, temperature: float, rating: float) -> None:
        """Take in a rating; a thermode's program may lie between the temperatures, or below."""
        temperature = min(self._temperatures, key=lambda c: abs(c - temperature))
        bin_ = int(np.clip(np.digitize(rating, BINS) - 1, 0, BINS.size - 2))
        self._staircase.update(stim={"temperature": temperature}, outcome={"rating": bin_})

    def targets(self) -> tuple[float, float]:
        """Where it takes the two anchors to be, in degrees Celsius."""
        found = self._staircase.param_estimate
        return found["lower"], found["lower"] + found["gap"]

    def best(self, lowest: float, highest: float) -> float:
        """The temperature of least expected entropy among those from `lowest` to `highest`."""
        allowed = [c for c in self._temperatures if lowest <= c <= highest]
        if not allowed:
            nearest = [c for c in self._temperatures if c <= highest]
            return max(nearest, default=self._temperatures[0])
        some = copy.copy(self._staircase)
        some.likelihoods = some.likelihoods.sel(temperature=allowed)
        return float(some.next_stim["temperature"])


def _make(anchors: tuple[float, float], temperatures: Sequence[float]) -> Any:
    """A `questplus.QuestPlus` over lower target, gap and noise. Imported here: xarray is slow."""
    import xarray
    from questplus import QuestPlus
    from scipy.special import ndtr

    class Ratings(QuestPlus):  # type: ignore[misc, unused-ignore]
        """QUEST+ with a rating's probability in each bin of the scale."""

        def _gen_likelihoods(self) -> Any:
            arrays = [*self.stim_domain.values(), *self.param_domain.values()]
            c, lower, gap, noise = np.meshgrid(*arrays, indexing="ij", sparse=True)
            mean = expected(c, lower, gap, anchors)
            steepness = (logit(anchors[1]) - logit(anchors[0])) / gap
            slope = mean * (1 - mean / 100) * steepness
            sd = np.hypot(noise, slope * SITE_SD_C)
            edges = np.array([-math.inf, *BINS[1:-1], math.inf])
            below = ndtr((edges.reshape(-1, 1, 1, 1, 1) - mean) / sd)
            dims = ["rating", *self.stim_domain, *self.param_domain]
            coords = {**self.outcome_domain, **self.stim_domain, **self.param_domain}
            return xarray.DataArray(np.diff(below, axis=0) + 1e-6, dims=dims, coords=coords)

    lower = np.arange(43.0, 50.01, 0.2)
    gap = np.geomspace(0.5, 3.0, 7)
    return Ratings(
        stim_domain={"temperature": np.array(temperatures)},
        param_domain={"lower": lower, "gap": gap, "noise": np.array([5.0, 10.0, 17.0])},
        outcome_domain={"rating": np.arange(BINS.size - 1)},
        prior={
            "lower": np.exp(-0.5 * ((lower - LOWER_PRIOR_C[0]) / LOWER_PRIOR_C[1]) ** 2),
            "gap": np.exp(-0.5 * (np.log(gap / GAP_PRIOR[0]) / GAP_PRIOR[1]) ** 2),
            "noise": np.ones(3),
        },
        func="norm_cdf",  # not used: `_gen_likelihoods` is ours
        stim_scale="linear",
    )


@dataclass
class Adaptive:
    """At most 32 stimuli, 4 a site, one site after the other in rounds; stops when precise.

    `sites` in the order of the first round; `highest_target` in degrees Celsius.
    """

    targets: tuple[float, ...]
    sites: tuple[int, ...]
    for_runs: int
    highest_target: float
    rng: np.random.Generator
    name: Literal["adaptive"] = "adaptive"
    most_stimuli: int = MOST
    _quest: RatingQuestPlus = field(init=False)
    _posterior: CurvePosterior = field(init=False)
    _seen: int = field(default=0, init=False)
    _order: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        coolest = 43.0
        temperatures = np.round(np.arange(coolest, self.highest_target + 1e-6, 0.1), 1)
        self._quest = RatingQuestPlus(self.targets, temperatures.tolist())
        self._posterior = CurvePosterior(self.targets)
        self._order = list(self.sites)
        self.most_stimuli = min(MOST, A_SITE * len(self.sites))

    def propose(self, rated: Sequence[Rated]) -> Proposal | None:
        """What tells most, between the two targets as far as they're known; never a big step up."""
        self._take_in(rated)
        if len(rated) >= self.most_stimuli or self._precise(rated):
            return None
        while len(self._order) <= len(rated):
            round_ = [int(site) for site in self.rng.permutation(self.sites)]
            if round_[0] == self._order[-1] and len(round_) > 1:
                round_.append(round_.pop(0))
            self._order += round_
        site = self._order[len(rated)]
        hottest = max((r.temperature for r in rated), default=FIRST_C - STEP_C)
        lower, upper = self._quest.targets()
        highest = min(upper, hottest + STEP_C, self.highest_target)
        # The ascent is quick, and gives ratings from well below the targets.
        if hottest + STEP_C <= lower:
            return Proposal(site, round(min(hottest + STEP_C, self.highest_target), 1))
        return Proposal(site, self._quest.best(min(lower, highest), highest))

    def estimate(self, rated: Sequence[Rated]) -> Estimate | None:
        """The posterior's means and intervals, at the mean of the sites with small residuals."""
        self._take_in(rated)
        used = Counter(r.site for r in rated if r.rating is not None)
        if len(used) < self.for_runs:
            return None
        summary = self._posterior.summary()
        residuals = summary.sites()
        chosen, spare = choose_sites(residuals, self.for_runs)
        shift = sum(each.shift_c for each in residuals if each.site in chosen) / len(chosen)
        temperatures = [r.temperature for r in rated]
        grid = np.linspace(min(temperatures), max(temperatures), 25)
        return Estimate(
            targets=summary.targets(chosen),
            residuals=tuple(residuals),
            sites=chosen,
            spare_sites=spare,
            slope=summary.slope,
            noise=summary.noise,
            curve=tuple((float(c), summary.curve(float(c), shift)) for c in grid),
        )

    def _take_in(self, rated: Sequence[Rated]) -> None:
        for each in rated[self._seen :]:
            if each.rating is not None:
                self._quest.update(each.temperature, each.rating)
                self._posterior.add(each.site, each.temperature, each.rating)
        self._seen = len(rated)

    def _precise(self, rated: Sequence[Rated]) -> bool:
        if len(rated) < FEWEST or len(rated) % ASKED_EVERY:
            return False
        estimate = self.estimate(rated)
        return estimate is not None and all(
            target.half_width_c <= PRECISE_C for target in estimate.targets
        )
