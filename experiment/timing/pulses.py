"""All pulses of a segment, fitted against the TR: what is missing, doubled, or of another TR.

One pulse's stamp is right to within a millisecond or so, and now and then one is late by many. A
straight line through all of them says when the volumes really began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from experiment.running.pulses import DOUBLED_TR, LOST_AFTER_TR, OTHER_TR

ENOUGH = 10  # pulses; fewer don't carry a line to correct onsets by
MOST_FITTED = 400  # evenly spaced ones of a longer segment: the slope isn't better with more
TR_TOLERANCE = 1e-3  # share; the clocks of computers and scanners agree within a tenth of this
WORTH_CORRECTING_S = 0.005  # ours; a smaller shift is jitter, and stays
NAMED = 5  # missing pulses that a sentence lists
CLEARLY = 6.0  # times the usual scatter: so far off the line isn't by chance


@dataclass(frozen=True)
class PulseFit:
    """The pulses of one segment against its TR. Times in seconds on the session clock.

    Volume k (0: that of the first pulse received) began at `begin + k * tr_fitted_s`. `volumes`
    gives k for each pulse that was counted, `residuals_s` how late it was; `missing` are the k
    that no pulse came for, between others. `missing_at_an_end` is None where nobody knows how
    many were to come: the segment didn't end in order.
    """

    tr_s: float
    tr_fitted_s: float
    begin: float
    times: tuple[float, ...]
    volumes: tuple[int, ...]
    residuals_s: tuple[float, ...]
    doubled: tuple[float, ...]
    missing: tuple[int, ...]
    expected: int | None
    missing_at_an_end: int | None
    surplus: int
    other_tr: bool

    @property
    def scatter_s(self) -> float:
        """The usual distance from the line: median of the residuals' size."""
        return median(abs(residual) for residual in self.residuals_s)

    @property
    def jitter_s(self) -> float:
        """99th percentile of the residuals' size."""
        return float(np.percentile(np.abs(self.residuals_s), 99))

    @property
    def first_perhaps_missed(self) -> bool:
        """Whether exactly one pulse is missing, and none between two others.

        It may be the first (a converter switched on within the first volume), the last, or none at
        all (the console set to one volume fewer): only the images tell, so nothing is corrected.
        """
        return self.missing_at_an_end == 1 and not self.missing and not self.other_tr

    @property
    def stopped_early(self) -> bool:
        """Whether so many are missing at the end that the scan must have been stopped."""
        return (self.missing_at_an_end or 0) > LOST_AFTER_TR

    def time_of(self, volume: int) -> float:
        """When a volume began, by the line."""
        return self.begin + volume * self.tr_fitted_s


@dataclass(frozen=True)
class OnsetCorrection:
    """What has to be added to a segment's onsets (s), and why in a sentence ('' for nothing)."""

    seconds: float = 0.0
    reason: str = ""


def fit_pulses(times: Sequence[float], tr_s: float, expected: int | None) -> PulseFit | None:
    """Fit a segment's pulses; None if there are fewer than two.

    `expected`: how many there should be if the scan ended in order, None if it didn't. The line is
    that of Siegel (1982, Biometrika 69, 242-244): repeated medians, which half of the pulses may
    spoil.
    """
    counted, doubled = _without_echoes(sorted(times), tr_s)
    if len(counted) < 2:
        return None
    usual = median(after - before for before, after in pairwise(counted))
    # With another TR, gaps counted in the stated one would be no whole numbers.
    step = usual if abs(usual / tr_s - 1) > OTHER_TR else tr_s
    volumes = _numbered(counted, step)
    slope, begin = _line(np.array(volumes, dtype=float), np.array(counted))
    residuals = [
        time - begin - volume * slope for time, volume in zip(counted, volumes, strict=True)
    ]
    there = set(volumes)
    missing = tuple(volume for volume in range(volumes[-1] + 1) if volume not in there)
    short = None if expected is None else expected - len(counted) - len(missing)
    scatter = median(map(abs, residuals))
    tolerance = max(TR_TOLERANCE, CLEARLY * scatter / (counted[-1] - counted[0]))
    return PulseFit(
        tr_s=tr_s,
        tr_fitted_s=slope,
        begin=begin,
        times=tuple(counted),
        volumes=tuple(volumes),
        residuals_s=tuple(residuals),
        doubled=tuple(doubled),
        missing=missing,
        expected=expected,
        missing_at_an_end=None if short is None else max(0, short),
        surplus=0 if short is None else max(0, -short),
        other_tr=abs(slope / tr_s - 1) > tolerance,
    )


