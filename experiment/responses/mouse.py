"""The mouse on a rating scale: where it is along the line, and clicks.

For laptops. The window system hands mouse events over while a frame is shown, so their stamps are
up to one frame late; the rating's `confirm` key is stamped better.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from experiment.display.window import WindowDisplay
from experiment.plan.scene import Choice
from experiment.responses.listeners import Listeners
from hardware.clock import Clock
from hardware.devices import DeviceInfo, Response

SETTLE_S = 0.1  # so long after it was put somewhere, the mouse's older events may still come


class MouseResponses:
    """Fulfils `ResponseDevice` with 'move' and 'click' from the display's window.

    When a scale appears, the pointer, which is hidden, is put where the scale's cursor starts, so
    that the cursor follows the hand from there. `x` of a 'move' is 0 to 1 along the line. On a
    question with options the pointer shows; `x` of a 'click' on option k of n is (k + 0.5) / n.
    Elsewhere a click has no `x`.
    """

    def __init__(self, display: WindowDisplay, clock: Clock) -> None:
        self.info = DeviceInfo(
            role="responses",
            kind="mouse",
            port="",
            emulated=False,
            details={"backend": "window", "stamps": "frame"},
        )
        self._display, self._clock = display, clock
        self._listeners = Listeners()
        self._appeared: float | None = None
        self._put: tuple[int, int] | None = None  # where the pointer was put, until it moves
        self._settled_at = 0.0
        self._handle = display.window.winHandle
        self._handlers = {
            "on_mouse_motion": lambda x, y, dx, dy: self._moved(x, y),
            "on_mouse_drag": lambda x, y, dx, dy, buttons, modifiers: self._moved(x, y),
            "on_mouse_press": lambda x, y, button, modifiers: self._clicked(x, y, True),
            "on_mouse_release": lambda x, y, button, modifiers: self._clicked(x, y, False),
        }
        self._handle.push_handlers(**self._handlers)
        display.on_frame.append(self._frame)

    def listen(self, callback: Callable[[Response], None]) -> None:
        """From now on call `callback` for each response, on the display's thread."""
        self._listeners.add(callback)

    def close(self) -> None:
        """Stop calling. Never raises."""
        self._listeners.clear()
        with contextlib.suppress(Exception):
            self._display.on_frame.remove(self._frame)
            self._handle.remove_handlers(**self._handlers)

    def _frame(self) -> None:
        """After each flip: a new scene puts the pointer to where it belongs."""
        if self._display.appeared == self._appeared:
            return
        self._appeared = self._display.appeared
        self._display.window.mouseVisible = isinstance(self._display.scene, Choice)
        self._put = None
        cursor = self._display.cursor
        point = self._display.point_of(cursor.position) if cursor is not None else None
        if point is not None:
            x, y = round(point[0]), round(self._display.field.height - point[1])
            self._put = (x, y)
            self._settled_at = self._clock.now() + SETTLE_S
            self._handle.set_mouse_position(x, y)

    def _moved(self, x: int, y: int) -> None:
        if self._put is not None:
            if abs(x - self._put[0]) <= 1 and abs(y - self._put[1]) <= 1:
                self._settled_at = 0.0
                return
            if self._clock.now() < self._settled_at:
                return
            self._put = None
        along = self._display.position_along(x, self._display.field.height - y)
        if along is not None:
            self._listeners.call(Response(self._clock.now(), "move", name="mouse", x=along))

    def _clicked(self, x: int, y: int, pressed: bool) -> None:
        along: float | None = None
        if isinstance(self._display.scene, Choice):
            along = self._display.option_along(x, self._display.field.height - y)
            if along is None:  # beside the options
                return
        elif self._put is None:
            along = self._display.position_along(x, self._display.field.height - y)
        self._listeners.call(Response(self._clock.now(), "click", pressed, "mouse", along))
