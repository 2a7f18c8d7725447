"""The physics of one emulated zone: straight lines between knots, computed when asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Path:
    """Temperature over time: `times` (s) and `temperatures` (C), held after the last knot."""

    times: tuple[float, ...]
    temperatures: tuple[float, ...]

    def at(self, time: float) -> float:
        """Temperature in degrees Celsius at `time`."""
        times, temperatures = self.times, self.temperatures
        if time >= times[-1]:
            return temperatures[-1]
        for index in range(len(times) - 1, 0, -1):
            start = times[index - 1]
            if time >= start:
                low, high = temperatures[index - 1], temperatures[index]
                return low + (high - low) * (time - start) / (times[index] - start)
        return temperatures[0]

    def flat_until(self, time: float) -> float:
        """Up to when the temperature stays what it is at `time`; `time` itself on a slope."""
        times, temperatures = self.times, self.temperatures
        if time >= times[-1]:
            return math.inf
        for index in range(len(times) - 1):
            if times[index] <= time < times[index + 1]:
                flat = temperatures[index] == temperatures[index + 1]
                return times[index + 1] if flat else time
        return time

    def peak_until(self, time: float) -> float:
        """Highest temperature from the first knot to `time`."""
        reached = [t for knot, t in zip(self.times, self.temperatures, strict=True) if knot <= time]
        return max([*reached, self.at(time)])


def resting(time: float, temperature: float) -> Path:
    """A zone that stays where it is."""
    return Path((time,), (temperature,))


def going(time: float, start: float, goal: float, rate: float) -> Path:
    """From `start` to `goal` at `rate` C/s, then held."""
    if start == goal:
        return resting(time, goal)
    return Path((time, time + abs(goal - start) / rate), (start, goal))


def stimulating(
    time: float,
    start: float,
    target: float,
    rise_rate: float,
    return_rate: float,
    duration_s: float,
    neutral: float,
) -> Path:
    """Rise, plateau and return; the return starts `duration_s` after `time`, come what may."""
    rise_s = abs(target - start) / rise_rate
    turn = time + duration_s
    if rise_s < duration_s:
        knots = [(time, start), (time + rise_s, target), (turn, target)]
        reached = target
    else:
        reached = start + (target - start) * duration_s / rise_s
        knots = [(time, start), (turn, reached)]
    knots.append((turn + abs(reached - neutral) / return_rate, neutral))
    # Knots at the same time would divide by zero; the later one holds.
    distinct = [knot for knot, later in pairwise(knots) if knot[0] < later[0]]
    distinct.append(knots[-1])
    times, temperatures = zip(*distinct, strict=True)
    return Path(times, temperatures)
