"""How long the group report takes, and in how much memory: `python -m benchmarks.group_speed`.

    python -m benchmarks.group_speed DATASET [--participants 40,160,500]

DATASET holds dry runs (`trustpain dry-run --participants 40 --out DIR`). Larger ones are made of
copies of its participants under new labels: for time and memory a participant's numbers don't
matter, their amount does. Each size is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

GOAL_S = 120.0
TEXT = (".tsv", ".json", ".jsonl")


def copies(source: Path, target: Path, participants: int) -> None:
    """A dataset of so many participants, each a copy of one of the source's."""
    target.mkdir()
    shutil.copy(source / "dataset_description.json", target)
    labels = sorted(path.name.removeprefix("sub-") for path in source.glob("sub-*"))
    for number in range(participants):
        old, new = labels[number % len(labels)], f"simx{number:04d}"
        for folder in (Path(f"sub-{old}"), Path("sourcedata", f"sub-{old}")):
            for path in (source / folder).rglob("*"):
                if path.suffix in TEXT:
                    place = target / str(path.relative_to(source)).replace(old, new)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))


def measure(dataset: Path) -> str:
    """Write the report of a dataset in this process; says what it took."""
    from experiment.report.group import write_group_report

    began, wall = time.process_time(), time.perf_counter()
    write_group_report(dataset)
    spent, wall = time.process_time() - began, time.perf_counter() - wall
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{spent:.1f} s of CPU time, {wall:.1f} s by the clock, peak memory {peak_mb:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.group_speed")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--participants", default="40,160,500")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        print(measure(asked.dataset))
        return
    if not any(asked.dataset.glob("sub-*")):
        parser.error(
            f"{asked.dataset} holds no participants: name a dataset, such as DIR/trust_pain-sim"
        )
    for size in map(int, asked.participants.split(",")):
        with TemporaryDirectory() as folder:
            copies(asked.dataset, Path(folder, "ds"), size)
            command = [sys.executable, "-m", "benchmarks.group_speed", "--here", f"{folder}/ds"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"{size} participants: {done.stdout.strip()} (goal: {GOAL_S:g} s)", flush=True)


if __name__ == "__main__":
    main()
