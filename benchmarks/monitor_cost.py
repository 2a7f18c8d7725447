"""Dropped frames of a run with the live page beside it against one without: `python -m benchmarks.monitor_cost`.

The flagship's trials in a real window, in blocks of the same length and paced alike, one with and one
without the page, the order turned round from pair to pair (ABBA). With the page, somebody watches it: a client
of Bokeh's in a process of its own that is sent all that a browser is (`--watcher client`, as on another
computer in the lab), or a Chromium that draws it too (`--watcher chromium`, as on the same computer's second
screen). Each block is kept as soon as it's over; the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from benchmarks.page import MONITOR, machine, rewrite

ANNOUNCED = "Live page: "
KINDS = ("flagship", "monitored")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WATCHERS = ("client", "chromium")
GOAL_MINUTES = 10.0
MADE_BY = "python -m benchmarks.monitor_cost"
WATCH = """
import sys, time
from bokeh.client import pull_session
begin, session = time.monotonic(), pull_session(url=sys.argv[1])
try:
    while True:
        session.force_roundtrip()
        time.sleep(0.2)
except Exception:
    if time.monotonic() < begin + float(sys.argv[2]):
        raise
    time.sleep(600)  # the run is over, and its page with it: wait to be killed
"""
DRAW = """
import sys, time
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    flags = ["--no-sandbox", "--disable-gpu"]
    browser = playwright.chromium.launch(executable_path=sys.argv[2], args=flags)
    browser.new_page().goto(sys.argv[1])
    while browser.is_connected():
        browser.contexts[0].pages[0].wait_for_timeout(1000)
"""


def block(kind: str, seconds: float, watcher: str) -> dict[str, Any]:
    """What `benchmarks.frame_loops` found in a block of `flagship` or `monitored`."""
    watching: subprocess.Popen[bytes] | None = None
    command = [sys.executable, "-m", "benchmarks.frame_loops", kind, f"{seconds:g}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as loop:
        assert loop.stdout is not None
        try:
            for line in loop.stdout:
                if line.startswith(ANNOUNCED):
                    watching = watch(line.removeprefix(ANNOUNCED).strip(), watcher, seconds)
                elif line.startswith("RESULT "):
                    found = json.loads(line.removeprefix("RESULT "))
                    if kind == "monitored" and (watching is None or watching.poll() is not None):
                        raise RuntimeError("nobody watched the live page to the end of the block")
                    return found
        finally:
            if watching is not None:
                watching.kill()
                watching.wait()
    raise RuntimeError(f"a block of {kind} ended with code {loop.returncode} and no result")


def in_short(found: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a block."""
    return {
        "frames": found["frames"],
        "dropped": len(found["dropped"]),
        "longest_ms": round(1000 * max(found["dropped"], default=0.0), 1),
    }


def watch(address: str, watcher: str, seconds: float) -> subprocess.Popen[bytes]:
    """Somebody who looks at the page until it's killed."""
    command = [sys.executable, "-c", WATCH, address, f"{seconds:g}"]
    if watcher == "chromium":
        browser = next(filter(None, map(shutil.which, BROWSERS)), None)
        if browser is None:
            raise RuntimeError("--watcher chromium needs a Chromium: install one, or leave it out")
        command = [sys.executable, "-c", DRAW, address, browser]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(pairs: int, block_s: float, watcher: str) -> None:
    """All pairs that aren't there yet; a run of another length or watcher begins anew."""
    asked: dict[str, Any] = {"made_by": MADE_BY, "block_s": block_s, "watcher": watcher}
    blocks: list[dict[str, Any]] = []
    if MONITOR.is_file():
        before = json.loads(MONITOR.read_text(encoding="utf-8"))
        if {key: before[key] for key in asked} == asked:
            blocks = before["blocks"]
    while len(blocks) < 2 * pairs:
        number, second = divmod(len(blocks), 2)
        kind = KINDS[(number + second) % 2]
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        found = in_short(block(kind, block_s, watcher))
        blocks.append({"kind": kind, "load": round(load, 1), **found})
        keep(blocks, **asked)
        print(f"block {len(blocks)} of {2 * pairs}: {blocks[-1]}", flush=True)
    rewrite()
    print(json.dumps(result(blocks), indent=1))


def keep(blocks: Sequence[dict[str, Any]], block_s: float, watcher: str, made_by: str) -> None:
    """Write the blocks and what they say; they replace those of any other run."""
    kept = {
        "made_by": made_by,
        "block_s": block_s,
        "watcher": watcher,
        "blocks": list(blocks),
        "measured": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": machine(),
        "result": result(blocks),
    }
    MONITOR.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def result(blocks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Share of frame intervals beyond 1.5 periods with and without, and the mean difference.

    The interval is by t over the pairs of blocks: None for fewer than two pairs, and where all pairs
    differ by the same, since they tell nothing of how much they might. Where no frame was dropped
    at all, `at_most` is the rate that so many frames without a drop rule out on each side (one-sided
    95 %, exact if drops were independent).
    """
    frames = {kind: sum(b["frames"] for b in blocks if b["kind"] == kind) for kind in KINDS}
    share = {
        kind: [b["dropped"] / b["frames"] for b in blocks if b["kind"] == kind] for kind in KINDS
    }
    pairs = list(zip(share["monitored"], share["flagship"], strict=False))
    more = [with_page - without for with_page, without in pairs]
    none_dropped = not any(b["dropped"] for b in blocks)
    interval = None
    if len(more) > 1 and len(set(more)) > 1:
        from scipy.stats import t

        half = float(t.ppf(0.975, len(more) - 1)) * stdev(more) / len(more) ** 0.5
        interval = [fmean(more) - half, fmean(more) + half]
    return {
        "pairs": len(more),
        "with_page": [round(one, 5) for one in share["monitored"]],
        "without": [round(one, 5) for one in share["flagship"]],
        "more_with_page": fmean(more) if more else None,
        "interval_95": interval,
        "frames": min(frames.values()),
        "at_most": 1 - 0.05 ** (1 / min(frames.values())) if pairs and none_dropped else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=GOAL_MINUTES, help="with, and without")
    parser.add_argument("--block", type=float, default=100.0, metavar="SECONDS")
    parser.add_argument("--watcher", choices=WATCHERS, default="client")
    parser.add_argument("--anew", action="store_true", help="forget the blocks measured before")
    asked = parser.parse_args()
    if asked.anew:
        Path(MONITOR).unlink(missing_ok=True)
    measure(max(1, round(60 * asked.minutes / asked.block)), asked.block, asked.watcher)


if __name__ == "__main__":
    main()
