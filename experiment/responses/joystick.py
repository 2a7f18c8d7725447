"""A joystick or gamepad, by pyglet, which PsychoPy brings along: a stick and buttons.

pyglet would read it with its own event loop, which doesn't run here. So a thread of its own makes
pyglet read the device `poll_hz` times a second, and what it finds is stamped then: late by one
poll at most. Nothing depends on frames.
"""

from __future__ import annotations

import contextlib
import threading
import time as system_time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from experiment.clocks import RealClock
from experiment.responses.listeners import Listeners
from hardware.devices import DeviceError, DeviceInfo, Response
from hardware.rig import JoystickSection

LOOK_S = 1.0  # how often it's looked whether the device is still there
STEPS = 200  # of a stick's way to one side: finer changes are trembling


def find_joystick(section: JoystickSection) -> Any:
    """The rig's joystick as pyglet has it, not opened. Raises `DeviceError` if it isn't there."""
    try:
        found = _joysticks()
    except Exception as error:  # each system raises its own kinds
        raise DeviceError(f"The joystick can't be looked for ({_in_a_line(error)}).") from error
    names = [joystick.device.name for joystick in found]
    fitting = [j for j in found if section.name in ("", j.device.name)]
    if not fitting:
        wanted = f"The joystick {section.name!r}" if section.name else "A joystick"
        there = f"there are: {', '.join(map(repr, names))}" if names else "there is none"
        raise DeviceError(f"{wanted} isn't there ({there}): is it plugged in?")
    if len(fitting) > 1:
        raise DeviceError(
            f"There are {len(fitting)} joysticks that the rig file could mean "
            f"({', '.join(map(repr, names))}): pull the others out, or name one of them."
        )
    joystick = fitting[0]
    name, buttons = joystick.device.name, len(joystick.buttons)
    if getattr(joystick, f"{section.axis}_control", None) is None:
        raise DeviceError(f"The joystick {name!r} has no axis {section.axis!r}.")
    highest = max(number for numbers in section.by_role().values() for number in numbers)
    if highest >= buttons:
        raise DeviceError(
            f"The joystick {name!r} has {buttons} buttons, counted from 0, but the rig file names "
            f"button {highest}."
        )
    return joystick


def _reader_of(device: Any) -> Callable[[], None]:
    """What pyglet's own loop would call: on Linux, on Windows; macOS calls back by itself."""
    for name in ("select", "_dispatch_events"):
        if (read := getattr(device, name, None)) is not None:
            return cast("Callable[[], None]", read)
    return lambda: None


def _joysticks() -> list[Any]:
    from pyglet import input as pyglet_input

    try:
        return list(pyglet_input.get_joysticks())
    except FileNotFoundError:  # a Linux without any input device
        return []


class JoystickResponses:
    """Fulfils `ResponseDevice` with 'tilt', and the roles of the buttons.

    `joystick` is pyglet's, as `find_joystick` gives it; it's opened here, for which Windows needs a
    window. With `strays`, a button without a role is told as 'unassigned'. A joystick that is lost
    counts as a pressed stop button where it has one (Linux; elsewhere pyglet doesn't notice).
    Raises `DeviceError` if it can't be opened.
    """

    def __init__(
        self, clock: RealClock, section: JoystickSection, joystick: Any, *, strays: bool = False
    ) -> None:
        self._clock, self._section, self._joystick = clock, section, joystick
        self._strays = strays
        self._roles: dict[int, list[str]] = {}
        for role, numbers in section.by_role().items():
            for number in numbers:
                self._roles.setdefault(number, []).append(role)
        self._listeners = Listeners()
        self._down: set[int] = set()
        self._speed = 0.0
        device = joystick.device
        try:
            joystick.open()
        except Exception as error:
            raise DeviceError(
                f"The joystick {device.name!r} can't be opened ({_in_a_line(error)})."
            ) from error
        self._read = _reader_of(device)
        self._file = getattr(device, "_filename", None)
        self.info = DeviceInfo(
            role="responses",
            kind="joystick",
            port="",
            emulated=False,
            details={
                "name": str(device.name),
                "axis": section.axis,
                "stamps": f"a poll {section.poll_hz:g} times a second",
            },
        )
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="joystick", daemon=True)
        self._thread.start()

    def listen(self, callback: Callable[[Response], None]) -> None:
        """From now on call `callback` for each response, on the joystick's own thread."""
        self._listeners.add(callback)

    def close(self) -> None:
        """Stop calling and release the device. Never raises."""
        self._listeners.clear()
        self._closing.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=1.0)
        with contextlib.suppress(Exception):
            self._joystick.close()

    def _run(self) -> None:
        look = self._clock.now() + LOOK_S
        while not self._closing.is_set():
            try:
                self._poll()
                if self._clock.now() > look:
                    look += LOOK_S
                    if self._file is not None and not Path(self._file).exists():
                        self._lost()
                        return
            except BaseException as error:  # a listener's mistake ends neither thread nor session
                self._clock.fail(error)
            system_time.sleep(1 / self._section.poll_hz)

    def _poll(self) -> None:
        self._read()
        now = self._clock.now()
        deflection = round(float(getattr(self._joystick, self._section.axis)) * STEPS) / STEPS
        speed = self._section.speed(deflection)
        if speed or self._speed:
            self._speed = speed
            self._say("tilt", True, f"{deflection:+.2f}", now, speed / 100)
        for number, pressed in enumerate(list(self._joystick.buttons)):
            if bool(pressed) != (number in self._down):
                self._press(number, bool(pressed), now)

    def _press(self, number: int, pressed: bool, now: float) -> None:
        (self._down.add if pressed else self._down.discard)(number)
        roles = self._roles.get(number, ["unassigned"] if self._strays else [])
        for role in roles:
            self._say(role, pressed, f"button {number}", now)

    def _lost(self) -> None:
        now = self._clock.now()
        self._say("tilt", True, "lost", now, 0.0)
        for number in sorted(self._down):
            self._press(number, False, now)
        if self._section.participant_stop:
            for pressed in (True, False):
                self._say("participant_stop", pressed, "the joystick was lost", now)

    def _say(
        self, role: str, pressed: bool, name: str, time: float, x: float | None = None
    ) -> None:
        self._listeners.call(Response(time=time, role=role, pressed=pressed, name=name, x=x))


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
