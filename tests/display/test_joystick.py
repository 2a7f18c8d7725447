"""A joystick: pyglet's own reader of Linux devices, fed with recorded bytes through a named pipe.

No joystick and no uinput were at hand, so what is left out is the kernel's side: finding the device
and asking it for its axes.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiment.clocks import RealClock
from experiment.errors import ExitCode, UserError
from experiment.inputs.files import load_rig
from experiment.responses.joystick import JoystickResponses, find_joystick
from experiment.running.rating import Rating
from hardware.devices import DeviceError, Response
from hardware.rig import JoystickSection

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(sys.platform != "linux", reason="Linux's input events"),
]
SOON = 3.0
EV_KEY, EV_ABS, ABS_X, ABS_Y, BTN_JOYSTICK = 1, 3, 0, 1, 0x120
SECTION = JoystickSection(confirm=[0], participant_stop=[2], dead_zone=0.2, points_per_s=50.0)
# Of a stick with 10 bits that rests a little beside its middle and trembles, as cheap ones do.
RESTING = [516, 514, 517, 515]
TO_THE_RIGHT = [560, 640, 770, 900, 1010, 1023, 1022, 1023]


class Stick:
    """A device file that one can write to, and pyglet's joystick on it."""

    def __init__(self, folder: Path, buttons: int = 3) -> None:
        from pyglet.input import evdev
        from pyglet.input.base import AbsoluteAxis, Button, Device, Joystick

        self.file = folder / "event7"
        os.mkfifo(self.file)
        device = evdev.EvdevDevice.__new__(evdev.EvdevDevice)
        Device.__init__(device, None, "Test Stick 3D")
        device._filename = str(self.file)
        device.control_map = {
            (EV_ABS, ABS_X): AbsoluteAxis("x", 0, 1023),
            (EV_ABS, ABS_Y): AbsoluteAxis("y", 0, 1023),
            **{(EV_KEY, BTN_JOYSTICK + n): Button(None) for n in range(buttons)},
        }
        device.controls = list(device.control_map.values())
        self.joystick = Joystick(device)
        self._end = os.open(self.file, os.O_RDWR | os.O_NONBLOCK)

    def send(self, kind: int, code: int, value: int) -> None:
        os.write(self._end, struct.pack("llHHi", 0, 0, kind, code, value))

    def axis(self, *values: int) -> None:
        for value in values:
            self.send(EV_ABS, ABS_X, value)

    def button(self, number: int, pressed: bool) -> None:
        self.send(EV_KEY, BTN_JOYSTICK + number, int(pressed))

    def pull_out(self) -> None:
        self.file.unlink()

    def close(self) -> None:
        os.close(self._end)


@pytest.fixture
def clock() -> Iterator[RealClock]:
    made = RealClock()
    yield made
    made.close()


@pytest.fixture
def stick(display: str, tmp_path: Path) -> Iterator[Stick]:
    made = Stick(tmp_path)
    yield made
    made.close()


@pytest.fixture
def heard() -> list[Response]:
    return []


@pytest.fixture
def responses(clock: RealClock, stick: Stick, heard: list[Response]) -> Iterator[JoystickResponses]:
    made = JoystickResponses(clock, SECTION, stick.joystick, strays=True)
    made.listen(heard.append)
    yield made
    made.close()


def pass_time(clock: RealClock, seconds: float) -> None:
    clock.wait(lambda: False, clock.now() + seconds)


def roles(heard: list[Response]) -> list[tuple[str, bool]]:
    return [(r.role, r.pressed) for r in heard if r.role != "tilt"]


def test_a_resting_stick_says_nothing_and_one_at_its_stop_says_its_speed(
    clock: RealClock, stick: Stick, responses: JoystickResponses, heard: list[Response]
) -> None:
    stick.axis(*RESTING)
    pass_time(clock, 0.1)
    assert heard == []
    before = clock.now()
    stick.axis(*TO_THE_RIGHT)
    assert clock.wait(lambda: bool(heard) and heard[-1].x == 0.5, clock.now() + SOON)
    assert before <= heard[0].time <= clock.now()
    stick.axis(*RESTING)
    assert clock.wait(lambda: heard[-1].x == 0.0, clock.now() + SOON)
    said = len(heard)
    pass_time(clock, 0.1)
    assert len(heard) == said  # back at rest it's silent again


