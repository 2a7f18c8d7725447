"""Thermal dose: cumulative equivalent minutes at 43 C (CEM43).

Sapareto & Dewey 1984: the sum over time of dt x R^(43 - T), dt in minutes, with R = 0.5 at or
above 43 C and 0.25 below. Plain floats: at 50 samples a second numpy would cost more than it saves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hardware.devices import Stimulus

REFERENCE = 43.0
R_ABOVE = 0.5
R_BELOW = 0.25

_LN_ABOVE = -math.log(R_ABOVE)  # growth of the dose rate with each degree, natural logarithm
_LN_BELOW = -math.log(R_BELOW)


def dose_rate(temperature: float) -> float:
    """CEM43 minutes that one second at `temperature` (degrees Celsius) adds."""
    slope = _LN_ABOVE if temperature >= REFERENCE else _LN_BELOW
    return math.exp(slope * (temperature - REFERENCE)) / 60.0


# A thermode reports tenths; a look-up takes a tenth of the time of the exponential.
_TENTHS = tuple(dose_rate(tenths / 10) for tenths in range(701))


def dose_rate_of_tenths(temperature: float) -> float:
    """`dose_rate`, looked up by tenths of a degree, rounded up, for samples at 50 Hz."""
    index = math.ceil(temperature * 10 - 1e-6)
    return _TENTHS[0 if index < 0 else 700 if index > 700 else index]


def cem43_of_ramp(low: float, high: float, rate: float) -> float:
    """CEM43 minutes of going from `low` to `high` C, or back, at `rate` C/s: the exact integral."""
    if high <= low:
        return 0.0
    if low < REFERENCE < high:
        return cem43_of_ramp(low, REFERENCE, rate) + cem43_of_ramp(REFERENCE, high, rate)
    slope = _LN_BELOW if high <= REFERENCE else _LN_ABOVE
    ends = math.exp(slope * (high - REFERENCE)) - math.exp(slope * (low - REFERENCE))
    return ends / (slope * rate * 60.0)


def cem43_of_stimulus(stimulus: Stimulus) -> float:
    """CEM43 minutes of a planned stimulus: rise, plateau and return."""
    return (
        cem43_of_ramp(stimulus.baseline, stimulus.target, stimulus.rise_rate)
        + stimulus.plateau_s * dose_rate(stimulus.target)
        + cem43_of_ramp(stimulus.baseline, stimulus.target, stimulus.return_rate)
    )


def cem43_of_samples(times: Sequence[float], temperatures: Sequence[float]) -> float:
    """CEM43 minutes of a sampled trace: between two samples the hotter one counts.

    So a coarse trace is never counted as less than it was as long as the temperature is
    monotonic between samples. Raises `ValueError` if the lengths differ or time goes backwards.
    """
    if len(times) != len(temperatures):
        raise ValueError(f"{len(times)} times, but {len(temperatures)} temperatures")
    total = 0.0
    for index in range(1, len(times)):
        seconds = times[index] - times[index - 1]
        if seconds < 0:
            raise ValueError(f"sample {index} is earlier than the one before it")
        total += seconds * dose_rate(max(temperatures[index - 1], temperatures[index]))
    return total
