"""The emulated TCS II's user-defined temperature profiles (`Uw`, `Ue`, `Ur`).

Our driver never sends these; other people's do. A profile ends by itself: ours returns to neutral
after its last segment.
"""

from __future__ import annotations

from itertools import pairwise

from hardware.emulation.probe import Path

HEAD = 8  # digits of `Uw` before its segments: five zones, three for their number
SEGMENT = 6  # ddd (ten ms) and ttt (tenths of a degree)


class Profiles:
    """A profile for each zone: points of (seconds, tenths of a degree), and whether it is on."""

    def __init__(self) -> None:
        self._points: list[tuple[tuple[float, int], ...]] = [()] * 5
        self._on = [False] * 5

    def write(self, digits: bytes) -> None:
        """`Uwxxxxxnnn` and n times `dddttt`: a profile for the zones marked 1."""
        points = tuple(
            (int(digits[at : at + 3]) / 100, int(digits[at + 3 : at + SEGMENT]))
            for at in range(HEAD, len(digits), SEGMENT)
        )
        for zone in range(5):
            if digits[zone : zone + 1] == b"1":
                self._points[zone] = points

    def enable(self, digits: bytes) -> None:
        """`Uexxxxx`: which zones follow their profile."""
        self._on = [digit == ord("1") for digit in digits]

    def text(self) -> bytes:
        """What `Ur` answers (its layout is ours): zone, on, number of points, points."""
        lines = [
            b"%d %d %03d " % (zone + 1, self._on[zone], len(points))
            + b" ".join(b"%03d%03d" % (round(seconds * 100), to) for seconds, to in points)
            for zone, points in enumerate(self._points)
        ]
        return b"\r" + b"\r".join(line.rstrip() for line in lines) + b"\r"

    def path(
        self, zone: int, now: float, at: float, highest: int, neutral: float, return_rate: float
    ) -> Path | None:
        """The zone's way along its profile and back (C, C/s), or None if it follows none.

        Ours: temperatures are limited to the maximum (`Om`, tenths), like `C`.
        """
        if not self._on[zone] or not self._points[zone]:
            return None
        knots = [(now, at)]
        for seconds, tenths in self._points[zone]:
            knots.append((knots[-1][0] + seconds, min(tenths, highest) / 10))
        time, last = knots[-1]
        knots.append((time + max(abs(last - neutral) / return_rate, 0.001), neutral))
        # Knots at the same time would divide by zero; the later one holds.
        distinct = [knot for knot, later in pairwise(knots) if knot[0] < later[0]] + knots[-1:]
        times, temperatures = zip(*distinct, strict=True)
        return Path(times, temperatures)
