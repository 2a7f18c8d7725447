"""What really stands in the window, pixel by pixel, and when."""

from __future__ import annotations

import gc
import itertools
import math
import os
import socket
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageGrab, ImageOps

from experiment.clocks import RealClock
from experiment.display import look
from experiment.display.drawing import compose, layers
from experiment.display.scales import scale_line
from experiment.display.window import WindowDisplay
from experiment.plan.scene import CursorState, Fixation, Portrait, RatingScale, Scene, Text

from .conftest import GLMS, QUESTION, VAS, screen


def seen(window: WindowDisplay, folder: Path) -> np.ndarray:
    path = folder / "screen.png"
    window.screenshot(path)
    return np.asarray(Image.open(path)).astype(int)


def on_the_screen(window: WindowDisplay) -> np.ndarray:
    """What the X server shows; the window has to lie above the others. Nothing is drawn for it."""
    handle = window.window.winHandle
    subprocess.run(["xdotool", "windowraise", str(handle._window)], check=True)
    for _ in range(4):
        window.frame()
    image = ImageGrab.grab(xdisplay=os.environ["DISPLAY"])
    left, top = handle.get_location()
    box = (left, top, left + window.field.width, top + window.field.height)
    return np.asarray(image.crop(box).convert("RGB")).astype(int)


def ignore(flip: float) -> None:
    pass


