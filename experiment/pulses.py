"""Counting the scanner's pulses: dummies before the run, all of them during it."""

from __future__ import annotations

from collections.abc import Callable

from hardware.clock import Clock

LOST_AFTER_TR = 3.0  # so many TR without a pulse count as "the pulses have stopped"


class PulseCounter:
    """Receives pulses (from any thread) and says when the run may begin.

    While it waits for the first `needed` pulses, a gap of more than 3 TR means that the scan was
    started anew, and counting begins again with the pulse after the gap.
    """

    def __init__(
        self,
        clock: Clock,
        tr_s: float,
        needed: int,
        on_pulse: Callable[[float, int], None],
        warn: Callable[[str], None],
    ) -> None:
        self._clock, self._tr_s, self._needed = clock, tr_s, needed
        self._on_pulse, self._warn = on_pulse, warn
        self.times: list[float] = []
        self._began = False
        self._silent = False

    def arrived(self, time: float) -> None:
        """A pulse arrived."""
        times = self.times
        if not self._began and times and time - times[-1] > LOST_AFTER_TR * self._tr_s:
            self._warn(
                f"the pulses paused for {time - times[-1]:.1f} s while the dummies were counted: "
                f"counting begins again"
            )
            times.clear()
        times.append(time)
        if len(times) >= self._needed:
            self._began = True
        if self._silent:
            self._silent = False
            self._warn("the scanner's pulses have come back")
        self._on_pulse(time, len(times))

    def complete(self) -> bool:
        """Whether the dummies and the pulse after them have come."""
        return self._began

    def watch(self, until: float) -> None:
        """From now to `until` (session time): warn at once when pulses stop."""
        if not self._silent and self._clock.now() - self.times[-1] > LOST_AFTER_TR * self._tr_s:
            self._silent = True
            self._warn(f"no pulse since {self._clock.now() - self.times[-1]:.1f} s: scan stopped?")
        following = self._clock.now() + LOST_AFTER_TR * self._tr_s
        if following < until:
            self._clock.call_at(following, lambda: self.watch(until))

    def ended(self) -> bool:
        """Whether none has come for 3 TR."""
        return self._clock.now() - self.times[-1] > LOST_AFTER_TR * self._tr_s
