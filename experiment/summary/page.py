"""A session's summary for people: in the terminal, and as one page to print and file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from experiment.bids.files import write_whole
from experiment.report.style import VERDICT_COLOURS
from experiment.summary.summary import RunSummary, Summary

if TYPE_CHECKING:
    from rich.console import Console

VERDICTS = {
    "good": ("timing good", "green"),
    "look": ("look at this", "yellow"),
    "not_good": ("timing not good", "red"),
    "unknown": ("timing unknown", "red"),
}
HEADERS = ("run", "planned", "status", "trials", "heats", "ratings", "latest", "pulses", "timing")
WORDS = ("planned", "status", "timing")  # columns of words; the others are numbers


def print_summary(console: Console, summary: Summary, dataset: Path | None = None) -> None:
    """Print a session's summary; `dataset` is where the data are, if they have been exported."""
    from rich.markup import escape as plain
    from rich.table import Table

    words, colour = VERDICTS[summary.verdict]
    console.print(f"[bold]{summary.subject}[/], {plain(summary.title)}: {headline(summary)}")
    if summary.kind != "participant":
        console.print(f"[yellow]{summary.origin}[/]")
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for header in HEADERS:
        table.add_column(header, justify="left" if header in WORDS else "right", no_wrap=True)
    for run in summary.runs:
        table.add_row(*(plain(cell) for cell in _cells_of(run)))
    console.print(table)
    for line in _notes(summary):
        console.print(f"  {plain(line)}", highlight=False)
    console.print(f"[{colour}]{words}[/]")
    if summary.cells:
        means = Table(box=None, pad_edge=False, header_style="dim")
        for header in ("question", "temperature", "trust", "mean", "n"):
            means.add_column(header, justify="left" if header in ("question", "trust") else "right")
        for row in _means(summary):
            means.add_row(*row)
        console.print("Means by condition, shown since the participant was simulated:")
        console.print(means)
    if dataset is not None:
        console.print(f"Data: {plain(str(dataset))}", highlight=False, soft_wrap=True)


def write_summary(dataset: Path, summary: Summary) -> Path:
    """Write the page into the dataset's `derivatives/trustpain/`; gives its path."""
    path = dataset / "derivatives" / "trustpain" / f"{summary.subject}_summary.html"
    return write_whole(path, summary_html(summary).encode())


def summary_html(summary: Summary) -> str:
    """The page: one file that needs no other, in black on white, fit for a printer."""
    words, _ = VERDICTS[summary.verdict]
    notes = "".join(f"<li>{escape(line)}</li>" for line in _notes(summary))
    means = ""
    if summary.cells:
        header = ("question", "temperature", "trust", "mean", "n")
        means = "<h2>Means by condition (simulated participant)</h2>" + _table(
            header, _means(summary)
        )
    mark = "" if summary.kind == "participant" else f"<p class=mark>{escape(summary.origin)}</p>"
    journals = ", ".join(path.name for path in summary.journals)
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{escape(summary.subject)}, {escape(summary.study)}</title>
<style>
body {{ font: 11pt/1.45 sans-serif; color: #111; max-width: 46em; margin: 2em auto; padding: 0 1em }}
h1 {{ font-size: 1.4em }} h2 {{ font-size: 1.1em }}
table {{ border-collapse: collapse }}
th, td {{ text-align: left; padding: .2em .9em .2em 0; border-bottom: 1px solid #ccc }}
.mark {{ border: 2px solid #a50; padding: .4em .8em; font-weight: bold }}
.verdict {{ border-left: .5em solid {VERDICT_COLOURS[summary.verdict]}; padding-left: .6em }}
footer {{ color: #555; font-size: .9em; margin-top: 2em }}
</style>
<h1>{escape(summary.subject)}: {escape(summary.title)}</h1>
{mark}
<p>{escape(headline(summary))}</p>
<p class=verdict>{words}</p>
{_table(HEADERS, [_cells_of(run) for run in summary.runs])}
<ul>{notes}</ul>
{means}
<footer>Made from {escape(journals)} in sourcedata/. What each file of the dataset holds says its
README.</footer>
</html>
"""


def headline(summary: Summary) -> str:
    """How the session went, in a sentence."""
    done = sum(run.trials_done for run in summary.runs)
    given, asked, not_done = (
        sum(getattr(run, name) for run in summary.runs)
        for name in ("ratings", "ratings_asked", "ratings_not_done")
    )
    finished = {run.design_run for run in summary.runs if run.status == "completed"}
    counts = (
        f"{len(finished)} of {summary.runs_planned} runs and {done} trials done, "
        f"{given} of {asked} ratings given{of_cut_trials(not_done)}"
    )
    told = f" ({summary.message})" if summary.message else ""
    return f"session {summary.status}{told}; {counts}"


def of_cut_trials(ratings: int) -> str:
    """What is said after a count of ratings, of those that no mean uses; '' if there are none."""
    return f" ({ratings} of them in trials that weren't completed)" if ratings else ""


def _cells_of(run: RunSummary) -> tuple[str, ...]:
    part = f", part {run.segment}" if run.segment > 1 else ""
    skipped = f", {run.heats_skipped} skipped" if run.heats_skipped else ""
    begun = f" of {run.trials_begun}" if run.trials_begun != run.trials_done else ""
    expected = "" if run.pulses_expected is None else f" of {run.pulses_expected}"
    return (
        str(run.run),
        f"{run.design_run}{part}",
        run.status,
        f"{run.trials_done}{begun}",
        f"{run.heats}{skipped}",
        f"{run.ratings} of {run.ratings_asked}",
        f"{1000 * run.max_lateness_s:.1f} ms",
        f"{run.pulses}{expected}" if run.pulses else "-",
        run.verdict.replace("_", " "),
    )


def _notes(summary: Summary) -> list[str]:
    """What wants to be looked at, a line each."""
    notes = [f"run {run.run}: {reason}" for run in summary.runs for reason in run.reasons]
    notes += [
        f"run {run.run}: more than 20 ms late: {run.late} of the onsets"
        for run in summary.runs
        if run.late
    ]
    if summary.torn:
        notes.append("the journal's last line was cut off, and is left out")
    return notes + list(dict.fromkeys(summary.warnings))


def _means(summary: Summary) -> list[tuple[str, ...]]:
    return [
        (c.question, f"{c.temperature:.1f} °C", c.trust, f"{c.mean:.1f}", str(c.n))
        for c in summary.cells
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return f"<table>{line('th', header)}{''.join(line('td', row) for row in rows)}</table>"
