"""The screen as the participant's eye has it: pixels, degrees of visual angle, and where they are.

Pixel coordinates here have their origin in the upper left corner, y downwards, as pictures do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hardware.rig import Screen


@dataclass(frozen=True)
class Field:
    """A picture of `width` x `height` pixels, `px_per_degree` of them to a degree at its centre."""

    width: int
    height: int
    px_per_degree: float

    @property
    def width_degrees(self) -> float:
        """How wide the picture is."""
        return self.width / self.px_per_degree

    @property
    def height_degrees(self) -> float:
        """How high the picture is."""
        return self.height / self.px_per_degree

    def px(self, degrees: float) -> int:
        """Degrees in whole pixels, at least 1."""
        return max(1, round(degrees * self.px_per_degree))


def field_of(
    screen: Screen, real_width: int | None = None, real_height: int | None = None
) -> Field:
    """The field of a screen, if its picture turned out to be `real_width` x `real_height` pixels.

    A full screen always fills `width_cm`, with however many pixels; a window keeps their size.
    Degrees are taken at the centre of the screen, as PsychoPy's 'deg' does.
    """
    width = real_width or screen.width_px
    height = real_height or screen.height_px
    across = width if screen.full_screen else screen.width_px
    px_per_cm = across / screen.width_cm
    return Field(width, height, px_per_cm * screen.distance_cm * math.tan(math.radians(1.0)))
