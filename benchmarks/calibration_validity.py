"""How near a calibration comes to the truth: 200 simulated participants x three amounts of noise.

`python -m benchmarks.calibration_validity` goes on where it was stopped (`--rows FILE` keeps one
line a participant, noise and method) and writes `docs/figures/calibration_validity.md`.

The participants are those of `experiment.participant` (sites differ by SD 0.3 C, habituation and
sensitisation on), with another noise; every tenth is a non-responder instead. Truth is the
temperature that gives the target on fresh skin at the mean of the four sites that the method
chose, the person's own intercept included. Three methods get the same persons: the fixed series
(a), the adaptive one (b), and an oracle, which no laboratory can have: 32 stimuli, 4 a site, half
at each site's own true temperature for 40 and half for 65, fitted by the true form of the curve
with intercept, habituation, sensitisation and spread of the sites known to it.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from experiment.calibration.adaptive import Adaptive
from experiment.calibration.estimate import (
    Estimate,
    Method,
    Rated,
    SiteEstimate,
    TargetEstimate,
    choose_sites,
)
from experiment.calibration.fixed import FixedSeries
from experiment.calibration.refusal import refusals
from experiment.participant.model import HABITUATION_AT_C, PainModel, Parameters
from experiment.session.settings import simulated_parameters

PERSONS = 200
EVERY = 10  # each so-many-th is a non-responder
NOISES = (5.0, 10.0, 15.0)
TARGETS = (40.0, 65.0)
SITES = tuple(range(1, 9))
FOR_RUNS = 4
LOWEST, HIGHEST = 43.0, 49.0  # C; the shipped rigs' highest target
NEAR_C = 0.3
METHODS = ("fixed", "adaptive", "oracle")
REPORT = Path("docs/figures/calibration_validity.md")
COMMAND = "python -m benchmarks.calibration_validity"


@dataclass
class NonResponder:
    """Somebody whose ratings have nothing to do with the temperature, in one of five ways."""

    kind: int
    noise: float
    rng: np.random.Generator

    def __post_init__(self) -> None:
        self._level = float(self.rng.uniform(5.0, 90.0))

    def feel(self, temperature: float, site: int) -> float:
        if self.kind == 3:  # anywhere on the scale
            return float(self.rng.uniform(0.0, 100.0))
        mean = 97.0 if self.kind == 4 else self._level  # 4: everything is unbearable
        return float(np.clip(mean + self.rng.normal(0.0, self.noise), 0.0, 100.0))


@dataclass
class Responder:
    """A simulated participant, with the truth that only the benchmark may look at."""

    model: PainModel

    def feel(self, temperature: float, site: int) -> float:
        return self.model.feel(temperature, site, None, None)

    def truth(self, rating: float, shift_c: float = 0.0) -> float:
        from scipy.optimize import brentq

        model = self.model
        return float(
            brentq(lambda c: model.curve(c, shift_c) + model.intercept - rating, 20.0, 80.0)
        )

    def shift_c(self, sites: tuple[int, ...]) -> float:
        return fmean(self.model.sites[site] for site in sites)


def random(*words: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32("|".join(map(str, words)).encode()))


def person(number: int, noise: float, parameters: Parameters, method: str) -> Any:
    """The same person for every method and noise; only the luck of single ratings differs."""
    if number % EVERY == 0:
        return NonResponder(number // EVERY % 5, noise, random("non-responder", number))
    model = PainModel(
        parameters.model_copy(update={"trial_sd": noise}), random("participant", number)
    )
    model.sites = {site: float(model.rng.normal(0.0, parameters.site_sd_c)) for site in SITES}
    model.rng = random("ratings", number, noise, method)
    return Responder(model)


def series(method: Method, feel: Callable[[float, int], float], missing: Any) -> list[Rated]:
    rated: list[Rated] = []
    while (proposal := method.propose(rated)) is not None:
        rating: float | None = round(feel(proposal.temperature, proposal.site), 1)
        rated.append(Rated(proposal.site, proposal.temperature, None if missing() else rating))
    return rated


def oracle(someone: Responder) -> Estimate:
    """Ideally placed, and fitted with everything known but threshold, slope and sites' shifts."""
    from scipy.optimize import brentq, least_squares

    model, p = someone.model, someone.model.parameters
    twin = PainModel(p, np.random.default_rng(0))
    rows: list[tuple[int, float, float, float]] = []
    for turn in range(4):
        for site in SITES:
            at = someone.truth(TARGETS[(turn + site) % 2], model.sites[site])
            on_site, before = turn, len(rows)
            rating = someone.feel(at, site)
            growth = max(0.0, (at - 43.0) / (HABITUATION_AT_C - 43.0))
            known = (
                model.intercept
                - p.habituation_points * growth * (1 - np.exp(-on_site / p.habituation_stimuli))
                + p.sensitisation_points * before
            )
            rows.append((site, at, rating, known))

    def expected(values: np.ndarray) -> np.ndarray:
        twin.threshold_c, twin.slope = float(values[0]), float(values[1])
        return np.array([twin.curve(at, values[1 + site]) + known for site, at, _, known in rows])

    ratings = np.array([row[2] for row in rows])

    def off(values: np.ndarray) -> np.ndarray:
        # The shifts' spread is known, so that they are pulled towards 0 by the right amount.
        return np.concatenate([(ratings - expected(values)) / p.trial_sd, values[2:] / p.site_sd_c])

    start = np.array([p.threshold_c, 22.0, *np.zeros(len(SITES))])
    bounds = ([40.0, 5.0, *[-2.0] * 8], [55.0, 80.0, *[2.0] * 8])
    fit = least_squares(off, start, bounds=bounds).x
    shifts = fit[2:].copy()
    fit[2:] = 0.0
    squares = (ratings - expected(fit)) ** 2
    residuals = [
        SiteEstimate(
            site,
            float(
                np.sqrt(
                    np.mean([s for s, row in zip(squares, rows, strict=True) if row[0] == site])
                )
            ),
            float(shifts[site - 1]),
            0.0,
        )
        for site in SITES
    ]
    chosen, spare = choose_sites(residuals, FOR_RUNS)
    mean = fmean(float(shifts[site - 1]) for site in chosen)
    targets = []
    for rating in TARGETS:
        at = float(
            brentq(lambda c, r=rating: twin.curve(c, mean) + model.intercept - r, 20.0, 80.0)
        )
        targets.append(TargetEstimate(rating, at, at, at))
    return Estimate(tuple(targets), tuple(residuals), chosen, spare, twin.slope, p.trial_sd, ())


