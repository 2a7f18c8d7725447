"""The participant's screen: a PsychoPy window that fulfils `Display`."""

from __future__ import annotations

import contextlib
import time as system_time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from experiment.clocks import RealClock
from experiment.display.drawing import option_boxes
from experiment.display.field import Field, field_of
from experiment.display.frames import FrameLog, Grid, measure_refresh
from experiment.display.machine import Machine
from experiment.display.opening import describe, open_window
from experiment.display.painter import Painter, Picture
from experiment.display.protocol import DisplayInfo, DroppedFrame, FrameCounts
from experiment.display.scales import scale_line
from experiment.plan.scene import Choice, CursorState, KeyScreen, Portrait, RatingScale, Scene
from hardware.devices import DeviceError
from hardware.rig import Screen

BUFFERS = 3
"""A driver may swap up to three buffers in turn, so a scene is drawn into three before drawing
stops. After a swap the content of the back buffer is formally undefined; in practice it's the
scene of one, two or three frames ago."""


class WindowDisplay:
    """Shows scenes in a window on the rig's screen, and stamps every flip on the session clock.

    Opens the window, measures the refresh rate for about 2 s, and puts `frame` into `clock.idle`.
    All calls belong on the thread that made it. `closed` tells, and `on_closed` is called, when
    somebody closes the window by its frame; the window itself stays until `close`. Raises
    `DeviceError` if no window can be opened.
    """

    def __init__(
        self, screen: Screen, clock: RealClock, on_closed: Callable[[], None] | None = None
    ) -> None:
        self._clock = self.clock = clock
        self.on_closed = on_closed
        self.closed = False
        self.focused = True  # whether what is typed is meant for this window
        self.drew = False  # whether anything was drawn for the latest frame
        self.on_frame: list[Callable[[], None]] = []  # called after each flip
        self._machine = Machine()
        try:
            self._window = open_window(screen)
        except Exception as error:
            self._machine.restore()
            raise DeviceError(
                f"no window could be opened on the participant's screen: {_in_a_line(error)}"
            ) from error
        try:
            self._begin(screen)
        except BaseException:
            self.close()
            raise

    def _begin(self, screen: Screen) -> None:
        window = self._window
        window.winHandle.on_close = self._close_asked
        # Where no window manager tells (Xvfb), the window counts as the one typed into.
        window.winHandle.push_handlers(
            on_activate=lambda: self._focus(True), on_deactivate=lambda: self._focus(False)
        )
        window.mouseVisible = False
        self.field: Field = field_of(screen, *(int(side) for side in window.size))
        self._painter = Painter(window, self.field, screen)
        self._scene: Scene | None = None
        self._cursor: Callable[[float], CursorState | None] | None = None
        self._shown_cursor: CursorState | None = None
        self._shown_fade = 1.0
        self._appeared = 0.0
        self._to_draw = 0
        self._painter.paint(None)

        def bare_flip() -> None:
            window.flip(clearBuffer=False)

        refresh = measure_refresh(bare_flip, self._clock.now, system_time.sleep)
        hz = refresh.hz if refresh.synchronised else screen.refresh_hz
        # Where nothing is waited for, PsychoPy's way of waiting only costs (1 % of a core).
        window.waitBlanking = refresh.synchronised
        self._period = 1.0 / hz
        self._grid = None if refresh.synchronised else Grid(self._clock.now(), self._period)
        self._log = FrameLog(self._period)
        self.info = DisplayInfo(
            kind="window",
            width_px=self.field.width,
            height_px=self.field.height,
            refresh_hz=round(hz, 3),
            synchronised=refresh.synchronised,
            details=describe(window, screen, refresh, self._machine.priority),
        )
        self.lead_s = self.info.lead_s
        self._machine.all_imported()
        self._clock.idle = self.frame

    def prepare(self, scenes: Iterable[Scene]) -> None:
        """Draw everything once, unseen, so that it lies on the graphics card.

        For between runs: it takes some 20 ms for each new picture, and collects garbage; what is
        there already costs nothing. Raises `ValueError` for a picture that is missing or damaged.
        """
        for scene in scenes:
            self._painter.load(scene)
        self._machine.between_runs()
        self._log.pause()
        self._to_draw = BUFFERS

    def show(
        self,
        scene: Scene,
        on_flip: Callable[[float], None],
        cursor: Callable[[float], CursorState | None] | None = None,
    ) -> float:
        """Draw a scene, flip, and call `on_flip(flip time)` at once after the flip.

        Returns the flip time on the session clock. A scene with `cursor`, or a portrait that fades
        in, is live: `frame` goes on drawing it as far as it changes.
        """
        self._scene, self._cursor, self._shown_cursor = scene, cursor, None
        self._painter.flip_patch()
        self._appeared = self._next_flip()
        self._to_draw = BUFFERS
        self._draw()
        return self._flip(on_flip)

    def frame(self) -> None:
        """Let one frame pass: flip, drawing anew only what has changed."""
        self._draw()
        self._flip()

    def dropped_frames(self) -> list[DroppedFrame]:
        """The dropped frames since the last call."""
        return self._log.take()

    def frame_counts(self) -> FrameCounts | None:
        """The lengths of all frame intervals since the last call."""
        return self._log.take_counts()

    def position_along(self, x: float, y: float) -> float | None:
        """How far along the present scale a pixel lies (0 to 1), or None if there's none."""
        if not isinstance(self._scene, RatingScale | KeyScreen):
            return None
        return scale_line(self.field, self._scene).along(self._painter.mirror(x), y)

    def point_of(self, position: float) -> tuple[float, float] | None:
        """The pixel at a position (0 to 100) of the present scale, or None if there's none."""
        if not isinstance(self._scene, RatingScale | KeyScreen):
            return None
        x, y = scale_line(self.field, self._scene).point(position)
        return self._painter.mirror(x), y

    def option_along(self, x: float, y: float) -> float | None:
        """(k + 0.5) / n for a pixel on option k of n of the present question, None beside them."""
        if not isinstance(self._scene, Choice):
            return None
        x = self._painter.mirror(x)
        boxes = option_boxes(self._scene, self.field)
        for number, (left, top, right, bottom) in enumerate(boxes):
            if left <= x < right and top <= y < bottom:
                return (number + 0.5) / len(boxes)
        return None

    @property
    def scene(self) -> Scene | None:
        """What is on the screen."""
        return self._scene

    @property
    def patch_bright(self) -> bool | None:
        """Whether the photodiode's patch is bright with the present scene; None without one."""
        return self._painter.patch_bright

    @property
    def appeared(self) -> float:
        """When the present scene appeared, on the session clock."""
        return self._appeared

    @property
    def cursor(self) -> CursorState | None:
        """The cursor as it was drawn last."""
        return self._shown_cursor

    @property
    def window(self) -> Any:
        """The PsychoPy window, for what reads keys and mouse from it."""
        return self._window

    def screenshot(self, path: Path) -> None:
        """Write what is on the screen to a PNG. Takes a few frames' time: not during a run."""
        self._to_draw = BUFFERS
        self._draw()
        image = self._window.getMovieFrame(buffer="back")
        self._window.movieFrames.clear()
        image.convert("RGB").save(path)
        self._log.pause()

    def close(self) -> None:
        """Close the window. Never raises."""
        if self._clock.idle == self.frame:
            self._clock.idle = None
        with contextlib.suppress(Exception):
            self._window.close()
        self._machine.restore()

    def _next_flip(self) -> float:
        now = self._clock.now()
        return self._grid.next(now) if self._grid is not None else now + self._period

    def _draw(self) -> None:
        """Draw into the back buffer, unless all buffers hold the present state already."""
        at = self._next_flip()
        if self._cursor is not None:
            state = self._cursor(at)
            if state != self._shown_cursor:
                self._shown_cursor = state
                self._to_draw = BUFFERS
        if (fade := self._fade(at)) != self._shown_fade:
            self._shown_fade = fade
            self._to_draw = BUFFERS
        self.drew = self._to_draw > 0
        if self.drew:
            self._to_draw -= 1
            self._painter.paint(Picture(self._scene, self._shown_cursor, fade))
            if self._grid is not None:
                # Without a screen to wait for, what is still to be rendered would be waited for
                # after the flip's due time instead of before it.
                self._painter.finish()

    def _fade(self, at: float) -> float:
        scene = self._scene
        if not isinstance(scene, Portrait) or scene.fade_in_s <= 0:
            return 1.0
        # Counted from one period before the onset, so that the first frame isn't an empty one.
        return min(1.0, (at - self._appeared + self._period) / scene.fade_in_s)

    def _flip(self, on_flip: Callable[[float], None] | None = None) -> float:
        if self._grid is not None:
            due = self._grid.next(self._clock.now())
            while (left := due - self._clock.now()) > 0:
                system_time.sleep(left)
            self._grid.took(due)
        flipped: list[float] = []
        trouble: list[BaseException] = []

        def stamp() -> None:
            flipped.append(self._clock.now())
            if on_flip is not None:
                self._appeared = flipped[0]
                try:
                    on_flip(flipped[0])
                except BaseException as error:  # PsychoPy would call it again at the next flip
                    trouble.append(error)

        self._window.callOnFlip(stamp)
        self._window.flip(clearBuffer=False)
        self._log.flipped(flipped[0])
        if trouble:
            raise trouble[0]
        self._machine.keep_awake(self._window)
        for call in self.on_frame:
            call()
        return flipped[0]

    def _focus(self, focused: bool) -> None:
        self.focused = focused

    def _close_asked(self) -> None:
        if not self.closed:
            self.closed = True
            if self.on_closed is not None:
                self.on_closed()


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())
