"""One answer on a rating scale, as an exact function of what was pressed and when.

Nothing here knows of frames: the display asks where the cursor is at the moment of its next flip,
and a dry run asks only for the result. The same events give the same rating on any screen.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from experiment.plan.scene import CursorState
from hardware.devices import Response

DIRECTION = {"left": -1.0, "right": 1.0}
LOWEST, HIGHEST = 0.0, 100.0
RESOLUTION = 1  # decimals: 0.1 of the scale's 100 points


@dataclass(frozen=True)
class CursorSpeed:
    """How a held key moves the cursor, in points of the scale (0 to 100). All values are ours.

    A press moves it by `tap` at once, so that short taps are fine steps; a hold then moves it at
    `initial_per_s`, faster by `acceleration_per_s2`, up to `highest_per_s`: end to end in 2.4 s.
    """

    tap: float = 0.5
    initial_per_s: float = 10.0
    acceleration_per_s2: float = 40.0
    highest_per_s: float = 60.0

    def travelled(self, held_s: float) -> float:
        """Points moved by a key held for `held_s` seconds."""
        ramp_s = (self.highest_per_s - self.initial_per_s) / self.acceleration_per_s2
        ramp = min(held_s, ramp_s)
        moved = self.tap + self.initial_per_s * ramp + self.acceleration_per_s2 * ramp * ramp / 2
        return moved + self.highest_per_s * (held_s - ramp)


@dataclass(frozen=True)
class RatingResult:
    """What came of a rating.

    `rating` is 0 to 100 in steps of 0.1, or None if nobody answered (neither moved nor
    confirmed). Who moved the cursor but never confirmed has a rating, namely where it stood at
    the end, with `confirmed` False. `response_time` (of confirming) and `first_movement` are
    seconds after the onset; `path_times` are on the session clock.
    """

    rating: float | None
    confirmed: bool
    response_time: float | None
    first_movement: float | None
    start: float
    path_times: tuple[float, ...]
    path_positions: tuple[float, ...]


class Rating:
    """A cursor that responses move and lock.

    `start` is where it stands at first (0 to 100). With `show_start` it's visible from the onset;
    without, it appears with the first movement, and confirming before that has no effect. May be
    used from several threads. Raises `ValueError` for a start off the scale.
    """

    def __init__(
        self,
        start: float,
        speed: CursorSpeed | None = None,
        *,
        show_start: bool = True,
        path_step_s: float = 1 / 60,
    ) -> None:
        if not LOWEST <= start <= HIGHEST:
            raise ValueError(f"a rating can't start at {start}: the scale goes from 0 to 100")
        self.start = start
        self.speed = speed or CursorSpeed()
        self.show_start = show_start
        self.path_step_s = path_step_s
        self.onset = math.nan
        self.first_movement: float | None = None
        self.confirmed_at: float | None = None
        self._position = start  # at `_since`
        self._since = math.nan
        self._held: list[str] = []  # the key pressed last moves the cursor
        self._drift = 0.0  # points per second, by a stick; while keys are held they alone count
        self._path: list[tuple[float, float]] = []
        self._lock = threading.RLock()  # keys come on a thread of their own, while the display asks

    def begin(self, onset: float) -> None:
        """State when the scale appeared. Responses from before are ignored."""
        self.onset = self._since = onset
        self._trace(onset)

    @property
    def locked(self) -> bool:
        """Whether it has been confirmed."""
        return self.confirmed_at is not None

    def respond(self, response: Response) -> None:
        """Take in a response; what neither moves nor confirms is ignored."""
        with self._lock:
            if self.locked or not response.time >= self.onset:  # not begun: the onset is NaN
                return
            # Keys and mouse are stamped by two threads, so that one may overtake the other.
            time = max(response.time, self._since)
            role = response.role
            if role in DIRECTION:
                self._key(time, role, response.pressed)
            elif role == "move" and response.x is not None:
                self._move(time, response.x)
            elif role == "tilt" and response.x is not None:
                self._tilt(time, response.x * HIGHEST)
            elif role in ("confirm", "click") and response.pressed:
                if role == "click" and response.x is not None:
                    self._move(time, response.x)
                self._confirm(time)

    def state(self, now: float) -> CursorState:
        """The cursor at `now` (which must not be before the latest response)."""
        with self._lock:
            visible = self.show_start or self.first_movement is not None
            return CursorState(self._at(now), visible, self.locked)

    def result(self, end: float) -> RatingResult:
        """The outcome at `end`, the end of the phase. Responses after it don't count."""
        with self._lock:
            if not self.locked:
                self._advance(max(end, self._since))
            return self._result()

    def _result(self) -> RatingResult:
        answered = self.locked or self.first_movement is not None
        return RatingResult(
            rating=round(self._position, RESOLUTION) if answered else None,
            confirmed=self.locked,
            response_time=None if self.confirmed_at is None else self.confirmed_at - self.onset,
            first_movement=None
            if self.first_movement is None
            else self.first_movement - self.onset,
            start=self.start,
            path_times=tuple(time for time, _ in self._path),
            path_positions=tuple(round(position, RESOLUTION) for _, position in self._path),
        )

    def _key(self, time: float, role: str, pressed: bool) -> None:
        if pressed == (role in self._held):  # auto-repeat, or a release of what was held before
            return
        self._advance(time)
        if pressed:
            self._held.append(role)
            self._drift = 0.0
            self._moved(time)
        else:
            self._held.remove(role)

    def _move(self, time: float, x: float) -> None:
        self._advance(time)
        self._position = _on_scale(x * HIGHEST)
        self._moved(time)
        self._trace(time)

    def _tilt(self, time: float, points_per_s: float) -> None:
        if self._held or points_per_s == self._drift:
            return
        self._advance(time)
        self._drift = points_per_s
        if points_per_s:
            self._moved(time)

    def _confirm(self, time: float) -> None:
        if not self.state(time).visible:
            return
        self._advance(time)
        self.confirmed_at = time
        self._held.clear()
        self._drift = 0.0
        self._trace(time)

    def _moved(self, time: float) -> None:
        if self.first_movement is None:
            self.first_movement = time

    def _at(self, time: float) -> float:
        if not time >= self._since:
            return self._position
        if self._held:
            distance = self.speed.travelled(time - self._since)
            return _on_scale(self._position + DIRECTION[self._held[-1]] * distance)
        return _on_scale(self._position + self._drift * (time - self._since))

    def _advance(self, time: float) -> None:
        """Let the cursor go on as it was moving until `time`; a movement begins anew from there."""
        if self._held or self._drift:
            self._trace(self._since)
            # Path points lie on one grid, counted from the onset, whatever was pressed when.
            step = math.floor((self._since - self.onset) / self.path_step_s) + 1
            while (at := self.onset + step * self.path_step_s) < time:
                self._path.append((at, self._at(at)))
                if self._path[-1][1] in (LOWEST, HIGHEST):
                    break
                step += 1
            self._position = self._at(time)
            self._trace(time)
        self._since = time

    def _trace(self, time: float) -> None:
        point = (time, self._position)
        if not self._path or self._path[-1] != point:
            self._path.append(point)


def _on_scale(position: float) -> float:
    return min(max(position, LOWEST), HIGHEST)
