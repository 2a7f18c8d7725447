"""The page on a set's norms: one figure, a few tables, ready to print."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from experiment.bids.files import json_bytes, write_whole
from experiment.norming.norms import COLUMNS, Norms, in_words, verdict
from experiment.report import html
from experiment.report.style import (
    FAINT,
    INK,
    MARKS,
    figure_style,
    mark_origin,
    new_figure,
    trust_look,
)
from experiment.session.provenance import provenance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NONE = "n/a"
STEM = "desc-norms"


def write(norms: Norms) -> Path:
    """Write table, sidecar and page into the dataset's derivatives; gives the page's path."""
    pages = norms.judgements.pages
    text = norms.table.to_csv(
        sep="\t", index=False, na_rep="n/a", lineterminator="\n", float_format="%.4g"
    )
    write_whole(pages / f"{STEM}_portraits.tsv", text.encode())
    write_whole(pages / f"{STEM}_portraits.json", json_bytes(COLUMNS))
    return write_whole(pages / f"{STEM}_report.html", norms_html(norms).encode())


def norms_html(norms: Norms) -> str:
    """The whole page. Draws with matplotlib."""
    judgements = norms.judgements
    title = f"Norms of {len(judgements.portraits)} portraits ({judgements.study.name})"
    parts = [html.bullets(verdict(norms))]
    with figure_style():
        parts.append(html.picture(_by_level(norms), CAPTION))
    parts += [
        html.heading("By question"),
        html.paragraph(ABOUT_QUESTIONS, "small"),
        html.table(HEADINGS, _questions(norms)),
    ]
    if norms.clinicians:
        parts += [html.heading(f"{norms.trust} by clinician"), _clinicians(norms)]
    if norms.explained is not None:
        parts += [html.heading("What happy and angry explain of it"), _explained(norms)]
    parts += [html.heading("Every portrait: mean (SD) over raters"), _portraits(norms)]
    version = provenance().versions.get("trustpain", "unknown")
    parts.append(
        f"<footer>Made by trustpain {version} from the journals alone. The same figures, "
        f"unrounded, are in the table beside this page.</footer>"
    )
    return html.page(title, parts, mark=MARKS[judgements.kind])


CAPTION = "Mean over raters by trust level: a thin line a clinician, the thick one their mean."
ABOUT_QUESTIONS = (
    "Slope: a step of one on the trust axis, with 95 % intervals. The first holds for other raters "
    "and clinicians (a linear mixed model with random levels and slopes of both, Satterthwaite's "
    "degrees of freedom), the second for other raters of these (a t interval over their slopes). "
    "ICC(2,1) and ICC(2,k): agreement of one rater and of the mean over all (Shrout & Fleiss 1979); "
    "alpha: Cronbach's."
)
ABOUT_EXPLAINED = (
    "Portraits' means over raters, clinicians' own levels taken out; the slopes' intervals hold for "
    "other portraits and raters. Happy and angry are measured with error, so that somewhat more of "
    "the slope seems to be left than is; and they are judged by the same raters."
)
HEADINGS = (
    *("question", "unit", "slope, raters and clinicians", "slope, raters"),
    *("ICC(2,1)", "ICC(2,k)", "alpha", "raters"),
)


def _by_level(norms: Norms) -> Figure:
    """A panel a question, levels from left to right."""
    table, levels = norms.table, norms.judgements.levels
    names = list(norms.agreement)
    columns = min(4, len(names))
    rows = math.ceil(len(names) / columns)
    figure = new_figure(0.4 + 1.9 * rows)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for axes, name in zip(grid, names, strict=False):
        wide = table[table["question"] == name].pivot_table(
            index="level", columns="clinician", values="mean"
        )
        wide = wide.reindex(levels)
        axes.plot(range(len(levels)), wide.to_numpy(), color=FAINT, linewidth=0.7)
        mean = wide.mean(axis=1)
        axes.plot(range(len(levels)), mean, color=INK, linewidth=1.8)
        for place, level in enumerate(levels):
            colour, mark = trust_look(level, place)
            axes.plot(place, mean[level], mark, color=colour, markersize=6, zorder=3)
        axes.set_title(name)
        axes.set_xticks(range(len(levels)), levels)
        axes.set_xlim(-0.3, len(levels) - 0.7)
        numbers = norms.judgements.study.question(name).numbers
        axes.set_ylim(*(numbers.ends if numbers is not None else (0, 100)))
        axes.set_ylabel(numbers.unit if numbers is not None else "points")
        axes.tick_params(labelbottom=True)
    for axes in grid[len(names) :]:
        axes.set_visible(False)
    mark_origin(figure, [norms.judgements.kind])
    return figure


def _questions(norms: Norms) -> list[tuple[str, ...]]:
    rows = []
    for name, agreed in norms.agreement.items():
        slope = norms.slopes[name]
        rows.append(
            (
                name,
                norms.judgements.unit(name),
                in_words(slope.mixed, 2) if slope is not None else NONE,
                in_words(slope.raters, 2) if slope is not None else NONE,
                *(_share(value) for value in (agreed.single, agreed.mean, agreed.alpha)),
                str(agreed.raters),
            )
        )
    return rows


def _clinicians(norms: Norms) -> str:
    levels = norms.judgements.levels
    rows = [
        (
            each.clinician,
            *(f"{each.means[level]:.1f}" for level in levels),
            in_words(each.slope, 2),
            "yes" if each.rises else "no",
        )
        for each in norms.clinicians
    ]
    unit = norms.judgements.axis_unit
    return html.table(
        ("clinician", *levels, f"points a {unit} (95 %)", "rises at every step"), rows
    )


def _explained(norms: Norms) -> str:
    found = norms.explained
    assert found is not None
    rows = [
        ("slope on the axis alone", in_words(found.alone, 2)),
        ("slope with happy and angry", in_words(found.partial, 2)),
        ("share of the slope left", f"{100 * found.left:.0f} %"),
        ("R2 of the axis", f"{found.by_axis:.2f}"),
        ("R2 of happy and angry", f"{found.by_judgements:.2f}"),
        ("R2 of all three", f"{found.by_all:.2f}"),
        ("R2 that the axis adds", f"{found.added:.2f}"),
    ]
    return html.table(("", f"{found.portraits} portraits"), rows) + html.paragraph(
        ABOUT_EXPLAINED, "small"
    )


def _portraits(norms: Norms) -> str:
    names = list(norms.agreement)
    rows = []
    for (clinician, level), own in norms.table.groupby(["clinician", "level"], sort=False):
        cells = {
            str(row["question"]): f"{row['mean']:.1f} ({row['sd']:.1f})"
            for row in own.to_dict(orient="records")
        }
        rows.append((str(clinician), str(level), *(cells.get(name, NONE) for name in names)))
    return html.table(("clinician", "level", *names), rows)


def _share(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else NONE
