"""The group report's pictures. Each takes tables and says its n; none computes a statistic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiment.report import style
from experiment.report.model import (
    BY_TRUST,
    CLINICIAN_TRUST,
    TrustEffect,
)
from experiment.report.paired import PairedTest

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MANY = 60  # participants: above, single ones are drawn smaller and without labels


def conditions(
    tables: Mapping[str, pd.DataFrame],
    means: Mapping[str, pd.DataFrame],
    trusts: Sequence[str],
    degrees: Mapping[str, str],
) -> Figure:
    """Ratings by temperature level and trust: participants' means, the mean of these, its interval.

    By question: `tables` with the columns participant, trust, level, temperature_level, mean;
    `means` with trust, temperature_level, mean, low, high. `degrees`: by level, what's said of it.
    """
    figure = style.new_figure(3.4)
    axes = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for axis, (question, table) in zip(axes, tables.items(), strict=True):
        levels = table.sort_values("level")["temperature_level"].unique()
        places = {name: place for place, name in enumerate(levels)}
        for side, trust in zip((-0.12, 0.12), trusts, strict=True):
            own = table[table["trust"] == trust]
            colour, sign = style.TRUST_COLOURS[trust], style.TRUST_SIGNS[trust]
            at = own["level"].to_numpy() + side
            axis.plot(at, own["mean"], sign, color=colour, ms=3, alpha=0.3, mew=0)
            mean = means[question][means[question]["trust"] == trust]
            at = mean["temperature_level"].map(places).to_numpy() + side
            axis.vlines(at, mean["low"], mean["high"], color=colour, lw=2)
            label = style.TRUST_WORDS[trust]
            axis.plot(at, mean["mean"], sign + "-", color=colour, ms=6, lw=1, label=label)
        axis.set_xticks(range(len(levels)), [f"{name}\n{degrees[name]}" for name in levels])
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


def sorted_effects(
    tables: Mapping[str, pd.DataFrame], effects: Mapping[str, TrustEffect]
) -> Figure:
    """Participants' effects, from the smallest to the largest, with 95 % intervals.

    `tables`: by question, with participant, effect, low, high, predicted.
    """
    most = max(len(table) for table in tables.values())
    many = most > MANY
    height = min(8.5, 1.4 + (0.03 if many else 0.13) * max(most, 10))
    figure, axes = _panels(height, tables)
    for axis, (question, table) in zip(axes, tables.items(), strict=True):
        table = table.dropna(subset=["effect"]).sort_values("effect")
        _spread(axis, table, effects.get(question), 2 if many else 4)
        if many:
            axis.set_yticks([])
            axis.set_ylabel("participants, sorted")
        else:
            axis.set_yticks(range(len(table)), table["participant"], fontsize=6)
        axis.set_title(f"{question} (n = {len(table)})")
    _legend_above(figure, axes)
    return figure


def clinicians(tables: Mapping[str, pd.DataFrame], effects: Mapping[str, TrustEffect]) -> Figure:
    """Effects by clinician, with 95 % intervals.

    `tables`: by question, with clinician, effect, low, high, predicted.
    """
    height = 1.3 + 0.24 * max(len(table) for table in tables.values())
    figure, axes = _panels(height, tables)
    for axis, (question, table) in zip(axes, tables.items(), strict=True):
        _spread(axis, table, effects.get(question), 5)
        axis.set_yticks(range(len(table)), table["clinician"])
        axis.set_title(question)
    _legend_above(figure, axes)
    return figure


def _panels(height_in: float, tables: Mapping[str, pd.DataFrame]) -> tuple[Figure, list[Any]]:
    figure = style.new_figure(height_in)
    return figure, list(figure.subplots(1, len(tables), sharex=True, squeeze=False)[0])


def _spread(axis: Any, table: pd.DataFrame, effect: TrustEffect | None, size: int) -> None:
    """Effects below one another: as rated with their intervals, as predicted, and their mean."""
    place, colour = np.arange(len(table)), style.TRUST_COLOURS["low"]
    axis.hlines(place, table["low"], table["high"], color=style.FAINT, lw=size / 4)
    axis.plot(table["effect"], place, "o", color=style.INK, ms=size, label="as rated")
    if effect is not None:
        known = {"color": colour, "ms": size, "mfc": "white", "label": "predicted by the model"}
        axis.plot(table["predicted"], place, "s", **known)
        axis.axvline(effect.raw.estimate, color=colour, lw=1, label="mean of the model")
    _zero_line(axis)


def _legend_above(figure: Figure, axes: Sequence[Any]) -> None:
    handles, labels = max(
        (axis.get_legend_handles_labels() for axis in axes), key=lambda h: len(h[0])
    )
    figure.legend(handles, labels, loc="outside upper right", ncols=3, fontsize=7)


def assumptions(effect: TrustEffect, question: str) -> Figure:
    """Residuals against fitted values, and whether residuals and slopes are normal."""
    figure = style.new_figure(4.6)
    axes = figure.subplots(2, 2).ravel()  # four in a row are narrower than their own titles
    found = effect.fit
    known = ~np.isnan(found.residuals)
    axes[0].plot(found.fitted[known], found.residuals[known], ".", color=style.INK, ms=2, alpha=0.4)
    axes[0].axhline(0, color=style.FAINT, lw=0.8)
    axes[0].set(title="residuals", xlabel="fitted (points)", ylabel="residual (points, a trial's)")
    clinicians_own = found.effects[CLINICIAN_TRUST].ravel()
    panels = (
        ("residuals", "points, a trial's", found.residuals[known], ".", 2, ""),
        ("participants' slopes", "points", found.effects[BY_TRUST].ravel(), "o", 3, BY_TRUST),
        ("clinicians' slopes", "points", clinicians_own, "o", 4, CLINICIAN_TRUST),
    )
    for axis, (title, unit, values, sign, size, component) in zip(axes[1:], panels, strict=True):
        axis.set_title(title)
        if component in found.at_zero:
            why = "not drawn: their variance was\nestimated as 0, and so was each of them"
            axis.text(0.5, 0.5, why, ha="center", va="center", transform=axis.transAxes)
            axis.set(xticks=[], yticks=[])
            continue
        _quantiles(axis, values, sign, size)
        axis.set(xlabel="normal quantile (SD)", ylabel=unit)
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