def one(number: int, noise: float, method: str, parameters: Parameters) -> dict[str, Any]:
    someone = person(number, noise, parameters, method)
    responder = isinstance(someone, Responder)
    row: dict[str, Any] = {
        "person": number,
        "noise": noise,
        "method": method,
        "responder": responder,
    }
    refused: list[str] = []
    if method == "oracle":
        if not responder:
            return row
        estimate: Estimate | None = oracle(someone)
        row["stimuli"] = 32
    else:
        kind: type[FixedSeries] | type[Adaptive] = FixedSeries if method == "fixed" else Adaptive
        rng = random("series", number, noise)
        order = tuple(int(site) for site in rng.permutation(SITES))
        series_ = kind(TARGETS, order, FOR_RUNS, HIGHEST, rng)
        luck = random("missing", number, noise)
        rated = series(series_, someone.feel, lambda: luck.random() < parameters.missing_rate)
        estimate = series_.estimate(rated)
        refused = [r.reason for r in refusals(estimate, rated, LOWEST, HIGHEST)]
        row["stimuli"], row["hottest"] = len(rated), max(r.temperature for r in rated)
    row["refused"] = refused
    if responder and estimate is not None:
        shift = someone.shift_c(estimate.sites)
        row["truth"] = [round(someone.truth(t, shift), 4) for t in TARGETS]
        row["found"] = [round(t.temperature, 4) for t in estimate.targets]
        row["covered"] = [
            bool(t.low <= truth <= t.high)
            for t, truth in zip(estimate.targets, row["truth"], strict=True)
        ]
        row["half_width"] = [round(t.half_width_c, 4) for t in estimate.targets]
    return row


def jobs(persons: int) -> Iterator[tuple[int, float, str]]:
    for number in range(1, persons + 1):
        for noise in NOISES:
            for method in METHODS:
                yield number, noise, method


