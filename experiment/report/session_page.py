"""A session's facts as one page: words, tables and pictures put together, ready to print."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from experiment.bids.records import RunRecord
from experiment.journal import events
from experiment.plan.timeline import NO_SITE
from experiment.recovery.past import utc_time
from experiment.report.session_faces import face_rows, faces_by_trust
from experiment.report.session_facts import Answer, SessionFacts, time_of_day
from experiment.report.session_timing import RunTiming, timing_of
from experiment.report.style import VERDICT_COLOURS
from experiment.session.provenance import provenance
from experiment.summary.page import VERDICTS, headline, of_cut_trials
from experiment.summary.summary import RunSummary

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = "session.html.j2"
RUN_HEADER = ("run", "planned", "status", "site", "trials", "heats", "ratings", "timing")
DOSE_HEADER = ("site", "stimuli", "CEM43 (min)", "limit", "hottest asked", "hottest measured")
TIMING_HEADER = (
    *("run", "phases", "onset (ms)", "marker (ms)", "heat command (ms)", "frames dropped"),
    *("pulses", "pulse off the line, worst (ms)"),
)
CELL_HEADER = ("question", "temperature (°C)", "trust", "mean", "SD", "n")
NONE = "–"


def session_html(facts: SessionFacts, *, unblinded: bool = False) -> str:
    """The page. Draws with matplotlib: a second or two for a long session."""
    values = facts.summary
    given = [answer for answer in facts.answers if answer.rating is not None]
    counting = [answer for answer in facts.answers if answer.counts]
    content = {
        "s": values,
        "facts": facts,
        "unblinded": unblinded,
        "headline": facts.blind(headline(values)),
        "when": _when(facts),
        "verdict": VERDICTS[values.verdict][0],
        "verdict_colour": VERDICT_COLOURS[values.verdict],
        "run_header": RUN_HEADER,
        "runs": [
            _run_row(facts, run, record)
            for run, record in zip(values.runs, facts.records, strict=True)
        ],
        "pictures": _pictures(facts),
        "cell_header": CELL_HEADER,
        "cells": _cells(counting) if facts.shown else [],
        "clinician_header": ("clinician", "trust", "trials", *_mean_names(counting)),
        "clinicians": _clinicians(counting) if facts.shown else [],
        "dose_header": DOSE_HEADER,
        "doses": [
            (
                *(d.site, d.stimuli, f"{d.cem43:.2f}", _number(d.limit, "g")),
                *(f"{d.hottest_asked:.1f} °C", _number(d.hottest_measured, ".1f", " °C")),
            )
            for d in facts.doses
        ],
        "face_header": ("clinician", "trust level", *facts.faces.items),
        "face_rows": face_rows(facts.faces) if facts.shown else [],
        "n_given": len(given),
        "not_done": of_cut_trials(sum(not answer.done for answer in given)),
        "n_asked": len(facts.answers),
        "timing_header": TIMING_HEADER,
        "timing": [_timing_row(timing_of(run)) for run in facts.records],
        "devices": _devices(facts),
        "made_with": _made_with(facts),
        "version": provenance().versions.get("trustpain", "unknown"),
    }
    return _template().render(content)


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # a note may hold anything
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE)


def _pictures(facts: SessionFacts) -> dict[str, str]:
    """SVG by name; of runs none where none has begun."""
    from experiment.report import session_plots as plots
    from experiment.report.session_timing import timing_plots

    shown = facts.shown and facts.faces.ratings
    faces = {"raster": "", "faces": faces_by_trust(facts) if shown else ""}
    if not plots.drawn_runs(facts):
        return faces
    rated = bool(facts.answers)
    given = any(answer.counts for answer in facts.answers)
    return faces | {
        "raster": plots.raster(facts),
        "conditions": (
            plots.by_condition(facts) if facts.shown and given and facts.gives_heat else ""
        ),
        "temperatures": plots.temperature_traces(facts) if facts.gives_heat else "",
        "habituation": plots.habituation(facts) if rated else "",
        "paths": plots.rating_paths(facts) if rated else "",
        "timing": timing_plots(facts),
    }


def _when(facts: SessionFacts) -> str:
    first, last = facts.journals[0], facts.journals[-1]
    begin = utc_time(first, first.events[0].t)
    end = utc_time(last, last.events[-1].t)
    minutes = (end - begin).total_seconds() / 60
    said = f"{begin:%Y-%m-%d %H:%M} to {end:%H:%M} UTC ({minutes:.1f} min)"
    if facts.head.virtual_time:
        return f"In virtual time, which began at {said}."
    return f"{said}, rig {facts.head.rig.get('name', 'unknown')}."


def _run_row(facts: SessionFacts, run: RunSummary, record: RunRecord) -> tuple[object, ...]:
    skipped = f" ({run.heats_skipped} not given)" if run.heats_skipped else ""
    reasons = facts.blind("; ".join(run.reasons))
    return (
        run.run,
        f"{run.design_run}" + (f", segment {run.segment}" if run.segment > 1 else ""),
        run.status,
        record.start.skin_site if record.start.skin_site != NO_SITE else NONE,
        f"{run.trials_done} of {run.trials_begun} begun",
        f"{run.heats}{skipped}",
        f"{run.ratings} of {run.ratings_asked}{of_cut_trials(run.ratings_not_done)}",
        VERDICTS[run.verdict][0] + (f": {reasons}" if reasons else ""),
    )


def _timing_row(timing: RunTiming) -> tuple[object, ...]:
    expected = NONE if timing.pulses_expected is None else str(timing.pulses_expected)
    pulses = f"{timing.pulses} of {expected}" if timing.pulses or expected != NONE else NONE
    return (
        timing.run,
        timing.phases,
        _pair(timing.onset_median_ms, timing.onset_worst_ms),
        _pair(timing.marker_median_ms, timing.marker_worst_ms),
        _pair(timing.heat_median_ms, timing.heat_worst_ms),
        NONE if timing.dropped_frames is None else timing.dropped_frames,
        pulses,
        _number(timing.pulse_worst_ms, ".1f"),
    )


def _cells(answers: Iterable[Answer]) -> list[tuple[object, ...]]:
    """Mean, standard deviation and n by question, temperature and trust level."""
    values: dict[tuple[str, float, str], list[float]] = {}
    for a in answers:
        if a.rating is not None and a.temperature is not None and a.trust is not None:
            values.setdefault((a.question, a.temperature, a.trust), []).append(a.rating)
    return [
        (question, f"{temperature:.1f}", trust, f"{fmean(found):.1f}", _sd(found), len(found))
        for (question, temperature, trust), found in sorted(values.items())
    ]


def _mean_names(answers: Sequence[Answer]) -> list[str]:
    return [f"mean {question} (n)" for question in _questions(answers)]


def _questions(answers: Sequence[Answer]) -> list[str]:
    return list(dict.fromkeys(answer.question for answer in answers))


def _clinicians(answers: Sequence[Answer]) -> list[tuple[object, ...]]:
    who = sorted({(a.clinician, str(a.trust)) for a in answers if a.clinician})
    rows: list[tuple[object, ...]] = []
    for clinician, trust in who:
        mine = [a for a in answers if a.clinician == clinician]
        means = []
        for question in _questions(answers):
            found = [a.rating for a in mine if a.question == question and a.rating is not None]
            means.append(f"{fmean(found):.1f} ({len(found)})" if found else NONE)
        rows.append((clinician, trust, len({a.order for a in mine}), *means))
    return rows


def _sd(values: list[float]) -> str:
    return f"{stdev(values):.1f}" if len(values) > 1 else NONE


def _devices(facts: SessionFacts) -> list[tuple[str, ...]]:
    """A row for all that a device said; the same again, in a later journal, adds its time."""
    times: dict[tuple[str, ...], list[str]] = {}
    for journal in facts.journals:
        for opened in journal.of(events.DeviceOpened):
            details = ", ".join(f"{key} {value}" for key, value in opened.details.items())
            kind = f"{opened.kind} (emulated)" if opened.emulated else opened.kind
            said = (opened.firmware or NONE, opened.serial_number or NONE, details or NONE)
            at = time_of_day(journal, opened.t)
            times.setdefault((opened.role, kind, *said), []).append(at)
        for failed in journal.of(events.DeviceFailed):
            at = time_of_day(journal, failed.t)
            row = (failed.role, "failed", NONE, NONE, facts.blind(failed.reason))
            times.setdefault(row, []).append(at)
    return [(", ".join(at), *row) for row, at in times.items()]


def _made_with(facts: SessionFacts) -> list[tuple[str, str]]:
    head = facts.head
    rows = [
        ("study", f"{facts.summary.study}, SHA-256 {head.study_sha256}"),
        ("rig", f"{head.rig.get('name', 'unknown')}, SHA-256 {head.rig_sha256}"),
        ("seed", str(head.seed)),
        ("temperatures", _temperatures_from(facts)),
        ("program", _program(head)),
        ("packages", ", ".join(f"{k} {v}" for k, v in head.versions.items() if k != "trustpain")),
        ("system", ", ".join(f"{key} {value}" for key, value in head.system.items())),
        ("display", ", ".join(f"{key} {_plain(value)}" for key, value in head.display.items())),
    ]
    if facts.shown:  # from the number, the study says who was shown at which level
        rows.insert(2, ("allocation", str(head.allocation)))
    rows += [
        ("journal", f"{j.path.name}, {j.sound_bytes} bytes, SHA-256 {j.sha256}")
        for j in facts.journals
    ]
    return [(name, value or NONE) for name, value in rows]


def _temperatures_from(facts: SessionFacts) -> str:
    if not facts.gives_heat:
        return "none: a study without heat"
    return "from a calibration" if facts.head.calibration else "the study's fixed ones"


def _program(head: events.SessionStart) -> str:
    modified = {True: ", modified", False: "", None: ""}[head.dirty]
    version = head.versions.get("trustpain", "unknown")
    return f"trustpain {version}, commit {head.commit or 'unknown'}{modified}"


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _number(value: float | None, form: str, unit: str = "") -> str:
    """A number as text: a dash for None, and no minus before a zero."""
    if value is None or not math.isfinite(value):
        return NONE
    text = f"{value:{form}}"
    return (text if float(text) else text.removeprefix("-")) + unit


def _pair(middle: float | None, worst: float | None) -> str:
    return NONE if middle is None else f"{_number(middle, '.1f')} / {_number(worst, '.1f')}"
