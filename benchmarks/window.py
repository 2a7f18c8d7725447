"""The real window that benchmarks draw in: 60 Hz, as the rig `laptop` states."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from experiment.clocks import RealClock
from experiment.display.virtual_screen import needed_screen
from experiment.display.window import WindowDisplay
from experiment.inputs.files import load_rig


@contextmanager
def open_window() -> Iterator[tuple[RealClock, WindowDisplay]]:
    clock = RealClock()
    with needed_screen():
        window = WindowDisplay(load_rig("laptop").model.screen, clock)
        try:
            yield clock, window
        finally:
            window.close()
            clock.close()
