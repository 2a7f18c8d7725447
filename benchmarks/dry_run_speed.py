"""Row 6: dry runs of the flagship study against real time, and how that grows."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from benchmarks.measure import Row
from conditions.study import Study
from experiment.inputs.files import load_study

SCRIPT = (
    "import sys; from pathlib import Path; from experiment.session.dry import dry_runs; "
    "n, processes = map(int, sys.argv[1:3]); place = Path(sys.argv[3]); "
    "sys.exit(int(dry_runs('trust_pain', 'laptop', '01', n, None, None, place, 'en', processes)))"
)


def _timed(participants: int, processes: int = 1) -> float:
    """Wall seconds for so many sessions, so many at a time, starting the program included."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(participants), str(processes), folder],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - begin


def run(participants: int = 100) -> Row:
    from conditions.schedule import run_length
    from experiment.inputs.files import load_rig
    from experiment.session.heat_limits import thermode_figures

    study = load_study("trust_pain").model
    assert isinstance(study, Study)
    figures = thermode_figures(load_rig("laptop").model, "laptop", study)
    session_s = study.runs * run_length(study, figures)
    cores = os.cpu_count() or 1
    one, many = _timed(1), _timed(participants)
    each = (many - one) / max(1, participants - 1)  # without starting the program
    several = _timed(participants, cores)
    return Row(
        6,
        f"Dry runs of the flagship ({study.runs} runs, {session_s / 60:.0f} min of stimulation each)",
        f"{60 / each:.3g} sessions a minute",
        f"real time: {60 / session_s:.3f} sessions a minute",
        session_s / each,
        "stated",
        None,
        notes=(
            f"{participants} participants took {many / one:.1f} times as long as one; with `--processes {cores}` "
            f"{several / many:.2f} of that, on {cores} cores. One session, with starting the program: {one:.1f} s.",
        ),
        figures={"one_s": one, "many_s": many, "each_s": each, "processes_s": several},
    )
