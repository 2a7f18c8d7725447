"""Faults of a device and of its cable: in a rehearsed session, or in an emulator that stands alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conditions import scenario as file
from conditions.scenario import Fault
from experiment.faults import lines
from experiment.faults.lines import FaultyLine, Filter
from hardware.emulation.medoc import DEVICE_ERROR, EmulatedMedoc
from hardware.emulation.tcs import EmulatedTcs

_LINE = ("unplugged", "silent", "garbled", "half_replies", "late_replies", "lost_bytes")
_SCAN = ("scanner_never_starts", "missed_pulses", "double_pulses", "scan_stops", "wrong_tr")
_THERMODE = ("error_state", "overshoot", "stuck_zone", "stop_ignored")

KINDS = {
    "tcs": (*_LINE, "wrong_device", "low_battery", *_THERMODE),
    "medoc": (*_LINE, *_THERMODE),
    "scanner": ("unplugged", "silent", "garbled", "late_replies", *_SCAN),
    "markers": ("unplugged", "lost_bytes"),
    "buttons": ("unplugged", "silent", "garbled", "late_replies"),
}
"""Which faults each emulated device can have; the others would be without an effect."""


@dataclass(frozen=True)
class Trouble:
    """How a fault begins, and how it's over."""

    begin: Callable[[], None]
    end: Callable[[], None] = lambda: None


def role_of(fault: Fault) -> str:
    """Whose fault it is: 'thermode', 'scanner' or 'markers'; '' for a person's or the computer's."""
    if fault.kind in _LINE:
        return str(getattr(fault, "device", ""))
    if fault.kind in _SCAN:
        return "scanner"
    return "thermode" if fault.kind in KINDS["tcs"] else ""


def device_trouble(fault: Fault, line: FaultyLine, device: Any) -> Trouble:
    """What makes `fault` happen to an emulated device and its line; see `KINDS`."""
    match fault:
        case file.Unplugged():
            return Trouble(line.line.unplug, line.line.plug)
        case file.Silent():
            return _filtered(line.to_host, lines.nothing)
        case file.Garbled():
            return _filtered(line.to_host, lines.garbling(fault.share))
        case file.HalfReplies():
            return _filtered(line.to_host, lines.first_half)
        case file.LateReplies():
            return _filtered(line.to_host, lines.delaying(line, fault.delay_s))
        case file.LostBytes():
            return _filtered(line.to_device, lines.losing(fault.every))
        case file.WrongDevice():
            return _filtered(line.to_host, lines.another_device)
        case file.NeverStarts():
            return _filtered(line.to_host, lines.without_scans(device, fault.scans))
        case file.MissedPulses():
            return _filtered(line.to_host, lines.without_pulses(device, fault.numbers))
        case file.ScanStops():
            return _filtered(line.to_host, lines.until_pulse(device, fault.after))
        case file.DoublePulses():
            return _filtered(line.to_host, lines.doubling(line, fault.apart_s))
        case file.WrongTr():
            return setting(device, "other_tr_s", fault.tr_s)
        case file.LowBattery():
            return setting(device, "percent", fault.percent)
        case file.StopIgnored():
            return setting(device, "ignores_abort", True)
    if isinstance(device, EmulatedMedoc):
        return _medoc_trouble(fault, device)
    return _tcs_trouble(fault, device)


def _tcs_trouble(fault: Fault, tcs: EmulatedTcs) -> Trouble:
    match fault:
        case file.ErrorState():
            return setting(tcs, "errors", [int(zone == fault.zone) for zone in range(6)])
        case file.Overshoot():
            by = [fault.by if zone in fault.zones else 0.0 for zone in range(1, 6)]
            return setting(tcs, "overshoot", by)
        case file.StuckZone():
            return setting(tcs, "stuck", {fault.zone: fault.temperature})
    raise AssertionError(f"nobody makes {fault.kind} happen")


def _medoc_trouble(fault: Fault, medoc: EmulatedMedoc) -> Trouble:
    """A Medoc reports one temperature, so every zone is that one."""
    match fault:
        case file.ErrorState():
            return setting(medoc, "flags", DEVICE_ERROR)
        case file.Overshoot():
            return setting(medoc, "overshoot", fault.by)
        case file.StuckZone():
            return setting(medoc, "stuck", fault.temperature)
    raise AssertionError(f"nobody makes {fault.kind} happen")


def setting(thing: object, attribute: str, value: object) -> Trouble:
    """Give something another value, and at the end the one that it had."""
    before = getattr(thing, attribute)
    return Trouble(
        lambda: setattr(thing, attribute, value), lambda: setattr(thing, attribute, before)
    )


def _filtered(filters: list[Filter], added: Filter) -> Trouble:
    return Trouble(lambda: filters.append(added), lambda: filters.remove(added))
