"""Button boxes that send bytes: by hand in virtual time, and over a real port."""

import random
import sys
import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
import serial
from pydantic import ValidationError

from experiment.clocks import RealClock, VirtualClock
from hardware.buttons import ButtonBox
from hardware.devices import Response
from hardware.emulation.buttons import EmulatedButtons
from hardware.emulation.protocol_emulated import Serial, register
from hardware.emulation.world import EmulatedWorld, Line
from hardware.rig import ButtonsSection, JoystickSection, Rig

RIGS = Path(__file__).parents[2] / "hardware" / "rigs"
CURRENT_DESIGNS = {
    "port": "/dev/ttyUSB0",
    "left": ["b"],
    "right": ["y"],
    "confirm": ["g"],
    "yes": ["g"],
    "participant_stop": ["r"],
}
LUMINA = {
    "port": "COM7",
    "baud": 115_200,
    "left": ["1"],
    "right": ["2"],
    "confirm": [0x33],
    "pulse": ["5"],
    "releases": {"1": "a", "2": 98, "3": "c"},
}


class Bench:
    """A box on an emulated line, and all that it says."""

    def __init__(self, section: dict[str, Any]) -> None:
        register()
        self.clock = VirtualClock()
        self.world = EmulatedWorld(self.clock)
        made = ButtonsSection.model_validate(section)
        self.emulated = EmulatedButtons(self.clock, made.releases_by_press())
        self.line = self.world.lines["buttons"] = Line("buttons", self.emulated)
        port = serial.serial_for_url(self.world.resolve("emulated://buttons"))
        assert isinstance(port, Serial)
        self.box = ButtonBox(port, self.clock, made)
        self.said: list[tuple[float, str, bool]] = []
        self.box.listen(self._note)

    def _note(self, response: Response) -> None:
        self.said.append((round(response.time, 6), response.role, response.pressed))

    def pass_time(self, seconds: float) -> None:
        self.clock.wait(lambda: False, self.clock.now() + seconds)


def test_a_press_without_a_release_is_held_for_a_moment() -> None:
    bench = Bench(CURRENT_DESIGNS)
    bench.pass_time(1)
    bench.emulated.press(ord("b"))
    bench.pass_time(1)
    bench.emulated.press(ord("g"))
    bench.pass_time(1)
    assert bench.said == [
        (1.0, "left", True),
        (1.1, "left", False),
        (2.0, "confirm", True),
        (2.0, "yes", True),
        (2.1, "confirm", False),
        (2.1, "yes", False),
    ]


def test_a_second_press_within_the_moment_is_a_press_of_its_own() -> None:
    bench = Bench(CURRENT_DESIGNS)
    bench.emulated.press(ord("y"))
    bench.pass_time(0.06)
    bench.emulated.press(ord("y"))
    bench.pass_time(1)
    assert bench.said == [
        (0.0, "right", True),
        (0.06, "right", False),
        (0.06, "right", True),
        (0.16, "right", False),
    ]


def test_bytes_of_releases_end_a_press() -> None:
    bench = Bench(LUMINA)
    bench.emulated.press(ord("2"))
    bench.pass_time(1)
    assert bench.said == [(0.0, "right", True), (0.08, "right", False)]
    bench.emulated.transmit(b"1")
    bench.pass_time(1)
    bench.emulated.transmit(b"1")  # the release was lost, or the box repeats
    bench.emulated.transmit(b"bac")  # ends what was held, and nothing else
    assert bench.said[2:] == [(1.0, "left", True), (2.0, "left", False)]


def test_the_boxs_own_pulses_and_unknown_bytes() -> None:
    bench = Bench(LUMINA)
    bench.emulated.transmit(b"5x\x00x")
    assert bench.said == [(0.0, "pulse", True)]
    assert bench.box.strays == {ord("x"): 2, 0: 1}


def test_a_lost_box_counts_as_a_pressed_stop() -> None:
    bench = Bench(CURRENT_DESIGNS)
    bench.emulated.press(ord("b"))
    bench.line.unplug()
    assert [said[1:] for said in bench.said] == [
        ("left", True),
        ("left", False),
        ("participant_stop", True),
        ("participant_stop", False),
    ]
    bench.box.close()
    bench.pass_time(1)
    assert len(bench.said) == 4


def test_what_it_says_of_itself() -> None:
    info = Bench(LUMINA).box.info
    assert (info.kind, info.port) == ("buttons", "COM7")
    assert info.details["buttons"] == "1=left 2=right 3=confirm 5=pulse"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"left": ["bb"]}, "a button is one character"),
        ({"left": [256]}, "a button is one character"),
        ({"left": "b"}, "valid tuple"),
        ({"right": ["b"]}, "button 'b' can't mean both left and right"),
        ({"participant_stop": [ord("g")]}, "button 'g' means participant_stop, so it can't also"),
        ({"releases": {"q": "Q"}}, "'q', which is the byte of no button"),
        ({"releases": {"b": "y"}}, "can't be both a press and a release"),
        ({"port": "emulated://buttons"}, "trustpain emulate buttons"),
        ({"press_s": 0.0}, "greater than or equal to 0.02"),
        ({"baud": 10}, "greater than or equal to 300"),
        ({"up": ["u"]}, "Extra inputs"),
    ],
)
def test_a_broken_section_is_refused_with_one_error(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says) as error:
        ButtonsSection.model_validate({**CURRENT_DESIGNS, **changes})
    assert error.value.error_count() == 1


