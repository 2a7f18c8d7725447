"""Draws the screen on which keys and buttons are tried out."""

from __future__ import annotations

from PIL import Image, ImageDraw

from experiment.display import look
from experiment.display.field import Field
from experiment.display.lettering import draw, fit
from experiment.display.scales import scale_line
from experiment.plan.scene import KeyScreen, KeyTile

COLUMNS = 4
GAP = 0.35
HIGHEST_TILE = 2.6
LETTER = 0.85  # of a tile's meaning; its keys are smaller, for the experimenter's eyes
GROUNDS = {"untried": look.BACKGROUND, "tried": look.CHOSEN, "held": look.CURSOR}

Placed = tuple[Image.Image, int, int, int]  # picture, left, top, letter size (0: no text)


def key_layers(scene: KeyScreen, field: Field) -> list[Placed]:
    """Title, tiles, line, note and hint, back to front."""
    edge, middle = field.px(look.MARGIN), field.width // 2
    line = scale_line(field, scene)
    across = field.width - 2 * edge

    title = fit(scene.title, field.px(look.LETTER), across, field.px(1.5))
    found: list[Placed] = [(draw(title), middle - title.width // 2, edge, title.letter)]

    top = edge + field.px(1.5) + field.px(GAP)
    rows = -(-len(scene.tiles) // COLUMNS)
    width = min((across + field.px(GAP)) // COLUMNS - field.px(GAP), field.px(7.5))
    room = round(line.y0) - field.px(1.2) - top
    height = min(room // max(1, rows) - field.px(GAP), field.px(HIGHEST_TILE))
    left = (field.width - COLUMNS * (width + field.px(GAP)) + field.px(GAP)) // 2
    for number, tile in enumerate(scene.tiles):
        row, column = divmod(number, COLUMNS)
        found.append(
            (
                _tile(tile, field, width, height),
                left + column * (width + field.px(GAP)),
                top + row * (height + field.px(GAP)),
                0,
            )
        )

    thick = field.px(look.LINE_WIDTH)
    length = round(line.x1 - line.x0)
    bar = Image.new("RGB", (length, thick), look.INK)
    found.append((bar, round(line.x0), round(line.y0) - thick // 2, 0))
    if scene.note:
        note = fit(scene.note, field.px(look.SMALLEST_LETTER), across, field.px(1.2))
        found.append(
            (draw(note), middle - note.width // 2, round(line.y0) + field.px(0.9), note.letter)
        )
    hint = fit(scene.hint, field.px(look.SMALLEST_LETTER), across, field.px(1.2))
    image = draw(hint, look.FAINT_INK)
    bottom = field.height - field.px(look.MARGIN / 2) - image.height
    found.append((image, middle - image.width // 2, bottom, hint.letter))
    return found


def _tile(tile: KeyTile, field: Field, width: int, height: int) -> Image.Image:
    ground = GROUNDS[tile.state]
    ink = look.CHOSEN if tile.state == "held" else look.INK
    image = Image.new("RGB", (width, height), look.BACKGROUND)
    ImageDraw.Draw(image).rounded_rectangle(
        (0, 0, width - 1, height - 1),
        field.px(0.25),
        fill=ground,
        outline=look.FAINT_INK if tile.state == "untried" else ground,
        width=field.px(0.05),
    )
    inner, half = width - 2 * field.px(0.25), height // 2 - field.px(0.1)
    meaning = fit(tile.meaning, field.px(LETTER), inner, half)
    keys = fit(tile.keys, field.px(0.65), inner, half)
    for words, centre in ((meaning, height * 3 // 10), (keys, height * 7 // 10)):
        text = draw(words, ink, ground)
        image.paste(text, ((width - text.width) // 2, centre - text.height // 2))
    return image
