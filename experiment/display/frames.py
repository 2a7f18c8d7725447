"""The rhythm of a display's frames: whether they follow the screen, how fast, what was dropped."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from experiment.display.protocol import DroppedFrame, FrameCounts

FASTEST_HZ = 400.0  # a faster "screen" doesn't wait for anything
IRREGULAR = 0.15  # middle half of the intervals, in periods: a screen's lie within a hundredth
DROPPED = 1.5  # periods; a longer interval means that at least one frame was missed
FRAMES_MEASURED = 40
TENTHS = 40  # intervals are counted by tenths of a period, up to four periods


@dataclass(frozen=True)
class Refresh:
    """The refresh rate as measured, and whether flips wait for the screen's vertical sync."""

    hz: float
    synchronised: bool


def measure_refresh(
    flip: Callable[[], None], now: Callable[[], float], sleep: Callable[[float], None]
) -> Refresh:
    """Flip some 80 frames, half of them after a pause of half a frame, and see what that changes.

    A flip that waits for the screen absorbs the pause; one that doesn't takes longer by it. So a
    screen is told from a fast virtual one, whatever their rates. A virtual one on a busy machine
    is slow, too, and may seem to absorb the pause; but only a screen is regular.
    """

    def measured(pause: float) -> tuple[float, bool]:
        for _ in range(5):
            flip()
        intervals = []
        for _ in range(FRAMES_MEASURED):
            begin = now()
            if pause:
                sleep(pause)
            flip()
            intervals.append(now() - begin)
        low, middle, high = statistics.quantiles(intervals, n=4)
        return middle, high - low <= IRREGULAR * middle

    plain, regular = measured(0.0)
    if plain < 1 / FASTEST_HZ:
        return Refresh(1 / max(plain, 1e-6), synchronised=False)
    paused, regular_too = measured(plain / 2)
    synchronised = paused < 1.25 * plain and regular and regular_too
    return Refresh(1 / plain, synchronised=synchronised)


class Grid:
    """Times of the frames where no screen gives any: one absolute grid, so without drift."""

    def __init__(self, origin: float, period: float) -> None:
        self._origin, self._period = origin, period
        self._last = -1

    def next(self, now: float) -> float:
        """The time of the next frame. One that is late by a tenth of a period still counts."""
        number = math.ceil((now - self._origin) / self._period - 0.1)
        return self._origin + max(number, self._last + 1) * self._period

    def took(self, time: float) -> None:
        """The frame that was due at `time` has been shown."""
        self._last = round((time - self._origin) / self._period)


class FrameLog:
    """Keeps frame intervals of more than 1.5 periods, and counts all by their length."""

    def __init__(self, period: float) -> None:
        self._period, self._longest = period, DROPPED * period
        self._per_s = 10 / period
        self._counts = [0] * TENTHS
        self._last = math.inf
        self._dropped: list[DroppedFrame] = []

    def flipped(self, time: float) -> None:
        """A frame has appeared."""
        interval = time - self._last
        if interval >= 0:  # the first one after a pause has none
            self._counts[min(TENTHS - 1, int(interval * self._per_s))] += 1
            if interval > self._longest:
                self._dropped.append(DroppedFrame(time, interval))
        self._last = time

    def pause(self) -> None:
        """No frames are expected until the next one: the interval until then doesn't count."""
        self._last = math.inf

    def take(self) -> list[DroppedFrame]:
        """The dropped frames since the last call."""
        taken, self._dropped = self._dropped, []
        return taken

    def take_counts(self) -> FrameCounts:
        """The intervals' lengths since the last call."""
        taken, self._counts = self._counts, [0] * TENTHS
        return FrameCounts(self._period, tuple(taken))
