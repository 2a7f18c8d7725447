"""What each device does now, line by line, for the experimenter's screen."""

from __future__ import annotations

from collections.abc import Sequence

from experiment.running.runner import Runner
from experiment.visit.people import DeviceLine
from hardware.devices import DeviceInfo, MarkerBox, Scanner, Thermode


def device_lines(runner: Runner, pulses: int) -> list[DeviceLine]:
    """A line for each device of the rig; `pulses` have come in this run (any thread)."""
    stage = runner.stage
    thermode = stage.thermode
    lines = []
    if thermode is not None:
        measured = stage.measured()
        said = ["no temperature yet" if measured is None else f"{measured:.1f} °C"]
        said.append("at baseline" if thermode.at_baseline() else "not at baseline")
        if battery := thermode.info.details.get("battery"):
            said.append(f"battery {battery} when opened")
        lines.append(_line("thermode", thermode, said))
    if runner.scanner is not None:
        lines.append(_line("scanner", runner.scanner, [f"{pulses} pulses in this run"]))
    if runner.markers is not None:
        lines.append(_line("markers", runner.markers, []))
    if runner.responses is not None:
        lines.append(DeviceLine("responses", answers_by(runner.responses)))
    return lines


def answers_by(responses: DeviceInfo) -> str:
    """What the participant answers with, such as 'open: buttons, keyboard'."""
    kinds = ", ".join(responses.kind.split("+"))
    return f"open: {kinds}{', emulated' if responses.emulated else ''}"


def _line(role: str, device: Thermode | Scanner | MarkerBox, said: Sequence[str]) -> DeviceLine:
    if reason := device.failure():
        return DeviceLine(role, f"FAILED: {reason}", failed=True)
    info = device.info
    opened = f"{info.kind} on {info.port}{', emulated' if info.emulated else ''}"
    return DeviceLine(role, " · ".join([*said, opened]))
