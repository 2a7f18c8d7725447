"""The audit's pictures: one for each question about time. None of them shows a condition."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from experiment.report.style import (
    BAD,
    FAINT,
    HEAT,
    INK,
    LOOK,
    RUNS,
    figure_style,
    mark_origin,
    new_figure,
    run_colour,
)
from experiment.timing.facts import Point, RunFacts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT_IN = 2.0
MANY = len(RUNS)  # more runs than that lie over one another: they're drawn pale
MOST_HEATS = 400  # traces drawn; of a larger dataset evenly chosen ones
BINS = 20
SVG: Any = {"font.size": 8, "svg.fonttype": "none", "svg.hashsalt": "trustpain"}


def pictures(runs: Sequence[RunFacts]) -> dict[str, str]:
    """SVG text by topic; a topic without data has ''."""
    return {
        "onsets": _points(runs, lambda run: run.onsets, "actual − planned (ms)", limit=_criterion),
        "frames": _frames(runs),
        "pulses": _points(runs, lambda run: run.pulses, "pulse − fitted line (ms)"),
        "markers": _points(runs, lambda run: run.markers, "marker − flip (ms)"),
        "heat_commands": _points(runs, lambda run: run.heat_commands, "command − flip (ms)"),
        "heats": _heats(runs),
        "responses": _responses(runs),
    }


class _Picture:
    svg = ""


@contextmanager
def _drawing(runs: Sequence[RunFacts]) -> Iterator[tuple[Figure, _Picture]]:
    import matplotlib as mpl

    picture = _Picture()
    with figure_style(), mpl.rc_context(SVG):
        figure = new_figure(HEIGHT_IN)
        yield figure, picture
        mark_origin(figure, [run.record.head.kind for run in runs])
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    picture.svg = text[text.index("<svg") :]  # without XML's head, to stand in a page


def _criterion(runs: Sequence[RunFacts]) -> float | None:
    verdict = runs[-1].record.head.study.get("verdict") or {}
    return verdict.get("max_lateness_ms")


def _points(
    runs: Sequence[RunFacts],
    of: Callable[[RunFacts], Sequence[Point]],
    label: str,
    limit: Callable[[Sequence[RunFacts]], float | None] = lambda runs: None,
) -> str:
    """Milliseconds over the run's schedule, and how they are spread."""
    if not any(of(run) for run in runs):
        return ""
    with _drawing(runs) as (figure, picture):
        over, spread = figure.subplots(1, 2, width_ratios=(3, 1), sharey=True)
        values: list[float] = []
        for run in runs:
            if not (points := of(run)):
                continue
            values += [ms for _, ms in points]
            over.plot(
                *zip(*points, strict=True),
                ".",
                markersize=2.2,
                color=run_colour(run.record.start.run),
                alpha=1.0 if len(runs) <= MANY else 0.3,
                rasterized=True,
                label=f"run {run.record.start.run}",
            )
        spread.hist(values, bins=40, orientation="horizontal", color=FAINT)
        if (most := limit(runs)) is not None:
            for sign in (-1, 1):
                over.axhline(sign * most, color=INK, linewidth=0.8, linestyle="--")
        low, high = over.get_ylim()
        over.set_ylim(min(low, -0.5), max(high, 0.5))  # noise of microseconds fills no picture
        over.set_xlabel("time on the run's schedule (s)")
        over.set_ylabel(label)
        spread.set_xlabel(f"count (of {len(values)})")
        handles, labels = over.get_legend_handles_labels()
        each = dict(zip(labels, handles, strict=True))  # runs of several sessions, once an index
        figure.legend(
            *(each.values(), each.keys()),
            ncols=6,
            loc="outside lower center",
            fontsize=6.5,
            markerscale=3,
        )
    return picture.svg


def _frames(runs: Sequence[RunFacts]) -> str:
    """How many frame intervals had which length, in periods of the screen."""
    counts = [run.record.end.frame_tenths for run in runs if run.record.end is not None]
    counts = [each for each in counts if each]
    if not counts:
        return ""
    total = [sum(column) for column in zip(*counts, strict=True)]
    with _drawing(runs) as (figure, picture):
        axes = figure.subplots()
        lefts = [k / 10 for k in range(len(total))]
        colours = [BAD if left >= 1.5 else FAINT for left in lefts]
        axes.bar(lefts, total, width=0.1, align="edge", color=colours)
        axes.set_yscale("symlog", linthresh=1)
        axes.axvline(1.5, color=LOOK, linewidth=0.8, linestyle="--")
        axes.set_xlabel("frame interval (periods of the screen; the last bar: and longer)")
        axes.set_ylabel(f"count (of {sum(total)})")
    return picture.svg


def _heats(runs: Sequence[RunFacts]) -> str:
    """What was asked for and what was delivered, over each stimulus, and the difference."""
    heats = [heat for run in runs for heat in run.heats if heat.delivered]
    if not heats:
        return ""
    heats = heats[:: max(1, len(heats) // MOST_HEATS)]
    with _drawing(runs) as (figure, picture):
        whole, top = figure.subplots(1, 2)
        for heat in heats:
            look: dict[str, Any] = {
                "color": BAD if heat.aborted else HEAT,
                "linewidth": 0.5,
                "alpha": 0.6,
                "rasterized": True,
            }
            xs, ys = zip(*heat.delivered, strict=True)
            whole.plot(xs, ys, **look)
            top.plot(xs, [y - _asked(heat.asked, x) for x, y in heat.delivered], **look)
        for asked in {heat.asked for heat in heats}:
            whole.plot(*zip(*asked, strict=True), color=INK, linewidth=0.8, linestyle="--")
        top.axhline(0, color=INK, linewidth=0.8, linestyle="--")
        whole.set_xlabel("time from the start command (s)")
        whole.set_ylabel("temperature (°C)")
        whole.set_title("asked for (dashed) and delivered")
        top.set_xlabel("time from the start command (s)")
        top.set_ylabel("delivered − asked for (°C)")
        top.set_title("the difference")
    return picture.svg


def _asked(knots: Sequence[Point], time: float) -> float:
    for (start, low), (end, high) in pairwise(knots):
        if time <= end:
            return low + (high - low) * (time - start) / (end - start) if end > start else high
    return knots[-1][1]


def _responses(runs: Sequence[RunFacts]) -> str:
    """Intervals between key events within a frame: those stamped by frames pile up at its ends."""
    shares: list[float] = []
    for run in runs:
        period = _period(run)
        shares += [interval % period / period for interval in run.response_intervals_s]
    if not shares:
        return ""
    with _drawing(runs) as (figure, picture):
        axes = figure.subplots()
        axes.hist(shares, bins=[k / BINS for k in range(BINS + 1)], color=FAINT)
        axes.axhline(len(shares) / BINS, color=INK, linewidth=0.8, linestyle="--")
        axes.set_xlabel("interval between key events, remainder after whole frames (periods)")
        axes.set_ylabel(f"count (of {len(shares)})")
    return picture.svg


def _period(run: RunFacts) -> float:
    head = run.record.head
    screen = head.rig.get("screen") or {}
    return 1 / float(head.display.get("refresh_hz") or screen.get("refresh_hz") or 60.0)
