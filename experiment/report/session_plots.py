"""The pictures of a session's report: what was shown, felt and answered, in the order it happened.

All of them are blind (no colour, place or label depends on the trust level) but `by_condition`.
Each function gives SVG text, so that it prints sharp and its words can be found.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any

from experiment.bids.records import RunRecord
from experiment.journal import events
from experiment.plan.timeline import NO_SITE
from experiment.report.session_facts import Answer, SessionFacts
from experiment.report.style import (
    GRID,
    HEAT,
    INK,
    OTHER_PHASE,
    PHASES,
    figure_style,
    mark_origin,
    new_figure,
    question_look,
    trust_look,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 12  # runs with a strip of their own; a session with more is drawn up to here
BEFORE_S, AFTER_S = 1.0, 2.0  # of a temperature trace, around its heat slot

SMALL: Any = {
    # Many panels on a page; words stay words, so that a page can be searched.
    **{"font.size": 7.5, "axes.titlesize": 8, "axes.linewidth": 0.6},
    **{"svg.fonttype": "none", "svg.hashsalt": "trustpain"},
}


class Drawing:
    """Collects a figure's settings; `svg` holds the picture once the `with` is over."""

    svg = ""


@contextmanager
def drawing(height_in: float, facts: SessionFacts) -> Iterator[tuple[Figure, Drawing]]:
    """A figure of the page's width, marked with its origin; the same facts give the same SVG."""
    import matplotlib as mpl

    result = Drawing()
    with figure_style(), mpl.rc_context(SMALL):
        figure = new_figure(height_in)
        yield figure, result
        mark_origin(figure, [facts.head.kind])
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    result.svg = text[text.index("<svg") :]  # without XML's head, to stand in a page


def drawn_runs(facts: SessionFacts) -> list[RunRecord]:
    """The segments that can be drawn: those that began."""
    return [run for run in facts.records if run.zero is not None and run.phases][:MOST_ROWS]


def label_of(run: RunRecord) -> str:
    """A segment's name beside its strip."""
    again = f".{run.start.segment}" if run.start.segment > 1 else ""
    site = f"\nsite {run.start.skin_site}" if run.start.skin_site != NO_SITE else ""
    return f"run {run.start.run}\n(planned {run.start.design_run}{again}){site}"


# --- the design as it ran -----------------------------------------------------------------------


def raster(facts: SessionFacts) -> str:
    """A line a segment, a box a phase, from its first flip to its end."""
    from matplotlib.patches import Patch

    runs = drawn_runs(facts)
    with drawing(0.8 + 0.42 * len(runs), facts) as (figure, result):
        axes = figure.subplots()
        for row, run in enumerate(runs):
            _raster_row(axes, row, run)
        axes.set_yticks(range(len(runs)), [label_of(run) for run in runs], fontsize=6)
        axes.set_ylim(len(runs) - 0.4, -0.75)
        axes.set_xlabel("time on the run's schedule (s)")
        axes.spines["left"].set_visible(False)
        trials = sum(len(run.trials) for run in facts.records)
        axes.set_title(f"{trials} trials in {len(facts.records)} segment(s)")
        shown = (
            [*PHASES.values(), OTHER_PHASE]
            if facts.gives_heat
            else [PHASES["fixation"], PHASES["rating"]]
        )
        handles = [Patch(color=colour, label=label) for colour, label in shown]
        if facts.gives_heat:
            handles.append(
                Patch(facecolor="white", edgecolor=HEAT, hatch="xxxx", label="heat not given")
            )
        figure.legend(handles=handles, ncols=len(handles), loc="outside lower center", fontsize=6.5)
    return result.svg


