"""`trustpain emulate`: a device's emulator, in a process of its own, for any program to open."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardware.emulation.buttons import EmulatedButtons


class Device(StrEnum):
    """The devices that can be emulated."""

    tcs = "tcs"
    medoc = "medoc"
    scanner = "scanner"
    markers = "markers"
    buttons = "buttons"


class Box(StrEnum):
    """The kinds of marker box."""

    serial_ttl = "serial_ttl"
    mmbt_pulse = "mmbt_pulse"
    bbtk = "bbtk"


def emulate(
    device: Annotated[Device, typer.Argument(help="Which device.")],
    tcp: Annotated[
        bool, typer.Option("--tcp", help="Serve on a loopback TCP port (always so on Windows).")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="This TCP port; 0: any free one.")
    ] = 0,
    log: Annotated[
        Path | None, typer.Option(help="Append what arrives, and temperatures, to this file.")
    ] = None,
    tr: Annotated[float, typer.Option(min=0.01, max=60, help="Scanner: seconds a volume.")] = 0.46,
    volumes: Annotated[
        int | None, typer.Option(min=0, help="Scanner: pulses to send; endless if left out.")
    ] = None,
    delay: Annotated[
        float, typer.Option(min=0, help="Scanner: seconds until the first pulse.")
    ] = 2.0,
    pulse: Annotated[str, typer.Option(help="Scanner: the character that it sends.")] = "5",
    kind: Annotated[Box, typer.Option(help="Markers: the kind of box.")] = Box.serial_ttl,
    buttons: Annotated[
        str, typer.Option(help="Buttons: their characters, pressed in turn with --every.")
    ] = "bygr",
    every: Annotated[
        float | None, typer.Option(min=0.05, help="Buttons: seconds between two presses.")
    ] = None,
    rig: Annotated[
        str, typer.Option(help="Medoc: the rig whose programs are stored.")
    ] = "mri_medoc",
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            help="A fault by its kind and figures ('late_replies delay_s=0.7'), or a scenario's "
            "name or file: its faults of this device. May be given more than once.",
        ),
    ] = None,
    at: Annotated[
        float, typer.Option(min=0, max=86_400, help="Faults: seconds from the start on.")
    ] = 0.0,
    lasting: Annotated[
        float | None,
        typer.Option("--for", min=0.01, max=86_400, help="Faults: over after so many seconds."),
    ] = None,
) -> None:
    """Serve an emulated device until it is stopped (Ctrl-C).

    The first line printed is its address: a pseudo-terminal such as /dev/pts/3, or with
    [bold]--tcp[/bold] 127.0.0.1:PORT, which pyserial opens as socket://127.0.0.1:PORT. A Medoc is
    always served over TCP, where a rig file finds it as tcp://127.0.0.1:PORT. Buttons are pressed
    by typing their characters and Enter.

    With [bold]--fault[/bold] the device or its cable fails as in the rehearsed scenarios
    (docs/scenarios.md), [bold]--at[/bold] so many seconds after the start; an unknown fault lists
    those that this device can have.

    Example: [bold]trustpain emulate tcs[/bold],
    [bold]trustpain emulate tcs --fault silent --at 30 --for 5[/bold]
    """
    import signal
    import sys
    import threading
    import time
    from contextlib import ExitStack

    from experiment.clocks import RealClock
    from experiment.errors import ExitCode, UserError
    from experiment.faults.lines import FaultyLine
    from experiment.faults.standing import asked_faults, put_in
    from experiment.inputs.files import load_rig
    from hardware.emulation.buttons import EmulatedButtons
    from hardware.emulation.markers import EmulatedMarkers
    from hardware.emulation.medoc import EmulatedMedoc
    from hardware.emulation.scanner import EmulatedScanner
    from hardware.emulation.serve import ServedLine, serve
    from hardware.emulation.tcs import EmulatedTcs
    from hardware.rig import MedocSection

    if not buttons or not buttons.isascii():
        raise UserError(f"--buttons are characters such as bygr, not {buttons!r}")
    if len(pulse) != 1 or not pulse.isascii():
        raise UserError(f"--pulse is one character, not {pulse!r}", ExitCode.BAD_INPUT)
    stored: Any = load_rig(rig).model.thermode if device is Device.medoc else None
    if device is Device.medoc and not isinstance(stored, MedocSection):
        raise UserError(f"the rig {rig} has no Medoc, whose programs could be stored")

    def warn(sentence: str) -> None:
        typer.echo(sentence, err=True)

    faults = asked_faults(device.value, fault or (), warn)
    if (at or lasting is not None) and not faults:
        raise UserError("--at and --for say when a fault happens: say which by --fault")
    terminal = device is not Device.medoc and not (tcp or port or sys.platform == "win32")
    if terminal and any(f.kind == "unplugged" and (lasting or f.for_s) for f in faults):
        raise UserError(
            "a pseudo-terminal that was unplugged can't come back under its name: serve on TCP "
            "(--tcp), or leave out --for"
        )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    clock = RealClock()
    with ExitStack() as stack:
        stack.callback(clock.close)
        write: Callable[[float, str, str], None] | None = None
        if log is not None:
            try:
                file = stack.enter_context(log.open("a", encoding="utf-8", buffering=1))
            except OSError as error:
                raise UserError(
                    f"{log} can't be written ({error.strerror})", ExitCode.BAD_INPUT
                ) from None

            def write(moment: float, kind: str, text: str) -> None:
                file.write(f"{moment:.6f}\t{kind}\t{text}\n")

            # On Linux all processes share this count, so that two logs can be laid side by side.
            write(0.0, "perf_counter", f"{time.perf_counter() - clock.now():.6f}")
        emulated: EmulatedTcs | EmulatedMedoc | EmulatedScanner | EmulatedMarkers | EmulatedButtons
        if device is Device.tcs:
            emulated = EmulatedTcs(clock, write)
        elif device is Device.medoc:
            emulated = EmulatedMedoc(clock, write)
            emulated.store(stored)
        elif device is Device.scanner:
            emulated = EmulatedScanner(clock, pulse.encode("ascii"), write)
        elif device is Device.markers:
            emulated = EmulatedMarkers(clock, write)
            emulated.kind = kind.value
        else:
            emulated = EmulatedButtons(clock, log=write)
        stack.callback(emulated.close)
        line = ServedLine(emulated)

        def note(what: str) -> None:
            if write is not None:
                write(clock.now(), "fault", what)

        put_in(faults, FaultyLine(line, clock), emulated, clock, at, lasting, note)
        if isinstance(emulated, EmulatedScanner):
            emulated.start(tr, volumes, delay_s=delay)
        elif isinstance(emulated, EmulatedButtons):
            if every is not None:
                emulated.press_in_turn(buttons.encode("ascii"), every)
            _press_what_is_typed(emulated)

        def announce(address: str) -> None:
            sys.stdout.write(f"{address}\n")
            sys.stdout.flush()

        try:
            serve(emulated, clock, stop, announce, tcp=tcp, port=port, log=write, line=line)
        except OSError as error:
            raise UserError(f"port {port} can't be served ({error.strerror})") from None


def _press_what_is_typed(buttons: EmulatedButtons) -> None:
    """A thread of its own, since reading waits for the next line; it ends with the program."""
    import sys
    import threading

    def read() -> None:
        for line in sys.stdin:
            for character in line.strip():
                if character.isascii():
                    buttons.press(ord(character))

    threading.Thread(target=read, name="typed", daemon=True).start()
