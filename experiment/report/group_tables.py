"""The group report's tables: what its pictures show and its page quotes, written beside it.

Ratings and effects are points of the 0-100 scale, temperatures degrees Celsius, missing is n/a.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from experiment.report.inference import LEVEL
from experiment.report.model import (
    BY_TRUST,
    CLINICIAN_TRUST,
    TRUST,
    TrustEffect,
)
from experiment.report.paired import participant_means
from experiment.report.results import Results

if TYPE_CHECKING:
    import pandas as pd

EFFECT_COLUMNS = (
    *("question", "method", "estimate", "low", "high", "se", "df", "t", "p"),
    *("standardised_by", "standardised", "standardised_low", "standardised_high"),
    *("n_participants", "n_clinicians", "n_trials"),
)


def all_tables(results: Results) -> dict[str, pd.DataFrame]:
    """Every table, by the word that its file's name ends in."""
    import pandas as pd

    by_question = {
        "conditions": conditions_table,
        "cells": cells_table,
        "participants": participants_table,
        "clinicians": clinicians_table,
    }
    tables = {"inclusion": inclusion_table(results), "effects": effects_table(results)}
    tables["variances"] = variances_table(results)
    tables["faces"] = faces_table(results)
    for name, make in by_question.items():
        parts = [make(results, question) for question in results.cells]
        for question, part in zip(results.cells, parts, strict=True):
            part.insert(0, "question", question)
        filled = [part for part in parts if len(part)]
        tables[name] = pd.concat(filled, ignore_index=True) if filled else parts[0]
    return tables


def inclusion_table(results: Results) -> pd.DataFrame:
    """Every participant who has ever come: in or out, and why."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "participant": person.participant,
                "included": "yes" if person.included else "no",
                "reasons": "; ".join(person.reasons) or "n/a",
                "notes": "; ".join(person.notes) or "n/a",
                "runs_used": person.runs_used,
                "runs_found": person.runs_found,
                "ratings_given": person.ratings_given,
                "ratings_planned": person.ratings_planned,
                "missing_share": _rounded(person.missing, 4),
                "timing": person.verdict,
                "temperature_effect": _rounded(person.temperature_effect, 3),
            }
            for person in results.people
        ]
    )


def effects_table(results: Results) -> pd.DataFrame:
    """The effect of trust by question and method."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for question, effect in results.effects.items():
        counts = (len(effect.participants), len(effect.clinicians), effect.n_trials)
        by, standard = "SD of a single rating", effect.standardised
        rows.append(
            {"question": question, "method": "mixed model", **_test(effect, effect.se)}
            | _standardised(by, standard)
            | dict(zip(EFFECT_COLUMNS[-3:], counts, strict=True))
        )
    for question, test in results.tests.items():
        n, cells = test.df + 1, results.cells[question]
        cells = cells[~cells["participant"].isin(test.without)]
        counts = (n, cells["clinician"].nunique(), int(cells["n"].sum()))
        by, standard = "SD of participants' differences", test.dz
        rows.append(
            {"question": question, "method": "paired test", **_test(test, test.sd / math.sqrt(n))}
            | _standardised(by, standard)
            | dict(zip(EFFECT_COLUMNS[-3:], counts, strict=True))
        )
    return pd.DataFrame(rows, columns=list(EFFECT_COLUMNS))


def _test(found: Any, se: float) -> dict[str, float]:
    raw = found.raw
    return {
        "estimate": raw.estimate,
        "low": raw.low,
        "high": raw.high,
        "se": se,
        "df": float(found.df),
        "t": found.t,
        "p": found.p,
    }


def _standardised(by: str, interval: Any) -> dict[str, Any]:
    return {
        "standardised_by": by,
        "standardised": interval.estimate,
        "standardised_low": interval.low,
        "standardised_high": interval.high,
    }


