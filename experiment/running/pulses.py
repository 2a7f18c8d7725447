"""Counting the scanner's pulses: dummies before the run, all of them during it."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from itertools import pairwise

from hardware.clock import Clock

LOST_AFTER_TR = 3.0  # so many TR without a pulse count as "the pulses have stopped"
DOUBLED_TR = 0.5  # a pulse sooner than this after the last one is an echo of it, not a volume
OTHER_TR = 0.03  # share by which the pulses' median interval may differ from the study's TR (ours)
RESTARTS_TOLD = 2  # more of them aren't a scan that is started anew


class PulseCounter:
    """Receives pulses (from any thread) and says when the run may begin.

    While it waits for the first `needed` pulses, a gap of more than 3 TR means that the scan was
    started anew, and counting begins again with the pulse after the gap; a pulse within half a TR
    of the last one isn't counted as a volume. `times` are all pulses, `volumes` those counted
    before the run began.
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
        self.volumes: list[float] = []
        self._began = False
        self._silent = False
        self._restarts = 0
        self._doubled = False
        self._stopped = False

    def arrived(self, time: float) -> None:
        """A pulse arrived."""
        if not self._began:
            self._count(time)
        self.times.append(time)
        if self._silent:
            self._silent = False
            self._warn("the scanner's pulses have come back")
        self._on_pulse(time, len(self.times))

    def _count(self, time: float) -> None:
        gap = time - self.volumes[-1] if self.volumes else self._tr_s
        if gap < DOUBLED_TR * self._tr_s:
            if not self._doubled:
                self._doubled = True
                self._warn(f"pulses come doubled, {gap:.3f} s apart: only one a volume is counted")
            return
        if gap > LOST_AFTER_TR * self._tr_s:
            self._tell_restart(gap)
            self.times.clear()
            self.volumes.clear()
        self.volumes.append(time)
        if len(self.volumes) >= self._needed:
            self._began = True
            if said := self.other_tr():
                self._warn(said)

    def _tell_restart(self, gap: float) -> None:
        self._restarts += 1
        if self._restarts <= RESTARTS_TOLD:
            self._warn(
                f"the pulses paused for {gap:.1f} s while the dummies were counted: counting "
                f"begins again"
            )
        elif self._restarts == RESTARTS_TOLD + 1:
            self._warn(self._wrong_protocol(gap))

    def _wrong_protocol(self, interval: float) -> str:
        return (
            f"pulses come every {interval:.3f} s, but the study's TR is {self._tr_s:g} s: is the "
            f"right protocol running?"
        )

    def other_tr(self) -> str:
        """A sentence if the volumes counted so far don't come at the study's TR, else ''."""
        if len(self.volumes) < 3:
            return ""
        interval = statistics.median(after - before for before, after in pairwise(self.volumes))
        if abs(interval / self._tr_s - 1) <= OTHER_TR:
            return ""
        return self._wrong_protocol(interval)

    def stop(self) -> None:
        """The segment is over: silence is no news any more."""
        self._stopped = True

    def complete(self) -> bool:
        """Whether the dummies and the pulse after them have come."""
        return self._began

    def watch(self, until: float) -> None:
        """From now to `until` (session time): warn at once when pulses stop."""
        if self._stopped:
            return
        now, patience = self._clock.now(), LOST_AFTER_TR * self._tr_s
        lost_at = self.times[-1] + patience
        if not self._silent and now >= lost_at:
            self._silent = True
            self._warn(f"no pulse since {now - self.times[-1]:.1f} s: scan stopped?")
        # When the last one would be too old; while none comes, now and then whether any has.
        following = lost_at if now < lost_at else now + patience
        if following < until:
            self._clock.call_at(following, lambda: self.watch(until))

    def ended(self) -> bool:
        """Whether none has come for 3 TR."""
        return self._clock.now() - self.times[-1] > LOST_AFTER_TR * self._tr_s
