"""Text as pictures: wrapped, measured and drawn with one font, so that it's the same on any system.

PsychoPy's text depends on the fonts of the computer, and its size is known only once a window is
open. Here a dry test can tell whether a text fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from experiment.display import look

Colour = tuple[int, int, int]


@lru_cache(maxsize=64)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(look.font_file()), size_px)


@dataclass(frozen=True)
class Lines:
    """Wrapped text: its lines, the letters' size and the block's width and height, in pixels."""

    lines: tuple[str, ...]
    letter: int
    width: int
    height: int


def wrap(text: str, letter: int, widest: int) -> Lines:
    """Break `text` into lines no wider than `widest` pixels, letters `letter` pixels in size.

    Line breaks in the text are kept. A word that is too wide for a line stands alone on one.
    """
    lines: list[str] = []
    for paragraph in text.strip().split("\n"):
        words = paragraph.split()
        first = 0
        while first < len(words):
            after = _line_end(words, first, letter, widest)
            lines.append(" ".join(words[first:after]))
            first = after
        if not words:
            lines.append("")
    width = max(int(_width(line, letter)) + 2 for line in lines)
    return Lines(tuple(lines), letter, width, _pitch(letter) * len(lines))


def _line_end(words: list[str], first: int, letter: int, widest: int) -> int:
    """One past the last of `words` that a line which begins with `first` has room for.

    Measuring a line anew for each word that it might take is most of the work where a text is
    wrapped, so its end is guessed from the words' own widths; kerning may move it by a word.
    """
    after, room = first + 1, widest - _width(words[first], letter)
    while after < len(words) and (room := room - _width(f" {words[after]}", letter)) >= 0:
        after += 1

    def fits(end: int) -> bool:
        return _width(" ".join(words[first:end]), letter) <= widest

    while after < len(words) and fits(after + 1):
        after += 1
    while after > first + 1 and not fits(after):
        after -= 1
    return after


@lru_cache(maxsize=16384)
def _width(text: str, letter: int) -> float:
    return _font(letter).getlength(text)


def fit(text: str, letter: int, widest: int, highest: int) -> Lines:
    """Wrap `text` in the largest letters, at most `letter`, that leave it in the box.

    Two or three lines are then made about equally long, so that no word is left alone on the last.
    It goes on shrinking rather than cut off anything; `Lines.letter` tells how far it had to.
    """
    size = letter
    while True:
        lines = wrap(text, size, widest)
        if size <= 6 or (lines.width <= widest and lines.height <= highest):
            return balanced(text, lines)
        size = max(6, size - max(1, size // 24))


def balanced(text: str, lines: Lines) -> Lines:
    """The same text in as many lines, if they are 2 or 3, in the narrowest block for them."""
    if not 2 <= len(lines.lines) <= 3:
        return lines
    narrow, wide = lines.width // len(lines.lines), lines.width
    while wide - narrow > lines.letter // 4:
        middle = (narrow + wide) // 2
        if (
            tried := wrap(text, lines.letter, middle)
        ).height <= lines.height and tried.width <= middle + 2:
            lines, wide = tried, middle
        else:
            narrow = middle
    return lines


def draw(
    lines: Lines, colour: Colour = look.INK, ground: Colour = look.BACKGROUND, *, left: bool = False
) -> Image.Image:
    """The lines on an opaque ground, centred or flush left."""
    image = Image.new("RGB", (lines.width, lines.height), ground)
    pen = ImageDraw.Draw(image)
    font = _font(lines.letter)
    pitch = _pitch(lines.letter)
    for number, line in enumerate(lines.lines):
        # Anchored at the middle of its line, so that capitals look centred in boxes.
        y = (number + 0.5) * pitch
        if left:
            pen.text((0, y), line, colour, font, anchor="lm")
        else:
            pen.text((lines.width / 2, y), line, colour, font, anchor="mm")
    return image


def _pitch(letter: int) -> int:
    return round(letter * look.LINE_SPACING)
