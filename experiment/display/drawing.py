"""Turns a scene into a few opaque pictures at places on the screen. No window is needed for this.

The window only has to put these layers onto the graphics card; that is what makes a static scene
cheap to draw, and what lets a test look at every screen in every language within seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from experiment.display import look
from experiment.display.field import Field
from experiment.display.lettering import Lines, balanced, draw, fit, wrap
from experiment.display.page_pictures import inset
from experiment.display.scales import scale_line, spread
from experiment.plan.scene import Choice, Fixation, KeyScreen, Portrait, RatingScale, Scene, Text


@dataclass(frozen=True)
class Layer:
    """A picture whose upper left corner lies at pixel (`left`, `top`); `letter` if it's text."""

    image: Image.Image
    left: int
    top: int
    letter: int = 0
    fades: bool = False  # whether it comes out of the background (the portrait itself)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom, in pixels."""
        return self.left, self.top, self.left + self.image.width, self.top + self.image.height


@singledispatch
def layers(scene: Scene, field: Field) -> list[Layer]:
    """The pictures that make up a scene, back to front. `ValueError` for a missing portrait."""
    raise TypeError(f"no way to draw {scene!r}")


def compose(scene: Scene, field: Field) -> Image.Image:
    """The whole screen as one picture, without cursor: what the window shows, but for tests."""
    image = Image.new("RGB", (field.width, field.height), look.BACKGROUND)
    for layer in layers(scene, field):
        image.paste(layer.image, (layer.left, layer.top))
    return image


