"""What has really been delivered to each skin site, and what of it still counts."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

COUNTED_S = 24 * 3600.0  # deliveries of the last 24 h count
EVERY_SITE = 0  # of a heat whose skin site isn't known: it counts on each of them


@dataclass(frozen=True)
class Delivery:
    """One stimulus as it was delivered. Times in seconds on the session clock.

    Temperatures in degrees Celsius. `peak`, `overshoot` and `cem43` follow the hottest zone,
    `mean_plateau` is the mean over the enabled zones and the measured plateau, `zone_means` the
    same for each zone. What wasn't measured is None. Where samples are missing, `cem43` counts
    the asked-for temperature instead, so it is never too small. `problem` says in a sentence what
    went wrong, or is ''.
    """

    number: int
    skin_site: int
    target: float
    started: float
    ended: float
    aborted: bool
    plateau_onset: float | None
    plateau_end: float | None
    peak: float | None
    overshoot: float | None
    mean_plateau: float | None
    zone_means: tuple[float, ...]
    cem43: float
    samples: int
    problem: str = ""


@dataclass(frozen=True)
class PastHeat:
    """One delivered stimulus as plain data. `time` is its end in seconds of wall time (Unix).

    `site` may be `EVERY_SITE`.
    """

    site: int
    time: float
    cem43: float
    target: float


@dataclass(frozen=True)
class SiteState:
    """What a site has had within 24 h; `last_end` in seconds of wall time, None if nothing."""

    stimuli: int
    cem43: float
    last_end: float | None


class SiteHistory:
    """Deliveries by skin site, primed from earlier journals. Thread-safe.

    `now` is the wall time (s) of priming. A past heat whose time lies after it (the computer's
    clock was set back) counts as having ended just then, so that it still counts in full.
    """

    def __init__(self, past: Iterable[PastHeat] = (), now: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._heats: list[PastHeat] = []
        for heat in past:
            if not heat.cem43 >= 0:
                raise ValueError(f"a dose of {heat.cem43} isn't one (site {heat.site})")
            if heat.time > now:
                heat = PastHeat(heat.site, now, heat.cem43, heat.target)
            self._heats.append(heat)

    def add(self, heat: PastHeat) -> None:
        """Take down what has just been delivered."""
        with self._lock:
            self._heats.append(heat)

    def site(self, site: int, now: float) -> SiteState:
        """What `site` has had in the 24 h before `now` (wall time in s)."""
        with self._lock:
            counted = [
                h for h in self._heats if h.site in (site, EVERY_SITE) and now - h.time <= COUNTED_S
            ]
        return SiteState(
            stimuli=len(counted),
            cem43=sum(heat.cem43 for heat in counted),
            last_end=max((heat.time for heat in counted), default=None),
        )

    def visit_stimuli(self, now: float) -> int:
        """Stimuli of all sites in the 24 h before `now`."""
        with self._lock:
            return sum(now - heat.time <= COUNTED_S for heat in self._heats)
