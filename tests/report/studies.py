"""Studies of known make, and small ones played in virtual time."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from experiment.errors import ExitCode
from experiment.report.visits import find_visits
from experiment.session.dry import dry_runs

# The flagship's six assignments: who is met at low trust.
AT_LOW = ((0, 3, 4, 7), (1, 2, 5, 6), (0, 2, 5, 7), (1, 3, 4, 6), (0, 3, 5, 6), (1, 2, 4, 7))


def cells_of(
    participants: int,
    *,
    effect: float = 5.0,
    person_sd: float = 15.0,
    person_slope_sd: float = 3.0,
    clinician_sd: float = 2.0,
    clinician_slope_sd: float = 1.5,
    pair_sd: float = 0.0,
    trial_sd: float = 12.0,
    trials: int = 4,
    missing: float = 0.05,
    seed: int = 1,
) -> pd.DataFrame:
    """Cell means of a study drawn from the very model that is fitted."""
    rng = np.random.default_rng(seed)
    level, slope = rng.normal(0, clinician_sd, 8), rng.normal(0, clinician_slope_sd, 8)
    rows = []
    for person in range(participants):
        mean, own = 50 + rng.normal(0, person_sd), effect + rng.normal(0, person_slope_sd)
        heat = 20 + rng.normal(0, 3)
        pair = rng.normal(0, pair_sd, 8)
        for clinician, step in product(range(8), (0, 1)):
            low = clinician in AT_LOW[person % 6]
            n = int(rng.binomial(trials, 1 - missing))
            value = mean + level[clinician] + pair[clinician] + heat * (step - 0.5)
            value += (0.5 if low else -0.5) * (own + slope[clinician])
            if n:
                rows.append(
                    {
                        "participant": f"sub-{person:03d}",
                        "clinician": f"C{clinician}",
                        "trust": "low" if low else "high",
                        "temperature_level": ("lower", "higher")[step],
                        "level": step,
                        "mean": value + rng.normal(0, trial_sd / np.sqrt(n)),
                        "n": n,
                    }
                )
    return pd.DataFrame(rows)


def played(folder: Path, participants: int, study: str = "pilot_short") -> Path:
    """A dataset of dry runs, exported."""
    assert dry_runs(study, "laptop", "01", participants, None, None, folder) == ExitCode.DONE
    return folder / f"{study}-sim"


def write_face_ratings(dataset: Path) -> Path:
    """Ratings of faces by each participant: 40 points of trust before, 20 after; the last file."""
    header = "when\tclinician\ttrust\tquestion\trating\tresponse_time\tstim_file"
    for number, visit in enumerate(find_visits(dataset)):
        trusts = {row["clinician"]: row["trust"] for row in visit.head.trials if row["clinician"]}
        lines = [header]
        for when, effect in (("before", 40.0), ("after", 20.0)):
            for place, (clinician, trust) in enumerate(sorted(trusts.items())):
                value = 50 + (effect / 2 if trust == "high" else -effect / 2)
                value += (number * 7 + place * 3) % 5
                lines.append(f"{when}\t{clinician}\t{trust}\ttrust\t{value:.1f}\t1.5\tn/a")
        path = dataset / visit.participant / "beh" / f"{visit.participant}_task-faces_beh.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