def test_a_box_without_buttons_is_none() -> None:
    with pytest.raises(ValidationError, match="names no button"):
        ButtonsSection.model_validate({"port": "COM3"})


def test_in_a_rig_it_has_a_port_of_its_own_and_no_part_in_a_dry_run() -> None:
    data = tomllib.loads((RIGS / "mri_tcs.toml").read_text(encoding="utf-8"))
    data["response"]["buttons"] = {**CURRENT_DESIGNS, "port": "COM9"}
    rig = Rig.model_validate(data)
    assert rig.response.buttons is not None
    assert rig.emulated().response.buttons is None
    data["response"]["buttons"]["port"] = "com4"
    with pytest.raises(ValidationError, match=r"scanner and response\.buttons can't both use"):
        Rig.model_validate(data)


@pytest.mark.figures
def test_100_000_garbled_chunks_leave_nothing_pressed() -> None:
    chance = random.Random(11)
    bench = Bench(LUMINA)
    for _ in range(100_000):
        alphabet = b"123abc5" if chance.random() < 0.7 else bytes(range(256))
        bench.emulated.transmit(bytes(chance.choices(alphabet, k=chance.randrange(6))))
        if chance.random() < 0.05:
            bench.pass_time(0.3)
        if len(bench.said) > 10_000:
            check(bench)
    bench.emulated.transmit(b"abc")
    bench.pass_time(1)
    check(bench)
    assert len(bench.box.strays) <= 256


def check(bench: Bench) -> None:
    """Each role is pressed and released by turns, in time; forget what was checked."""
    held: set[str] = set()
    before = 0.0
    for time, role, pressed in bench.said:
        assert time >= before
        before = time
        if role == "pulse":
            continue
        assert pressed != (role in held)
        (held.add if pressed else held.discard)(role)
    bench.emulated.transmit(b"abc")
    bench.pass_time(1)
    bench.said.clear()


# --- over a real port ---------------------------------------------------------------------------

Start = Callable[..., tuple[Popen[str], str]]


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_an_emulated_box_in_a_process_of_its_own(
    emulated_process: Start, real_clock: RealClock
) -> None:
    _, address = emulated_process("buttons", "--buttons", "by", "--every", "0.2")
    said: list[tuple[float, str]] = []
    section = ButtonsSection.model_validate({**CURRENT_DESIGNS, "port": address})
    box = ButtonBox(serial.Serial(address, exclusive=True), real_clock, section)
    box.listen(lambda r: said.append((r.time, r.role)) if r.pressed else None)
    assert real_clock.wait(lambda: len(said) >= 5, real_clock.now() + 10)
    box.close()
    roles = [role for _, role in said]
    assert set(roles) == {"left", "right"}
    assert all(one != other for one, other in pairwise(roles))


@pytest.mark.parametrize(
    ("deflection", "speed"),
    [(0.0, 0), (0.2, 0), (-0.2, 0), (0.6, 25), (-0.6, -25), (1.0, 50), (1.1, 50), (-1.0, -50)],
)
def test_a_sticks_speed_grows_from_nothing_at_its_dead_zone(deflection: float, speed: int) -> None:
    section = JoystickSection(confirm=[0], dead_zone=0.2, points_per_s=50.0)
    assert section.speed(deflection) == pytest.approx(speed)
    turned = section.model_copy(update={"inverted": True})
    assert turned.speed(deflection) == pytest.approx(-speed)
    assert section.speed(float("nan")) == 0.0


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({}, "names no button: nobody could finish"),
        ({"confirm": [0], "participant_stop": [0]}, "'0' means participant_stop"),
        ({"confirm": [0], "yes": [1], "no": [1]}, "can't mean both yes and no"),
        ({"confirm": ["0"]}, "valid integer"),
        ({"confirm": [0], "axis": "w"}, "'x', 'y', 'z', 'rx', 'ry' or 'rz'"),
        ({"confirm": [0], "dead_zone": 0.0}, "greater than or equal to 0.02"),
        ({"confirm": [0], "poll_hz": 1}, "greater than or equal to 50"),
        ({"confirm": [0], "left": [1]}, "Extra inputs"),
    ],
)
def test_a_broken_joystick_is_refused_with_one_error(section: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says) as error:
        JoystickSection.model_validate(section)
    assert error.value.error_count() == 1
