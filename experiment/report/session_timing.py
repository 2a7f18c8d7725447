"""The timing of a session's runs: figures for a table, and two pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from experiment.bids.records import RunRecord
from experiment.report.session_facts import SessionFacts
from experiment.report.session_plots import drawing, drawn_runs
from experiment.report.style import INK, run_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class RunTiming:
    """How one segment kept time; lengths in milliseconds, None where nothing was measured."""

    run: int
    phases: int
    onset_median_ms: float | None  # first flip minus schedule
    onset_worst_ms: float | None
    marker_median_ms: float | None  # byte handed over minus flip
    marker_worst_ms: float | None
    heat_median_ms: float | None  # start command handed over minus flip
    heat_worst_ms: float | None
    dropped_frames: int | None
    pulses: int
    pulses_expected: int | None
    pulse_worst_ms: float | None  # off the line through all


def timing_of(run: RunRecord) -> RunTiming:
    """Measure a segment; empty where it never began."""
    onsets = [1000 * (phase.t - phase.planned) for phase in run.phases]
    flips = {(phase.trial, phase.phase): phase.t for phase in run.phases}
    markers = [1000 * (m.after - flips[key]) for key, m in run.markers.items() if key in flips]
    heat_flips = {p.trial: p.t for p in run.phases if p.trial_type.startswith("heat")}
    heats = [
        1000 * (heat.after - heat_flips[heat.trial])
        for heat in run.triggered
        if heat.trial in heat_flips
    ]
    residuals = [residual for _, residual in pulse_residuals(run)]
    return RunTiming(
        run=run.start.run,
        phases=len(onsets),
        onset_median_ms=_middle(onsets),
        onset_worst_ms=_worst(onsets),
        marker_median_ms=_middle(markers),
        marker_worst_ms=_worst(markers),
        heat_median_ms=_middle(heats),
        heat_worst_ms=_worst(heats),
        dropped_frames=run.end.dropped_frames if run.end is not None else None,
        pulses=len(run.pulses),
        pulses_expected=run.end.pulses_expected if run.end is not None else None,
        pulse_worst_ms=_worst(residuals),
    )


def pulse_residuals(run: RunRecord) -> list[tuple[float, float]]:
    """Each pulse's time on the schedule (s), and how late it came (ms).

    Late after the line through all of them, from which a few that came late or not at all can't
    move the others; echoes are left out.
    """
    fit = run.pulse_fit
    if run.zero is None or fit is None:
        return []
    zero = run.zero.t
    return [
        (time - zero, 1000 * late) for time, late in zip(fit.times, fit.residuals_s, strict=True)
    ]


def timing_plots(facts: SessionFacts) -> str:
    """Actual minus planned onset of every phase, and how late each pulse was."""
    runs = drawn_runs(facts)
    criteria = facts.head.study.get("verdict") or {}
    limit = criteria.get("max_lateness_ms")
    with drawing(2.3, facts) as (figure, result):
        onsets, pulses = figure.subplots(1, 2)
        counted = 0
        for run in runs:
            assert run.zero is not None
            xs = [phase.planned - run.zero.t for phase in run.phases]
            ys = [1000 * (phase.t - phase.planned) for phase in run.phases]
            style = {"markersize": 1.8, "color": run_colour(run.start.run), "rasterized": True}
            onsets.plot(xs, ys, ".", label=f"run {run.start.run}", **style)
            counted += len(xs)
            if found := pulse_residuals(run):
                pulses.plot([t for t, _ in found], [ms for _, ms in found], ".", **style)
        if limit is not None:
            for sign in (-1, 1):
                onsets.axhline(sign * float(limit), color=INK, linewidth=0.6, linestyle="--")
        _at_least(onsets, 1.0)
        _at_least(pulses, 1.0)
        dashed = f"; dashed: ±{float(limit):g} ms, the study's criterion" if limit else ""
        onsets.set_title(f"Onsets of {counted} phases{dashed}")
        onsets.set_xlabel("planned onset on the run's schedule (s)")
        onsets.set_ylabel("actual − planned (ms)")
        total = sum(len(run.pulses) for run in runs)
        pulses.set_title(f"{total} scanner pulses" if total else "No scanner pulses")
        pulses.set_xlabel("time on the run's schedule (s)")
        pulses.set_ylabel("pulse − line through all (ms)")
        if runs:
            figure.legend(ncols=6, loc="outside lower center", fontsize=6.5, markerscale=4)
    return result.svg


def _at_least(axes: Axes, reach: float) -> None:
    """Keep noise of microseconds from filling the picture."""
    low, high = axes.get_ylim()
    axes.set_ylim(1.1 * min(low, -reach), 1.1 * max(high, reach))


def _middle(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _worst(values: Sequence[float]) -> float | None:
    return max(values, key=abs) if values else None
