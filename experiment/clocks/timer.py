"""What both clocks keep of a booked callback."""

from __future__ import annotations

from collections.abc import Callable


class BookedTimer:
    """A callback that is booked, and None once it's cancelled."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Don't call back; nothing happens where that is over already."""
        self.callback = None
