"""Row 4: dropped frames and CPU of the flagship's trials against loops that do nothing else.

The goal is against the empty loop alone, so that only these two run for all the minutes, in blocks whose order
is turned round each time; the two loops as PsychoPy's own tools write them have one block each, amid the others.
With the live page, blocks with it take turns with the rest, and the page's cost is kept from the same blocks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks import monitor_cost
from benchmarks.measure import Row

COMPARED = ("flagship", "empty")
PEERS = ("builder", "iohub")
GOAL_CPU = 0.10
GOAL_MINUTES = 10.0

Blocks = dict[str, list[dict[str, Any]]]


def one_block(kind: str, seconds: float) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.frame_loops", kind, f"{seconds:g}"],
        capture_output=True,
        text=True,
        timeout=seconds + 300,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise RuntimeError(f"{kind} ended with code {done.returncode}: {done.stderr[-500:]}")
    return json.loads(lines[-1].removeprefix("RESULT "))


def order(blocks: int, *, monitored: bool = False) -> list[str]:
    """The kinds of all blocks: the compared ones in turns, each turn the other way round."""
    kinds = (*COMPARED, "monitored") if monitored else COMPARED
    turns = [kinds if number % 2 == 0 else tuple(reversed(kinds)) for number in range(blocks)]
    turns.insert((blocks + 1) // 2, PEERS)
    return [kind for turn in turns for kind in turn]


def run(minutes: float = 10.0, block_s: float = 150.0, watcher: str | None = None) -> Row:
    """In blocks, so that whatever else the machine does meets both alike.

    `watcher`: also measure the live page's cost, watched as `benchmarks.monitor_cost` says.
    """
    blocks = max(1, round(60 * minutes / block_s))
    block_s = 60 * minutes / blocks
    found: Blocks = {}
    of_monitor: list[dict[str, Any]] = []
    kinds = order(blocks, monitored=watcher is not None)
    for number, kind in enumerate(kinds, start=1):
        load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else 0.0
        if kind == "monitored":
            assert watcher is not None
            block = monitor_cost.block(kind, block_s, watcher)
        else:
            block = one_block(kind, block_s)
            found.setdefault(kind, []).append(block)
        if kind in monitor_cost.KINDS:
            of_monitor.append({"kind": kind, "load": load, **monitor_cost.in_short(block)})
        print(f"block {number} of {len(kinds)}: {kind}, {_told([block])}", flush=True)
    if watcher is not None:
        made_by = f"python -m benchmarks --rows 4 --monitored {watcher}"
        monitor_cost.keep(of_monitor, block_s, watcher, made_by)
    return row(found, block_s)


def row(found: Blocks, block_s: float) -> Row:
    """What the blocks of each kind say, `block_s` seconds each."""
    blocks = len(found["flagship"])
    minutes = blocks * block_s / 60
    share, cpu = {k: _share(b) for k, b in found.items()}, {k: _cpu(b) for k, b in found.items()}
    each = {
        kind: ", ".join(f"{100 * _share([block]):.2f}" for block in found[kind])
        for kind in COMPARED
    }
    drawing = _mean(found["flagship"], "drawing")
    judged = minutes >= GOAL_MINUTES
    return Row(
        4,
        f"Dropped frames in {minutes:g} min of the flagship's trials; CPU of one core in static scenes "
        "(frames for which nothing is drawn)",
        _told(found["flagship"]),
        f"empty loop, {minutes:g} min: {_told(found['empty'])}; Builder's loop, {block_s / 60:g} min: "
        f"{_told(found['builder'])}; with ioHub's keyboard, {block_s / 60:g} min: {_told(found['iohub'])}",
        share["flagship"] / share["empty"] if share["empty"] else None,
        "over 10 min no more than the empty loop; CPU at most 10 %",
        # A shorter look tells nothing of rare drops, so it reaches no goal.
        share["flagship"] <= share["empty"] and cpu["flagship"] <= GOAL_CPU if judged else None,
        notes=(
            f"Ours and the empty loop in {blocks} block(s) of {block_s:g} s each, in turns; Builder's and ioHub's "
            f"one block each, amid the others. Ours carries the emulated thermode, scanner, marker box and "
            f"participant in its own process, which a laboratory's program doesn't"
            + f". Where a frame is drawn anew (a new scene, a fade, a cursor that moves) it takes "
            f"{100 * drawing:.0f} % CPU, over all {100 * _mean(found['flagship'], 'whole'):.1f} %.",
            f"Block by block: ours {each['flagship']} %, the empty loop {each['empty']} %.",
            *(() if judged else (f"Shortened: {minutes:g} min, so the goal isn't judged.",)),
        ),
        figures={f"{kind}_dropped_share": value for kind, value in share.items()}
        | {f"{kind}_cpu_share": value for kind, value in cpu.items()},
    )


def _share(blocks: Sequence[dict[str, Any]]) -> float:
    return sum(len(b["dropped"]) for b in blocks) / sum(b["frames"] for b in blocks)


def _cpu(blocks: Sequence[dict[str, Any]]) -> float:
    return _mean(blocks, "static")


def _told(blocks: Sequence[dict[str, Any]]) -> str:
    dropped, frames = sum(len(b["dropped"]) for b in blocks), sum(b["frames"] for b in blocks)
    return f"{dropped} of {frames} ({100 * _share(blocks):.2f} %), {100 * _cpu(blocks):.1f} % CPU"


def _mean(blocks: Sequence[dict[str, Any]], kind: str) -> float:
    return sum(block["cpu_share"][kind] for block in blocks) / len(blocks)
