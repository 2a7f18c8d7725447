"""Heat that nobody asked for: noticed between stimuli, measured, and counted to the skin."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.devices import TemperatureSample
from hardware.dose import dose_rate_of_tenths
from hardware.limits import SafetyLimits


@dataclass(frozen=True)
class UnaskedHeat:
    """Heat without a stimulus. Times in seconds on the session clock, temperatures in C.

    It began at some moment after `began` (the last sample that wasn't hot), from which on it
    counts; between two samples the hotter one does. `skin_site` is `history.EVERY_SITE` where it
    isn't known on which the probe lay. Told twice: when it's certain (`over` is False), and, with
    its whole dose, when it has come down.
    """

    skin_site: int
    began: float
    ended: float  # the latest sample, as long as it isn't over
    peak: float
    cem43: float
    over: bool


class IdleWatch:
    """Takes the samples between stimuli: nothing may be hotter than what may be held without end.

    Hot for `tolerance_s` is certain; a single sample in between may be a damaged answer. Until
    `settled_at`, or the first sample that isn't hot, the probe may come from anywhere: such heat
    counts, but is no reason for an alarm.
    """

    def __init__(self, limits: SafetyLimits, settled_at: float) -> None:
        self._most = limits.highest_baseline + limits.tolerance
        self._tolerance_s = limits.tolerance_s
        self._settled_at = settled_at
        self._last: tuple[float, float] | None = None  # when, and the hottest zone
        self._since: float | None = None  # the first hot sample
        self._began = 0.0
        self._site = 0
        self._dose = self._peak = 0.0
        self._certain = False

    def alarm(self, sample: TemperatureSample) -> bool:
        """Whether this sample, taken already, belongs to heat that must be ended."""
        return self._certain and sample.time >= self._settled_at

    def pass_by(self, sample: TemperatureSample) -> None:
        """A sample of a stimulus, which is counted elsewhere."""
        self._last = (sample.time, max(sample.zones))
        self._since, self._certain = None, False

    def add(self, sample: TemperatureSample, site: int) -> UnaskedHeat | None:
        """Take a sample; `site` is where the probe lies now. What there is to tell, or None."""
        time, hot = sample.time, max(sample.zones)
        before, was = self._last or (time, hot)
        self._last = (time, hot)
        cool = hot <= self._most
        if cool:
            self._settled_at = min(self._settled_at, time)
            if self._since is None:
                return None
        elif self._since is None:
            self._since, self._began, self._site = time, before, site
            self._dose = self._peak = 0.0
        self._dose += max(0.0, time - before) * dose_rate_of_tenths(max(hot, was))
        self._peak = max(self._peak, hot)
        if cool:
            certain, self._certain, self._since = self._certain, False, None
            return self._heat(time, over=True) if certain else None
        assert self._since is not None
        if self._certain or time - self._since < self._tolerance_s:
            return None
        self._certain = True
        return self._heat(time, over=False)

    def _heat(self, time: float, *, over: bool) -> UnaskedHeat:
        return UnaskedHeat(self._site, self._began, time, self._peak, self._dose, over)
