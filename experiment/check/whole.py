"""The whole check of a rig: computer, screen, keys, disk, then each device."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiment.check import room
from experiment.check.devices import DeviceCheck
from experiment.check.findings import Check, Finding, now_utc
from experiment.check.hands import hands
from experiment.clocks import RealClock
from experiment.display.virtual_screen import needed_screen, screen_missing
from experiment.errors import UserError
from experiment.inputs.files import Loaded
from experiment.responses.opening import keys_of
from experiment.session.provenance import provenance
from hardware.devices import DeviceError
from hardware.emulation import EmulatedWorld

if TYPE_CHECKING:
    from hardware.rig import Rig


def check_rig(
    rig: Loaded[Rig],
    data: Path,
    tell: Callable[[Finding], None],
    *,
    frames_s: float = 10.0,
    listen_s: float = 10.0,
) -> Check:
    """Look at everything a session needs; `tell` gets each finding as it comes. Takes some 30 s.

    `data` is the folder whose disk is tried, `frames_s` how long frames are watched, `listen_s`
    how long pulses are waited for. Gives heat of one degree above baseline. Never raises for what
    a device does: that is a red finding.
    """
    began, findings = now_utc(), []
    for finding in _all(rig.model, data, frames_s, listen_s):
        findings.append(finding)
        tell(finding)
    made_with = provenance()
    return Check(
        rig=rig.model.name,
        rig_sha256=rig.sha256,
        began_utc=began,
        findings=tuple(findings),
        versions=made_with.versions,
        system=made_with.system,
    )


def _all(rig: Rig, data: Path, frames_s: float, listen_s: float) -> Iterator[Finding]:
    yield from room.computer()
    yield from room.quiet()
    yield room.disk(data)
    clock = RealClock()
    with contextlib.ExitStack() as stack:
        stack.callback(clock.close)
        world = None
        if rig.emulated_devices():
            world = stack.enter_context(EmulatedWorld(clock))
        started = screen_missing()
        display, problem = _display(rig, clock, stack)
        keyboard = None
        if display is None:
            yield problem
        else:
            yield room.screen(display, clock, rig.screen, frames_s, started=started)
            keyboard, problem = _keyboard(rig, clock, display, stack)
            if keyboard is None:
                yield problem
        yield from hands(rig.response)
        yield from DeviceCheck(rig, clock, world, keyboard, listen_s).findings()
        if keyboard is not None:
            yield room.keys(keyboard)  # last: its clock has been asked again meanwhile


def _display(rig: Rig, clock: RealClock, stack: contextlib.ExitStack) -> tuple[Any, Finding]:
    try:
        stack.enter_context(needed_screen())
        from experiment.display.window import WindowDisplay

        display = WindowDisplay(rig.screen, clock)
    except (DeviceError, UserError) as error:
        return None, Finding("screen", "red", str(error), "Is the screen on, and is it this one?")
    stack.callback(display.close)
    return display, Finding("screen", "green", "")


def _keyboard(
    rig: Rig, clock: RealClock, display: Any, stack: contextlib.ExitStack
) -> tuple[Any, Finding]:
    from experiment.responses.keyboard import KeyboardResponses

    scanner = rig.scanner
    pulse = scanner.key if scanner is not None and scanner.kind == "key" else ""
    names = keys_of(rig.response.keys.by_role(), pulse)
    if pulse:
        names["pulse"] = (pulse,)
    try:
        keyboard = KeyboardResponses(clock, names, display.window)
    except DeviceError as error:
        return None, Finding("keyboard", "red", str(error), "Plug a keyboard or button box in.")
    stack.callback(keyboard.close)
    return keyboard, Finding("keyboard", "green", "")
