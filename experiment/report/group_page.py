"""The group report as a page: says what was done to which data, then shows what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from experiment.bids.sidecar import ORIGIN, study_name, study_title
from experiment.report import group_tables, html, plots, style
from experiment.report.model import TrustEffect
from experiment.report.results import Results

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


SHOWN_PEOPLE = 60  # rows of the inclusion table on the page; all are in its file


Section = Callable[[Results], list[str]]
OneByOne = Callable[[Sequence[Section]], Iterable[Section]]  # may show how far it is


def group_html(results: Results, one_by_one: OneByOne = iter) -> str:
    """The whole page. Its sections are made along `one_by_one`: drawing them takes seconds."""
    sections = (_what, _inclusion, _manipulation, _effect, _model, _people, _files)
    with style.figure_style():
        parts = [part for section in one_by_one(sections) for part in section(results)]
    return _page(results, parts)


def _page(results: Results, parts: list[str]) -> str:
    head = max(results.heads, key=lambda one: (one.started_utc, one.participant))
    worst = next((k for k in ("simulated", "pilot") if k in results.kinds), "participant")
    mark = "" if worst == "participant" else ORIGIN[worst]
    return html.page(f"Group report: {study_title(head)}", parts, mark=mark)


def _what(results: Results) -> list[str]:
    heads = results.heads
    versions = sorted({head.versions.get("trustpain", "unknown") for head in heads})
    commits = sorted({(head.commit or "unknown")[:10] for head in heads})
    days = sorted(head.started_utc[:10] for head in heads)
    when = (
        "in virtual time"
        if all(head.virtual_time for head in heads)
        else " to ".join(dict.fromkeys((days[0], days[-1])))
    )
    lines = [
        f"Study {', '.join(sorted({study_name(head) for head in heads}))}; file's SHA-256 "
        f"{', '.join(sorted({head.study_sha256[:12] for head in heads}))}",
        f"Sessions played {when} with trustpain {', '.join(versions)} (commit {', '.join(commits)})",
        f"Dataset {results.dataset.name}: {len(results.people)} participant(s), "
        f"{len(results.included)} in the analysis",
    ]
    return [html.bullets(lines), *(html.paragraph(text, "missing") for text in results.missing)]


def _inclusion(results: Results) -> list[str]:
    rules, people = results.rules, results.people
    parts = [html.heading("Who is in, who is out")]
    if rules is not None:
        stated = [
            f"more than {100 * rules.max_missing_share:g} % of the planned ratings missing: out",
            "no run is left out for its timing"
            if rules.runs_with_timing == "never"
            else f"runs with timing {rules.runs_with_timing.replace('_', ' ')!r} or worse: left out",
            f"fewer than {rules.min_runs} usable run(s): out",
            f"hottest not rated more than {rules.min_temperature_effect:g} points above the "
            f"coolest (intensity): out, as not responding",
        ]
        parts += [html.paragraph("Rules, from the study file:"), html.bullets(stated)]
    header = ("participant", "in", "ratings", "runs", "timing", "hot minus cool", "why out, notes")
    ordered = sorted(people, key=lambda person: (person.included, person.participant))
    rows = [
        (
            person.participant,
            "yes" if person.included else "no",
            f"{person.ratings_given} of {person.ratings_planned}",
            f"{person.runs_used} of {person.runs_found}",
            person.verdict.replace("_", " "),
            _number(person.temperature_effect, 1),
            "; ".join([*person.reasons, *person.notes]),
        )
        for person in ordered
    ]
    shown = max(SHOWN_PEOPLE, sum(not person.included for person in people))
    parts.append(html.table(header, rows[:shown]))
    text = (
        "Hot minus cool: mean intensity at the highest minus at the lowest temperature, in points "
        "of 0 to 100."
    )
    parts.append(html.paragraph(text, "small"))
    if len(rows) > shown:
        text = f"and {len(rows) - shown} more who are in: see desc-group_inclusion.tsv"
        parts.append(html.paragraph(text, "small"))
    return parts


def _manipulation(results: Results) -> list[str]:
    parts = [html.heading("Did the faces differ in trust? (manipulation check)")]
    if not results.faces:
        return [*parts, html.paragraph("No face ratings found.", "missing")]
    rows = []
    for row in group_tables.faces_table(results).itertuples(index=False):
        cells: Any = row
        rows.append(
            (
                *(cells.question, cells.when, cells.method, _number(cells.estimate, 1)),
                _between(cells.low, cells.high),
                *(_t(cells.t, cells.df), p_value(cells.p), str(cells.n_participants)),
            )
        )
    header = ("item", "when", "method", "effect", "95 % interval", "t (df)", "p", "participants")
    text = (
        "Ratings of faces (0 to 100), higher minus lower trust, tested as the ratings of pain are."
    )
    reasons = {f"{e.question}, {e.when}: {e.why_not}" for e in results.faces if e.why_not}
    return [*parts, html.table(header, rows), html.paragraph(text), html.bullets(sorted(reasons))]


def _effect(results: Results) -> list[str]:
    parts = [html.heading("Ratings by condition")]
    shown = {q: t for q in results.cells if len(t := group_tables.condition_means(results, q))}
    if not shown or not results.trusts:
        return [*parts, html.paragraph("There are no ratings to show.", "missing")]
    means = {question: group_tables.conditions_table(results, question) for question in shown}
    degrees = group_tables.level_words(results)
    caption = (
        "Small signs: a participant's mean; large ones: the mean of these, with 95 % intervals for "
        "comparison within participants (Cousineau-Morey: without participants' general levels, "
        "from those who rated in all conditions). "
    ) + "; ".join(
        f"{q}: n = {t['participant'].nunique()} participants, "
        f"{means[q]['interval_n'].iloc[0]} in the intervals"
        for q, t in shown.items()
    )
    drawn = plots.conditions(shown, means, results.trusts, degrees)
    parts.append(_picture(results, drawn, caption))
    rows = []
    for question in shown:
        for row in means[question].itertuples(index=False):
            cells: Any = row
            level = cells.temperature_level
            rows.append(
                (
                    *(question, cells.trust),
                    f"{level} ({degrees[level]})" if degrees[level] else level,
                    *(_number(cells.mean, 1), _between(cells.low, cells.high, 1)),
                    *(_number(cells.sd, 1), str(cells.participants), str(cells.trials)),
                )
            )
    header = (
        *("question", "trust", "temperature", "mean", "95 % interval", "SD"),
        *("participants", "trials"),
    )
    text = (
        "Mean and SD (standard deviation) are over participants' means, in points of 0 to 100; the "
        "intervals are the picture's. Where participants were given different temperatures, the "
        "mean over participants and the range are stated."
    )
    parts += [html.table(header, rows), html.paragraph(text, "small")]
    parts.append(html.heading("The effect of trust"))
    if not results.effects and not results.tests:
        return [*parts, html.paragraph("No effect was estimated; the reasons stand above.")]
    parts.append(_effects_table(results))
    caption = (
        "Ratings at lower minus at higher trust, in points, with 95 % confidence intervals. The "
        "mixed model's holds for clinicians in general, the paired test's for these alone. How many "
        "participants and clinicians: in the table above."
    )
    parts.append(_picture(results, plots.estimates(results.effects, results.tests), caption))
    return parts


def _effects_table(results: Results) -> str:
    header = (
        *("question", "method", "effect", "95 % interval", "t (df)", "p"),
        *("d", "95 % interval", "n"),
    )
    rows = []
    for row in group_tables.effects_table(results).itertuples(index=False):
        cells: Any = row
        rows.append(
            (
                *(cells.question, cells.method, _number(cells.estimate, 2)),
                _between(cells.low, cells.high),
                *(_t(cells.t, cells.df), p_value(cells.p), _number(cells.standardised, 2)),
                _between(cells.standardised_low, cells.standardised_high),
                f"{cells.n_participants}, {cells.n_clinicians}",
            )
        )
    return html.table(header, rows) + html.paragraph(
        "Effect: lower minus higher trust, in points of 0 to 100. d: the effect standardised, the "
        "mixed model's by the standard deviation (SD) of a single rating (all its variances added "
        "up), the paired test's by that of participants' differences (d z). n: participants, "
        "clinicians.",
        "small",
    )


def _model(results: Results) -> list[str]:
    if not results.effects:
        return []
    parts = [
        html.heading("What was fitted"),
        html.paragraph(
            "A linear mixed model by restricted maximum likelihood (REML), to cell means "
            "(participant × clinician × temperature level), each weighted by its number of rated "
            "trials. Trust is coded +1/2 (lower) and -1/2 (higher), temperature -1/2 (lowest) to "
            "+1/2 (highest). Random effects are independent of one another. The effect of trust is "
            "tested by t with Satterthwaite's degrees of freedom from the expected information: "
            "at most the number of clinicians minus one, however many participants there are."
        ),
    ]
    for question, effect in results.effects.items():
        names = [component.name for component in effect.fit.problem.components]
        fixed = " + ".join(name.split(" (")[0] for name in effect.fit.problem.fixed_names)
        text = (
            f"{question} = {fixed}\n    random: {', '.join(names)}; residual / trials\n"
            f"{len(effect.participants)} participants, {len(effect.clinicians)} clinicians, "
            f"{effect.fit.problem.n} cells, {effect.n_trials} trials; REML deviance "
            f"{effect.fit.deviance:.3f}; converged (steepest slope left "
            f"{effect.fit.steepest:.1e}); Satterthwaite's degrees of freedom "
            f"{effect.satterthwaite_df:.1f}, taken {effect.df:.1f}"
        )
        parts += [html.formula(text), html.bullets(effect.notes)]
    for question, test in results.tests.items():
        if test.without:
            text = (
                f"Not in the paired test of {question}, since a condition has no rating: "
                f"{', '.join(test.without)}."
            )
            parts.append(html.paragraph(text))
    rows = [
        (str(row[0]), str(row[1]), _number(row[2], 2), _number(row[3], 2))
        for row in group_tables.variances_table(results).itertuples(index=False, name=None)
    ]
    parts.append(html.table(("question", "random effect", "variance", "SD"), rows))
    text = (
        "SD: the variance's square root, in points of 0 to 100; the residual's is a single trial's."
    )
    parts.append(html.paragraph(text, "small"))
    parts += [_on_boundary(q, e) for q, e in results.effects.items() if e.fit.at_zero]
    for question, effect in results.effects.items():
        caption = (
            f"{question}: residuals of {effect.fit.problem.n} cells against fitted values, and "
            f"quantiles of residuals and predicted slopes against a normal distribution's."
        )
        parts.append(_picture(results, plots.assumptions(effect, question), caption))
    return parts


def _on_boundary(question: str, effect: TrustEffect) -> str:
    """What variances of exactly 0 mean, lest they be taken for a slip or for evidence."""
    return html.paragraph(
        f"{question}: estimated as 0 is the variance of {', '.join(effect.fit.at_zero)}. That is the "
        f"boundary of what a variance can be: the fit equals that of a model without such a term, "
        f"which doesn't show that there is no such variance. The test still counts it as uncertain, "
        f"and its degrees of freedom stay bounded by the clinicians as stated above."
    )


def _people(results: Results) -> list[str]:
    if len(results.trusts) != 2:
        return []
    parts = []
    people = _with_effects(results, group_tables.participants_table)
    if people:
        caption = (
            "Each participant's effect, sorted, with the 95 % interval that its own trials give it."
        )
        drawn = plots.sorted_effects(people, results.effects)
        parts += [html.heading("Participants"), _picture(results, drawn, caption)]
    clinicians = _with_effects(results, group_tables.clinicians_table)
    if clinicians:
        caption = (
            "Each clinician's effect between the participants who met it at lower and at higher "
            "trust, with 95 % intervals: " + _clinician_counts(clinicians)
        )
        drawn = plots.clinicians(clinicians, results.effects)
        parts += [html.heading("Clinicians"), _picture(results, drawn, caption)]
    return parts


def _with_effects(
    results: Results, make: Callable[[Results, str], pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """A table by question, of the questions that have an effect to show."""
    tables = {question: make(results, question) for question in results.cells}
    return {q: table for q, table in tables.items() if table["effect"].notna().any()}


def _clinician_counts(tables: dict[str, pd.DataFrame]) -> str:
    table = next(iter(tables.values()))
    counts = [*table["n_lower"], *table["n_higher"]]
    fewest, most = min(counts), max(counts)
    return f"{most if fewest == most else f'{fewest} to {most}'} participants on either side."


def _files(results: Results) -> list[str]:
    names = ", ".join(f"desc-group_{name}.tsv" for name in group_tables.all_tables(results))
    return [
        "<footer>",
        html.paragraph(f"Tables beside this page: {names}."),
        html.paragraph("Made from the dataset alone; it can be made again at any time."),
        "</footer>",
    ]


def _picture(results: Results, figure: Figure, caption: str) -> str:
    style.mark_origin(figure, results.kinds)
    return html.picture(figure, caption)


def p_value(p: float) -> str:
    """A p value as it's printed."""
    if math.isnan(p):
        return "n/a"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _t(t: float, df: float) -> str:
    """A t with its degrees of freedom: in one column, since the tables' width is the page's."""
    return f"{_number(t, 2)} ({_number(df, 1)})"


def _between(low: float, high: float, digits: int = 2) -> str:
    return f"{_number(low, digits)} to {_number(high, digits)}"


def _number(value: float | None, digits: int) -> str:
    """A number, with a true minus; n/a for what isn't there."""
    if value is None or math.isnan(value):
        return "n/a"
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


__all__: Sequence[str] = ("group_html", "p_value")
