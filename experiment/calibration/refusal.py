"""When an estimate mustn't be used: each reason with what to do about it. All thresholds are ours.

What the runs at these temperatures would do to the skin is checked elsewhere
(`experiment.calibration.offer`), by the same limits as every table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiment.calibration.estimate import Estimate, Rated, answered

MOST_P = 0.01  # one-sided, of the rise of ratings over temperature
LEAST_SLOPE = 8.0  # points a degree; at less, the two targets would lie 3 C apart
MOST_NOISE = 24.0  # points; ratings at random over the whole scale have 29
MOST_HALF_WIDTH_C = 1.0  # of a 90 % interval
MOST_SHIFT_C = 0.75  # of a site, beyond its own uncertainty
FEWEST_ANSWERS = 0.75  # share of stimuli


@dataclass(frozen=True)
class Refusal:
    """Why a calibration isn't offered for use, and what could be done."""

    reason: str
    suggestion: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.suggestion}"


NO_RISE = "ratings don't rise clearly with temperature"
POOR_FIT = "the fit is poor"
OUT_OF_RANGE = "a target lies outside the safe range"
SITE_DIFFERS = "a skin site differs"


def refusals(
    estimate: Estimate | None, rated: Sequence[Rated], lowest: float, highest: float
) -> list[Refusal]:
    """Every reason against using the estimate; none: it may be offered.

    `lowest` and `highest`, in degrees Celsius, are the bounds of what the runs may be given.
    """
    if estimate is None or sum(r.rating is not None for r in rated) < FEWEST_ANSWERS * len(rated):
        return [
            Refusal(
                f"{POOR_FIT}: only {sum(r.rating is not None for r in rated)} of {len(rated)} "
                f"stimuli were rated",
                "explain the scale again, and repeat",
            )
        ]
    p, slope = rise(rated)
    if p > MOST_P or slope < LEAST_SLOPE:
        return [
            Refusal(
                f"{NO_RISE} ({slope:.1f} points a degree, p = {p:.2g})",
                "explain the scale again and repeat once; if it stays so, this person's heat pain "
                "can't be calibrated",
            )
        ]
    return [*_poor(estimate), *_out_of_range(estimate, lowest, highest), *_differing(estimate)]


def rise(rated: Sequence[Rated]) -> tuple[float, float]:
    """One-sided p of the ratings' linear rise over temperature, and its slope (points a degree)."""
    from scipy.stats import linregress

    _, temperatures, ratings = answered(rated)
    if ratings.size < 3 or np.ptp(temperatures) == 0 or np.ptp(ratings) == 0:
        return 1.0, 0.0
    found = linregress(temperatures, ratings, alternative="greater")
    return float(found.pvalue), float(found.slope)


def _poor(estimate: Estimate) -> list[Refusal]:
    found = []
    if estimate.noise > MOST_NOISE:
        found.append(
            Refusal(
                f"{POOR_FIT}: single ratings scatter by {estimate.noise:.0f} points",
                "explain the scale again, and repeat",
            )
        )
    widest = max(estimate.targets, key=lambda target: target.half_width_c)
    if widest.half_width_c > MOST_HALF_WIDTH_C:
        found.append(
            Refusal(
                f"{POOR_FIT}: the temperature for {widest.rating:g} is known to "
                f"{widest.half_width_c:.1f} C only",
                "repeat, with the adaptive method if this was the fixed series",
            )
        )
    return found


def _out_of_range(estimate: Estimate, lowest: float, highest: float) -> list[Refusal]:
    found = []
    for target in estimate.targets:
        if target.temperature > highest:
            found.append(
                Refusal(
                    f"{OUT_OF_RANGE}: a rating of {target.rating:g} would need "
                    f"{target.temperature:.1f} C, above {highest:g} C",
                    "set cooler temperatures by hand, or let this person go",
                )
            )
        elif target.temperature < lowest:
            found.append(
                Refusal(
                    f"{OUT_OF_RANGE}: a rating of {target.rating:g} would need only "
                    f"{target.temperature:.1f} C, below {lowest:g} C",
                    "look at the skin (sunburn, cream?), and repeat another day",
                )
            )
    return found


def _differing(estimate: Estimate) -> list[Refusal]:
    """Only a site that would serve the runs matters; a spare one is told with its residual."""
    return [
        Refusal(
            f"{SITE_DIFFERS}: site {each.site} needs {abs(each.shift_c):.1f} C "
            f"{'more' if each.shift_c > 0 else 'less'} than the others",
            "look at the skin there and at the contact of the probe, and repeat",
        )
        for each in estimate.residuals
        if each.site in estimate.sites
        and abs(each.shift_c) - 1.645 * each.shift_se_c > MOST_SHIFT_C
    ]
