"""Small pictures on a page of instructions, drawn from the screens that they explain.

A face would be seen before the study shows it, so that a clinician is a silhouette here.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageDraw, ImageOps

from experiment.display import look
from experiment.display.field import Field
from experiment.display.lettering import draw, fit
from experiment.plan.scene import Forearm, PagePicture, RatingScale, Silhouette

SKIN = (150, 158, 170)  # of nobody
STOP = (187, 51, 51)
ARM_LENGTH = 2.44  # of a drawn forearm with its hand, in heights
FINE = 4  # drawn so much larger, then reduced: PIL draws jagged edges


def inset(
    picture: PagePicture,
    field: Field,
    height: int,
    compose: Callable[[RatingScale, Field], Image.Image],
) -> Image.Image:
    """A page's picture, `height` pixels high. `compose` draws a whole screen."""
    if isinstance(picture, RatingScale):
        return _framed(compose(picture, field), field, height)
    if isinstance(picture, Silhouette):
        return _framed(_silhouette(picture, field), field, height)
    if isinstance(picture, Forearm):
        return _forearm(picture, height)
    return _stop_button(height)


def _framed(screen: Image.Image, field: Field, height: int) -> Image.Image:
    """A screen made small, with a frame that sets it apart from the page."""
    width = round(height * screen.width / screen.height)
    image = screen.resize((width, height), Image.Resampling.LANCZOS)
    edge = max(1, field.px(0.05))
    ImageDraw.Draw(image).rectangle(
        (0, 0, width - 1, height - 1), outline=look.FAINT_INK, width=edge
    )
    return image


def _silhouette(picture: Silhouette, field: Field) -> Image.Image:
    """Somebody's outline where the portrait stands, and the line below it."""
    image = Image.new("RGB", (field.width, field.height), look.BACKGROUND)
    pen, middle, unit = ImageDraw.Draw(image), field.width // 2, field.height / 20
    pen.ellipse((middle - 2.6 * unit, 2 * unit, middle + 2.6 * unit, 8.6 * unit), fill=SKIN)
    pen.pieslice((middle - 5 * unit, 9 * unit, middle + 5 * unit, 21 * unit), 180, 360, fill=SKIN)
    letter = field.height // 14  # larger than on the screen itself: it has to be read when small
    caption = fit(picture.caption, letter, round(0.9 * field.width), round(4.5 * unit))
    words = draw(caption)
    image.paste(words, (middle - words.width // 2, round(15.4 * unit)))
    return image


def _forearm(picture: Forearm, height: int) -> Image.Image:
    """Forearm and hand, palm up, the thumb above; a circle with its number for each skin site."""
    size = FINE * height
    image = Image.new("RGB", (round(ARM_LENGTH * size), size), look.BACKGROUND)
    pen = ImageDraw.Draw(image)

    def scaled(*shares: float) -> tuple[float, ...]:
        return tuple(share * size for share in shares)

    pen.polygon(scaled(0, 0.10, 1.66, 0.27, 1.66, 0.73, 0, 0.90), fill=SKIN)
    pen.rounded_rectangle(scaled(1.56, 0.22, 2.04, 0.78), 0.12 * size, fill=SKIN)
    for number, tip in enumerate((2.34, 2.40, 2.37, 2.28)):
        top = 0.225 + 0.14 * number
        pen.rounded_rectangle(scaled(1.90, top, tip, top + 0.125), 0.06 * size, fill=SKIN)
    pen.line(scaled(1.72, 0.30, 1.98, 0.10), fill=SKIN, width=round(0.13 * size))
    pen.ellipse(scaled(1.915, 0.035, 2.045, 0.165), fill=SKIN)
    mirrored = picture.arm == "right"  # its owner sees the hand on the left
    if mirrored:
        image = ImageOps.mirror(image)
        pen = ImageDraw.Draw(image)
    across, down = 1.40 / max(map(len, picture.rows)), min(0.24, 0.52 / len(picture.rows))
    radius = 0.45 * min(across, down) * size
    for row, sites in enumerate(picture.rows):
        y = (0.5 + (row - (len(picture.rows) - 1) / 2) * down) * size
        for column, site in enumerate(sites):
            if site is None:
                continue
            x = (0.12 + (column + 0.5) * across) * size
            x = image.width - x if mirrored else x
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=look.CHOSEN)
            words = fit(str(site), round(1.2 * radius), round(2 * radius), round(2 * radius))
            numeral = draw(words, ground=look.CHOSEN)
            image.paste(numeral, (round(x - numeral.width / 2), round(y - numeral.height / 2)))
    return image.resize((round(ARM_LENGTH * height), height), Image.Resampling.LANCZOS)


def _stop_button(height: int) -> Image.Image:
    """A red button, seen from above, in its round case."""
    size = FINE * height
    image = Image.new("RGB", (size, size), look.BACKGROUND)
    pen = ImageDraw.Draw(image)
    for share, colour in ((0.98, look.CHOSEN), (0.72, STOP)):
        edge = round(size * (1 - share) / 2)
        pen.ellipse((edge, edge, size - 1 - edge, size - 1 - edge), fill=colour)
    pen.rectangle((size * 0.39, size * 0.39, size * 0.61, size * 0.61), fill=look.INK)
    return image.resize((height, height), Image.Resampling.LANCZOS)