def where(pixels: np.ndarray, colour: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero((np.abs(pixels - np.array(colour)) <= 3).all(axis=2))
    return rows, columns


def test_says_what_it_is(wide: WindowDisplay) -> None:
    assert (wide.info.kind, wide.info.width_px, wide.info.height_px) == ("window", 1280, 720)
    assert not wide.info.synchronised  # Xvfb has no vertical sync
    assert wide.info.refresh_hz == 60.0  # so the rig's figure holds
    assert wide.info.details["renderer"]
    assert wide.lead_s == pytest.approx(1.5 / 60)
    assert not gc.isenabled()  # no pause for garbage in a run


def test_psychopy_leaves_the_process_as_it_was(wide: WindowDisplay) -> None:
    assert socket.getdefaulttimeout() is None  # or a thread that waits on a socket would end


def test_windows_show_exactly_what_was_composed(
    wide: WindowDisplay, scenes: tuple[Scene, ...], tmp_path: Path
) -> None:
    wide.prepare(scenes)
    for scene in scenes:
        wide.show(scene, ignore)
        expected = np.asarray(compose(scene, wide.field)).astype(int)
        assert np.abs(seen(wide, tmp_path) - expected).max() <= 1, scene


def test_a_mirrored_screen_shows_the_mirror_image(
    narrow: WindowDisplay, scenes: tuple[Scene, ...], tmp_path: Path
) -> None:
    narrow.prepare(scenes)
    for scene in scenes:
        narrow.show(scene, ignore)
        expected = np.asarray(ImageOps.mirror(compose(scene, narrow.field))).astype(int)
        difference = np.abs(seen(narrow, tmp_path) - expected).max(axis=2)
        patch = round(1.5 / 34.5 * 800)
        difference[:, -patch:] = 0  # the patch, in the lower left corner of the mirror image
        assert difference.max() <= 1, scene


def test_no_change_of_scene_is_a_flash(
    wide: WindowDisplay, scenes: tuple[Scene, ...], tmp_path: Path
) -> None:
    """Every screen is mainly background, of exactly the same colour."""
    for scene in scenes:
        wide.show(scene, ignore)
        pixels = seen(wide, tmp_path)
        ground = (pixels == np.array(look.BACKGROUND)).all(axis=2)
        assert ground.mean() > 0.6, scene
        border = np.concatenate([pixels[:4].reshape(-1, 3), pixels[-4:].reshape(-1, 3)])
        assert (border == np.array(look.BACKGROUND)).all(), scene
        assert (~ground).sum() > 100, scene  # not blank either


@pytest.mark.parametrize("which", ["wide", "narrow"])
def test_portraits_keep_their_shape_and_size(
    which: str, request: pytest.FixtureRequest, portrait_file: Path, tmp_path: Path
) -> None:
    window: WindowDisplay = request.getfixturevalue(which)
    window.show(Portrait(portrait_file), ignore)
    pixels = seen(window, tmp_path)
    rows, columns = np.nonzero((np.abs(pixels - np.array(look.BACKGROUND)) > 20).any(axis=2))
    inside = columns < window.field.width - 60 if which == "narrow" else columns >= 0  # the patch
    height = np.ptp(rows[inside]) / window.field.px_per_degree
    width = np.ptp(columns[inside]) / window.field.px_per_degree
    assert width / height == pytest.approx(0.8, abs=0.02)
    room = window.field.height_degrees
    assert height == pytest.approx(min(look.PORTRAIT_HEIGHT, room - 4.0), abs=0.5)
    # Its quarters are where they are in the file, or in the mirror.
    middle_row, middle_column = int(np.median(rows)), window.field.width // 2
    upper = pixels[middle_row - 60, [middle_column - 60, middle_column + 60]]
    left, right = (1, 0) if which == "narrow" else (0, 1)
    assert np.abs(upper[left] - (200, 60, 60)).max() <= 3
    assert np.abs(upper[right] - (60, 200, 60)).max() <= 3


@pytest.mark.parametrize("scale", [VAS, GLMS], ids=["vas", "glms"])
@pytest.mark.parametrize("which", ["wide", "narrow"])
def test_the_cursor_is_where_it_was_put(
    which: str, scale: RatingScale, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    window: WindowDisplay = request.getfixturevalue(which)
    line = scale_line(window.field, scale)
    for position, locked in ((0.0, False), (37.5, False), (100.0, True)):
        window.show(scale, ignore, lambda now, p=position, k=locked: CursorState(p, locked=k))  # type: ignore[misc]
        pixels = seen(window, tmp_path)
        if which == "narrow":
            pixels = pixels[:, ::-1]
        rows, columns = where(pixels, look.CURSOR_LOCKED if locked else look.CURSOR)
        x, y = line.point(position)
        if line.vertical:
            assert (rows.min() + rows.max()) / 2 == pytest.approx(y, abs=2)
        else:
            assert (columns.min() + columns.max()) / 2 == pytest.approx(x, abs=2)
        other = look.CURSOR if locked else look.CURSOR_LOCKED
        assert where(pixels, other)[0].size == 0


def test_an_invisible_cursor_is_not_drawn(wide: WindowDisplay, tmp_path: Path) -> None:
    wide.show(VAS, ignore, lambda now: CursorState(50.0, visible=False))
    assert where(seen(wide, tmp_path), look.CURSOR)[0].size == 0


def test_a_portrait_comes_out_of_the_background(
    wide: WindowDisplay, portrait_file: Path, tmp_path: Path
) -> None:
    scene = Portrait(portrait_file, fade_in_s=1.5)
    wide.prepare([scene])
    onset = wide.show(scene, ignore)
    (portrait,) = layers(scene, wide.field)
    row, column = portrait.top + 60, portrait.left + 60
    contrast = []
    while wide.clock.now() < onset + 2.0:
        pixel = seen(wide, tmp_path)[row, column]
        contrast.append(int(np.abs(pixel - np.array(look.BACKGROUND)).max()))
        wide.frame()
    assert contrast == sorted(contrast)
    assert contrast[0] < 30
    assert contrast[-1] >= 104  # the picture's own red, 200 against 94
    assert len(set(contrast)) > 5


def test_static_scenes_are_not_drawn_again(
    wide: WindowDisplay, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    painted = []
    paint = wide._painter.paint
    monkeypatch.setattr(wide._painter, "paint", lambda picture: (painted.append(1), paint(picture)))
    wide.show(VAS, ignore, lambda now: CursorState(50.0))
    for _ in range(20):
        wide.frame()
    assert len(painted) == 3  # once for each buffer that the driver may use
    front = on_the_screen(wide)
    assert np.abs(front - seen(wide, tmp_path)).max() <= 1


def test_a_cursor_that_moves_is_drawn_again(wide: WindowDisplay, tmp_path: Path) -> None:
    position = [10.0]
    wide.show(VAS, ignore, lambda now: CursorState(position[0]))
    for _ in range(5):
        wide.frame()
    position[0] = 90.0
    for _ in range(5):
        wide.frame()
    _, columns = where(on_the_screen(wide), look.CURSOR)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(
        scale_line(wide.field, VAS).point(90.0)[0], abs=2
    )


def test_flips_are_stamped_on_the_session_clock(wide: WindowDisplay, clock: RealClock) -> None:
    for scene in (Fixation(), QUESTION):
        stamps: list[float] = []
        called: list[float] = []

        def on_flip(
            flip: float, stamps: list[float] = stamps, called: list[float] = called
        ) -> None:
            stamps.append(flip)
            called.append(clock.now())

        before = clock.now()
        returned = wide.show(scene, on_flip)
        after = clock.now()
        assert stamps == [returned]
        assert before <= returned <= called[0] <= after
        assert called[0] - returned < 0.001  # called at once after the flip
        assert wide.appeared == returned


def test_an_error_at_the_flip_is_raised_once(wide: WindowDisplay) -> None:
    def fail(flip: float) -> None:
        raise RuntimeError("the marker box is gone")

    with pytest.raises(RuntimeError, match="marker box"):
        wide.show(Fixation(), fail)
    wide.frame()


def test_scenes_appear_at_the_frame_nearest_to_their_onset(
    wide: WindowDisplay, clock: RealClock
) -> None:
    """No drift either: onsets of one absolute schedule."""
    scenes = (Fixation(), QUESTION)
    wide.prepare(scenes)
    zero = clock.now() + 0.2
    late = []
    for number in range(24):
        onset = zero + number * 0.11
        clock.wait(lambda: False, onset - wide.lead_s)
        late.append(wide.show(scenes[number % 2], ignore) - onset)
    period = 1 / 60
    # The median, since a busy machine may drop frames; half a frame, and what sleeping takes.
    assert abs(statistics.median(late)) <= period
    assert statistics.median(late[-8:]) <= period


def test_frames_are_paced_to_the_rigs_rate(wide: WindowDisplay, clock: RealClock) -> None:
    wide.show(Fixation(), ignore)
    begin = clock.now()
    for _ in range(60):
        wide.frame()
    assert clock.now() - begin >= 59 / 60


def test_dropped_frames_are_logged(wide: WindowDisplay, clock: RealClock) -> None:
    wide.show(Fixation(), ignore)
    for _ in range(5):
        wide.frame()
    wide.dropped_frames()
    begin = clock.now()
    time.sleep(0.12)
    wide.frame()
    (dropped,) = [frame for frame in wide.dropped_frames() if frame.interval_s > 0.1]
    assert begin < dropped.time <= clock.now()
    assert wide.dropped_frames() == []


def test_loading_is_no_dropped_frame(wide: WindowDisplay, tmp_path: Path) -> None:
    wide.frame()
    wide.dropped_frames()
    wide.prepare([Text(f"page {number} " * 30) for number in range(8)])
    wide.frame()
    assert wide.dropped_frames() == []


def test_preparing_twice_loads_once(
    wide: WindowDisplay, scenes: tuple[Scene, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    wide.prepare(scenes)
    made = []
    stimulus = wide._painter._stimulus
    monkeypatch.setattr(
        wide._painter, "_stimulus", lambda *place: (made.append(1), stimulus(*place))[1]
    )
    wide.prepare(scenes)
    assert not made


def test_missing_and_damaged_pictures_are_named(wide: WindowDisplay, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the picture nobody\.png is missing"):
        wide.prepare([Portrait(tmp_path / "nobody.png")])
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"the picture broken\.png can't be read"):
        wide.prepare([Portrait(tmp_path / "broken.png")])


def test_the_patch_flips_with_each_scene(narrow: WindowDisplay, tmp_path: Path) -> None:
    shades = []
    for scene in (Fixation(), QUESTION, Fixation(), VAS):
        narrow.show(scene, ignore)
        shades.append(int(seen(narrow, tmp_path)[-5, -5, 0]))  # lower left, in the mirror
        narrow.frame()
        assert seen(narrow, tmp_path)[-5, -5, 0] == shades[-1]  # and not with each frame
    assert set(shades) == {0, 255}
    assert all(one != other for one, other in itertools.pairwise(shades))


def test_closing_by_the_window_manager_is_noticed(wide: WindowDisplay) -> None:
    told = []
    wide.on_closed = lambda: told.append(1)
    try:
        for _ in range(2):
            wide.window.winHandle.dispatch_event("on_close")
            wide.frame()
        assert wide.closed
        assert told == [1]
        wide.show(Fixation(), ignore)  # the session ends in order, so the window is still there
    finally:
        wide.closed, wide.on_closed = False, None


def test_a_full_screen_is_as_large_as_it_is(display: str, tmp_path: Path) -> None:
    """Whatever the rig file says of its pixels: its centimetres count."""
    asked = screen(1024, 768, full_screen=True)
    clock = RealClock()
    window = WindowDisplay(asked, clock)
    try:
        real = subprocess.run(
            ["xdotool", "getdisplaygeometry"], capture_output=True, text=True, check=True
        )
        assert real.stdout.split() == [str(window.info.width_px), str(window.info.height_px)]
        across = 2 * math.degrees(math.atan(34.5 / 2 / 60.0))
        assert window.field.width_degrees == pytest.approx(across, rel=0.05)
        window.show(QUESTION, ignore)
        expected = np.asarray(compose(QUESTION, window.field)).astype(int)
        assert np.abs(seen(window, tmp_path) - expected).max() <= 1
    finally:
        window.close()
        clock.close()
    window.close()  # again: never raises
    assert clock.idle is None
