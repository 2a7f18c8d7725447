"""What everything on the screen looks like: colours, letters, sizes. In one place, nowhere else.

Sizes are in degrees of visual angle, colours 8-bit sRGB. All values are ours.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

BACKGROUND = (94, 103, 116)
"""Of every screen, so that no change of scene is a flash in a dark room: a mid grey-blue."""

INK = (238, 240, 243)  # text and lines; 5.1 : 1 against the background
FAINT_INK = (200, 205, 212)  # hints, leader lines
CURSOR = (255, 204, 102)  # a cursor that can still be moved
CURSOR_LOCKED = (150, 222, 209)  # after confirming; its shape changes too, for the colour-blind
CHOSEN = (62, 70, 82)  # behind the chosen option

LETTER = 1.0
"""Size of the letters, as PsychoPy's `height` counts it: capitals are 0.714 of it high."""

SMALLEST_LETTER = 0.8
"""Text is shrunk to this on a small screen; 0.7 can still be read from a scanner's mirror."""

READABLE_LETTER = 0.7

TITLE_LETTER = 1.25
LINE_SPACING = 1.3  # of the letters' size
MARGIN = 0.8  # kept free along the edges of the screen
TEXT_WIDTH = 21.0  # lines aren't longer, however wide the screen

PORTRAIT_HEIGHT = 12.0
PAGE_PICTURE = (6.0, 5.0, 4.0, 3.0, 2.5)  # heights of a page's small picture: the first with room
CAPTION_LINES = 2  # kept free below a portrait, used or not, so that the face never moves
CAPTION_GAP = 0.5
FIXATION_SIZE = 1.0
LINE_WIDTH = 0.1
SCALE_LENGTH = 18.0  # of the horizontal scale
SCALE_UNDER_PICTURE = 5.3  # from the foot of the screen to a scale that stands under a portrait
LINE_UNDER_KEYS = 4.0  # likewise, to the line on the screen on which keys are tried
SCALE_HEIGHT = 13.0  # of the vertical one
CURSOR_SIZE = 0.9


def font_file() -> Path:
    """The font file: Noto Sans, which comes with PsychoPy; else DejaVu Sans, with matplotlib.

    The packages are only located, not imported. Raises `ValueError` if neither is installed.
    """
    for package, inside in (
        ("psychopy", "assets/fonts/NotoSans-Regular.ttf"),
        ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf"),
    ):
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            path = Path(spec.origin).parent / inside
            if path.is_file():
                return path
    raise ValueError(
        "no font found: PsychoPy and matplotlib, which bring one each, aren't installed"
    )
