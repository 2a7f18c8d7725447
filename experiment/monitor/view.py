"""The words and numbers of the page, from the state: what it shows, and nothing that blinds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from experiment.bids.export import subject_label
from experiment.bids.face_ratings import FACE_STEPS, faces_expected
from experiment.bids.sidecar import ORIGIN, study_title
from experiment.monitor.scene_picture import OVER, scene_picture
from experiment.monitor.state import Device, RunState, State, Told
from experiment.plan.timeline import NO_SITE
from experiment.summary.deviations import WEIGHTS, Deviation

MOST_TOLD = 8
STALE_S = 15.0  # in a run something is written far more often
NONE = "–"
# A journal gets a decision when it has been made: that one is waited for can't be told.
WAITING = "waiting for the experimenter or showing a page"


class TellLine(NamedTuple):
    """A warning: how much it weighs, and its text."""

    weight: str
    text: str


@dataclass(frozen=True)
class View:
    """Everything that stands on the page but the plots, as text."""

    title: str = "Waiting for a session"
    origin: str = ""
    blinded: str = ""
    told: tuple[TellLine, ...] = ()
    picture: Markup = field(default_factory=lambda: scene_picture(None))
    phase: str = NONE
    phase_left: str = NONE
    step: str = ""
    run: str = NONE
    trial: str = NONE
    run_left: str = NONE
    asked: str = NONE
    measured: str = NONE
    status: str = "not begun"
    news: str = NONE
    stale: str = ""
    numbers: tuple[tuple[str, str, str], ...] = ()
    devices: tuple[Device, ...] = ()
    devices_are: str = ": open"

    def html(self, part: str) -> str:
        """One part of the page: `told`, `now` or `numbers`."""
        return str(getattr(_template().module, part)(self))


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("live.html.j2")


def view_of(state: State, now: float, since_news: float, problem: str = "") -> View:
    """What to show at session time `now`, `since_news` seconds after the journal grew last."""
    problems = (TellLine("serious", problem),) if problem else ()
    if state.head is None:
        return View(told=problems)
    phase = state.phase
    caption = ""
    if phase is not None and state.show and phase.scene == "Portrait" and state.run is not None:
        caption = _who(state, phase.trial)
    view = View(
        picture=scene_picture(phase, caption, over=state.over),
        phase=_phase(state),
        phase_left=_phase_left(state, now),
        step=state.step.replace("_", " "),
        asked=_asked(state),
        measured=f"{state.temperature[1]:.1f} °C" if state.temperature else NONE,
        title=_title(state),
        origin="" if state.head.kind == "participant" else ORIGIN[state.head.kind],
        blinded=_blinded(state),
        told=problems + _told(state),
        status=_status(state),
        news=f"{since_news:.0f} s ago" if state.ended is None else NONE,
        numbers=tuple(_numbers(state)),
        devices=tuple(_blind_device(state, device) for device in state.devices.values()),
        devices_are=": open" if state.ended is None else ": closed",
    )
    if state.run is not None:
        view = _with_run(view, state, state.run, now)
        in_run = state.run.zero is not None and state.run.end is None
        if in_run and state.ended is None and since_news > STALE_S:
            stale = f"Nothing new for {since_news:.0f} s: the program hangs, or has been ended."
            view = replace(view, stale=stale)
    return view


def _title(state: State) -> str:
    assert state.head is not None
    session = f", session {state.head.session}" if state.head.session else ""
    step = ", calibration" if state.head.step == "calibration" else ""
    return f"sub-{subject_label(state.head)}{session}: {study_title(state.head)}{step}"


def _blinded(state: State) -> str:
    if not state.show:
        return "Blinded: no trust level, portrait or mean by condition is shown."
    assert state.head is not None
    return "" if state.head.kind == "simulated" else "UNBLINDED: not for who talks to participants."


def _told(state: State) -> tuple[TellLine, ...]:
    """The newest of the weightiest first."""
    newest = [
        told
        for weight in WEIGHTS
        for told in (*_timing_now(state), *reversed(state.told))
        if told.deviation.weight == weight
    ]
    lines = []
    shown = [told for n, told in enumerate(newest) if n < MOST_TOLD or told.deviation.kept]
    for told in shown:
        dev = told.deviation
        where = f", run {dev.run}" if dev.run else ""
        where += f", trial {dev.trial}" if dev.trial else ""
        at = f"{told.time} UTC" if told.time else "so far"
        again = f" ({told.times} times)" if told.times > 1 else ""
        lines.append(TellLine(dev.weight, f"{at}{where}: {dev.text}{again}"))
    if len(newest) > len(shown):
        lines.append(TellLine("note", f"and {len(newest) - len(shown)} more"))
    return tuple(lines)


def _timing_now(state: State) -> list[Told]:
    """What the run's verdict would say if it ended now, by the study's criteria."""
    run = state.run
    if run is None or run.end is not None or state.criteria is None:
        return []
    return [
        Told("", Deviation(state.last_t, "notable", reason, run.start.run))
        for reason in run.reasons(state.criteria)
    ]


def _status(state: State) -> str:
    if state.ended is not None:
        return state.ended.status
    if state.run is None:
        return "begun"
    return "running" if state.run.end is None else "between runs"


def _with_run(view: View, state: State, run: RunState, now: float) -> View:
    left = run.origin + run.start.planned_length_s - now
    running = run.end is None and state.ended is None
    return replace(
        view,
        run=_run(state, run),
        trial=_trial(run),
        run_left=_minutes(left) if running and run.zero is not None else NONE,
    )


def _who(state: State, trial: int) -> str:
    assert state.head is not None
    assert state.run is not None
    design_run = state.run.start.design_run
    rows = [r for r in state.head.trials if (r.get("run"), r.get("trial")) == (design_run, trial)]
    return ", ".join(f"{row.get('clinician')}, {row.get('trust')} trust" for row in rows)


def _phase(state: State) -> str:
    """The phase that is going on; where there's none, what is likely to be the case instead."""
    if state.ended is not None:
        return OVER if state.over else NONE
    if state.phase is not None:
        return state.phase.phase.replace("_", " ")
    run = state.run
    if run is not None and run.end is None:
        return "waiting for the scanner" if run.zero is None else NONE
    calibrated = state.head is not None and state.head.step == "calibration"
    if calibrated or state.step not in ("", "runs"):
        return f"between phases: {WAITING}"
    if run is None or run.end is None:
        return f"before the first run: {WAITING}"
    return f"between runs (the last one {run.end.status}): {WAITING}"


