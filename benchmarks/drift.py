"""Row 3: how far 60 phases of 0.5 s drift off their schedule.

The median of the last ten onsets' distances from the schedule, less that of the first ten: what a single
late frame does to a single onset on a busy machine isn't drift.

Our runner, against chained countdown timers (`while timer.getTime() > 0: win.flip()`) and against the loop
that PsychoPy's Builder writes: a routine begins and ends at the frame that is expected within its tolerance of
1 ms, and its timer is reset after it (what Builder writes where an end isn't known beforehand) or, "non-slip", only
put back by its length; and against ioHub's own `wait`, with which its demos time their phases.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from benchmarks.iohub_peer import io_hub
from benchmarks.measure import Row
from benchmarks.window import open_window
from experiment.display.window import WindowDisplay
from experiment.journal import events
from experiment.plan.scene import Fixation
from experiment.plan.timeline import Phase, Segment
from experiment.running.runner import Runner
from experiment.running.stage import Nobody, Stage
from experiment.running.stop import EmergencyStop
from experiment.timing.verdict import TimingCriteria

PHASE_S = 0.5
EACH_END = 10  # phases
BUILDER_TOLERANCE_S = 0.001  # its `frameTolerance`
CRITERIA = TimingCriteria(1.0, 10**6, 2, 2, 1.0)


def by_our_runner(clock: Any, window: WindowDisplay, phases: int) -> float:
    found: list[Any] = []
    segment = Segment(
        run=1,
        design_run=1,
        segment=1,
        acquisition=0,
        skin_site=1,
        phases=tuple(
            Phase(1, f"phase_{n}", "fixation", n * PHASE_S, PHASE_S, Fixation())
            for n in range(phases)
        ),
        rows={},
        length_s=phases * PHASE_S,
        volumes=None,
    )
    stage = Stage(clock, None, found.append, lambda message: None)
    stop = EmergencyStop(clock, lambda: None, found.append)
    runner = Runner(stage, window, Nobody(), stop, Fixation(), CRITERIA)
    runner.run(segment)
    starts = [event.t for event in found if isinstance(event, events.PhaseStart)]
    if len(starts) < phases:
        raise RuntimeError(f"the run broke off after {len(starts)} phases: the machine is too busy")
    return _drift(starts)


def _drift(onsets: list[float]) -> float:
    late = [onset - number * PHASE_S for number, onset in enumerate(onsets)]
    return median(late[-EACH_END:]) - median(late[:EACH_END])


def by_countdown(window: WindowDisplay, phases: int) -> float:
    """A timer for each phase; its first flip in the timer's loop is the onset."""
    from psychopy import core

    flips: list[float] = []
    for number in range(phases):
        timer = core.CountdownTimer(PHASE_S)
        while timer.getTime() > 0:
            if len(flips) == number:
                flips.append(window.show(Fixation(), lambda flip: None))
            else:
                window.frame()
    return _drift(flips)


def by_builder(window: WindowDisplay, phases: int, *, non_slip: bool) -> float:
    """As Builder's script: without an end of its own, with our window's paced flip for `win.flip`."""
    from psychopy import core

    win = window.window
    win.monitorFramePeriod = 1 / window.info.refresh_hz  # Builder measures it at the start
    timer = core.Clock()
    flips: list[float] = []
    for number in range(phases):
        started = 0.0
        while not non_slip or timer.getTime() < PHASE_S:
            coming = win.getFutureFlipTime(clock=None)
            if len(flips) > number:
                if coming > started + PHASE_S - BUILDER_TOLERANCE_S:
                    break  # every component has finished: Builder doesn't flip then
                window.frame()
            elif win.getFutureFlipTime(clock=timer) >= -BUILDER_TOLERANCE_S:
                started = coming
                flips.append(window.show(Fixation(), lambda flip: None))
            else:
                window.frame()
        if non_slip:
            timer.addTime(-PHASE_S)
        else:
            timer.reset()
    return _drift(flips)


def by_iohub(window: WindowDisplay, phases: int) -> float:
    """The demos' `io.wait(seconds)` after each flip: the hub's events are fetched meanwhile."""
    with io_hub() as hub:
        flips = []
        for _ in range(phases):
            flips.append(window.show(Fixation(), lambda flip: None))
            hub.wait(PHASE_S)
    return _drift(flips)


def run(phases: int = 60) -> Row:
    with open_window() as (clock, window):
        ours = by_our_runner(clock, window, phases)
        chained = by_countdown(window, phases)
        reset = by_builder(window, phases, non_slip=False)
        hub = by_iohub(window, phases)
        non_slip = by_builder(window, phases, non_slip=True)
        frame_s = 1 / window.info.refresh_hz
    return Row(
        3,
        f"Drift over {phases} phases of {PHASE_S} s: the last ten onsets against the first ten",
        f"{1000 * ours:.1f} ms",
        f"chained countdown timers: {1000 * chained:.1f} ms; Builder's loop, timer reset for each "
        f"routine: {1000 * reset:.1f} ms, non-slip: {1000 * non_slip:.1f} ms; ioHub's wait: {1000 * hub:.1f} ms",
        abs(ours / chained) if chained else None,
        f"at most one frame ({1000 * frame_s:.1f} ms)",
        abs(ours) <= frame_s,
    )
