"""Continuous recordings: the thermode's temperature and the rating's cursor, on a regular grid.

BIDS wants one sampling frequency for a file; the samples as they came are in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiment.bids.columns import RATING_COLUMNS, THERMODE_COLUMNS, Column
from experiment.bids.files import gzip_bytes
from experiment.bids.records import RunRecord

Floats = NDArray[np.float64]

FREQUENCIES_HZ = (1, 2, 5, 10, 20, 50, 100)
CURSOR_HZ = 50
GAP_SAMPLES = 5  # what is further apart than so many samples isn't joined by a line


@dataclass(frozen=True)
class Recording:
    """Columns on a grid; row i is at `start_s + i / frequency_hz`, NaN where nothing is known."""

    label: str
    description: str
    frequency_hz: int
    start_s: float
    columns: dict[str, Column]
    values: list[Floats]  # one array a column
    decimals: int

    def data(self) -> bytes:
        """The rows as BIDS wants them: tab-separated, no header line, gzipped."""
        texts = [_texts(values, self.decimals) for values in self.values]
        return gzip_bytes(("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n").encode())


def thermode_recording(run: RunRecord) -> Recording | None:
    """Temperatures between whose samples a line was drawn; None if none were logged."""
    chunks = run.temperatures
    times = np.array([t for c in chunks for t in c.times], dtype=float)
    if times.size < 2:
        return None
    order = np.argsort(times, kind="stable")
    times = times[order] - run.onset_zero
    frequency = _nearest_frequency(times)
    grid = _grid(times[0], times[-1], frequency)
    columns = [[x for c in chunks for x in c.mean], [x for c in chunks for x in c.highest]]
    return Recording(
        label="thermode",
        description="Temperature that the thermode reported, put on a regular grid; gaps are n/a",
        frequency_hz=frequency,
        start_s=float(grid[0]),
        columns=THERMODE_COLUMNS,
        values=[_joined(grid, times, np.array(c)[order], frequency) for c in columns],
        decimals=2,
    )


def rating_recording(run: RunRecord) -> Recording | None:
    """The cursor's path over all ratings of a run; None if there were none."""
    ratings = sorted(run.ratings.values(), key=lambda rating: rating.onset)
    if not ratings:
        return None
    zero = run.onset_zero
    grid = _grid(ratings[0].onset - zero, ratings[-1].t - zero, CURSOR_HZ)
    cursor = np.full(grid.size, np.nan)
    for rating in ratings:
        shown = slice(*np.searchsorted(grid, [rating.onset - zero, rating.t - zero]))
        points = np.array([rating.start, *rating.path])
        # The cursor stays where it was until the path's next point.
        passed = np.searchsorted(np.array(rating.path_t) - zero, grid[shown], side="right")
        cursor[shown] = points[passed]
    return Recording(
        label="rating",
        description="Cursor of the rating scales, put on a regular grid; n/a between ratings",
        frequency_hz=CURSOR_HZ,
        start_s=float(grid[0]),
        columns=RATING_COLUMNS,
        values=[cursor],
        decimals=1,
    )


def _nearest_frequency(times: Floats) -> int:
    """The usual frequency that is nearest to the samples' own."""
    interval = float(np.median(np.diff(times)))
    wanted = 1 / max(interval, 1e-3)
    return min(FREQUENCIES_HZ, key=lambda hz: abs(np.log(hz / wanted)))


def _grid(first: float, last: float, frequency: int) -> Floats:
    """From the grid point at or after `first` to the one at or before `last`, at least one."""
    lowest = int(np.ceil(first * frequency))
    highest = max(lowest, int(np.floor(last * frequency)))
    return np.arange(lowest, highest + 1) / frequency


def _joined(grid: Floats, times: Floats, values: Floats, frequency: int) -> Floats:
    """Values on the grid, NaN in gaps."""
    after = np.clip(np.searchsorted(times, grid), 1, times.size - 1)
    gap = times[after] - times[after - 1] > GAP_SAMPLES / frequency
    return np.where(gap, np.nan, np.interp(grid, times, values))


def _texts(values: Floats, decimals: int) -> list[str]:
    """Numbers as text. There are few different ones, so each is written once."""
    scale = 10**decimals
    whole = np.where(np.isnan(values), np.iinfo(np.int64).min, np.rint(values * scale))
    distinct, which = np.unique(whole.astype(np.int64), return_inverse=True)
    words = [
        "n/a" if w == np.iinfo(np.int64).min else f"{w / scale:.{decimals}f}" for w in distinct
    ]
    return np.array(words, dtype=object)[which].tolist()
