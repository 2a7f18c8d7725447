"""Opens a PsychoPy window for a rig's screen, and says what came of it."""

from __future__ import annotations

from typing import Any

from experiment.display import look
from experiment.display.disturbances import disturbances
from experiment.display.frames import Refresh
from experiment.display.machine import quiet_psychopy
from hardware.rig import Screen


def open_window(screen: Screen) -> Any:
    """A PsychoPy window on the rig's screen, in pixels. Raises whatever PsychoPy does."""
    quiet_psychopy()
    from psychopy import monitors, visual

    monitor = monitors.Monitor(
        "trustpain", width=screen.width_cm, distance=screen.distance_cm, autoLog=False
    )
    monitor.setSizePix((screen.width_px, screen.height_px))
    return visual.Window(
        size=(screen.width_px, screen.height_px),
        fullscr=screen.full_screen,
        screen=screen.number,
        monitor=monitor,
        units="pix",
        color=look.BACKGROUND,
        colorSpace="rgb255",
        allowGUI=not screen.full_screen,
        title="trustpain",
        name="participant",
        waitBlanking=True,
        checkTiming=False,  # `measure_refresh` does it, and isn't fooled by a virtual screen
        autoLog=False,
    )


def describe(window: Any, screen: Screen, refresh: Refresh, priority: str) -> dict[str, str]:
    """What is worth knowing of a window afterwards: graphics, rates, priority, a note, what disturbs."""
    info = window.winHandle.context.get_info()
    details = {
        "vendor": str(info.get_vendor()),
        "renderer": str(info.get_renderer()),
        "opengl": str(info.get_version()),
        "measured_hz": f"{refresh.hz:.2f}",
        "stated_hz": f"{screen.refresh_hz:g}",
        "priority": priority,
    }
    if not refresh.synchronised:
        details["note"] = (
            f"flips don't wait for the screen, so they are paced to the {screen.refresh_hz:g} Hz "
            f"that the rig file states; when a frame is really seen isn't known"
        )
    elif abs(refresh.hz - screen.refresh_hz) > 0.05 * screen.refresh_hz:
        details["note"] = (
            f"the screen runs at {refresh.hz:.2f} Hz, not at the {screen.refresh_hz:g} Hz that the "
            f"rig file states"
        )
    if disturbed := disturbances():
        details["disturbed_by"] = "; ".join(each.found for each in disturbed)
    return details
