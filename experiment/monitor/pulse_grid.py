"""The grid on which a scanner's pulses should lie: the first one, and whole TR after it.

For a run in progress; what came in the end is judged by a line through all pulses
(`experiment.timing.pulses`).
"""

from __future__ import annotations


class PulseGrid:
    """Takes pulses one by one, in order; `tr_s` is the TR in seconds.

    Volumes are counted from pulse to pulse, so that one that's missing or doubled doesn't shift
    those after it, and a TR that isn't the stated one shows as a slope.
    """

    def __init__(self, tr_s: float) -> None:
        self._tr_s = tr_s
        self._first: float | None = None
        self._last = 0.0
        self._volume = 0

    def offset(self, pulse: float) -> float:
        """How much later (s) than its place on the grid this pulse came."""
        if self._first is None:
            self._first = self._last = pulse
        self._volume += round((pulse - self._last) / self._tr_s)
        self._last = pulse
        return pulse - self._first - self._volume * self._tr_s