def _phase_left(state: State, now: float) -> str:
    if state.phase is None or state.ended is not None:
        return NONE
    if state.phase.planned_duration is None:
        return "until answered"
    return f"{max(0.0, state.phase.t + state.phase.planned_duration - now):.0f} s"


def _run(state: State, run: RunState) -> str:
    assert state.head is not None
    planned = len({row.get("run") for row in state.head.trials})
    segment = f", segment {run.start.segment}" if run.start.segment > 1 else ""
    again = ", repeated" if run.start.acquisition > 0 else ""
    site = f"; skin site {run.start.skin_site}" if run.start.skin_site != NO_SITE else ""
    return f"{run.start.design_run} of {planned}{segment}{again}{site}"


def _trial(run: RunState) -> str:
    if run.trial is None:
        return NONE
    if run.trial < 1:
        return "lead-in" if run.trial == 0 else NONE
    return f"{run.trial} ({run.trials_done} of {run.planned_trials} done)"


def _minutes(seconds: float) -> str:
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d} min"


def _asked(state: State) -> str:
    if state.triggered is not None:
        return f"{state.triggered.temperature:.1f} °C for {state.triggered.plateau_s:g} s, now"
    if state.prepared is not None:
        return f"{state.prepared.temperature:.1f} °C, prepared"
    return "none"


def _numbers(state: State) -> list[tuple[str, str, str]]:
    """Name, what it is, and value."""
    rating, heat, run = state.last_rating, state.last_delivered, state.run
    given = f"{state.ratings_given} of {state.ratings_asked}"
    last = NONE
    if rating is not None:
        value = "none given" if rating.rating is None else f"{rating.rating:.1f}"
        last = f"{rating.question} {value}"
    found = [("ratings", "ratings given", given), ("last_rating", "last rating", last)]
    if heat is not None:
        measured = heat.temperature_measured
        plateau = NONE if measured is None else f"{measured:.2f} °C"
        aborted = ", aborted" if heat.aborted else ""
        value = f"{plateau} for {heat.temperature:.1f} °C asked{aborted}"
        found.append(("last_heat", "last heat, plateau", value))
    if state.step in FACE_STEPS:
        assert state.head is not None
        done = f"{state.faces_given} of {faces_expected(state.head)}"
        found.insert(0, ("faces", "ratings of faces given", done))
    if run is not None:
        of_all = "" if run.pulses_expected is None else f" of {run.pulses_expected}"
        found += [
            ("pulses", "scanner pulses", f"{len(run.pulses)}{of_all}"),
            ("pulse_worst", "pulse farthest off its grid", _ms(run.worst_residual_ms)),
            ("frames", "frames dropped", str(run.timing.dropped_frames)),
            ("late", "onset farthest off time", _ms(run.worst_lateness_ms)),
        ]
    return found


def _ms(value: float | None) -> str:
    return NONE if value is None else f"{value:+.1f} ms"


def _blind_device(state: State, device: Device) -> Device:
    assert state.blind is not None
    return replace(device, failed=state.blind(device.failed))
