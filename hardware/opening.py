"""Opening the devices of a rig, all or none, and closing them whatever happens."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import serial

from hardware.cedrus import CedrusMarkers
from hardware.clock import Clock
from hardware.devices import DeviceError, DeviceInfo, MarkerBox, ResponseDevice, Scanner, Thermode
from hardware.emulation import EmulatedWorld, protocol_emulated
from hardware.guard import GuardedThermode
from hardware.history import Delivery, SiteHistory
from hardware.lsl import LslMarkers, LslScanner
from hardware.markers import PortMarkers
from hardware.medoc import MedocThermode
from hardware.medoc.transport import EmulatedTcp, Tcp, Transport
from hardware.rig import (
    EMULATED,
    CedrusMarkersSection,
    KeyScannerSection,
    LslMarkersSection,
    LslScannerSection,
    MedocSection,
    Rig,
)
from hardware.scanner import KeyScanner, SerialScanner
from hardware.sections.base import TCP
from hardware.tcs import TcsThermode

READ_S = 0.2  # bounds how long a reader takes to notice that it should end
WRITE_S = 0.2  # a write that hangs longer means a lost port


@dataclass(frozen=True)
class Devices:
    """The open devices of a room; None for what it doesn't have."""

    thermode: GuardedThermode | None
    scanner: Scanner | None
    markers: MarkerBox | None

    @property
    def infos(self) -> tuple[DeviceInfo, ...]:
        """What each says of itself, for the journal."""
        devices = (self.thermode, self.scanner, self.markers)
        return tuple(device.info for device in devices if device is not None)

    def failures(self) -> list[str]:
        """A sentence for each device that has failed."""
        devices = (self.thermode, self.scanner, self.markers)
        return [said for device in devices if device is not None and (said := device.failure())]


@contextmanager
def open_devices(
    rig: Rig,
    clock: Clock,
    world: EmulatedWorld | None = None,
    *,
    responses: ResponseDevice | None = None,
    history: SiteHistory | None = None,
    wall_origin: float | None = None,
    on_delivery: Callable[[Delivery], None] | None = None,
    also_there: Callable[[], None] = lambda: None,
) -> Iterator[Devices]:
    """Open every device of `rig`; all are closed again, the last one first, after the block.

    `world` holds the emulated ones (needed if the rig has any), `responses` is where a scanner
    of kind "key" gets its pulses. `history` is what the skin sites have had in the last 24 h, by
    wall time, of which `wall_origin` is the value (Unix seconds) at the session clock's zero
    (default: the computer's). `also_there` looks for what is opened elsewhere, and raises
    `DeviceError` if it's missing. Waits about a second for the thermode.

    Raises `DeviceError` with one line for each device that is missing, busy, silent, another one
    or unfit; nothing stays open then.
    """
    if wall_origin is None:
        wall_origin = time.time() - clock.now()
    with ExitStack() as stack:
        problems: list[str] = []

        def attempt(make: Callable[[], Any]) -> Any:
            try:
                device = make()
            except DeviceError as error:
                problems.append(str(error))
                return None
            stack.callback(device.close)
            return device

        def markers() -> MarkerBox | None:
            section = rig.markers
            if section is None:
                return None
            if isinstance(section, LslMarkersSection):
                return LslMarkers(clock, section)
            if isinstance(section, CedrusMarkersSection):
                return CedrusMarkers(clock, section)
            if world is not None and section.port.startswith(EMULATED):
                world.markers.kind = section.kind
            with _opened(section.port, section.baud, "marker box", world) as port:
                return PortMarkers(port, clock, section)

        def scanner() -> Scanner:
            section = rig.scanner
            if isinstance(section, KeyScannerSection):
                if responses is None:
                    raise DeviceError(
                        f"The scanner's pulses are a key ({section.key}), but there is no keyboard."
                    )
                return KeyScanner(responses, section)
            if isinstance(section, LslScannerSection):
                return LslScanner(clock, section)
            assert section is not None
            if world is not None and section.port.startswith(EMULATED):
                # A real converter is set to its byte by a switch; the emulated one by us.
                world.scanner.pulse = bytes((section.pulse_byte,))
            with _opened(section.port, section.baud, "scanner", world) as port:
                return SerialScanner(port, clock, section)

        def thermode() -> GuardedThermode:
            section, highest = rig.thermode, rig.limits.highest_target
            assert section is not None
            device: Thermode
            if isinstance(section, MedocSection):
                transport = medoc_transport(section, clock, world)
                device = MedocThermode(transport, clock, section, highest, wall_origin)
            else:
                with _opened(section.port, section.baud, "thermode", world) as port:
                    device = TcsThermode(port, clock, section, highest)
            return GuardedThermode(
                device,
                clock,
                rig.limits,
                history if history is not None else SiteHistory(),
                zones=section.zones,
                sample_s=1 / section.poll_hz,
                wall_origin=wall_origin,
                on_delivery=on_delivery,
            )

        devices = Devices(
            markers=attempt(markers) if rig.markers else None,
            scanner=attempt(scanner) if rig.scanner else None,
            thermode=attempt(thermode) if rig.thermode else None,
        )
        try:
            also_there()
        except DeviceError as error:
            problems.append(str(error))
        if devices.thermode is not None and isinstance(devices.markers, LslMarkers):
            devices.thermode.also_watch = devices.markers.sample
        if problems:
            raise DeviceError("\n".join(problems))
        yield devices


