"""The timing audit: from the journals of a run, a session or a dataset to one page that stands alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiment.bids.files import write_whole
from experiment.bids.records import records_of
from experiment.blinding import Blind
from experiment.display.protocol import display_of
from experiment.journal import Journal, events, find_journals, read_journals
from experiment.report.session import pages_of
from experiment.report.style import MARKS, VERDICT_COLOURS
from experiment.summary.page import VERDICTS
from experiment.timing.facts import Point, RunFacts, facts_of, sessions_of
from experiment.timing.plots import pictures
from experiment.timing.pulses import findings
from experiment.timing.verdict import UNSYNCHRONISED, in_words

if TYPE_CHECKING:
    from jinja2 import Template

RUN_FILE = re.compile(r"(?P<stem>sub-.+?)_task-[A-Za-z0-9]+_run-(?P<run>\d+)_.+")
HEADER = (
    *("run", "timing", "onset (ms)", "marker (ms)", "heat command (ms)", "frames dropped"),
    *("pulses", "missing", "doubled", "pulse (ms)", "TR measured (s)", "onsets corrected (s)"),
)
NONE = "–"
WORST = ("not_good", "look", "unknown", "good")


def write_audit(path: Path, tell: Callable[[str], None] = lambda sentence: None) -> Path:
    """Write the page; gives its path. `tell` is given a sentence for each journal without an end.

    `path`: a dataset, a session's folder (there or in sourcedata), a journal, or any file of one
    run (`..._run-02_events.tsv`). Raises `ValueError`, in one sentence, if it is missing, foreign,
    cut off before its first run, or damaged; `OSError` if nothing can be read or written.
    """
    run, where = _named_run(path)
    found = find_journals(where)
    datasets = sorted({pages_of(journal).parents[1] for journal in found})
    if len(datasets) > 1:
        names = ", ".join(dataset.name for dataset in datasets[:5])
        raise ValueError(f"{path} holds journals of {len(datasets)} datasets ({names}): give one")
    sessions = [read_journals(journals) for journals in sessions_of(found)]
    runs = [fact for journals in sessions for fact in facts_of(journals, run)]
    if not runs:
        which = f"run {run}" if run is not None else "no run"
        begun = "wasn't begun" if run is not None else "was begun"
        raise ValueError(f"{path} says nothing of timing: {which} {begun} in its journal")
    many = len(sessions) > 1
    name = pages_of(found[-1]).parents[1].name if many else runs[0].session
    pages = pages_of(found[-1])
    title = name if run is None else f"{name} run {run}"
    label = f"{'dataset' if many else name}{'' if run is None else f'_run-{run:02d}'}"
    cut_off = [said for journals in sessions for said in _without_end(journals, run)]
    html = audit_html(
        title, runs, [journal for journals in sessions for journal in journals], cut_off
    )
    written = write_whole(pages / f"{label}_audit.html", html.encode())
    for sentence in cut_off:
        tell(sentence)
    return written


def audit_html(
    title: str,
    runs: Sequence[RunFacts],
    journals: Sequence[Journal],
    cut_off: Sequence[str],
) -> str:
    """The page on these runs, at least one. Draws with matplotlib: some seconds."""
    from experiment.session.provenance import provenance

    drawn, kinds = pictures(runs), _kinds(runs)
    verdict = min((_verdict(run) for run in runs), key=WORST.index)
    content: dict[str, Any] = {
        "title": title,
        "verdict": VERDICTS[verdict][0],
        "colour": VERDICT_COLOURS[verdict],
        "marks": [*_marks(runs), *cut_off],
        "reasons": _reasons(runs),
        "header": HEADER,
        "rows": [_row(run, alone=len({r.session for r in runs}) == 1) for run in runs],
        "criteria": _criteria(runs),
        "topics": [
            {
                "title": heading,
                "text": text + (_of_responses(journals, kinds) if topic == "responses" else ""),
                "missing": missing,
                "svg": drawn[topic],
            }
            for topic, (heading, text, missing) in TOPICS.items()
        ],
        "sources": ", ".join(sorted({run.record.journal.path.name for run in runs})[:20]),
        "version": provenance().versions.get("trustpain", "unknown"),
    }
    return _template().render(content)


TOPICS = {
    "onsets": (
        "Planned and actual onsets",
        "Every phase's first flip against its planned onset on the run's absolute schedule. "
        "Dashed: the study's criterion. A scanned run's first screen can only come when its pulse "
        "has been noticed.",
        "No phase began.",
    ),
    "frames": (
        "Frame intervals",
        "All intervals between flips. Beyond the dashed line, 1.5 periods, a frame counts as "
        "dropped.",
        "No frame intervals were recorded: there was no window.",
    ),
    "pulses": (
        "Scanner pulses",
        "Each pulse's stamp against a line fitted through all of them (repeated medians).",
        "No scanner pulses: this was not scanned, or too few came to say anything.",
    ),
    "markers": (
        "Markers",
        "When a marker's byte had been handed to its port, counted from the flip it belongs to.",
        "No markers were sent.",
    ),
    "heat_commands": (
        "Heat commands",
        "When the start command had been handed to the thermode, counted from the flip of the "
        "heat's phase.",
        "No heat was started.",
    ),
    "heats": (
        "Heat asked for and delivered",
        "Every stimulus from its start command on: mean over the zones as the thermode reported "
        "it, against rise, plateau and return as asked for. Red: aborted.",
        "No temperatures were recorded.",
    ),
    "responses": (
        "Stamps of responses",
        "Intervals between successive key events, without whole frames. Stamps of the events "
        "themselves are spread evenly (dashed); stamps made by frames pile up at 0 and 1.",
        "No key events were recorded.",
    ),
}


ROUND = (
    " A simulated participant presses for round times, such as a tenth of a second, which pile up "
    "anywhere: its intervals say nothing of stamps."
)


def _named_run(path: Path) -> tuple[int | None, Path]:
    """The run that a file in a dataset belongs to, and where that session's journals are."""
    name = RUN_FILE.fullmatch(path.name)
    if name is None or not path.is_file():
        return None, path
    return int(name["run"]), path.parent.parent  # above func/ or beh/


