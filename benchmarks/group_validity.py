"""Whether the group report's test is right: studies without an effect, and studies with one.

    python -m benchmarks.group_validity null            # 1,000 studies of 40 without an effect
    python -m benchmarks.group_validity null_steep      # ... clinicians' slopes twice as different
    python -m benchmarks.group_validity effect          # ... with the shipped effect
    python -m benchmarks.group_validity summary         # docs/group-validity/summary.json

A study is drawn from the simulated participant's own model (`experiment.participant.model`) with
the flagship's trial tables, and new clinicians each time; it goes through the report's own cell
means and model. Each finished study is a line in docs/group-validity/<scenario>.tsv: when stopped,
the same command goes on, and a study of a given number is always the same.
"""

from __future__ import annotations

import argparse
import json
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the matrices are tiny

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import track
from scipy import stats

from benchmarks.trial_tables import TCS
from conditions.trials import trial_rows
from experiment.inputs.files import load_study
from experiment.participant.model import PainModel, Parameters
from experiment.places import ROOT
from experiment.report.model import BY_TRUST, CLINICIAN_TRUST, trust_effect
from experiment.report.paired import paired_test
from experiment.report.tables import QUESTIONS, cell_means, trial_frame
from experiment.session.settings import simulated_parameters

FOLDER = ROOT / "docs" / "group-validity"
STUDIES, PARTICIPANTS, SEED = 1_000, 40, 20_261_123
TRUSTS = ("low", "high")
ALPHA = 0.05
SCENARIOS: dict[str, dict[str, float]] = {  # number in the seed: the place here
    "null": {"trust_effect": 0.0},
    "null_steep": {"trust_effect": 0.0, "identity_trust_sd": 3.0},
    "effect": {},
}
COLUMNS = (
    *("study", "question", "estimate", "se", "df", "satterthwaite_df", "low", "high", "p"),
    *("participant_slope_sd", "clinician_slope_sd", "paired_low", "paired_high", "paired_p"),
)

KEPT = ("trial", "clinician", "trust", "temperature_level", "temperature")

Trial = dict[str, Any]


def parameters_of(scenario: str) -> Parameters:
    """The shipped parameters, but for what the scenario changes."""
    return simulated_parameters().model_copy(update=SCENARIOS[scenario])


def designs(participants: int) -> list[list[Trial]]:
    """The flagship's trial tables for allocation numbers 1, 2, 3 ..."""
    study = load_study("trust_pain").model
    return [trial_rows(study, TCS, allocation=n) for n in range(1, participants + 1)]


class Remembering(PainModel):
    """The model, asked once for a person's response to a clinician: it's that of every trial."""

    def _trust(self, clinician: str | None, trust: str | None) -> float:
        known = self.__dict__.setdefault("known", {})
        if (clinician, trust) not in known:
            known[clinician, trust] = super()._trust(clinician, trust)
        return float(known[clinician, trust])


def empty_study(tables: list[list[Trial]]) -> pd.DataFrame:
    """All trials of a study, still without ratings."""
    trials = [
        {**{key: row[key] for key in KEPT}, "participant": f"sub-{number:04d}"}
        for number, table in enumerate(tables)
        for row in table
        if row["trial"]
    ]
    return trial_frame(trials)


def simulate(
    parameters: Parameters,
    tables: list[list[Trial]],
    empty: pd.DataFrame,
    rng: np.random.Generator,
    clinicians: str,
) -> pd.DataFrame:
    """One study as the report reads it. `clinicians` is put before their names: new ones."""
    ratings = []
    for table in tables:
        person = Remembering(parameters, rng)
        for row in table:
            who = row["clinician"] and clinicians + row["clinician"]
            felt = person.feel(row["temperature"], row["skin_site"], who, row["trust"])
            if row["trial"]:
                ratings.append((felt, person.unpleasantness(felt)))
    rated = np.round(ratings, 1)
    rated[rng.random(rated.shape) < parameters.missing_rate] = np.nan
    return empty.assign(**dict(zip(QUESTIONS, rated.T, strict=True)))


def analyse(trials: pd.DataFrame, study: int) -> Iterator[list[Any]]:
    """A line of `COLUMNS` for each question."""
    for question in QUESTIONS:
        cells = cell_means(trials, question)
        mixed, paired = trust_effect(cells, TRUSTS), paired_test(cells, TRUSTS)
        slopes = [mixed.fit.variance(name) ** 0.5 for name in (BY_TRUST, CLINICIAN_TRUST)]
        yield [
            *(study, question, mixed.raw.estimate, mixed.se, mixed.df, mixed.satterthwaite_df),
            *(mixed.raw.low, mixed.raw.high, mixed.p, *slopes),
            *(paired.raw.low, paired.raw.high, paired.p),
        ]


def run(scenario: str, studies: int) -> None:
    """Add the studies that are missing to the scenario's file."""
    path = FOLDER / f"{scenario}.tsv"
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text("\t".join(COLUMNS) + "\n", encoding="utf-8")
    done = _whole_studies(path)
    parameters, tables = parameters_of(scenario), designs(PARTICIPANTS)
    empty = empty_study(tables)
    for study in track([n for n in range(studies) if n not in done], scenario):
        rng = np.random.default_rng([SEED, list(SCENARIOS).index(scenario), study])
        trials = simulate(parameters, tables, empty, rng, f"{scenario}-{study}-")
        lines = ["\t".join(_text(v) for v in line) + "\n" for line in analyse(trials, study)]
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(lines))