@contextmanager
def _opened(port: str, baud: int, what: str, world: EmulatedWorld | None) -> Iterator[Any]:
    """An open port, which is closed again only if the block fails."""
    opened = open_port(port, baud, what, world)
    try:
        yield opened
    except BaseException:
        opened.close()
        raise


def medoc_transport(section: MedocSection, clock: Clock, world: EmulatedWorld | None) -> Transport:
    """The way to Medoc's computer, or to the emulated one, which is given the rig's programs."""
    if not section.port.startswith(EMULATED):
        host, _, port = section.port.removeprefix(TCP).rpartition(":")
        return Tcp(host, int(port), clock)
    if world is None:
        raise DeviceError(_no_world("thermode", section.port))
    world.medoc.store(section)
    return EmulatedTcp(world.lines["medoc"], clock)


def open_port(port: str, baud: int, what: str, world: EmulatedWorld | None = None) -> Any:
    """Open a serial port for us alone. Raises `DeviceError`, which tells busy from missing."""
    if port.startswith(EMULATED):
        if world is None:
            raise DeviceError(_no_world(what, port))
        port_to_open = world.resolve(port)
        protocol_emulated.register()
    else:
        port_to_open = port
    try:
        # Where a kind of port has no locks (a socket), pyserial ignores `exclusive`.
        return serial.serial_for_url(
            port_to_open, baudrate=baud, timeout=READ_S, write_timeout=WRITE_S, exclusive=True
        )
    except (OSError, ValueError) as error:  # SerialException is an OSError
        raise DeviceError(_opening_problem(error, port, what)) from error


def _no_world(what: str, port: str) -> str:
    return f"The {what} is {port}, but there is no emulated world to find it in."


def _opening_problem(error: Exception, port: str, what: str) -> str:
    number = getattr(error, "errno", None)
    text = str(error)
    # On Windows pyserial keeps no number, only the text of the first error.
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        return f"The {what}'s port {port} is in use by another program: close that one first."
    if "PermissionError" in text:
        return f"The {what}'s port {port} is in use by another program, or may not be opened."
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"The {what}'s port {port} may not be opened by you (on Linux: join the group that "
            "owns it, often 'dialout')."
        )
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or "FileNotFoundError" in text:
        return f"The {what}'s port {port} doesn't exist: is it plugged in, and is this its name?"
    if port.startswith("socket://"):
        return (
            f"The {what}'s port {port} can't be reached: is the program at its other end running?"
        )
    return f"The {what}'s port {port} can't be opened ({text})."
