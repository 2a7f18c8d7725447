"""Faults of the computer: a disk without room, and a screen that isn't drawn."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiment.display.headless import HeadlessDisplay
from experiment.display.protocol import Display, DroppedFrame
from experiment.journal import JournalWriter
from experiment.plan.scene import CursorState, Scene
from hardware.clock import Clock


class Disk:
    """Whether there is room on the disk."""

    full = False

    def open_journal(self, path: Path, *, durable: bool) -> JournalWriter:
        """A journal on this disk."""
        return _JournalOnDisk(path, self, durable=durable)


class _JournalOnDisk(JournalWriter):
    def __init__(self, path: Path, disk: Disk, *, durable: bool) -> None:
        super().__init__(path, durable=durable)
        self._disk = disk

    def _hand_over(self) -> None:
        if self._disk.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super()._hand_over()


class Screen:
    """Lets a display stand still: without a window in virtual time, with one for real."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._still_until = 0.0
        self._dropped: list[DroppedFrame] = []

    def stand_still(self, for_s: float) -> None:
        """From now on nothing is drawn for so long."""
        self._still_until = self._clock.now() + for_s
        self._dropped.append(DroppedFrame(self._still_until, for_s))

    def of(self, open_display: Callable[[Any], Display]) -> Callable[[Any], Display]:
        """Open a display that can be made to stand still."""

        def opened(prepared: Any) -> Display:
            display: Any = open_display(prepared)
            if isinstance(display, HeadlessDisplay):
                return _StillHeadless(self._clock, self)
            display.on_frame.append(self._hold_up)
            return display

        return opened

    def wait(self) -> None:
        """Wait in virtual time until frames are drawn again."""
        if self._still_until > self._clock.now():
            self._clock.wait(lambda: False, self._still_until)

    def take_dropped(self) -> list[DroppedFrame]:
        """The times in which it stood still, since the last call."""
        now = self._clock.now()
        taken = [frame for frame in self._dropped if frame.time <= now]
        self._dropped = [frame for frame in self._dropped if frame.time > now]
        return taken

    def _hold_up(self) -> None:
        """Block the thread that draws, as a busy computer would."""
        left = self._still_until - self._clock.now()
        if left > 0:
            time.sleep(left)


class _StillHeadless(HeadlessDisplay):
    def __init__(self, clock: Clock, screen: Screen) -> None:
        super().__init__(clock)
        self._screen = screen

    def show(
        self,
        scene: Scene,
        on_flip: Callable[[float], None],
        cursor: Callable[[float], CursorState | None] | None = None,
    ) -> float:
        self._screen.wait()
        return super().show(scene, on_flip, cursor)

    def dropped_frames(self) -> list[DroppedFrame]:
        return self._screen.take_dropped()
