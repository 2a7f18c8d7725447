"""Row 2: how long after the flip a marker's byte is at the other end of its line.

Our `PortMarkers` against a bare `callOnFlip(port.write)`, marker by marker in the same window, the order turned
round from pair to pair (what comes before warms or cools the computer for what follows); a process of its own stamps
what arrives. Both count from the same stamp at the flip.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import time
import tty
from multiprocessing.connection import Connection
from statistics import median

import serial

from benchmarks.measure import Row, in_ms
from benchmarks.window import open_window
from experiment.plan.scene import Fixation
from hardware.markers import PortMarkers
from hardware.rig import SerialTtlSection

GOAL = 1.2


def receive(masters: list[int], to: Connection) -> None:
    """Stamp each code; zeros, which clear the lines, don't count. Ends with code 255."""
    arrived: list[list[float]] = [[], []]
    while True:
        for end in select.select(masters, [], [])[0]:
            data, now = os.read(end, 64), time.perf_counter()
            if b"\xff" in data:
                to.send(arrived)
                return
            arrived[masters.index(end)] += [now] * sum(byte != 0 for byte in data)


def run(markers: int = 200, rounds: int = 5) -> Row:
    """`markers` of each side in each of the rounds; the ratio is the middle one of theirs."""
    late, width_s = _late(markers * rounds)
    parts = [slice(n * markers, (n + 1) * markers) for n in range(rounds)]
    ratios = sorted(median(late[0][part]) / median(late[1][part]) for part in parts)
    return Row(
        2,
        f"A marker's byte at the other end, after the flip (median / p99 of {rounds} times {markers})",
        in_ms(late[0]),
        f"bare write on the flip: {in_ms(late[1])}",
        median(ratios),
        "at most 1.2 (medians)",
        median(ratios) <= GOAL,
        notes=(
            f"Pulses of {1000 * width_s:g} ms. The ratios of the rounds' medians were "
            f"{', '.join(f'{r:.2f}' for r in ratios)}; stated is the middle one.",
        ),
    )


def _late(markers: int) -> tuple[list[list[float]], float]:
    """How late each byte was in seconds, ours and bare, and the pulses' width."""
    pairs = [os.openpty() for _ in range(2)]
    for _, slave in pairs:
        tty.setraw(slave)
    paths = [os.ttyname(slave) for _, slave in pairs]
    near, far = multiprocessing.Pipe(duplex=False)
    receiver = multiprocessing.get_context("fork").Process(
        target=receive, args=([master for master, _ in pairs], far)
    )
    receiver.start()
    with open_window() as (clock, window):
        section = SerialTtlSection(kind="serial_ttl", port=paths[0])
        ours = PortMarkers(serial.Serial(paths[0], 115200, write_timeout=0.2), clock, section)
        bare = serial.Serial(paths[1], 115200)
        scene = Fixation()
        flips: list[list[float]] = [[], []]

        def by_ours(flip: float) -> None:
            ours.send(7)

        def by_bare_write(flip: float) -> None:
            bare.write(b"\x07")

        for number in range(2 * markers):
            if (number + number // 2) % 2 == 0:
                ours.about_to_send()  # as the runner does when it begins to draw
                flips[0].append(window.show(scene, by_ours))
            else:
                # Booked after the window's own stamp, as ours is called after it.
                flips[1].append(window.show(scene, by_bare_write))
            window.frame()  # the pulse's end lies between two markers
        clock.wait(lambda: False, clock.now() + 0.2)
        bare.write(b"\xff")
        zero = clock.from_perf_counter(0.0)
        ours.close()
        bare.close()
    arrived = near.recv()
    receiver.join()
    late = [
        [at + zero - flip for at, flip in zip(arrived[k], flips[k], strict=True)] for k in range(2)
    ]
    return late, section.pulse_width_s