def test_the_stick_moves_a_cursor_and_a_button_confirms(
    clock: RealClock, stick: Stick, responses: JoystickResponses
) -> None:
    rating = Rating(20.0)
    responses.listen(rating.respond)
    stick.axis(1023)  # held from before the scale appears: it moves all the same
    pass_time(clock, 0.1)
    rating.begin(clock.now())
    pass_time(clock, 0.5)
    stick.axis(512)
    pass_time(clock, 0.1)
    stick.button(0, True)
    assert clock.wait(lambda: rating.locked, clock.now() + SOON)
    result = rating.result(clock.now())
    moved = max(result.path_times) - min(result.path_times)
    assert result.confirmed
    assert result.rating == pytest.approx(20 + 50 * 0.5, abs=50 * max(0.1, moved - 0.5))
    assert list(result.path_positions) == sorted(result.path_positions)


def test_buttons_have_their_roles_and_strangers_are_named(
    clock: RealClock, stick: Stick, responses: JoystickResponses, heard: list[Response]
) -> None:
    for number in (0, 1, 2):
        stick.button(number, True)
        pass_time(clock, 0.05)
        stick.button(number, False)
        pass_time(clock, 0.05)
    assert clock.wait(lambda: len(heard) == 6, clock.now() + SOON)
    assert roles(heard) == [
        (role, pressed)
        for role in ("confirm", "unassigned", "participant_stop")
        for pressed in (True, False)
    ]
    assert heard[2].name == "button 1"


def test_a_pulled_joystick_is_a_pressed_stop_button(
    clock: RealClock, stick: Stick, responses: JoystickResponses, heard: list[Response]
) -> None:
    stick.axis(1023)
    assert clock.wait(lambda: bool(heard), clock.now() + SOON)
    stick.pull_out()
    assert clock.wait(lambda: len(roles(heard)) == 2, clock.now() + SOON)
    assert roles(heard) == [("participant_stop", True), ("participant_stop", False)]
    assert [r.x for r in heard if r.role == "tilt"][-1] == 0.0


@pytest.mark.parametrize(
    ("section", "sticks", "says"),
    [
        ({}, 0, "A joystick isn't there (there is none)"),
        ({"name": "Other"}, 1, "The joystick 'Other' isn't there (there are: 'Test Stick 3D')"),
        ({}, 2, "There are 2 joysticks that the rig file could mean"),
        ({"axis": "rz"}, 1, "has no axis 'rz'"),
        ({"confirm": [3]}, 1, "has 3 buttons, counted from 0, but the rig file names button 3"),
    ],
)
def test_one_that_is_not_the_rigs_is_refused(
    stick: Stick, monkeypatch: pytest.MonkeyPatch, section: dict[str, Any], sticks: int, says: str
) -> None:
    monkeypatch.setattr("pyglet.input.get_joysticks", lambda: [stick.joystick] * sticks)
    with pytest.raises(DeviceError) as error:
        find_joystick(JoystickSection.model_validate({"confirm": [0], **section}))
    assert says in str(error.value)
    monkeypatch.setattr("pyglet.input.get_joysticks", lambda: [stick.joystick])
    assert find_joystick(SECTION) is stick.joystick


def test_a_missing_hand_is_said_with_the_other_missing_devices_before_a_window(
    display: str, tmp_path: Path
) -> None:
    from rich.console import Console

    from experiment.session.preparation import Prepared, Request, prepare
    from experiment.session.session import play
    from experiment.session.settings import person_setting

    rig = load_rig("laptop").path.read_text(encoding="utf-8")
    rig = rig.replace("emulated://markers", "/dev/nothing_markers")
    rig = rig.replace(
        "[response.keys]",
        '[response.joystick]\nname = "No Such Stick"\nconfirm = [0]\n\n'
        '[response.buttons]\nport = "/dev/nothing_buttons"\nbaud = 9600\nconfirm = [49]\n\n'
        "[response.keys]",
    )
    (tmp_path / "rig.toml").write_text(rig, encoding="utf-8")
    request = Request(
        study="demo",
        rig=str(tmp_path / "rig.toml"),
        participant="01",
        calibration="none",
        out=tmp_path / "out",
    )
    clock, windows = RealClock(), list[Prepared]()
    try:
        setting = person_setting(clock, Console())
        setting.open_display = windows.append  # type: ignore[assignment] # never comes so far
        with pytest.raises(UserError) as error:
            play(prepare(request), setting)
    finally:
        clock.close()
    assert error.value.exit_code == ExitCode.DEVICE
    assert not windows
    first, second, third = error.value.message.splitlines()
    assert "nothing_markers" in first
    assert second.startswith("The button box's port /dev/nothing_buttons doesn't exist")
    assert third.startswith("The joystick 'No Such Stick' isn't there")
    assert threading.active_count() < 20
