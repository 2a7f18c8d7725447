"""Sizes and places on the screen, without a window."""

import itertools
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from experiment.display import look
from experiment.display.drawing import compose, layers, option_boxes
from experiment.display.field import Field, field_of
from experiment.display.lettering import fit, wrap
from experiment.display.scales import scale_line, spread
from experiment.plan.scene import Choice, Fixation, Portrait, RatingScale, ScaleLabel
from hardware.rig import Screen

SCREEN = Screen(
    width_px=1280,
    height_px=720,
    width_cm=40.0,
    distance_cm=100.0,
    refresh_hz=60.0,
    full_screen=True,
)
FIELD = field_of(SCREEN)
VAS = RatingScale("vas", "How?", (ScaleLabel(0.0, "low"), ScaleLabel(100.0, "high")))
GLMS = RatingScale("glms", "How?", (ScaleLabel(0.0, "low"), ScaleLabel(100.0, "high")))


def test_degrees_are_those_of_the_eye() -> None:
    one_degree_cm = 100.0 * math.tan(math.radians(1.0))
    assert FIELD.px_per_degree == pytest.approx(one_degree_cm * 1280 / 40.0)


def test_a_full_screen_fills_its_centimetres_a_window_keeps_its_pixels() -> None:
    doubled = field_of(SCREEN, 2560, 1440)
    assert doubled.width_degrees == pytest.approx(FIELD.width_degrees)
    window = SCREEN.model_copy(update={"full_screen": False})
    half = field_of(window, 640, 360)
    assert half.px_per_degree == pytest.approx(FIELD.px_per_degree)
    assert half.width_degrees == pytest.approx(FIELD.width_degrees / 2)


@pytest.mark.parametrize("scale", [VAS, GLMS], ids=["vas", "glms"])
def test_points_and_positions_are_inverse(scale: RatingScale) -> None:
    line = scale_line(FIELD, scale)
    for position in (0.0, 12.5, 50.0, 100.0):
        assert line.along(*line.point(position)) == pytest.approx(position / 100)
    assert line.vertical == (scale.kind == "glms")


def test_more_is_right_and_up() -> None:
    vas, glms = scale_line(FIELD, VAS), scale_line(FIELD, GLMS)
    assert vas.point(90.0)[0] > vas.point(10.0)[0]
    assert glms.point(90.0)[1] < glms.point(10.0)[1]  # pixels count downwards


BLOCKS = st.lists(st.tuples(st.floats(0, 1000), st.floats(1, 60)), min_size=1, max_size=9)


@given(BLOCKS)
def test_spread_labels_never_overlap(blocks: list[tuple[float, float]]) -> None:
    wanted = sorted(position for position, _ in blocks)
    sizes = [size for _, size in blocks]
    places = spread(wanted, sizes, 0.0, 1000.0)
    for (one, size), (other, next_size) in itertools.pairwise(zip(places, sizes, strict=True)):
        assert other - one >= (size + next_size) / 2 - 1e-6
    assert all(-1e-6 <= place <= 1000 + 1e-6 for place in places)


@given(st.lists(st.floats(0, 1000), min_size=2, max_size=6, unique=True))
def test_labels_with_room_stay_where_they_belong(wanted: list[float]) -> None:
    wanted = sorted(wanted)
    gap = min(b - a for a, b in itertools.pairwise(wanted))
    assert spread(wanted, [gap] * len(wanted), 0.0, 1000.0) == pytest.approx(wanted, abs=1e-6)


def test_too_many_labels_share_the_room() -> None:
    assert spread([5.0, 5.0, 5.0], [10.0] * 3, 0.0, 10.0) == pytest.approx([0.0, 5.0, 10.0])


def test_lines_break_between_words_and_keep_breaks() -> None:
    lines = wrap("one two three\n\nfour", 20, 1000).lines
    assert lines == ("one two three", "", "four")
    narrow = wrap("one two three", 20, 60)
    assert " ".join(narrow.lines) == "one two three"
    assert len(narrow.lines) > 1


@given(st.text(alphabet="abcdefgh ", min_size=1, max_size=300), st.integers(60, 800))
def test_fitted_text_loses_nothing(text: str, width: int) -> None:
    lines = fit(text, 40, width, 300)
    assert " ".join(lines.lines).split() == text.split()
    if lines.letter > 6:
        assert lines.width <= width
        assert lines.height <= 300


def test_no_word_is_left_alone() -> None:
    lines = fit("The procedure is about to begin.", 40, 500, 300).lines
    assert len(lines) == 2
    assert len(lines[1].split()) > 1


def test_the_fixation_cross_is_in_the_middle() -> None:
    (cross,) = layers(Fixation(), FIELD)
    left, top, right, bottom = cross.box
    assert (left + right) / 2 == FIELD.width / 2
    assert (top + bottom) / 2 == FIELD.height / 2


@pytest.mark.parametrize("count", [2, 3, 4, 8])
def test_options_lie_apart_on_the_screen(count: int) -> None:
    scene = Choice("Which?", tuple(f"option {number}" for number in range(count)), chosen=1)
    boxes = option_boxes(scene, FIELD)
    assert len(boxes) == count
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= FIELD.width
        assert 0 <= top < bottom <= FIELD.height
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] <= other[0] or one[3] <= other[1]
    shown = compose(scene, FIELD)
    corner = (boxes[1][0] + FIELD.px(0.5), boxes[1][1] + FIELD.px(0.3))
    assert shown.getpixel(corner) == look.CHOSEN
    other = (boxes[0][0] + FIELD.px(0.5), boxes[0][1] + FIELD.px(0.3))
    assert shown.getpixel(other) == look.BACKGROUND


def test_text_stands_out_from_the_background() -> None:
    """At least 4.5 : 1, as WCAG asks of text (relative luminance after sRGB)."""

    def luminance(colour: tuple[int, int, int]) -> float:
        linear = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
            for c in (value / 255 for value in colour)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    ratio = (luminance(look.INK) + 0.05) / (luminance(look.BACKGROUND) + 0.05)
    assert ratio == pytest.approx(5.1, abs=0.1)


def test_a_face_that_is_rated_is_large_enough_to_be_seen(tmp_path: Path) -> None:
    """Above question and scale, at least 4 degrees high even on the smallest scanner screen."""
    picture = tmp_path / "face.png"
    Image.new("RGB", (800, 1000), (150, 160, 170)).save(picture)
    rated = replace(VAS, picture=picture)
    small = field_of(
        SCREEN.model_copy(
            update={"width_px": 1024, "height_px": 768, "width_cm": 40.0, "distance_cm": 120.0}
        )
    )
    for field in (FIELD, small):
        face = layers(rated, field)[0]
        assert face.image.height >= 4.0 * field.px_per_degree
        assert face.box[3] < scale_line(field, rated).y0
    with pytest.raises(ValueError, match=r"the picture gone\.png is missing"):
        layers(replace(VAS, picture=tmp_path / "gone.png"), FIELD)


def test_a_missing_picture_is_named() -> None:
    with pytest.raises(ValueError, match=r"the picture gone\.png is missing"):
        layers(Portrait(Path("/nowhere/gone.png")), Field(800, 600, 30.0))
