"""Keys and mouse on a real X server, pressed by xdotool."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from experiment.clocks import RealClock
from experiment.display.scales import scale_line
from experiment.display.window import WindowDisplay
from experiment.plan.scene import Fixation, RatingScale
from experiment.responses.keyboard import KeyboardResponses
from experiment.responses.mouse import MouseResponses
from experiment.running.rating import Rating
from hardware.devices import DeviceError, Response

from .conftest import GLMS, QUESTION, VAS

KEYS = {
    "left": ("left",),
    "right": ("right",),
    "confirm": ("space",),
    "next": ("space",),
    "stop": ("escape",),
    "pulse": ("5",),
}
SOON = 2.0  # for waiting on an X server; nothing here measures a speed


class Heard(list[Response]):
    """Responses as they come, and on which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[str] = set()

    def __call__(self, response: Response) -> None:
        self.threads.add(threading.current_thread().name)
        self.append(response)


def xdotool(*arguments: object) -> None:
    subprocess.run(["xdotool", *map(str, arguments)], check=True)


@pytest.fixture
def keyboard(clock: RealClock) -> Iterator[KeyboardResponses]:
    keyboard = KeyboardResponses(clock, KEYS)
    time.sleep(0.1)
    yield keyboard
    keyboard.close()


@pytest.fixture
def heard(keyboard: KeyboardResponses) -> Heard:
    found = Heard()
    keyboard.listen(found)
    return found


def wait_for(clock: RealClock, heard: Heard, number: int) -> None:
    assert clock.wait(lambda: len(heard) >= number, clock.now() + SOON), list(heard)


def test_says_which_clock_its_stamps_come_from(keyboard: KeyboardResponses) -> None:
    assert keyboard.info.details["backend"] == "ptb", keyboard.warning
    assert keyboard.warning == ""
    assert float(keyboard.info.details["offset_uncertainty_us"]) < 1000


