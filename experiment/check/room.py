"""The computer itself: screen, keys, disk, and what else it is busy with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from experiment.check.findings import Finding, spread_ms
from experiment.clocks import RealClock
from experiment.display.disturbances import disturbances
from experiment.display.protocol import Display
from experiment.plan.scene import Fixation
from hardware.rig import Screen

OTHER_RATE = 0.05  # share by which the screen may differ from the rig file
MANY_DROPPED = 0.01  # share of frames, ours
LITTLE_SPACE_MB, NO_SPACE_MB = 1000.0, 100.0  # a session needs some 10 MB
WRITES = 200
SLOW_WRITE_MS, SLOW_SYNC_MS = 2.0, 500.0  # ours
CERTAIN_US = 500.0  # ours: offset of the key clock, half the narrowest pair of readings


def screen(
    display: Display, clock: RealClock, stated: Screen, seconds: float, *, started: bool = False
) -> Finding:
    """Let frames pass and count those that were dropped; `started`: on a virtual screen of ours."""
    subject = "screen"
    display.show(Fixation(), lambda flip: None)
    display.frame_counts()
    display.dropped_frames()
    clock.wait(lambda: False, clock.now() + seconds)
    counts, dropped = display.frame_counts(), display.dropped_frames()
    frames = sum(counts.tenths) if counts is not None else 0
    info = display.info
    figures: dict[str, float | str] = {
        "refresh_hz": info.refresh_hz,
        "frames": frames,
        "dropped": len(dropped),
        "width_px": info.width_px,
        "height_px": info.height_px,
        **{name: value for name, value in info.details.items() if name in ("renderer", "priority")},
    }
    found = (
        f"{info.width_px} x {info.height_px} at {info.refresh_hz:.2f} Hz, {len(dropped)} of "
        f"{frames} frames dropped in {seconds:g} s"
    )
    if started:
        found = f"there is none here: a virtual one was started ({found})"
        advice = "`trustpain run` needs a real screen: check again in a desktop session."
        return Finding(subject, "amber", found, advice, figures)
    if not info.synchronised:
        found += "; unsynchronised: flips don't wait for the screen, so this says little"
        advice = "Switch vertical sync on in the graphics driver; a virtual screen has none."
        return Finding(subject, "amber", found, advice, figures)
    if (info.width_px, info.height_px) != (stated.width_px, stated.height_px):
        advice = f"The rig file says {stated.width_px} x {stated.height_px}: mend one of the two."
        return Finding(subject, "amber", found, advice, figures)
    if abs(info.refresh_hz / stated.refresh_hz - 1) > OTHER_RATE:
        advice = f"The rig file says {stated.refresh_hz:g} Hz: mend one of the two."
        return Finding(subject, "amber", found, advice, figures)
    if len(dropped) > MANY_DROPPED * frames:
        advice = "Too many for a study: close other programs, update the graphics driver."
        return Finding(subject, "red", found, advice, figures)
    if dropped:
        return Finding(subject, "amber", found, "Close other programs, then check again.", figures)
    return Finding(subject, "green", found, figures=figures)


def keys(keyboard: Any) -> Finding:
    """Which backend stamps key events, and how well its clock is known."""
    subject, info = "keyboard", keyboard.info
    figures: dict[str, float | str] = dict(info.details)
    if keyboard.warning:
        advice = "Install what the message names, or stamps are a frame late and a stop key waits."
        return Finding(subject, "amber", keyboard.warning, advice, figures)
    offsets = keyboard.offsets
    last = offsets[-1]
    uncertain_us = 1e6 * last.uncertainty_s
    drift_us = 1e6 * (last.seconds - offsets[0].seconds)
    found = (
        f"backend {info.details.get('backend')}, {info.details.get('keyboards', '?')} keyboard(s); "
        f"offset {last.seconds:+.6f} s known to {uncertain_us:.1f} µs"
    )
    if len(offsets) > 1:
        found += f", {drift_us:+.1f} µs since the start"
    figures |= {"offset_s": last.seconds, "uncertainty_us": uncertain_us, "drift_us": drift_us}
    if uncertain_us > CERTAIN_US:
        return Finding(subject, "amber", found, "Close other programs, then check again.", figures)
    return Finding(subject, "green", found, figures=figures)


def disk(folder: Path) -> Finding:
    """Free space where data go, and how long a line and a sync to disk take there."""
    subject = "disk"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free_mb = shutil.disk_usage(folder).free / 1e6
        with TemporaryDirectory(dir=folder, prefix=".check-") as place:
            writes, syncs = _written(Path(place) / "lines")
    except OSError as error:
        found = f"{folder} can't be written ({error.strerror})"
        return Finding(subject, "red", found, "Make room, or mend the folder's permissions.")
    write, sync = spread_ms(writes), spread_ms(syncs)
    found = (
        f"{free_mb / 1000:.1f} GB free; a line {write['median_ms']:.3f} ms (99th percentile "
        f"{write['p99_ms']:.2f}), a sync {sync['median_ms']:.1f} ms ({sync['p99_ms']:.1f})"
    )
    figures: dict[str, float | str] = {"free_mb": round(free_mb)}
    figures |= {f"write_{k}": v for k, v in write.items()} | {
        f"sync_{k}": v for k, v in sync.items()
    }
    if free_mb < NO_SPACE_MB:
        return Finding(subject, "red", found, "Make room before a session.", figures)
    if free_mb < LITTLE_SPACE_MB:
        return Finding(subject, "amber", found, "Make room soon.", figures)
    if write["p99_ms"] > SLOW_WRITE_MS or sync["p99_ms"] > SLOW_SYNC_MS:
        advice = "Write to a disk of this computer, not over the network or to a USB stick."
        return Finding(subject, "amber", found, advice, figures)
    return Finding(subject, "green", found, figures=figures)


def _written(path: Path) -> tuple[list[float], list[float]]:
    """Times of writing lines as the journal does, and of a sync after every tenth."""
    writes, syncs = [], []
    line = b"x" * 199 + b"\n"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for number in range(WRITES):
            begin = perf_counter()
            os.write(file, line)
            writes.append(perf_counter() - begin)
            if number % 10 == 0:
                begin = perf_counter()
                os.fsync(file)
                syncs.append(perf_counter() - begin)
    finally:
        os.close(file)
    return writes, syncs


def quiet() -> Iterator[Finding]:
    """Whether the computer saves power or is being updated."""
    found = disturbances()
    for each in found:
        yield Finding("power, updates", "amber", each.found, each.advice)
    if not found:
        yield Finding("power, updates", "green", "full power, as far as known; no update going on")


def computer() -> Iterator[Finding]:
    """What else goes on, where the computer says it."""
    if not hasattr(os, "getloadavg"):
        return
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    found = f"{load:.1f} programs want to run on {cores} cores (last minute)"
    figures: dict[str, float | str] = {"load": load, "cores": cores}
    if load > cores:
        advice = "Close other programs: they delay frames and stamps."
        yield Finding("computer", "amber", found, advice, figures)
    else:
        yield Finding("computer", "green", found, figures=figures)
