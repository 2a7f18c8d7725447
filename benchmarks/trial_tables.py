"""How long 1,000 trial tables of the flagship study take: `python -m benchmarks.trial_tables`."""

from __future__ import annotations

import time

from conditions.schedule import ThermodeFigures
from conditions.trials import trial_rows, trial_table
from experiment.inputs.files import load_study

TABLES = 1_000
GOAL_S = 20.0
TCS = ThermodeFigures(baseline=32.0, rise_rate=70.0, return_rate=70.0, highest_target=49.0)


def main() -> None:
    study = load_study("trust_pain").model
    for make in (trial_rows, trial_table):
        make(study, TCS, allocation=1)  # imports and caches aren't what is measured
        begin = time.process_time()
        for allocation in range(1, TABLES + 1):
            make(study, TCS, allocation=allocation)
        spent = time.process_time() - begin
        print(f"{TABLES} x {make.__name__}: {spent:.1f} s of CPU time (goal: {GOAL_S:g} s)")


if __name__ == "__main__":
    main()
