"""Row 1: how late scanner pulses are stamped while a window draws at 60 Hz.

A process of its own writes each pulse to three pseudo-terminals in turn, in random order. One is read by
our `SerialScanner` (a thread that blocks in `read`), one is polled once a frame, as a PsychoPy loop does, and
one is read by PsychoPy's ioHub, whose serial device polls every millisecond in a process of its own. All see
the same window and the same load.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
import tty
from collections.abc import Sequence
from multiprocessing.connection import Connection
from statistics import median

import serial

from benchmarks.iohub_peer import io_hub, to_perf_counter
from benchmarks.measure import Row, in_ms, p99
from benchmarks.window import open_window
from experiment.plan.scene import CursorState, RatingScale, ScaleLabel
from hardware.rig import SerialScannerSection
from hardware.scanner import SerialScanner

SCALE = RatingScale("vas", "?", (ScaleLabel(0.0, "no pain"), ScaleLabel(100.0, "worst pain")))
GOAL = 0.2


def send(masters: Sequence[int], pulses: int, seed: int, to: Connection) -> None:
    """When told to, write every pulse to each; report when (perf_counter, which processes share)."""
    chance = random.Random(seed)
    to.recv()
    sent: list[list[float]] = []
    for _ in range(pulses):
        time.sleep(chance.uniform(0.02, 0.06))
        stamps = [0.0] * len(masters)
        for which in chance.sample(range(len(masters)), len(masters)):
            stamps[which] = time.perf_counter()
            os.write(masters[which], b"5")
        sent.append(stamps)
    to.send(sent)


def run(pulses: int = 1000, rounds: int = 5) -> Row:
    """`pulses` in each of the rounds; the ratio is the middle one of theirs."""
    late_ours, late_polled, late_hub = _late(pulses * rounds)
    parts = [slice(n * pulses, (n + 1) * pulses) for n in range(rounds)]
    ratios = sorted(p99(late_ours[part]) / p99(late_polled[part]) for part in parts)
    ratio = median(ratios)
    return Row(
        1,
        f"Stamps of {rounds} times {pulses} pulses while a window draws at 60 Hz: how late (median / p99)",
        in_ms(late_ours),
        f"polled each frame: {in_ms(late_polled)}; ioHub: {in_ms(late_hub)}",
        ratio,
        "p99 at most 1/5",
        ratio <= GOAL,
        notes=(
            f"The ratios of the rounds' 99th percentiles were {', '.join(f'{r:.2f}' for r in ratios)}; stated is the "
            f"middle one. Ratio to ioHub's 99th percentile over all pulses: "
            f"{p99(late_ours) / p99(late_hub):.2f}.",
        ),
        figures={
            "ours_p99_ms": 1000 * p99(late_ours),
            "polled_p99_ms": 1000 * p99(late_polled),
            "iohub_p99_ms": 1000 * p99(late_hub),
            "ours_max_ms": 1000 * max(late_ours),
        },
    )


def _late(pulses: int) -> list[list[float]]:
    """How late (s) each pulse was stamped: by us, polled, and by ioHub."""
    pairs = [os.openpty() for _ in range(3)]
    for _, slave in pairs:
        tty.setraw(slave)
    paths = [os.ttyname(slave) for _, slave in pairs]
    near, far = multiprocessing.Pipe()
    sender = multiprocessing.get_context("fork").Process(
        target=send, args=([master for master, _ in pairs], pulses, 1, far)
    )
    section = SerialScannerSection(
        kind="serial", port=paths[0], pulse="5", dummies_stored=0, dummies_pulsed_not_stored=0
    )
    sender.start()  # before there are threads
    with open_window() as (clock, window), io_hub(paths[2]) as hub:
        ours: list[float] = []
        polled: list[float] = []
        scanner = SerialScanner(serial.Serial(paths[0], 115200), clock, section)
        scanner.start(ours.append)
        other = serial.Serial(paths[1], 115200, timeout=0)

        def poll() -> None:
            if waiting := other.in_waiting:
                now = clock.now()
                polled.extend([now] * len(other.read(waiting)))

        def fetch() -> None:
            """Once a second, so that the hub's buffer never runs over."""
            if clock.now() >= fetched[0] + 1.0:
                fetched[0] = clock.now()
                by_hub.extend(event.time for event in hub.devices.serial.getEvents())

        by_hub: list[float] = []
        fetched = [clock.now()]
        window.on_frame.extend((poll, fetch))
        # A cursor that never rests: every frame is drawn anew, as in a rating.
        window.show(SCALE, lambda flip: None, lambda now: CursorState(now * 20 % 100, True))
        near.send("go")
        clock.wait(near.poll, clock.now() + 60 + 0.1 * pulses)
        sent = near.recv()
        clock.wait(lambda: False, clock.now() + 0.3)
        scanner.close()
        other.close()
        zero = clock.from_perf_counter(0.0)
        to_clock = to_perf_counter() + zero
        by_hub.extend(event.time for event in hub.devices.serial.getEvents())
    sender.join()
    for pair in pairs:
        for end in pair:
            os.close(end)
    stamped = (ours, polled, sorted(time + to_clock for time in by_hub))
    if any(len(each) != pulses for each in stamped):
        arrived = ", ".join(str(len(each)) for each in stamped)
        raise RuntimeError(f"{pulses} were sent; of them arrived {arrived}")
    return [
        [t - (s[which] + zero) for t, s in zip(each, sent, strict=True)]
        for which, each in enumerate(stamped)
    ]