def _verdict(run: RunFacts) -> str:
    return run.record.end.verdict if run.record.end is not None else "unknown"


def _without_end(journals: Sequence[Journal], run: int | None) -> list[str]:
    """A sentence for each of a session's journals that breaks off, which says what is missing.

    Whether the program died or still writes can't be told from a journal. `run`: the page is on
    this run index alone, so that others aren't missed.
    """
    begun: set[int] = set()
    found: list[str] = []
    for journal in journals:
        records = [r for r in records_of(journal) if r.zero is not None]
        begun |= {record.start.design_run for record in records}
        inside = [record.start.run for record in records if record.end is None]
        name = journal.path.name
        if not journal.of(events.SessionEnd):
            where = f" and stops within run {inside[-1]}" if inside else ""
            found.append(f"{name} has no end{where}: the program ended or is still running")
        elif inside:
            found.append(f"{name} has an end, but run {', '.join(map(str, inside))} in it has none")
        elif journal.torn:
            found.append(f"{len(journal.torn)} bytes at the end of {name} aren't whole lines")
    planned = {int(row["run"]) for j in journals if j.head.step == "runs" for row in j.head.trials}
    absent = ", ".join(map(str, sorted(planned - begun))) if run is None else ""
    if found and absent:
        found[-1] += f"; planned runs that weren't begun: {absent}"
    return [f"{sentence}." for sentence in found]