def _raster_row(axes: Axes, row: int, run: RunRecord) -> None:
    assert run.zero is not None
    for colour, boxes in _boxes(run).items():
        look: dict[str, Any] = {"facecolor": colour, "edgecolor": "white", "linewidth": 0.3}
        if colour == "white":
            look |= {"edgecolor": HEAT, "hatch": "xxxxxx", "linewidth": 0.6}
        axes.broken_barh(boxes, (row - 0.22, 0.5), **look)
    for trial, phases in groupby(run.phases, key=lambda phase: phase.trial):
        onset = next(phases).t - run.zero.t
        if trial >= 0:  # what comes after the last trial has none of its own
            name = str(trial) if trial else "lead"
            axes.text(onset, row - 0.3, name, fontsize=5.5, va="bottom")


def _boxes(run: RunRecord) -> dict[str, list[tuple[float, float]]]:
    """Onsets and lengths by colour; white: heat that wasn't given."""
    assert run.zero is not None
    last = run.journal.events[-1].t
    boxes: dict[str, list[tuple[float, float]]] = {}
    for phase in run.phases:
        end = run.phase_ends.get((phase.trial, phase.phase), last)
        kind = phase.trial_type.split("_")[0]
        colour = PHASES.get(kind, OTHER_PHASE)[0]
        if kind == "heat" and phase.trial in run.skipped:
            colour = "white"
        boxes.setdefault(colour, []).append((phase.t - run.zero.t, max(0.0, end - phase.t)))
    return boxes


# --- strips: one row a segment, its trials side by side -----------------------------------------


def temperature_traces(facts: SessionFacts) -> str:
    """Every stimulus: asked-for plateau (black) and the mean of the zones (purple)."""
    from matplotlib.collections import LineCollection

    runs = drawn_runs(facts)
    slot = BEFORE_S + AFTER_S + _longest(runs, "heat")
    with drawing(0.4 + 0.82 * max(1, len(runs)), facts) as (figure, result):
        for axes, run, places in _strips(figure, runs, slot, trials=_with_heat):
            traces, asked = [], []
            for heat in run.triggered:
                left = places[heat.trial] + BEFORE_S
                traces.append(_trace(run, heat, left, slot))
                plateau = (left, left + heat.plateau_s)
                asked.append([(x, heat.temperature) for x in plateau])
            axes.add_collection(LineCollection(traces, colors=HEAT, linewidths=0.9))
            axes.add_collection(LineCollection(asked, colors=INK, linewidths=0.5, zorder=3))
            axes.autoscale_view(scalex=False)
            axes.set_ylabel("°C")
            skipped = f", {len(run.skipped)} not given" if run.skipped else ""
            axes.set_title(_title(run, f"{len(run.triggered)} stimuli{skipped}"))
    return result.svg


def _trace(
    run: RunRecord, heat: events.HeatTriggered, left: float, slot: float
) -> list[tuple[float, float]]:
    return [
        (left + t - heat.t, mean)
        for event in run.temperatures
        for t, mean in zip(event.times, event.mean, strict=True)
        if -BEFORE_S <= t - heat.t <= slot - BEFORE_S and math.isfinite(mean)
    ]


def rating_paths(facts: SessionFacts) -> str:
    """How the cursor moved in each trial, a colour a question; a mark where it was confirmed."""
    from matplotlib.collections import LineCollection

    runs, questions = drawn_runs(facts), questions_of(facts)
    slot = 1.0 + _longest(runs, "rating")
    with drawing(0.6 + 0.82 * max(1, len(runs)), facts) as (figure, result):
        for axes, run, places in _strips(figure, runs, slot, trials=lambda run: run.trials):
            for number, question in enumerate(questions):
                mine = [
                    (rating, places[trial])
                    for (trial, _), rating in run.ratings.items()
                    if rating.question == question and trial in places
                ]
                colour, sign = question_look(number)
                paths = [_path(rating, left) for rating, left in mine if rating.path]
                axes.add_collection(LineCollection(paths, colors=colour, linewidths=0.7))
                for confirmed, mark in ((True, sign), (False, "+")):
                    at = [
                        (left + rating.response_time, rating.rating)
                        for rating, left in mine
                        if rating.rating is not None
                        and rating.response_time is not None
                        and rating.confirmed is confirmed
                    ]
                    _points(axes, at, mark, colour, 2.5 if confirmed else 5)
                missing = [left + slot / 2 for rating, left in mine if rating.rating is None]
                _points(axes, [(x, 4.0 + 9 * number) for x in missing], "x", colour, 4)
            axes.set_ylim(-3, 103)
            axes.set_ylabel("rating")
            given = sum(rating.rating is not None for rating in run.ratings.values())
            axes.set_title(_title(run, f"{given} of {len(run.ratings)} ratings given"))
        _legend_of_questions(figure, questions)
    return result.svg