def faces_table(results: Results) -> pd.DataFrame:
    """The manipulation check: higher minus lower trust on ratings of faces."""
    import pandas as pd

    columns = ("question", "when", "method", *EFFECT_COLUMNS[2:9], "n_participants", "why_not")
    rows: list[dict[str, Any]] = []
    for effect in results.faces:
        common = {
            "question": effect.question,
            "when": effect.when,
            "n_participants": effect.n,
            "why_not": effect.why_not or "n/a",
        }
        if effect.mixed is not None:
            tested = _test(effect.mixed, effect.mixed.se)
            rows.append(common | {"method": "mixed model"} | tested)
        if effect.paired is not None:
            se = effect.paired.sd / math.sqrt(effect.paired.df + 1)
            rows.append(common | {"method": "paired test"} | _test(effect.paired, se))
        if effect.mixed is None and effect.paired is None:
            rows.append(common | {"method": "none"})
    return pd.DataFrame(rows, columns=list(columns))


def variances_table(results: Results) -> pd.DataFrame:
    """The mixed models' variances and their square roots; the residual is a single trial's."""
    import pandas as pd

    rows = []
    for question, effect in results.effects.items():
        found = effect.fit
        names = [component.name for component in found.problem.components]
        for name, value in zip(
            [*names, "residual"], [*found.variances, found.residual], strict=True
        ):
            sd = math.sqrt(value)
            row = {"question": question, "component": name, "variance": float(value), "sd": sd}
            rows.append(row)
    return pd.DataFrame(rows, columns=["question", "component", "variance", "sd"])


def conditions_table(results: Results, question: str) -> pd.DataFrame:
    """Mean and SD over participants' means, by trust and temperature level, coolest first.

    `low` and `high`: the mean's 95 % interval for comparison within participants, see
    `_within_halves`. `temperature`: the mean of participants' means in degrees, since they may
    differ after calibration; `coolest` and `hottest` of all trials.
    """
    cells = condition_means(results, question)
    grouped = cells.groupby(["trust", "level", "temperature_level"])
    table = grouped.agg(
        participants=("participant", "nunique"),
        trials=("n", "sum"),
        mean=("mean", "mean"),
        sd=("mean", "std"),
    ).reset_index()
    halves, whole = _within_halves(cells)
    half = [
        halves.get((trust, level), math.nan) for trust, level in table[["trust", "level"]].values
    ]
    table = table.assign(low=table["mean"] - half, high=table["mean"] + half, interval_n=whole)
    table = table.merge(level_temperatures(results), on="temperature_level")
    order = table["trust"].map({trust: place for place, trust in enumerate(results.trusts)})
    table = table.assign(order=order).sort_values(["order", "level"], ignore_index=True)
    return table.drop(columns=["order", "level"])


def _within_halves(cells: pd.DataFrame) -> tuple[dict[tuple[str, int], float], int]:
    """Half widths of 95 % intervals by (trust, level), and the participants they are from.

    After Cousineau (2005, Tutor Quant Methods Psychol 1(1), 42-45) with Morey's correction (2008,
    ibid. 4(2), 61-64): participants' general levels are taken out, since they differ far more than
    conditions do and say nothing about a difference within participants. Only those who rated in
    all conditions count.
    """
    from scipy import stats

    whole = cells.pivot(index="participant", columns=["trust", "level"], values="mean").dropna()
    n, conditions = whole.shape
    if n < 2 or conditions < 2:
        return {}, n
    own = whole.sub(whole.mean(axis=1), axis=0)
    se = own.std(ddof=1) * math.sqrt(conditions / (conditions - 1) / n)
    half = se * float(stats.t.ppf((1 + LEVEL) / 2, n - 1))
    by_condition: dict[Any, float] = dict(zip(whole.columns.to_list(), half.tolist(), strict=True))
    return by_condition, n


def level_temperatures(results: Results) -> pd.DataFrame:
    """Degrees Celsius by temperature level, of the participants in the analysis."""
    by_level = results.trials.groupby(["temperature_level", "participant"])["temperature"]
    return (
        by_level.agg(["mean", "min", "max"])
        .groupby("temperature_level")
        .agg(temperature=("mean", "mean"), coolest=("min", "min"), hottest=("max", "max"))
        .reset_index()
    )


def level_words(results: Results) -> dict[str, str]:
    """What a temperature level is in degrees; nothing of one that's named by them."""
    words = {}
    for name, mean, coolest, hottest in level_temperatures(results).itertuples(index=False):
        if coolest == hottest:
            text = f"{mean:g} °C"
            words[str(name)] = "" if text == name else text
        else:
            words[str(name)] = f"mean {mean:.2f}, {coolest:g} to {hottest:g} °C"
    return words