def within_reach(row: dict[str, Any]) -> bool:
    """Whether both true temperatures are such as may be given at all."""
    return (
        row["responder"]
        and "truth" in row
        and row["truth"][0] >= LOWEST
        and row["truth"][1] <= HIGHEST
    )


def near(row: dict[str, Any]) -> bool:
    return not row["refused"] and all(
        abs(f - t) <= NEAR_C for f, t in zip(row["found"], row["truth"], strict=True)
    )


def report(rows: list[dict[str, Any]], persons: int) -> str:
    lines = [
        "# Validity of the two calibrations",
        "",
        f"`{COMMAND} --persons {persons}`: {persons} simulated participants, "
        f"{persons // EVERY} of them non-responders; what is simulated, and what the oracle "
        "knows, is stated in that file.",
        "",
        "A participant counts as near if both temperatures are within 0.3 C of the truth *and* the "
        "calibration wasn't refused. Counted are responders whose two true temperatures lie within "
        f"{LOWEST:g} to {HIGHEST:g} C.",
        "",
        "| noise SD | method | counted | near, both targets | of the oracle's rate | 90 % intervals "
        "that cover | error, RMS at 40 / 65 (C) | mean error (C) | refused wrongly | "
        "non-responders refused | stimuli, mean |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for noise in NOISES:
        rates: dict[str, float] = {}
        for method in reversed(METHODS):
            own = [r for r in rows if r["noise"] == noise and r["method"] == method]
            counted = [r for r in own if within_reach(r)]
            if not counted:
                continue
            others = [r for r in own if not r["responder"] and "stimuli" in r]
            rates[method] = fmean(map(near, counted))
            kept = [r for r in counted if not r["refused"]]
            errors = np.array([np.subtract(r["found"], r["truth"]) for r in kept])
            rms, mean = np.sqrt((errors**2).mean(axis=0)), errors.mean(axis=0)
            cover = fmean(c for r in kept for c in r["covered"])
            is_oracle = method == "oracle"
            lines.append(
                f"| {noise:g} | {_NAMES[method]} | {len(counted)} | {rates[method]:.1%} | "
                + ("" if is_oracle else f"{rates[method] / rates['oracle']:.0%}")
                + f" | {'' if is_oracle else f'{cover:.1%}'} | {rms[0]:.2f} / {rms[1]:.2f} | "
                f"{mean[0]:+.2f} / {mean[1]:+.2f} | "
                + ("" if is_oracle else f"{len(counted) - len(kept)}")
                + " | "
                + (
                    ""
                    if is_oracle
                    else f"{sum(bool(r['refused']) for r in others)} of {len(others)}"
                )
                + f" | {fmean(r['stimuli'] for r in counted):.1f} |"
            )
    beyond = [r for r in rows if r["responder"] and "truth" in r and not within_reach(r)]
    lines += ["", "Responders whose truth lies outside the safe range (not counted above):", ""]
    for method in ("fixed", "adaptive"):
        own = [r for r in beyond if r["method"] == method]
        lines.append(
            f"- {_NAMES[method]}: {len(own)}, of which {sum(bool(r['refused']) for r in own)} were "
            f"refused (the others were taken to be within it)"
        )
    return "\n".join(lines) + "\n"


_NAMES = {"fixed": "(a) fixed", "adaptive": "(b) adaptive", "oracle": "oracle"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=PERSONS)
    parser.add_argument("--rows", type=Path, default=Path("data/calibration_validity.jsonl"))
    parser.add_argument("--out", type=Path, default=REPORT)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    given.rows.parent.mkdir(parents=True, exist_ok=True)
    lines = given.rows.read_text().splitlines() if given.rows.exists() else []
    rows = [json.loads(line) for line in lines]
    done = {(row["person"], row["noise"], row["method"]) for row in rows}
    parameters = simulated_parameters()
    missing = [job for job in jobs(given.persons) if job not in done]
    with given.rows.open("a") as file, ProcessPoolExecutor(given.workers) as pool:
        for row in (
            pool.map(one, *zip(*missing, strict=True), repeat(parameters)) if missing else ()
        ):
            rows.append(row)
            file.write(json.dumps(row) + "\n")
            file.flush()
    text = report([row for row in rows if row["person"] <= given.persons], given.persons)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
