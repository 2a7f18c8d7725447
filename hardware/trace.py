"""One stimulus while it is going on: what was measured of it, and whether it obeys."""

from __future__ import annotations

from collections.abc import Sequence

from hardware.devices import Stimulus, TemperatureSample
from hardware.dose import cem43_of_ramp, dose_rate, dose_rate_of_tenths
from hardware.history import Delivery
from hardware.limits import SafetyLimits

AT_BASELINE = 1.0  # C above baseline that counts as baseline, as for `Thermode.at_baseline`
PLATEAU_BAND = 0.5  # C below target that still counts as plateau
LAG_S = 0.5  # the return may lag behind the plan by this much: a probe on skin isn't ideal
GAP_S = 0.25  # a longer time without samples is counted at the asked-for temperature
BLIND_S = 1.0  # a longer gap is told, since nobody knows what happened in it


class HeatTrace:
    """Takes the samples of one stimulus, about a microsecond each."""

    def __init__(
        self,
        stimulus: Stimulus,
        started: float,
        zones: Sequence[int],
        limits: SafetyLimits,
        gap_s: float = GAP_S,
    ) -> None:
        self.stimulus, self.started = stimulus, started
        self.aborted = False
        self.last = started
        self.ends = started + stimulus.length_s  # as planned
        self._return_at = started + stimulus.rise_s + stimulus.plateau_s
        self._planned_return_at = self._return_at
        self._zones = tuple(zones)
        self._limits, self._gap_s = limits, gap_s
        self._down_at = stimulus.baseline + AT_BASELINE
        self._band = stimulus.target - PLATEAU_BAND
        self._over_since: float | None = None
        self._samples = 0
        self._hot = stimulus.baseline  # hottest zone of the last sample
        self._peak: float | None = None
        self._dose = 0.0
        self._blind_s = 0.0  # longest time without a sample, if it was a gap
        self._onset: float | None = None
        self._end: float | None = None
        self._sums = [0.0] * 5
        self._in_band = 0

    def abort(self, time: float) -> None:
        """From `time` on the temperature is asked to come down."""
        self.aborted = True
        self._return_at = min(self._return_at, time)

    def asked(self, time: float) -> float:
        """The highest temperature in C that is in order at `time`.

        During rise and plateau the target; in the return the plan, half a second late, but not
        below what may be held without end anyway.
        """
        late = time - self._return_at - LAG_S
        if late <= 0:
            return self.stimulus.target
        planned = self.stimulus.target - late * self.stimulus.return_rate
        return max(planned, self._limits.highest_baseline, self.stimulus.baseline)

    def add(self, sample: TemperatureSample) -> str:
        """Take a sample; a sentence as soon as it has been too hot for too long, else ''."""
        time, zones = sample.time, sample.zones
        seconds = time - self.last
        if seconds < 0:  # it was under way when the stimulus started
            return ""
        hot = max(zones)
        before = self._hot
        hottest = hot if hot > before else before
        if seconds > self._gap_s and (unseen := self._unseen(time)):
            self._dose += max(unseen, seconds * dose_rate_of_tenths(hot))
            self._blind_s = max(self._blind_s, seconds)
        else:
            self._dose += seconds * dose_rate_of_tenths(hottest)
        self._samples += 1
        if self._peak is None or hot > self._peak:
            self._peak = hot
        band = self._band
        if hot >= band:
            if self._onset is None:
                self._onset = _crossing(self.last, before, time, hot, band)
            self._end = time
            self._in_band += 1
            sums = self._sums
            for index, zone in enumerate(zones):
                sums[index] += zone
        elif before >= band and self._samples > 1:
            self._end = _crossing(self.last, before, time, hot, band)
        self.last, self._hot = time, hot
        return self._judge(time, hot)

    def down(self) -> bool:
        """Whether the stimulus is over: asked to return, and every zone at baseline again."""
        return self.last > self._return_at and self._hot <= self._down_at

    def delivery(self, ended: float, problem: str = "") -> Delivery:
        """The stimulus as delivered; what wasn't measured of the plan is counted in full."""
        s = self.stimulus
        if not self.down():
            ended = max(ended, self.ends)
            self._dose += self._unseen(ended)
        means = tuple(self._sums[zone - 1] / self._in_band for zone in self._zones if self._in_band)
        return Delivery(
            number=s.number,
            skin_site=s.skin_site,
            target=s.target,
            started=self.started,
            ended=ended,
            aborted=self.aborted,
            plateau_onset=self._onset,
            plateau_end=self._end,
            peak=self._peak,
            overshoot=None if self._peak is None else max(0.0, self._peak - s.target),
            mean_plateau=sum(means) / len(means) if means else None,
            zone_means=means,
            cem43=self._dose,
            samples=self._samples,
            problem=problem or self._shortfall(means),
        )

    def _unseen(self, until: float) -> float:
        """Dose of a time without samples as if the plan had gone on: whether an abort was heard
        isn't known, but the device's own duration ends it."""
        s = self.stimulus
        if self.last >= self._planned_return_at + s.return_s:
            return 0.0
        hot_s = max(0.0, min(until, self._planned_return_at) - self.last)
        dose = hot_s * dose_rate(s.target)
        if until > self._planned_return_at:
            dose += cem43_of_ramp(s.baseline, s.target, s.return_rate)
        return dose

    def _judge(self, time: float, hot: float) -> str:
        asked = self.asked(time)
        if hot <= asked + self._limits.tolerance + 1e-9:
            self._over_since = None
            return ""
        if self._over_since is None:
            self._over_since = time
        # Without the thousandth a sum of decimal fractions would cost another poll.
        if time - self._over_since < self._limits.tolerance_s - 1e-3:
            return ""
        which = "doesn't come down" if time > self._return_at else "is too hot"
        return (
            f"The thermode {which}: {hot:.1f} C where at most {asked:.1f} C was asked for, "
            f"for {time - self._over_since:.2f} s (stimulus {self.stimulus.number})"
        )

    def _shortfall(self, means: tuple[float, ...]) -> str:
        if self._blind_s > BLIND_S:
            return f"No temperatures came for {self._blind_s:.1f} s."
        if self.aborted:
            return ""
        target = self.stimulus.target
        if not means:
            return f"The plateau of {target:g} C was never reached."
        cold = [
            f"zone {zone} was {target - mean:.1f} C below target"
            for zone, mean in zip(self._zones, means, strict=True)
            if target - mean > PLATEAU_BAND
        ]
        return f"On the plateau {', '.join(cold)}." if cold else ""


def _crossing(time: float, low: float, later: float, high: float, level: float) -> float:
    """When a straight line between two samples passes `level`."""
    if high == low:
        return later
    share = (level - low) / (high - low)
    return time + (later - time) * min(1.0, max(0.0, share))
