"""A participant's curve of intensity over temperature, known as a posterior on a grid.

The curve is a logistic one from 0 to 100, given by the temperatures of two ratings; skin sites
shift it. Temperatures in degrees Celsius, ratings in points. The priors are ours and wide: they
state what is possible in a healthy forearm, and were chosen before the validity study was run.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiment.calibration.estimate import INTERVAL, SiteEstimate, TargetEstimate

Floats = NDArray[np.float64]

LOWER_C = np.round(np.arange(42.0, 51.01, 0.1), 1)  # temperature of the lowest target
LOWER_PRIOR_C = (46.5, 1.5)  # mean and SD
GAP_C = np.geomspace(0.3, 4.0, 14)  # from the lowest to the highest target
GAP_PRIOR = (1.2, 0.45)  # median in C, SD of the logarithm
NOISE = np.array([3.0, 5.0, 7.5, 10.0, 13.0, 17.0, 22.0, 28.0])  # SD of single ratings, flat prior
SITE_SD_C = 0.3
SHIFT_C = np.round(np.arange(-0.9, 0.91, 0.15), 2)  # of a site
LAPSE = 0.02  # share of ratings that mean nothing: a slip of the hand
ENDS = (0.5, 99.5)  # a rating beyond says only "at least so far"


def logit(rating: float) -> float:
    """The log odds of a rating on the 0-100 scale, which mustn't be 0 or 100."""
    return math.log(rating / (100.0 - rating))


def anchors_of(targets: Sequence[float]) -> tuple[float, float]:
    """The two ratings by which the curve is stated; a single target gets a second one above it."""
    low, high = min(targets), max(targets)
    if low == high:
        high = (low + 100.0) / 2
    return max(low, 1.0), min(high, 99.0)


def expected(
    temperature: Floats, lower: Floats, gap: Floats, anchors: tuple[float, float]
) -> Floats:
    """Rating at a temperature, for curves that reach the anchors at `lower` and `lower + gap`."""
    low, high = logit(anchors[0]), logit(anchors[1])
    log_odds = low + (high - low) * (temperature - lower) / gap
    return 100.0 / (1.0 + np.exp(-np.clip(log_odds, -30, 30)))


def likelihood(rating: float, mean: Floats, sd: Floats) -> Floats:
    """Density of a rating given its mean; at the scale's ends the probability of going beyond."""
    from scipy.special import ndtr

    if rating <= ENDS[0]:
        return (1 - LAPSE) * ndtr((ENDS[0] - mean) / sd) + LAPSE / 100
    if rating >= ENDS[1]:
        return (1 - LAPSE) * ndtr((mean - ENDS[1]) / sd) + LAPSE / 100
    z = (rating - mean) / sd
    return (1 - LAPSE) * np.exp(-0.5 * z * z) / (sd * math.sqrt(2 * math.pi)) + LAPSE / 100


@dataclass(frozen=True)
class _AtSite:
    """A site's log likelihood; axes: lower, gap, noise, shift."""

    log: Floats
    residual_parts: list[tuple[float, float]]  # temperature, rating


