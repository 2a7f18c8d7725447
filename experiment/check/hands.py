"""What the participant answers with, besides the keyboard: is it there?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from experiment.check.findings import Finding
from experiment.check.lines import SYSFS, latency_timer
from experiment.responses.joystick import find_joystick
from hardware.devices import DeviceError
from hardware.opening import open_port
from hardware.rig import KeyboardSection

TRY = "Try each of its buttons: `trustpain check --keys`."


def hands(section: KeyboardSection, sysfs: Path = SYSFS) -> Iterator[Finding]:
    """Button box and joystick of the rig, as far as it has them; `sysfs` as in `latency_timer`."""
    if (box := section.buttons) is not None:
        if (timer := latency_timer("button box", box.port, sysfs)) is not None:
            yield timer  # what an adapter holds back is missing in each answer's stamp
        try:
            open_port(box.port, box.baud, "button box").close()
            yield Finding("button box", "green", f"at {box.port}, {box.baud} baud", TRY)
        except DeviceError as error:
            advice = "Is it plugged in, and are port and baud those of the rig file?"
            yield Finding("button box", "red", str(error), advice)
    if section.joystick is not None:
        try:
            found = find_joystick(section.joystick)
            said = f"{found.device.name}, {len(found.buttons)} buttons"
            yield Finding("joystick", "green", said, TRY)
        except DeviceError as error:
            advice = "Plug it in, or mend its name, axis and buttons in the rig file."
            yield Finding("joystick", "red", str(error), advice)
