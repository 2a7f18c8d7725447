"""A calibration's picture in letters: the experimenter decides at the terminal, not in a viewer."""

from __future__ import annotations

import math
from collections.abc import Sequence

from experiment.calibration.estimate import Estimate, Rated

WIDE, ROWS = 60, 21  # cells; a row for each five points of the scale
KEY = "o, x rating (o: site for the runs)  . curve  # target  - its 90 %"


def in_letters(estimate: Estimate | None, rated: Sequence[Rated]) -> list[str]:
    """Ratings over temperature (degrees Celsius), with curve and targets; [] without a rating."""
    given = [(r.temperature, r.rating, r.site) for r in rated if r.rating is not None]
    if not given:
        return []
    wanted = [c for c, _, _ in given]
    if estimate is not None:
        wanted += [t.temperature for t in estimate.targets]
    low, high = math.floor(min(wanted)), math.ceil(max(wanted))
    high = max(high, low + 1)
    cells = [[" "] * (WIDE + 1) for _ in range(ROWS)]

    def put(temperature: float, rating: float, mark: str) -> None:
        across = round(WIDE * (temperature - low) / (high - low))
        up = round((ROWS - 1) * min(max(rating, 0.0), 100.0) / 100)
        if 0 <= across <= WIDE:
            cells[ROWS - 1 - up][across] = mark

    if estimate is not None:
        for temperature, rating in estimate.curve:
            put(temperature, rating, ".")
        for target in estimate.targets:
            steps = [low + n * (high - low) / WIDE for n in range(WIDE + 1)]
            for temperature in (c for c in steps if target.low <= c <= target.high):
                put(temperature, target.rating, "-")
    chosen = estimate.sites if estimate is not None else ()
    for temperature, rating, site in given:
        put(temperature, rating, "o" if site in chosen else "x")
    if estimate is not None:
        for target in estimate.targets:
            put(target.temperature, target.rating, "#")
    lines = [
        f"{100 - 100 * n // (ROWS - 1):>5} |{''.join(row).rstrip()}" for n, row in enumerate(cells)
    ]
    ends = f"{low} C".ljust(WIDE + 1 - len(f"{high} C")) + f"{high} C"
    return [*lines, f"      +{'-' * (WIDE + 1)}", f"       {ends}", f"       {KEY}"]