def test_stamps_are_on_the_session_clock(
    clock: RealClock, keyboard: KeyboardResponses, heard: Heard
) -> None:
    """Each lies between handing the key to X and hearing of it, although the clocks differ."""
    bounds = []
    for name in ("Left", "Right", "5"):
        before = clock.now()
        xdotool("keydown", name)
        xdotool("keyup", name)
        wait_for(clock, heard, 2 * len(bounds) + 2)
        bounds.append((before, clock.now()))
    assert [(r.role, r.pressed) for r in heard] == [
        (role, pressed) for role in ("left", "right", "pulse") for pressed in (True, False)
    ]
    times = [response.time for response in heard]
    assert times == sorted(times)
    for number, response in enumerate(heard):
        before, after = bounds[number // 2]
        assert before <= response.time <= after
    assert abs(keyboard.offsets[0].seconds) > 1.0  # the other clock is a different one indeed
    assert heard.threads == {"keyboard"}


def test_stamps_stay_right_when_the_other_clock_is_set(
    clock: RealClock, keyboard: KeyboardResponses, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Psychtoolbox's clock may be the time of day: it jumps, and takes its events along."""
    source = keyboard._source
    real = source._other_clock
    monkeypatch.setattr(source, "_other_clock", lambda: real() + 100.0)
    for device in source.devices:
        get = device.queue_get_event

        def shifted(get=get):  # type: ignore[no-untyped-def]
            event, left = get()
            if event:
                event["Time"] += 100.0
            return event, left

        monkeypatch.setattr(device, "queue_get_event", shifted)
    before = clock.now()
    xdotool("key", "Left")
    wait_for(clock, heard, 2)
    assert before <= heard[0].time <= clock.now()


def test_holding_a_key_is_one_press_with_its_length(clock: RealClock, heard: Heard) -> None:
    xdotool("keydown", "Right")
    time.sleep(0.7)  # longer than the X server waits before it repeats a key
    xdotool("keyup", "Right")
    wait_for(clock, heard, 2)
    press, release = heard
    assert (press.pressed, release.pressed) == (True, False)
    assert 0.65 <= release.time - press.time < 0.7 + SOON


def test_a_key_may_have_two_roles(clock: RealClock, heard: Heard) -> None:
    xdotool("key", "space")
    wait_for(clock, heard, 4)
    assert [response.role for response in heard] == ["confirm", "next", "confirm", "next"]
    assert heard[0].time == heard[1].time


@pytest.mark.parametrize("busy", ["python", "flip", "load"])
def test_the_stop_key_comes_through_while_the_main_thread_is_busy(
    busy: str, clock: RealClock, wide: WindowDisplay, heard: Heard
) -> None:
    """Its callback runs before the main thread is free again."""
    pressed_at = clock.now() + 0.15
    presser = threading.Timer(0.15, lambda: xdotool("key", "Escape"))
    presser.start()
    until = pressed_at + 10.0  # a busy machine takes its time to press; busy is all it does here
    if busy == "python":
        while clock.now() < until and not heard:
            sum(range(1000))
    elif busy == "flip":
        while clock.now() < until and not heard:
            wide.window.flip(clearBuffer=False)
            wide.window.clearBuffer()
    else:
        while clock.now() < until and not heard:
            wide._painter._loaded.clear()
            wide.prepare([QUESTION, VAS])
    came = list(heard)  # the main thread hasn't rested yet
    presser.join()
    assert came, f"not while busy with {busy}"
    assert came[0].role == "stop"


def test_offsets_are_measured_again(
    clock: RealClock, monkeypatch: pytest.MonkeyPatch, display: str
) -> None:
    monkeypatch.setattr("experiment.responses.keyboard.REMEASURE_S", 0.05)
    keyboard = KeyboardResponses(clock, KEYS)
    try:
        assert clock.wait(lambda: len(keyboard.offsets) >= 4, clock.now() + SOON)
    finally:
        keyboard.close()
    seconds = [offset.seconds for offset in keyboard.offsets]
    assert max(seconds) - min(seconds) < 0.01


def test_without_psychtoolbox_it_says_so(
    clock: RealClock, wide: WindowDisplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psychtoolbox", None)
    with pytest.raises(DeviceError, match=r"can't be read: .*libportaudio2"):
        KeyboardResponses(clock, KEYS)
    keyboard = KeyboardResponses(clock, KEYS, wide.window)
    heard = Heard()
    keyboard.listen(heard)
    try:
        assert keyboard.info.details["backend"] == "event"
        assert "stamped by the frame" in keyboard.warning
        wide.show(Fixation(), lambda flip: None)
        xdotool("windowfocus", wide.window.winHandle._window)
        before = clock.now()
        xdotool("key", "5", "Left")
        wait_for(clock, heard, 4)
        assert {response.role for response in heard} == {"pulse", "left"}
        assert all(before <= response.time <= clock.now() for response in heard)
    finally:
        keyboard.close()


@pytest.mark.parametrize("scale", [VAS, GLMS], ids=["vas", "glms"])
def test_the_mouse_moves_the_cursor_and_clicks(
    scale: RatingScale, clock: RealClock, wide: WindowDisplay
) -> None:
    mouse = MouseResponses(wide, clock)
    rating = Rating(70.0)
    heard = Heard()
    mouse.listen(heard)
    mouse.listen(rating.respond)
    try:
        xdotool("windowraise", wide.window.winHandle._window)
        wide.show(Fixation(), lambda flip: None)
        wide.show(scale, rating.begin, rating.state)
        clock.wait(lambda: False, clock.now() + 0.3)
        # The pointer was put at the cursor, and that was no movement of the participant's.
        assert not heard
        assert rating.first_movement is None
        left, top = wide.window.winHandle.get_location()
        x, y = scale_line(wide.field, scale).point(30.0)
        xdotool("mousemove", left + round(x), top + round(y))
        assert clock.wait(lambda: bool(heard), clock.now() + SOON)
        clock.wait(lambda: False, clock.now() + 0.1)
        assert rating.state(clock.now()).position == pytest.approx(30.0, abs=0.5)
        xdotool("click", "1")
        assert clock.wait(lambda: rating.locked, clock.now() + SOON)
        result = rating.result(clock.now())
        assert result.rating == pytest.approx(30.0, abs=0.5)
        assert result.confirmed
    finally:
        mouse.close()


def test_a_click_chooses_an_option(clock: RealClock, wide: WindowDisplay) -> None:
    mouse = MouseResponses(wide, clock)
    heard = Heard()
    mouse.listen(heard)
    try:
        xdotool("windowraise", wide.window.winHandle._window)
        wide.show(QUESTION, lambda flip: None)
        wide.frame()
        left, top = wide.window.winHandle.get_location()
        xdotool("mousemove", left + 740, top + 430, "click", "1")
        assert clock.wait(lambda: bool(heard), clock.now() + SOON)
        assert (heard[0].role, heard[0].x) == ("click", 0.75)
    finally:
        mouse.close()
