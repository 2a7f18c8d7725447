"""`python -m benchmarks.portrait_repeat [--identity F1]`: does rendering again give the same pictures?

Renders one clinician's three levels twice from nothing, in the renderer's environment: with one thread a core, and with
a single thread, as `trustpain portraits build --processes N` shares the cores out. Writes how far the pictures differ
to docs/figures/portrait_repeat.json; the exit code is 5 where they differ by more than the tolerance.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.page import machine
from stimuli.manifest import LEVELS
from stimuli.pipeline import set_up_env
from stimuli.pipeline.errors import PipelineError
from stimuli.pipeline.fingerprint import pipeline_version
from stimuli.pipeline.identity import identity
from stimuli.pipeline.portrait_set import SAMPLES
from stimuli.pipeline.repeat import TOLERANCE_LEVELS, difference

FIGURES = Path(__file__).parents[1] / "docs" / "figures" / "portrait_repeat.json"
THREADS = (0, 1)
"""Of the first and the second rendering; 0 is one a core."""


def rendered(person: str, folder: Path, width: int, samples: int, threads: int) -> dict[str, Any]:
    """The renderer's record of the three levels, which it put into `folder`."""
    command = [
        str(set_up_env.python()),
        "-m",
        "stimuli.pipeline.portrait_set",
        "--identity",
        person,
    ]
    command += [
        "--out",
        str(folder),
        "--parts",
        str(folder / "parts"),
        "--width",
        str(width),
        "--samples",
        str(samples),
    ]
    done = subprocess.run(
        [*command, "--threads", str(threads)],
        cwd=set_up_env.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    if done.returncode:
        raise PipelineError((done.stderr.strip().splitlines() or ["no message"])[-1])
    record: dict[str, Any] = json.loads((folder / f"{person}.json").read_text(encoding="utf-8"))
    return record


def run(person: str, width: int, samples: int) -> dict[str, Any]:
    """Both renderings and how they differ, by level."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / name for name in ("first", "second")]
        seconds = []
        for folder, threads in zip(folders, THREADS, strict=True):
            seconds.append(rendered(person, folder, width, samples, threads)["seconds"])
            print(f"rendered {person} with {threads or 'all'} thread(s): {seconds[-1]}", flush=True)
        found = {
            level: difference(*(folder / f"{person}_{level}.png" for folder in folders))
            for level in LEVELS
        }
    return {
        "made_by": f"python -m benchmarks.portrait_repeat --identity {person} --width {width} --samples {samples}",
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load": round(load, 1),
        "machine": {name: machine()[name] for name in ("system", "processor")},
        "pipeline_version": pipeline_version(),
        "size": [width, width * 5 // 4],
        "tolerance_levels": TOLERANCE_LEVELS,
        "tolerated": all(one.tolerated for one in found.values()),
        "threads": ["one a core", "1"],
        "differences": {level: asdict(one) for level, one in found.items()},
        "seconds": seconds,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.portrait_repeat", description=__doc__
    )
    parser.add_argument("--identity", default="F1")
    parser.add_argument("--width", type=int, default=800, help="pixels; the height is 5/4 of it")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--out", type=Path, default=FIGURES)
    options = parser.parse_args()
    try:
        if not set_up_env.is_ready():
            raise PipelineError(
                "there is no .venv-portraits; `trustpain portraits build` makes it."
            )
        found = run(identity(options.identity).id, options.width, options.samples)
    except PipelineError as error:
        print(error, file=sys.stderr)
        return error.code
    options.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for level, one in found["differences"].items():
        print(
            f"{level}: largest {one['largest']}, mean {one['mean']:.5f} of 255 levels, "
            f"{100 * one['share']:.3f} % of pixels differ"
        )
    print(f"tolerance {TOLERANCE_LEVELS}: {'kept' if found['tolerated'] else 'NOT kept'}")
    return 0 if found["tolerated"] else 5


if __name__ == "__main__":
    sys.exit(main())
