"""A norming study's trial table to look at: who comes when, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from conditions.norming import NormingStudy
from conditions.schedule import run_length
from experiment.report.style import TRUST_COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

ANSWER_S = 5.0  # what a judgement is reckoned to take; ours, for planning the hour
LEVELS = {level: f"[{colour}]{level}[/]" for level, colour in TRUST_COLOURS.items()}
Row = dict[str, Any]


def block_table(rows: Sequence[Row]) -> Table:
    """One block, for the terminal."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=f"Block {rows[0]['run']}: {rows[0]['question']}",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
    )
    starts = [name for name in rows[0] if name.endswith("_start")]
    for heading in ("#", "who", "sex", "skin", "trust", *("start" for _ in starts)):
        table.add_column(heading, justify="right" if heading in ("#", "start") else "left")
    for row in rows:
        table.add_row(
            str(row["trial"]),
            row["clinician"],
            row["sex"][:1],
            row["skin_tone"],
            LEVELS[row["trust"]],
            *(f"{row[name]:g}" for name in starts),
        )
    return table


def summary(study: NormingStudy, title: str, allocation: int, seed: int) -> list[str]:
    """What follows from the table, in a few lines."""
    without_answers = study.runs * run_length(study, None)
    judgements = study.runs * study.trials_a_run
    minutes = (without_answers + judgements * ANSWER_S) / 60
    return [
        f"{title}: {study.runs} block(s) x {study.trials_a_run} portraits, allocation number "
        f"{allocation}, seed {seed}",
        f"{judgements} judgements; about {minutes:.0f} min and the breaks, at {ANSWER_S:g} s each",
        "No heat, scanner or markers",
    ]


def draw(rows: Sequence[Row], title: str) -> Figure:
    """A line a block, a box a portrait, in the colour of its trust level."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    runs = sorted({row["run"] for row in rows})
    questions = {row["run"]: row["question"] for row in rows}
    figure = Figure(figsize=(14, 1.6 + 0.5 * len(runs)), dpi=120, layout="constrained")
    axes = figure.subplots()
    for row in rows:
        box = (row["run"] - 0.35, 0.7)
        colour = TRUST_COLOURS[row["trust"]]
        axes.broken_barh([(row["trial"] - 0.5, 1)], box, facecolor=colour, edgecolor="white")
        axes.text(
            *(row["trial"], row["run"]), row["clinician"], color="white", ha="center", va="center"
        )
    axes.set_yticks(runs, [f"{run} {questions[run]}" for run in runs])
    axes.set_ylim(len(runs) + 0.6, 0.4)
    axes.set_xlim(0.4, max(row["trial"] for row in rows) + 0.6)
    axes.set_xlabel("portrait in its block")
    axes.set_title(title, loc="left")
    axes.spines[["top", "right", "left"]].set_visible(False)
    levels = list(dict.fromkeys(row["trust"] for row in rows))
    handles = [Patch(color=TRUST_COLOURS[level], label=level) for level in levels]
    figure.legend(handles=handles, ncols=3, loc="outside lower right", frameon=False)
    return figure