def _whole_studies(path: Path) -> set[int]:
    """The studies that are all there; what a kill left of another one is cut off."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n") and line.count("\t") == len(COLUMNS) - 1]
    numbers = [line.split("\t")[0] for line in whole]
    kept = [line for line, n in zip(whole, numbers, strict=True) if numbers.count(n) > 1]
    if [whole[0], *kept] != lines:
        path.write_text("".join([whole[0], *kept]), encoding="utf-8")
    return {int(line.split("\t")[0]) for line in kept}


def _text(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def attenuation(parameters: Parameters, tables: list[list[Trial]], rounds: int) -> dict[str, float]:
    """What share of a latent effect is left on a scale that ends at 0 and 100, by question.

    Each simulated person is met twice with the same random numbers, once with all trust levels
    exchanged, so that only the effect differs.
    """
    latent, seen = 0.0, dict.fromkeys(QUESTIONS, 0.0)
    for number in range(rounds):
        for place, table in enumerate(tables):
            people = [
                Remembering(parameters, np.random.default_rng([SEED, number, place])) for _ in "ab"
            ]
            for row in table:
                who = row["clinician"] and f"clip-{number}-{row['clinician']}"
                levels = _both(row["trust"])
                felt = [
                    person.feel(row["temperature"], row["skin_site"], who, level)
                    for person, level in zip(people, levels, strict=True)
                ]
                values = [felt, [p.unpleasantness(f) for p, f in zip(people, felt, strict=True)]]
                if row["trial"]:
                    sign = 1 if levels[0] == "low" else -1
                    latent += sum(
                        s * p._trust(who, level)
                        for p, level, s in zip(people, levels, (sign, -sign), strict=True)
                    )
                    for question, (first, second) in zip(QUESTIONS, values, strict=True):
                        seen[question] += sign * (first - second)
    return {question: value / latent for question, value in seen.items()}


def _both(trust: str | None) -> tuple[str | None, str | None]:
    other = {"low": "high", "high": "low"}
    return (trust, other[trust]) if trust else (None, None)


def summarise() -> dict[str, Any]:
    """All scenarios' figures, each with the 95 % interval (Wilson) of its rate."""
    parameters = parameters_of("effect")
    left = attenuation(parameters, designs(PARTICIPANTS), rounds=25)
    found: dict[str, Any] = {
        "command": "python -m benchmarks.group_validity SCENARIO; ... summary",
        "participants": PARTICIPANTS,
        "seed": SEED,
        "parameters": parameters.model_dump(),
        "share_of_effect_left_by_the_scale": {q: round(v, 4) for q, v in left.items()},
    }
    for scenario in SCENARIOS:
        path = FOLDER / f"{scenario}.tsv"
        if path.exists():
            table = pd.read_csv(path, sep="\t")
            truth = {q: parameters_of(scenario).trust_effect * left[q] for q in QUESTIONS}
            found[scenario] = {
                "changed": SCENARIOS[scenario],
                **{q: figures(table[table["question"] == q], truth[q]) for q in QUESTIONS},
            }
    return found


def figures(table: pd.DataFrame, truth: float) -> dict[str, Any]:
    """What holds over the studies of one scenario and question."""
    t = (table["estimate"] / table["se"]).abs()
    z = 2 * stats.norm.sf(t)
    free = 2 * stats.t.sf(t, table["satterthwaite_df"])
    return {
        "studies": len(table),
        "true_effect": round(truth, 4),
        "mean_estimate": round(float(table["estimate"].mean()), 4),
        "sd_of_estimates": round(float(table["estimate"].std()), 4),
        "root_mean_square_se": round(float((table["se"] ** 2).mean() ** 0.5), 4),
        "median_df": round(float(table["df"].median()), 2),
        "median_satterthwaite_df": round(float(table["satterthwaite_df"].median()), 2),
        "rejected": _rate(table["p"] < ALPHA),
        "coverage": _rate((table["low"] <= truth) & (truth <= table["high"])),
        "clinicians_slope_variance_0": _rate(table["clinician_slope_sd"] == 0),
        "rejected_with_satterthwaite_df": _rate(free < ALPHA),
        "rejected_by_z_instead": _rate(z < ALPHA),
        "rejected_by_paired_test": _rate(table["paired_p"] < ALPHA),
        "coverage_of_paired_test": _rate(
            (table["paired_low"] <= truth) & (truth <= table["paired_high"])
        ),
    }


def _rate(hits: Any) -> dict[str, float]:
    n, k = len(hits), int(np.sum(hits))
    interval = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    return {
        "rate": round(k / n, 4),
        "low": round(float(interval.low), 4),
        "high": round(float(interval.high), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.group_validity")
    parser.add_argument("scenario", choices=[*SCENARIOS, "summary"])
    parser.add_argument("--studies", type=int, default=STUDIES)
    asked = parser.parse_args()
    if asked.scenario == "summary":
        text = json.dumps(summarise(), indent=2) + "\n"
        (FOLDER / "summary.json").write_text(text, encoding="utf-8")
        print(text, end="")
    else:
        run(asked.scenario, asked.studies)


if __name__ == "__main__":
    main()
