"""Serial lines: how long an answer takes, how steadily, and whether an adapter holds bytes back."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from time import time as wall_time
from typing import Any

from experiment.check.findings import Finding, spread_ms
from hardware.clock import Clock
from hardware.devices import DeviceError
from hardware.emulation import EmulatedWorld
from hardware.medoc.requests import Command, request
from hardware.medoc.transport import Answer, Exchange
from hardware.opening import medoc_transport, open_port
from hardware.rig import EMULATED, MedocSection
from hardware.tcs import commands, replies

ASKED = 50
ASKED_MEDOC = 20
PATIENCE_S = 0.5
SLOW_MS = 20.0  # ours: an answer that usually takes longer makes polling at 50 Hz pile up
UNSTEADY_MS = 20.0  # ours
SYSFS = Path("/sys/bus/usb-serial/devices")
BEST_LATENCY_MS = 1


def round_trip(port: str, baud: int, world: EmulatedWorld | None) -> Finding:
    """Ask an open-able TCS for its temperatures fifty times. Only for one that was identified."""
    subject = "thermode line"
    try:
        line = open_port(port, baud, "thermode", world)
    except DeviceError as error:
        return Finding(subject, "red", str(error), "Close the program that holds the port.")
    try:
        line.timeout = PATIENCE_S
        line.write(commands.QUIET)
        line.read(1)  # a line that was under way
        line.reset_input_buffer()
        times = [time for _ in range(ASKED) if (time := _ask(line)) is not None]
    except Exception as error:  # a lost port raises many kinds
        return Finding(subject, "red", f"the line failed: {error}", "Look at cable and adapter.")
    finally:
        line.close()
    advice = "Set the adapter's latency timer to 1 ms, avoid hubs, and close other programs."
    return _judged(subject, times, ASKED, advice)


def _judged(subject: str, times: list[float], asked: int, advice: str) -> Finding:
    if len(times) < asked // 2:
        found = f"{len(times)} of {asked} questions were answered"
        return Finding(subject, "red", found, "Look at the cable and at the line's settings.")
    spread = spread_ms(times)
    slow, jitter = spread["median_ms"], spread["p99_ms"] - spread["median_ms"]
    found = f"round trip {slow:.1f} ms, 99th percentile {spread['p99_ms']:.1f} ms"
    lost = asked - len(times)
    if slow > SLOW_MS or jitter > UNSTEADY_MS or lost:
        found += f", {lost} unanswered" if lost else ""
        return Finding(subject, "amber", found, advice, {**spread, "unanswered": lost})
    return Finding(subject, "green", found, figures={**spread, "unanswered": lost})


def medoc_round_trip(section: MedocSection, clock: Clock, world: EmulatedWorld | None) -> Finding:
    """Ask a Medoc for its status some twenty times, a connection each, keeping its gap."""
    subject, answers = "thermode line", list[Answer]()
    transport = medoc_transport(section, clock, world)
    try:
        for number in range(1, ASKED_MEDOC + 1):
            data = request(Command.GET_STATUS, wall_time())
            transport.ask(Exchange(data, answers.append))
            until = clock.now() + 2 * PATIENCE_S + section.gap_s
            clock.wait(lambda n=number: len(answers) >= n, until)  # type: ignore[misc]
            clock.wait(lambda: False, clock.now() + section.gap_s)
    finally:
        transport.close()
    times = [a.time - a.sent for a in answers if a.data and a.sent is not None]
    return _judged(subject, times, ASKED_MEDOC, "Put both computers on one switch, without Wi-Fi.")


def _ask(line: Any) -> float | None:
    begin = perf_counter()
    line.write(commands.TEMPERATURES)
    reply = bytearray()
    while replies.temperatures(bytes(reply)) is None:
        if perf_counter() - begin > PATIENCE_S:
            return None
        reply += line.read(1)
        if line.in_waiting:
            reply += line.read(line.in_waiting)
    return perf_counter() - begin


def latency_timer(role: str, port: str, sysfs: Path = SYSFS) -> Finding | None:
    """An FTDI adapter's latency timer (Linux), None where there's nothing to look at.

    Such adapters hold input back for up to 16 ms unless told otherwise. `sysfs` is the kernel's
    folder of USB serial devices.
    """
    if port.startswith((EMULATED, "socket://", "tcp://")):
        return None
    subject = f"{role} adapter"
    if sys.platform == "win32":
        return Finding(
            subject,
            "amber",
            f"the latency timer of {port} can't be read here",
            "If it is an FTDI adapter, set it to 1 ms: Device Manager, Port Settings, Advanced.",
        )
    name = Path(port).resolve().name  # /dev/serial/by-id/... is a link
    timer = sysfs / name / "latency_timer"
    if not timer.is_file():
        return None  # not an FTDI adapter
    try:
        milliseconds = int(timer.read_text())
    except (OSError, ValueError):
        return Finding(subject, "amber", f"{timer} can't be read", f"Look at it: cat {timer}")
    figures: dict[str, float | str] = {"latency_timer_ms": milliseconds}
    found = f"latency timer {milliseconds} ms"
    if milliseconds <= BEST_LATENCY_MS:
        return Finding(subject, "green", found, figures=figures)
    advice = f"Set it until the next plug-in: echo 1 | sudo tee {timer} (docs/timing.md: for good)."
    return Finding(subject, "amber", found, advice, figures)