def _path(rating: events.Rating, left: float) -> list[tuple[float, float]]:
    return [
        (left + t - rating.onset, value)
        for t, value in zip(rating.path_t, rating.path, strict=False)
    ]


def _points(
    axes: Axes, points: Sequence[tuple[float, float]], mark: str, colour: str, size: float
) -> None:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    axes.plot(xs, ys, mark, color=colour, markersize=size)


def _strips(
    figure: Figure,
    runs: Sequence[RunRecord],
    slot: float,
    *,
    trials: Callable[[RunRecord], list[int]],
) -> Iterator[tuple[Axes, RunRecord, dict[int, float]]]:
    """For each segment its axes, and where each of its trials begins on them (s)."""
    most = max((len(trials(run)) for run in runs), default=0)
    # No shared x: shared axes have one set of tick labels, so that the last segment's trials would
    # stand under every segment.
    rows = figure.subplots(max(1, len(runs)), 1, sharey=True, squeeze=False)[:, 0]
    for axes, run in zip(rows, runs, strict=False):
        places = {trial: place * slot for place, trial in enumerate(trials(run))}
        for left in list(places.values())[1:]:
            axes.axvline(left, color=GRID, linewidth=0.5)
        middles = [left + slot / 2 for left in places.values()]
        axes.set_xticks(middles, [str(trial) if trial else "lead-in" for trial in places])
        axes.set_xlim(0, max(1, most) * slot)
        axes.tick_params(axis="x", length=0, labelbottom=True, labelsize=6)
        yield axes, run, places
    rows[-1].set_xlabel(f"trial; each {slot:g} s wide")


def _title(run: RunRecord, what: str) -> str:
    return f"{label_of(run)}: {what}".replace("\n(", " (").replace("\n", ", ")


def _with_heat(run: RunRecord) -> list[int]:
    """The trials whose heat was due or given, the lead-in among them."""
    due = [phase.trial for phase in run.phases if phase.trial_type.startswith("heat")]
    return list(dict.fromkeys(due + [heat.trial for heat in run.triggered]))


def _longest(runs: Sequence[RunRecord], kind: str) -> float:
    """The longest phase of a kind that has a length, seconds; of ratings, the longest taken."""
    lengths = [
        phase.planned_duration
        if phase.planned_duration is not None
        else run.phase_ends.get((phase.trial, phase.phase), phase.t) - phase.t
        for run in runs
        for phase in run.phases
        if phase.trial_type.startswith(kind)
    ]
    return math.ceil(max(lengths, default=6.0))


# --- ratings over the session -------------------------------------------------------------------


def questions_of(facts: SessionFacts) -> list[str]:
    """The questions put in runs, in the order in which they came first."""
    asked = [r for run in facts.records for r in run.ratings.values()]
    return list(dict.fromkeys(rating.question for rating in asked))


def habituation(facts: SessionFacts) -> str:
    """Ratings by trial in the order in which they were given."""
    from matplotlib.ticker import MaxNLocator

    questions = questions_of(facts)
    with drawing(2.3, facts) as (figure, result):
        axes = figure.subplots()
        for number, question in enumerate(questions):
            _answers_in_order(axes, facts.answers, question, number)
        first: dict[int, int] = {}
        for answer in facts.answers:
            first.setdefault(answer.run, answer.order)
        for run, order in first.items():
            axes.axvline(order - 0.5, color=GRID, linewidth=0.6)
            axes.text(order - 0.4, 104, f"run {run}", fontsize=6)
        axes.set_ylim(-9, 103)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("trial, counted over the session")
        axes.set_ylabel("rating (0 to 100)")
        _legend_of_questions(figure, questions)
    return result.svg