class CurvePosterior:
    """What is known of one participant's curve and of each site's shift."""

    def __init__(self, targets: Sequence[float]) -> None:
        self._targets = tuple(targets)
        self._anchors = anchors_of(targets)
        lower, gap = LOWER_C[:, None, None], GAP_C[None, :, None]
        log_prior = -0.5 * ((lower - LOWER_PRIOR_C[0]) / LOWER_PRIOR_C[1]) ** 2
        log_prior = log_prior - 0.5 * (np.log(gap / GAP_PRIOR[0]) / GAP_PRIOR[1]) ** 2
        self._log_prior = log_prior + np.zeros((LOWER_C.size, GAP_C.size, NOISE.size))
        weights = np.exp(-0.5 * (SHIFT_C / SITE_SD_C) ** 2)
        self._shift_prior = weights / weights.sum()
        self._sites: dict[int, _AtSite] = {}

    def add(self, site: int, temperature: float, rating: float) -> None:
        """Take in one rating."""
        mean = expected(
            temperature - SHIFT_C[None, None, :],
            LOWER_C[:, None, None],
            GAP_C[None, :, None],
            self._anchors,
        )
        log = np.log(likelihood(rating, mean[:, :, None, :], NOISE[None, None, :, None]))
        before = self._sites.get(site)
        parts = [*(before.residual_parts if before else []), (temperature, rating)]
        self._sites[site] = _AtSite(log if before is None else before.log + log, parts)

    def summary(self) -> Summary:
        """The posterior with the sites' shifts averaged out, and each site's mean shift."""
        log, shifts = self._log_prior, {}
        for site, at in self._sites.items():
            top = at.log.max(axis=-1, keepdims=True)
            weights = np.exp(at.log - top) * self._shift_prior
            total = weights.sum(axis=-1)
            log = log + np.log(total) + top[..., 0]
            mean = weights @ SHIFT_C / total
            shifts[site] = mean, weights @ SHIFT_C**2 / total - mean**2
        # Corners of the grid without weight only cost time.
        weights = np.exp(log - log.max())
        kept = np.nonzero(weights > 1e-6 * weights.sum())
        kept_weights = weights[kept] / weights[kept].sum()
        parts = {site: at.residual_parts for site, at in self._sites.items()}
        return Summary(
            self._targets,
            self._anchors,
            kept_weights,
            LOWER_C[kept[0]],
            GAP_C[kept[1]],
            NOISE[kept[2]],
            {site: (mean[kept], variance[kept]) for site, (mean, variance) in shifts.items()},
            parts,
        )


@dataclass(frozen=True)
class Summary:
    """A posterior: curves with their weights, and for each site mean and variance of its shift."""

    ratings: tuple[float, ...]
    anchors: tuple[float, float]
    weights: Floats
    lower: Floats
    gap: Floats
    noise_grid: Floats
    shifts: dict[int, tuple[Floats, Floats]]
    rated: dict[int, list[tuple[float, float]]]

    @property
    def slope(self) -> float:
        """Points a degree between the two anchors."""
        return float(self.weights @ ((self.anchors[1] - self.anchors[0]) / self.gap))

    @property
    def noise(self) -> float:
        """Standard deviation of single ratings, points."""
        return float(self.weights @ self.noise_grid)

    def curve(self, temperature: float, shift_c: float = 0.0) -> float:
        """The rating to be expected at a temperature."""
        means = expected(np.array(temperature - shift_c), self.lower, self.gap, self.anchors)
        return float(self.weights @ means)

    def sites(self) -> list[SiteEstimate]:
        """Each site's residual from the participant's own curve, and its shift."""
        found = []
        for site in sorted(self.shifts):
            mean, variance = self.shifts[site]
            shift = float(self.weights @ mean)
            spread = float(self.weights @ (variance + (mean - shift) ** 2))
            squares = [(rating - self.curve(c)) ** 2 for c, rating in self.rated[site]]
            residual = math.sqrt(sum(squares) / len(squares))
            found.append(SiteEstimate(site, residual, shift, math.sqrt(spread)))
        return found

    def targets(self, sites: Collection[int]) -> tuple[TargetEstimate, ...]:
        """The targets' temperatures at the mean of these sites (none: at a site unknown)."""
        count = len(sites)
        shift = sum((self.shifts[site][0] for site in sites), np.zeros(1)) / max(count, 1)
        variance = sum((self.shifts[site][1] for site in sites), np.zeros(1)) / max(count, 1) ** 2
        low, high = logit(self.anchors[0]), logit(self.anchors[1])
        found = []
        for rating in self.ratings:
            share = (logit(min(max(rating, 1.0), 99.0)) - low) / (high - low)
            means = self.lower + share * self.gap + shift
            sds = np.sqrt(variance + np.full_like(means, _GRID_SD_C**2))
            at = float(self.weights @ means)
            ends = [self._quantile(means, sds, q) for q in ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2)]
            found.append(TargetEstimate(rating, at, *ends))
        return tuple(found)

    def _quantile(self, means: Floats, sds: Floats, share: float) -> float:
        """Where the mixture of normal distributions has this share below it."""
        from scipy.optimize import brentq
        from scipy.special import ndtr

        return float(
            brentq(lambda c: float(self.weights @ ndtr((c - means) / sds)) - share, 35.0, 60.0)
        )


_GRID_SD_C = 0.03  # a grid of 0.1 C is as uncertain as a uniform distribution of that width