def doubts(fit: PulseFit) -> list[str]:
    """What makes a segment worth a look however few pulses it concerns, a sentence each."""
    said = []
    if fit.other_tr:
        said.append(
            f"pulses come every {fit.tr_fitted_s:.3f} s, but the study's TR is {fit.tr_s:g} s: was "
            f"the right protocol running?"
        )
    at_an_end = fit.missing_at_an_end or 0
    if fit.first_perhaps_missed:
        said.append(
            f"the first pulse may have been missed: {len(fit.times)} of {fit.expected} came, and "
            f"none is missing between two others; if the image file has all its volumes, add one "
            f"TR to the onsets"
        )
    elif fit.stopped_early:
        said.append(f"the scan stopped early: its last {at_an_end} pulses didn't come")
    elif at_an_end:
        said.append(
            f"{at_an_end} pulse(s) are missing at the beginning or the end: if at the beginning, "
            f"the onsets count from a later volume than the images"
        )
    return said


def findings(fit: PulseFit) -> list[str]:
    """Everything that is wrong with a segment's pulses, a sentence each."""
    said = doubts(fit)
    if fit.missing:
        numbers = ", ".join(str(volume + 1) for volume in fit.missing[:NAMED])
        more = f" and {len(fit.missing) - NAMED} more" if len(fit.missing) > NAMED else ""
        said.append(f"{len(fit.missing)} pulses are missing between others: {numbers}{more}")
    if fit.doubled:
        said.append(f"{len(fit.doubled)} pulses came doubled; only one a volume is counted")
    if fit.surplus:
        said.append(f"{fit.surplus} more pulses came than were expected: the scan went on")
    return said


def correction(
    fit: PulseFit | None, first_stored: float | None, not_stored: int
) -> OnsetCorrection:
    """What to add to onsets that were counted from the pulse at `first_stored`.

    `not_stored`: dummies that are pulsed but not in the image file. Nothing is corrected where the
    evidence isn't clear: fewer than ten pulses, another TR, any missing at the ends, or a shift
    that could be chance.
    """
    if fit is None or first_stored is None or len(fit.times) < ENOUGH or fit.other_tr:
        return OnsetCorrection()
    if fit.missing_at_an_end:
        return OnsetCorrection()
    shift = first_stored - fit.time_of(not_stored)
    if abs(shift) < max(WORTH_CORRECTING_S, CLEARLY * fit.scatter_s):
        return OnsetCorrection()
    return OnsetCorrection(shift, _why(fit, first_stored, not_stored))


def _why(fit: PulseFit, first_stored: float, not_stored: int) -> str:
    reasons = []
    skipped = sum(volume <= not_stored for volume in fit.missing)
    if skipped:
        reasons.append(f"{skipped} pulse(s) are missing among the dummies")
    nearest = min(range(len(fit.times)), key=lambda i: abs(fit.times[i] - first_stored))
    late = fit.residuals_s[nearest]
    if abs(late) >= WORTH_CORRECTING_S:
        reasons.append(
            f"the pulse that onsets were counted from was stamped {1000 * late:.1f} ms late"
        )
    return "; ".join(reasons)


def _without_echoes(times: Sequence[float], tr_s: float) -> tuple[list[float], list[float]]:
    """The pulses that stand for a volume, and those too close behind one of them."""
    counted: list[float] = []
    echoes: list[float] = []
    for time in times:
        if counted and time - counted[-1] < DOUBLED_TR * tr_s:
            echoes.append(time)
        else:
            counted.append(time)
    return counted, echoes


def _numbered(times: Sequence[float], step: float) -> list[int]:
    """Each pulse's volume, counted from pulse to pulse, so that a small error can't add up."""
    volumes = [0]
    for before, after in pairwise(times):
        volumes.append(volumes[-1] + max(1, round((after - before) / step)))
    return volumes


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept by repeated medians.

    As `scipy.stats.siegelslopes`, with which the tests compare it; importing that takes seconds
    of CPU, which each dry run and each run's end would pay.
    """
    chosen = np.unique(np.linspace(0, x.size - 1, min(x.size, MOST_FITTED)).astype(int))
    run, rise = x[chosen][:, None] - x[chosen], y[chosen][:, None] - y[chosen]
    others = ~np.eye(chosen.size, dtype=bool)
    slopes = (rise[others] / run[others]).reshape(chosen.size, -1)
    slope = float(np.median(np.median(slopes, axis=1)))
    return slope, float(np.median(y - slope * x))