def condition_means(results: Results, question: str) -> pd.DataFrame:
    """Each participant's mean over clinicians, by trust and temperature level."""
    keys = ["participant", "trust", "level", "temperature_level"]
    cells = results.cells[question].groupby(keys)
    return cells.agg(mean=("mean", "mean"), n=("n", "sum")).reset_index()


def cells_table(results: Results, question: str) -> pd.DataFrame:
    """What the model was fitted to."""
    return results.cells[question].drop(columns="level").copy()


def participants_table(results: Results, question: str) -> pd.DataFrame:
    """Each participant's effect as rated, with the interval that its own trials give it.

    The interval's variance is that of single ratings within conditions, pooled over them;
    `predicted` is the mixed model's (fixed effect plus the participant's slope).
    """
    import pandas as pd
    from scipy import stats

    columns = ["participant", "effect", "low", "high", "n", "predicted"]
    if len(results.trusts) != 2 or results.cells[question].empty:
        return pd.DataFrame(columns=columns)
    lower, higher = results.trusts
    means = participant_means(results.cells[question], (lower, higher))
    differences = dict(zip(means.index, (means[lower] - means[higher]).tolist(), strict=True))
    predicted = _predicted(results.effects.get(question), BY_TRUST)
    rated = results.trials.dropna(subset=[question])
    rows = []
    for name, own in rated.groupby("participant"):
        grouped = own.groupby(["trust", "temperature_level"])[question]
        n, k = grouped.size(), grouped.ngroups
        off = own[question] - grouped.transform("mean")
        effect = differences[str(name)]
        half = math.nan
        if len(own) > k:
            se = math.sqrt(float((off**2).sum()) / (len(own) - k) * float((1 / n).sum())) * 2 / k
            half = float(stats.t.ppf((1 + LEVEL) / 2, len(own) - k)) * se
        line = (name, effect, effect - half, effect + half, len(own), predicted.get(str(name)))
        rows.append(line)
    return pd.DataFrame(rows, columns=columns).astype({"predicted": "float64"})


def clinicians_table(results: Results, question: str) -> pd.DataFrame:
    """Each clinician's effect between those who met it at lower and at higher trust (Welch).

    From ratings minus the participant's mean at that temperature level, since participants differ
    far more than clinicians do; `predicted` is the mixed model's.
    """
    import pandas as pd
    from scipy import stats

    columns = ["clinician", "n_lower", "n_higher", "effect", "low", "high", "predicted"]
    cells = results.cells[question]
    if len(results.trusts) != 2 or cells.empty:
        return pd.DataFrame(columns=columns)
    centred = cells["mean"] - cells.groupby(["participant", "level"])["mean"].transform("mean")
    pairs = (
        cells.assign(centred=centred)
        .groupby(["clinician", "trust", "participant"])["centred"]
        .mean()
        .reset_index()
    )
    predicted = _predicted(results.effects.get(question), CLINICIAN_TRUST)
    rows = []
    for name in sorted(set(cells["clinician"])):
        sides = []
        for trust in results.trusts:
            side = pairs[(pairs["clinician"] == name) & (pairs["trust"] == trust)]
            sides.append(side["centred"].to_numpy())
        effect = float(sides[0].mean() - sides[1].mean()) if all(map(len, sides)) else math.nan
        low = high = math.nan
        if min(map(len, sides)) > 1 and all(side.std() > 0 for side in sides):
            test = stats.ttest_ind(*sides, equal_var=False)
            interval = test.confidence_interval(LEVEL)
            low, high = float(interval.low), float(interval.high)
        rows.append((name, len(sides[0]), len(sides[1]), effect, low, high, predicted.get(name)))
    return pd.DataFrame(rows, columns=columns).astype({"predicted": "float64"})


def _predicted(effect: TrustEffect | None, component: str) -> dict[str, float]:
    """The mixed model's effect of each participant or clinician."""
    if effect is None:
        return {}
    names = effect.participants if component == BY_TRUST else effect.clinicians
    own = effect.fit.effects[component].ravel()
    mean = effect.fit.estimate(TRUST)
    return {name: mean + float(value) for name, value in zip(names, own, strict=True)}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