def _answers_in_order(axes: Axes, answers: Sequence[Answer], question: str, number: int) -> None:
    colour, mark = question_look(number)
    mine = [answer for answer in answers if answer.question == question]
    for _, group in groupby(mine, key=lambda answer: answer.run):
        given = [(a.order, a.rating) for a in group if a.rating is not None]
        xs, ys = [order for order, _ in given], [rating for _, rating in given]
        axes.plot(xs, ys, color=colour, linewidth=0.5, marker=mark, markersize=3)
    missing = [answer.order for answer in mine if answer.rating is None]
    axes.plot(missing, [-6.0] * len(missing), "x", color=colour, markersize=4)


def _legend_of_questions(figure: Figure, questions: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            *([], []),
            color=question_look(number)[0],
            marker=question_look(number)[1],
            markersize=3,
            label=question,
        )
        for number, question in enumerate(questions)
    ]
    handles.append(
        Line2D([], [], color=INK, marker="x", linestyle="", markersize=4, label="none given")
    )
    figure.legend(handles=handles, ncols=len(handles), loc="outside lower center", fontsize=6.5)


def by_condition(facts: SessionFacts) -> str:
    """Ratings by temperature and trust level: each one, and means. Never on a blind page."""
    if not facts.shown:
        raise ValueError("ratings by condition belong on an unblinded page only")
    counting = [answer for answer in facts.answers if answer.counts]
    questions = [q for q in questions_of(facts) if any(a.question == q for a in counting)]
    with drawing(2.6, facts) as (figure, result):
        row = figure.subplots(1, max(1, len(questions)), sharey=True, squeeze=False)[0]
        for axes, question in zip(row, questions, strict=False):
            _cells(axes, [a for a in counting if a.question == question])
            axes.set_title(question)
            axes.set_xlabel("temperature asked for (°C)")
        row[0].set_ylabel("rating (0 to 100)")
        row[0].set_ylim(-3, 103)
        handles, labels = row[0].get_legend_handles_labels()
        figure.legend(handles, labels, ncols=4, loc="outside lower center", fontsize=6.5)
    return result.svg


def _cells(axes: Axes, answers: Sequence[Answer]) -> None:
    levels = list(dict.fromkeys(sorted(str(a.trust) for a in answers if a.trust)))
    whole = [a for a in answers if None not in (a.rating, a.trust, a.temperature)]
    temperatures = sorted({a.temperature for a in whole if a.temperature is not None})
    for number, level in enumerate(levels):
        colour, mark = trust_look(level, number)
        shift = 0.16 * (number - (len(levels) - 1) / 2)
        means: list[tuple[float, float]] = []
        for place, temperature in enumerate(temperatures):
            values = [
                a.rating
                for a in whole
                if a.rating is not None and a.trust == level and a.temperature == temperature
            ]
            if not values:
                continue
            at = place + shift
            axes.plot([at] * len(values), values, mark, color=colour, alpha=0.35, markersize=3)
            means.append((at, sum(values) / len(values)))
            axes.text(at, -1, f"{len(values)}", fontsize=5.5, ha="center", color=colour)
        xs, ys = [x for x, _ in means], [y for _, y in means]
        label = f"{level} trust, mean (small marks: trials; number: n)"
        axes.plot(xs, ys, color=colour, marker=mark, markersize=6, linewidth=1.2, label=label)
    axes.set_xticks(range(len(temperatures)), [f"{t:.1f}" for t in temperatures])
    axes.set_xlim(-0.5, len(temperatures) - 0.5)


__all__ = [
    "by_condition",
    "drawing",
    "drawn_runs",
    "habituation",
    "raster",
    "rating_paths",
    "temperature_traces",
]
