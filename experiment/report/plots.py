"""The group report's pictures. Each takes tables and says its n; none computes a statistic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiment.report import style
from experiment.report.model import (
    BY_TRUST,
    CLINICIAN_TRUST,
    PairedTest,
    TrustEffect,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MANY = 60  # participants: above, single ones are drawn smaller and without labels


def conditions(tables: Mapping[str, pd.DataFrame], trusts: Sequence[str]) -> Figure:
    """Ratings by temperature level and trust: participants' means, and the mean of these.

    `tables`: by question, with the columns participant, trust, level, temperature_level, mean.
    """
    figure = style.new_figure(3.4)
    axes = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for axis, (question, table) in zip(axes, tables.items(), strict=True):
        levels = table.sort_values("level")["temperature_level"].unique()
        for side, trust in zip((-0.12, 0.12), trusts, strict=True):
            own = table[table["trust"] == trust]
            colour, sign = style.TRUST_COLOURS[trust], style.TRUST_SIGNS[trust]
            at = own["level"].to_numpy() + side
            axis.plot(at, own["mean"], sign, color=colour, ms=3, alpha=0.3, mew=0)
            means = own.groupby("level")["mean"].mean()
            label = style.TRUST_WORDS[trust]
            axis.plot(means.index + side, means, sign + "-", color=colour, ms=8, label=label)
        axis.set_xticks(range(len(levels)), levels)
        axis.set_xlim(-0.5, len(levels) - 0.5)
        axis.set_ylim(0, 100)
        axis.set_title(f"{question} (n = {table['participant'].nunique()})")
        axis.set_xlabel("temperature level")
    axes[0].set_ylabel("rating (points of 0 to 100)")
    axes[0].legend(loc="upper left")
    return figure


def estimates(effects: Mapping[str, TrustEffect], tests: Mapping[str, PairedTest]) -> Figure:
    """The trust effect by question and method, with 95 % intervals."""
    lines = [(f"{q}: mixed model", e.raw, "o") for q, e in effects.items()]
    lines += [(f"{q}: paired test", t.raw, "D") for q, t in tests.items()]
    lines.sort(key=lambda line: line[0])
    figure = style.new_figure(0.9 + 0.33 * len(lines))
    axis = figure.subplots()
    for place, (_, interval, sign) in enumerate(lines):
        axis.plot([interval.low, interval.high], [place, place], "-", color=style.INK)
        axis.plot([interval.estimate], [place], sign, color=style.INK, ms=6)
    axis.set_yticks(range(len(lines)), [label for label, _, _ in lines])
    axis.set_ylim(len(lines) - 0.5, -0.5)
    _zero_line(axis)
    return figure


def sorted_effects(table: pd.DataFrame, question: str, effect: float | None) -> Figure:
    """Participants' effects, from the smallest to the largest, with 95 % intervals.

    `table`: participant, effect, low, high, predicted. `effect`: that of the mixed model.
    """
    table = table.dropna(subset=["effect"]).sort_values("effect")
    many = len(table) > MANY
    figure = style.new_figure(min(8.5, 1.0 + (0.03 if many else 0.13) * max(len(table), 10)))
    axis = figure.subplots()
    place = np.arange(len(table))
    axis.hlines(place, table["low"], table["high"], color=style.FAINT, lw=0.4 if many else 1.0)
    axis.plot(table["effect"], place, "o", color=style.INK, ms=2 if many else 4, label="as rated")
    if table["predicted"].notna().any():
        colour, size = style.TRUST_COLOURS["low"], 2 if many else 4
        label = "predicted by the model"
        axis.plot(table["predicted"], place, "s", color=colour, ms=size, mfc="white", label=label)
    if effect is not None:
        axis.axvline(effect, color=style.TRUST_COLOURS["low"], lw=1, label="mean of the model")
    if many:
        axis.set_yticks([])
    else:
        axis.set_yticks(place, table["participant"], fontsize=6)
    axis.set_title(f"{question} (n = {len(table)})")
    axis.legend(loc="lower right", fontsize=7)
    _zero_line(axis)
    return figure


def clinicians(tables: Mapping[str, pd.DataFrame], effects: Mapping[str, TrustEffect]) -> Figure:
    """Effects by clinician, with 95 % intervals.

    `tables`: by question, with clinician, effect, low, high, predicted.
    """
    largest = max(len(table) for table in tables.values())
    figure = style.new_figure(1.0 + 0.24 * largest)
    axes = figure.subplots(1, len(tables), sharex=True, squeeze=False)[0]
    for axis, (question, table) in zip(axes, tables.items(), strict=True):
        place = np.arange(len(table))
        axis.hlines(place, table["low"], table["high"], color=style.FAINT)
        axis.plot(table["effect"], place, "o", color=style.INK, ms=5, label="as rated")
        colour = style.TRUST_COLOURS["low"]
        if table["predicted"].notna().any():
            label = "predicted by the model"
            axis.plot(table["predicted"], place, "s", color=colour, mfc="white", ms=5, label=label)
        if question in effects:
            axis.axvline(effects[question].raw.estimate, color=colour, lw=1)
        axis.set_yticks(place, table["clinician"])
        axis.set_title(question)
        _zero_line(axis)
    axes[0].legend(fontsize=7)
    return figure


def assumptions(effect: TrustEffect, question: str) -> Figure:
    """Residuals against fitted values, and whether residuals and slopes are normal."""
    figure = style.new_figure(2.6)
    axes = figure.subplots(1, 4)
    found = effect.fit
    known = ~np.isnan(found.residuals)
    axes[0].plot(found.fitted[known], found.residuals[known], ".", color=style.INK, ms=2, alpha=0.4)
    axes[0].axhline(0, color=style.FAINT, lw=0.8)
    axes[0].set(title="residuals", xlabel="fitted (points)", ylabel="residual (a trial's scale)")
    panels = (
        ("residuals", found.residuals[known], ".", 2),
        ("participants' slopes", found.effects[BY_TRUST].ravel(), "o", 3),
        ("clinicians' slopes", found.effects[CLINICIAN_TRUST].ravel(), "o", 4),
    )
    for axis, (title, values, sign, size) in zip(axes[1:], panels, strict=True):
        _quantiles(axis, values, sign, size)
        axis.set(title=title, xlabel="normal quantile")
    axes[1].set_ylabel("points")
    figure.suptitle(f"{question}: what the model assumes", x=0.01, ha="left", fontsize=10)
    return figure


def _quantiles(axis: Any, values: np.ndarray[Any, Any], sign: str, size: int) -> None:
    from scipy import stats

    (at, ordered), (slope, intercept, _) = stats.probplot(values, dist="norm")
    axis.plot(at, ordered, sign, color=style.INK, ms=size, alpha=0.6)
    axis.plot(at, intercept + slope * at, "-", color=style.FAINT, lw=1)


def _zero_line(axis: Any) -> None:
    axis.axvline(0, color=style.FAINT, lw=1, ls="--")
    axis.set_xlabel("lower minus higher trust (points)")