@layers.register
def _fixation(scene: Fixation, field: Field) -> list[Layer]:
    # An even size and line width, centred on the pixel grid of a screen with even sides.
    size, width = _even(field.px(look.FIXATION_SIZE)), _even(field.px(look.LINE_WIDTH))
    image = Image.new("RGB", (size, size), look.BACKGROUND)
    pen = ImageDraw.Draw(image)
    near, far = (size - width) // 2, (size + width) // 2 - 1
    pen.rectangle((0, near, size - 1, far), fill=look.INK)
    pen.rectangle((near, 0, far, size - 1), fill=look.INK)
    return [_centred(image, field.width // 2, field.height // 2)]


@layers.register
def _portrait(scene: Portrait, field: Field) -> list[Layer]:
    gap, edge = field.px(look.CAPTION_GAP), field.px(look.MARGIN / 2)
    kept = field.px(look.CAPTION_LINES * look.LETTER * look.LINE_SPACING)
    picture = _picture(
        scene.picture,
        field,
        min(field.px(look.PORTRAIT_HEIGHT), field.height - 2 * edge - gap - kept),
    )
    top = max(edge, (field.height - picture.height - gap - kept) // 2)
    found = [Layer(picture, (field.width - picture.width) // 2, top, fades=scene.fade_in_s > 0)]
    if scene.caption:
        caption = _text(field, scene.caption, look.LETTER, highest=kept / field.px_per_degree)
        left = (field.width - caption.width) // 2
        found.append(Layer(draw(caption), left, top + picture.height + gap, caption.letter))
    return found


def _picture(path: Path, field: Field, height: int) -> Image.Image:
    try:
        with Image.open(path) as file:
            picture = file.convert("RGB")
    except FileNotFoundError:
        raise ValueError(f"the picture {path.name} is missing") from None
    except OSError as error:
        raise ValueError(f"the picture {path.name} can't be read: {error}") from None
    width = min(
        round(height * picture.width / picture.height), field.width - 2 * field.px(look.MARGIN)
    )
    height = round(width * picture.height / picture.width)
    picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    # Soft round corners: a hard edge would be the strongest contour on the screen.
    soft = field.px(0.08)
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle(
        (2 * soft, 2 * soft, width - 1 - 2 * soft, height - 1 - 2 * soft), field.px(0.6), fill=255
    )
    ground = Image.new("RGB", picture.size, look.BACKGROUND)
    return Image.composite(picture, ground, mask.filter(ImageFilter.GaussianBlur(soft)))


@layers.register
def _page(scene: Text, field: Field) -> list[Layer]:
    title = _text(field, scene.title, look.TITLE_LETTER, highest=3.5) if scene.title else None
    above = 0 if title is None else title.height + field.px(0.6)
    free = field.height_degrees - 2 * look.MARGIN - above / field.px_per_degree
    gap, below = field.px(0.6), 0
    body = _text(field, scene.text, look.LETTER, highest=free)
    if scene.drawing is not None:
        # As large as the words leave room for, in letters that can be read; else without it.
        for height in look.PAGE_PICTURE:
            room = gap + field.px(height)
            beside = _text(
                field, scene.text, look.LETTER, highest=free - room / field.px_per_degree
            )
            if beside.letter >= look.READABLE_LETTER * field.px_per_degree:
                body, below = beside, room
                break
    top = (field.height - above - body.height - below) // 2
    found = []
    if title is not None:
        found.append(Layer(draw(title), (field.width - title.width) // 2, top, title.letter))
    if scene.text.strip():
        image = draw(body, left=sum(map(bool, body.lines)) > 3)
        found.append(Layer(image, (field.width - image.width) // 2, top + above, body.letter))
    if scene.drawing is not None and below:
        image = inset(scene.drawing, field, below - gap, compose)
        y = top + above + body.height + gap
        found.append(Layer(image, (field.width - image.width) // 2, y))
    return found


@layers.register
def _choice(scene: Choice, field: Field) -> list[Layer]:
    question = _text(field, scene.question, look.LETTER, highest=field.height_degrees / 4)
    found = [
        _centred(
            draw(question),
            field.width // 2,
            round(field.height * (0.3 if len(scene.options) <= 3 else 0.15)),
            question.letter,
        )
    ]
    boxes = option_boxes(scene, field)
    for number, (option, (left, top, right, bottom)) in enumerate(
        zip(scene.options, boxes, strict=True)
    ):
        chosen = number == scene.chosen
        ground = look.CHOSEN if chosen else look.BACKGROUND
        image = Image.new("RGB", (right - left, bottom - top), look.BACKGROUND)
        ImageDraw.Draw(image).rounded_rectangle(
            (0, 0, image.width - 1, image.height - 1),
            field.px(0.3),
            fill=ground,
            outline=look.CURSOR if chosen else look.FAINT_INK,
            width=field.px(0.12 if chosen else 0.05),
        )
        words = _option(option, field, image.width, image.height)
        text = draw(words, ground=ground)
        image.paste(text, ((image.width - text.width) // 2, (image.height - text.height) // 2))
        found.append(Layer(image, left, top, words.letter))
    return found


def option_boxes(scene: Choice, field: Field) -> list[tuple[int, int, int, int]]:
    """The options' boxes (left, top, right, bottom): a row of 3 at most, else a column."""
    count, gap = len(scene.options), field.px(0.6)
    across = min(field.width - 2 * field.px(look.MARGIN), field.px(look.TEXT_WIDTH))
    if count <= 3:
        width, height = min((across - gap * (count - 1)) // count, field.px(6.5)), field.px(2.6)
        left = (field.width - count * width - (count - 1) * gap) // 2
        top = round(field.height * 0.55)
        return [
            (left + n * (width + gap), top, left + n * (width + gap) + width, top + height)
            for n in range(count)
        ]
    top, bottom = round(field.height * 0.28), field.height - field.px(look.MARGIN)
    step = min((bottom - top) // count, field.px(2.0))
    left = (field.width - across) // 2
    return [
        (left, top + n * step, left + across, top + n * step + round(step * 0.9))
        for n in range(count)
    ]


def _option(text: str, field: Field, width: int, height: int) -> Lines:
    return fit(text, field.px(look.LETTER), width - 2 * field.px(0.3), height - field.px(0.3))


@layers.register
def _scale(scene: RatingScale, field: Field) -> list[Layer]:
    line = scale_line(field, scene)
    edge = field.px(look.MARGIN / 2)
    if line.vertical:
        # Question and hint in a column on the left, the scale with its labels on the right.
        widest = (line.x0 - field.px(0.9)) / field.px_per_degree - look.MARGIN
        middle = round(field.px(look.MARGIN) + field.px(widest) / 2)
        question = _text(field, scene.question, look.LETTER, highest=6.0, widest=widest)
        hint = _text(field, scene.hint, look.SMALLEST_LETTER, highest=4.2, widest=widest)
        found = [
            _vertical_scale(scene, field),
            _centred(draw(question), middle, field.height // 3, question.letter),
        ]
    elif scene.picture is not None:
        middle = field.width // 2
        question = _text(field, scene.question, look.LETTER, highest=2.7)
        hint = _text(field, scene.hint, look.SMALLEST_LETTER, highest=1.2)
        top = round(line.y0) - field.px(1.2) - question.height
        highest = min(field.px(look.PORTRAIT_HEIGHT), top - edge - field.px(0.3))
        face = _picture(scene.picture, field, highest)
        found = [
            Layer(face, middle - face.width // 2, top - field.px(0.3) - face.height),
            *_horizontal_scale(scene, field),
            Layer(draw(question), middle - question.width // 2, top, question.letter),
        ]
    else:
        middle = field.width // 2
        free = line.y0 / field.px_per_degree - 1.6 - look.MARGIN
        question = _text(field, scene.question, look.LETTER, highest=free)
        hint = _text(field, scene.hint, look.SMALLEST_LETTER, highest=2.2)
        y = round(line.y0) - field.px(min(3.2, 1.6 + free / 2))
        found = [
            *_horizontal_scale(scene, field),
            _centred(draw(question), middle, y, question.letter),
        ]
    if scene.hint:
        image = draw(hint, look.FAINT_INK)
        found.append(
            Layer(image, middle - image.width // 2, field.height - edge - image.height, hint.letter)
        )
    return found


def _horizontal_scale(scene: RatingScale, field: Field) -> list[Layer]:
    line = scale_line(field, scene)
    width, tick = field.px(look.LINE_WIDTH), field.px(0.45)
    length = round(line.x1 - line.x0)
    image = Image.new("RGB", (length + width, 2 * tick + width), look.BACKGROUND)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, tick, image.width - 1, tick + width - 1), fill=look.INK)
    for label in scene.labels:
        x = round(length * label.position / 100)
        pen.rectangle((x, 0, x + width - 1, image.height - 1), fill=look.INK)
    found = [Layer(image, round(line.x0) - width // 2, round(line.y0) - tick - width // 2)]
    widest = min(field.px(9.5), (field.width - 2 * field.px(0.4)) // max(2, len(scene.labels)))
    highest = field.px(4.0 if scene.picture is None else 2.6)
    for label in scene.labels:
        words = fit(label.text, field.px(look.LETTER), widest, highest)
        left = round(line.point(label.position)[0] - words.width / 2)
        left = min(max(left, field.px(0.4)), field.width - field.px(0.4) - words.width)
        found.append(Layer(draw(words), left, round(line.y0) + field.px(0.9), words.letter))
    return found


def _vertical_scale(scene: RatingScale, field: Field) -> Layer:
    """Line, ticks and labels as one picture; labels too close for their letters are led aside."""
    line = scale_line(field, scene)
    width, tick, lead, gap = (field.px(d) for d in (look.LINE_WIDTH, 0.45, 0.9, 0.3))
    length = round(line.y0 - line.y1)
    labels = sorted(scene.labels, key=lambda label: label.position)
    left = round(line.x0) - tick
    text_left = 2 * tick + lead + gap
    widest = field.width - left - text_left - field.px(0.4)
    # One size for all of them: the largest in which they take no more than the line's length.
    border = field.px(1.2)  # above and below the line, for the labels at its ends
    letter = field.px(look.LETTER)
    while True:
        words = [balanced(label.text, wrap(label.text, letter, widest)) for label in labels]
        room = (
            all(w.width <= widest for w in words)
            and sum(w.height for w in words) <= length + border
        )
        if room or letter <= 6:
            break
        letter -= 1
    wanted = [length * label.position / 100 for label in labels]
    places = spread(wanted, [w.height for w in words], -border / 2, length)
    # A label of three lines at an end needs more than the border that is kept for it.
    beyond = [
        max(place + word.height / 2 - length, word.height / 2 - place)
        for place, word in zip(places, words, strict=True)
    ]
    border = max(border, round(max(beyond, default=0.0)) + 1)
    image_width = text_left + max((w.width for w in words), default=1)
    image = Image.new("RGB", (image_width, length + 2 * border), look.BACKGROUND)
    pen = ImageDraw.Draw(image)
    foot = border + length
    pen.rectangle((tick - width // 2, border, tick - width // 2 + width - 1, foot), fill=look.INK)
    for at, place, word in zip(wanted, places, words, strict=True):
        y, text_y = foot - round(at), foot - round(place)
        pen.line((0, y, 2 * tick, y), fill=look.INK, width=width)
        pen.line(
            (2 * tick, y, 2 * tick + lead, text_y), fill=look.FAINT_INK, width=max(1, width // 2)
        )
        image.paste(draw(word, left=True), (text_left, text_y - word.height // 2))
    return Layer(image, left, round(line.y1) - border, letter)


@layers.register
def _key_screen(scene: KeyScreen, field: Field) -> list[Layer]:
    from experiment.display.key_screen import key_layers

    return [Layer(*placed) for placed in key_layers(scene, field)]


def _text(
    field: Field, text: str, letter: float, *, highest: float, widest: float = look.TEXT_WIDTH
) -> Lines:
    across = min(field.px(widest), field.width - 2 * field.px(look.MARGIN))
    return fit(text, field.px(letter), across, field.px(highest))


def _centred(image: Image.Image, x: int, y: int, letter: int = 0) -> Layer:
    return Layer(image, x - image.width // 2, y - image.height // 2, letter)


def _even(pixels: int) -> int:
    return max(2, pixels - pixels % 2)