def _marks(runs: Sequence[RunFacts]) -> list[str]:
    """What has to be known before anything on the page is believed."""
    marks = [MARKS[kind] for kind in ("simulated", "pilot") if kind in _kinds(runs)]
    heads = [run.record.head for run in runs]
    if any(head.virtual_time for head in heads):
        marks.append("Virtual time: nothing here was measured, it shows what the program planned.")
    if any(display_of(head.display).unsynchronised for head in heads):
        marks.append(UNSYNCHRONISED[0].upper() + UNSYNCHRONISED[1:] + ".")
    return marks


def _of_responses(journals: Sequence[Journal], kinds: set[str]) -> str:
    """How the key events were stamped, and how well the offset of their clock is known."""
    opened = [e for j in journals for e in j.of(events.DeviceOpened) if e.role == "responses"]
    stamps = {
        value
        for event in opened
        for name, value in event.details.items()
        if name.endswith(("stamps", "warning"))
    }
    said = (
        f" Stamps, as the program said at the start: {'; '.join(sorted(stamps))}." if stamps else ""
    )
    if offsets := [event for journal in journals for event in journal.of(events.ClockOffset)]:
        worst_us = 1e6 * max(offset.uncertainty_s for offset in offsets)
        said += f" The offset of their clock was measured {len(offsets)} times, each time known to "
        said += f"{worst_us:.1f} µs or better."
    return said + (ROUND if "simulated" in kinds else "")


def _criteria(runs: Sequence[RunFacts]) -> list[str]:
    """The studies' own figures, a line for each different set."""
    found = [in_words(run.record.head.study.get("verdict") or {}) for run in runs]
    return list(dict.fromkeys(said or "none stated" for said in found))


def _kinds(runs: Sequence[RunFacts]) -> set[str]:
    return {run.record.head.kind for run in runs}


def _reasons(runs: Sequence[RunFacts]) -> list[str]:
    """What wants to be looked at, a line each; free of what blinds."""
    lines = []
    for run in runs:
        blind = Blind(run.record.head)
        said = list(run.record.end.reasons) if run.record.end is not None else []
        said += findings(run.fit) if run.fit is not None else []
        if run.correction.reason:
            said.append(
                f"onsets corrected by {run.correction.seconds:+.4f} s: {run.correction.reason}"
            )
        lines += [f"{run.name}: {blind(sentence)}" for sentence in dict.fromkeys(said)]
    return lines


def _row(run: RunFacts, *, alone: bool) -> tuple[str, ...]:
    fit = run.fit
    expected = f" of {fit.expected}" if fit is not None and fit.expected is not None else ""
    pulses: tuple[str, ...] = (NONE,) * 6
    if fit is not None:
        at_an_end = f" + {fit.missing_at_an_end} at an end" if fit.missing_at_an_end else ""
        pulses = (
            f"{len(run.record.pulses)}{expected}",
            f"{len(fit.missing)}{at_an_end}",
            str(len(fit.doubled)),
            _spread(run.pulses),
            f"{fit.tr_fitted_s:.5f}",
            f"{run.correction.seconds:.4f}" if run.correction.reason else "0",
        )
    return (
        str(run.record.start.run) if alone else run.name,
        _verdict(run).replace("_", " "),
        _spread(run.onsets),
        _spread(run.markers),
        _spread(run.heat_commands),
        _frames(run),
        *pulses,
    )


def _frames(run: RunFacts) -> str:
    """Dropped frames; of how many stands at a run's end only, and without a window there are none."""
    end = run.record.end
    if frames := sum(end.frame_tenths) if end is not None else 0:
        return f"{len(run.dropped)} of {frames}"
    windowed = run.record.head.display.get("kind") == "window"
    return str(len(run.dropped)) if windowed else NONE


def _spread(points: Sequence[Point]) -> str:
    """Median and 99th percentile of the size."""
    import numpy as np

    if not points:
        return NONE
    middle, most = np.percentile([abs(ms) for _, ms in points], (50, 99))
    return f"{middle:.2f} / {most:.2f}"


def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader

    folder = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=folder, autoescape=True).get_template("audit.html.j2")
