"""Opens the response devices of a rig, for a person's hands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiment.clocks import RealClock
from experiment.running.hub import LETTERS, STOP_ROLES
from hardware.devices import DeviceError
from hardware.rig import KeyboardSection, Rig


def open_hands(
    rig: Rig,
    clock: RealClock,
    display: Any,
    *,
    pulses: bool,
    only_stop: bool = False,
    strays: bool = False,
) -> list[Any]:
    """Keyboard and, where the rig says so, button box, joystick and mouse.

    `display` is a `WindowDisplay`. `pulses`: whether the key of a scanner that types is taken.
    `only_stop`: of the keyboard the keys that stop, and nothing else. `strays`: what has no meaning
    in the rig is told, too, as 'unassigned'. Raises `DeviceError`; nothing stays open then.
    """
    from experiment.responses.keyboard import KeyboardResponses
    from experiment.responses.mouse import MouseResponses
    from hardware.buttons import ButtonBox
    from hardware.opening import open_port

    section, devices = rig.response, list[Any]()
    try:
        if section.buttons is not None and not only_stop:
            port = open_port(section.buttons.port, section.buttons.baud, "button box")
            devices.append(ButtonBox(port, clock, section.buttons, strays=strays))
        if section.joystick is not None and not only_stop:
            from experiment.responses.joystick import JoystickResponses, find_joystick

            found = find_joystick(section.joystick)
            devices.append(JoystickResponses(clock, section.joystick, found, strays=strays))
        pulse = rig.scanner.key if rig.scanner is not None and rig.scanner.kind == "key" else ""
        keys = keys_of(section.keys.by_role(), pulse)
        if only_stop:
            keys = {role: names for role, names in keys.items() if role in STOP_ROLES}
        if pulses and pulse:
            keys["pulse"] = (pulse,)
        devices.append(KeyboardResponses(clock, keys, display.window, strays=strays))
        if section.mouse and not only_stop:
            devices.append(MouseResponses(display, clock))
    except BaseException:
        for device in devices:
            device.close()
        raise
    return devices


def hands_there(section: KeyboardSection) -> None:
    """Look for the rig's button box and joystick while there is no window yet.

    The box's port is opened and closed again; the joystick is only looked for, since Windows needs
    a window to open it. Raises `DeviceError` with one line for each that is missing, busy or unfit.
    """
    problems = []
    if (box := section.buttons) is not None:
        from hardware.opening import open_port

        try:
            open_port(box.port, box.baud, "button box").close()
        except DeviceError as error:
            problems.append(str(error))
    if section.joystick is not None:
        from experiment.responses.joystick import find_joystick

        try:
            find_joystick(section.joystick)
        except DeviceError as error:
            problems.append(str(error))
    if problems:
        raise DeviceError("\n".join(problems))


def keys_of(by_role: Mapping[str, Sequence[str]], pulse: str = "") -> dict[str, Sequence[str]]:
    """The rig's keys by role; where it leaves them free, also the experimenter's letters, and
    the digits, which choose from more than two options."""
    keys = {role: names for role, names in by_role.items() if names}
    taken = {name for names in keys.values() for name in names} | {pulse}
    letters = {role: (letter,) for letter, role in LETTERS.items() if letter not in taken}
    digits = {digit: (digit,) for digit in "123456789" if digit not in taken}
    return keys | letters | digits
