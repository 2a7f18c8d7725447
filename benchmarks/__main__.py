"""`python -m benchmarks`: all rows, or those asked for, into docs/benchmarks.md; `--help` says more."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib import import_module
from typing import Any

from benchmarks.monitor_cost import WATCHERS

ROWS = {
    1: "pulse_stamps",
    2: "marker_latency",
    3: "drift",
    4: "dropped_frames",
    5: "journal_cost",
    6: "dry_run_speed",
}


def measure(number: int, options: argparse.Namespace) -> None:
    """One row, in this process; the window and PsychoPy are its own."""
    from benchmarks.page import keep

    asked: dict[int, dict[str, Any]] = {
        1: {"pulses": options.pulses},
        4: {"minutes": options.minutes, "watcher": options.monitored},
        6: {"participants": options.participants},
    }
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    row = import_module(f"benchmarks.{ROWS[number]}").run(**asked.get(number, {}))
    keep(row, load)
    reached = {True: "reached", False: "NOT reached", None: ""}[row.reached]
    print(
        f"{row.number}. {row.what}: {row.ours}; {row.other}; ratio {row.ratio} {reached}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", default=",".join(map(str, ROWS)), help="such as 1,3")
    parser.add_argument("--pulses", type=int, default=1000, help="of row 1")
    parser.add_argument("--minutes", type=float, default=10.0, help="of row 4, for ours and empty")
    parser.add_argument("--monitored", choices=WATCHERS, help="with row 4: the live page's cost")
    parser.add_argument("--participants", type=int, default=100, help="of row 6")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    rows = [int(number) for number in options.rows.split(",")]
    if options.here:
        measure(rows[0], options)
        return 0
    # Each in a process of its own: what PsychoPy leaves behind would be the next one's load.
    codes = [
        subprocess.run(
            [
                *(sys.executable, "-m", "benchmarks", "--here", "--rows", str(number)),
                *("--pulses", str(options.pulses), "--minutes", str(options.minutes)),
                *("--participants", str(options.participants)),
                *(("--monitored", options.monitored) if options.monitored else ()),
            ]
        ).returncode
        for number in rows
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
