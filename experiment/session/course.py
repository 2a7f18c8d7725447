"""The course of a session: run after run, and what happens when one is interrupted.

Asks the experimenter, never the clock: what takes time is done by the runner, and waiting for an
answer goes on while the display and the devices do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from conditions.schedule import volumes
from experiment.errors import ExitCode
from experiment.journal import events
from experiment.phases.heat import GiveHeat
from experiment.phases.registry import Materials, Row
from experiment.plan.materials import page
from experiment.plan.scene import Scene
from experiment.plan.segment import build_segment
from experiment.plan.timeline import Segment
from experiment.recovery.past import interrupted_last
from experiment.running.outcome import SegmentOutcome
from experiment.running.runner import Runner
from experiment.session.experimenter import Experimenter
from experiment.session.preparation import Prepared

END = "end the session (it can go on later)"
END_FOR_GOOD = "end the session for good (the participant won't go on)"
LOWERED_BY_C = 0.5  # one step of "lower the temperatures"
NOT_COOL = "The thermode doesn't report its baseline: take it off the skin, and switch it off."
COOLING_S = 15.0  # longest wait for the probe to reach baseline before a question is put
NO_DETAILS: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Ending:
    """How a session ended: as in the journal's last line."""

    status: Literal["completed", "continued", "stopped", "failed"]
    exit_code: ExitCode
    message: str = ""
    closed: bool = False  # for good: there's nothing to go on with


CLOSED = "the participant won't go on"
COMPLETED = Ending("completed", ExitCode.DONE)


@dataclass
class Course:
    """Takes a prepared session through its runs.

    `start_scan(volumes)` and `stop_scan()` work an emulated scanner's console; with a real one
    they do nothing, since the operator does it.
    """

    prepared: Prepared
    runner: Runner
    materials: Materials
    experimenter: Experimenter
    start_scan: Callable[[int], None]
    stop_scan: Callable[[], None]
    _lowered_c: float = field(init=False)
    _run_index: int = field(init=False)
    _stimuli: int = field(init=False)
    _close_it: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        past = self.prepared.past
        self._lowered_c, self._run_index, self._stimuli = (
            past.lowered_c,
            past.run_index,
            past.stimuli,
        )

    def execute(self) -> Ending:
        """All runs that are still to be done, in order. Returns how it ended."""
        self._load_pictures()
        design_runs = sorted({row["run"] for row in self.prepared.rows})
        first = True
        for number, design_run in enumerate(design_runs, start=1):
            rows = [row for row in self.prepared.rows if row["run"] == design_run]
            title = f"Run {number} of {len(design_runs)}"
            waiting = self.prepared.left(design_run)
            if not waiting:
                continue
            ending = self._one_run(rows, waiting, self._segments(design_run), title, first=first)
            first = False
            if ending is not None:
                self._show("stopped")
                return ending
        self._show("end")
        return COMPLETED

    # --- one run ------------------------------------------------------------------------------

    def _segments(self, design_run: int) -> int:
        """How many segments this acquisition of a run has had."""
        past = self.prepared.past.last(design_run)
        acquisition = self.prepared.acquisition_of(design_run)
        return past.segments if past is not None and past.acquisition == acquisition else 0

    def _one_run(
        self, rows: list[Row], waiting: list[Row], number: int, title: str, *, first: bool
    ) -> Ending | None:
        """One planned run, in as many segments as it takes. None: done, go on."""
        lead_in = [row for row in rows if row["trial"] == 0]
        while waiting:
            number += 1
            segment = self._segment([*lead_in, *waiting], number)
            go_on = self._begin(segment, title, "about_to_start" if first else "next_site")
            if not go_on:
                ended = self._stopped("the experimenter ended the session before the run")
                return self._closed(ended) if self._close_it else ended
            outcome = self._execute(segment)
            waiting = self._left(waiting, outcome)
            if outcome.status == "completed" and not outcome.reason:
                return None
            ending = self._interrupted(outcome)
            if ending is not None:
                return ending
        return None

    def _segment(self, rows: list[Row], number: int) -> Segment:
        """Lay out what is left of a run, with the temperatures of the moment."""
        prepared, rig = self.prepared, self.prepared.rig.model
        self._run_index += 1
        numbered = []
        for row in rows:
            row = dict(row)
            if row.get("temperature") is not None:
                self._stimuli += 1
                row["stimulus"] = self._stimuli
                row["temperature"] = self._lowered(row["temperature"], self._lowered_c)
            numbered.append(row)
        stored = rig.scanner.dummies_stored if rig.scanner is not None else 0
        return build_segment(
            prepared.study.model,
            numbered,
            self.materials,
            run=self._run_index,
            segment=number,
            acquisition=prepared.acquisition_of(rows[0]["run"]),
            volumes=self._volumes(stored) if prepared.scanned else None,
        )

    def _lowered(self, temperature: float, by_c: float) -> float:
        """A row's temperature so much lower, as the device can give it: never above that.

        Raises `ValueError` if the thermode has no program so low.
        """
        if not by_c:
            return temperature
        return self.prepared.figures.given(round(temperature - by_c, 2))

    def _can_lower(self) -> bool:
        """Whether every heat that is left could be given one step lower."""
        by_c = round(self._lowered_c + LOWERED_BY_C, 2)
        thermode = self.prepared.figures
        temperatures = {r["temperature"] for r in self.prepared.rows if r["temperature"]}
        try:
            return all(self._lowered(t, by_c) > thermode.baseline for t in temperatures)
        except ValueError:
            return False

    def _volumes(self, stored: int) -> Callable[[float], int]:
        def count(length_s: float) -> int:
            found = volumes(self.prepared.study.model, length_s, stored)
            assert found is not None  # only asked for where something is scanned
            return found

        return count

    def _begin(self, segment: Segment, title: str, screen: str) -> bool:
        """Site, console, ready? The heat stays off until the experimenter says so."""
        self._show(screen)
        self.runner.display.prepare(())  # what never happens during a run: garbage is collected
        console = (
            f" Type {segment.volumes} volumes at the console; start the scan when the screen says "
            f"that it waits."
            if segment.volumes is not None
            else ""
        )
        again = f" (segment {segment.segment})" if segment.segment > 1 else ""
        answer = self._ask(
            f"{title}{again}: put the thermode on skin site {segment.skin_site}; look at the skin "
            f"first.{console}",
            {"g": "begin", **self._ends()},
        )
        self._close_it = answer == "c"
        return answer == "g"

    def _execute(self, segment: Segment) -> SegmentOutcome:
        self._let_rest(segment)
        if segment.volumes is not None:
            self.start_scan(segment.volumes)
        try:
            return self.runner.run(segment)
        finally:
            self.stop_scan()

    def _let_rest(self, segment: Segment) -> None:
        """Wait until the segment's first heat can't come too soon for its skin site.

        Who goes on quickly after a pause would otherwise lose the lead-in's heat to the guard.
        """
        clock, stop = self.runner.stage.clock, self.runner.stop
        first = next((p.onset for p in segment.phases if isinstance(p.action, GiveHeat)), None)
        if first is None:
            return
        begin = self.runner.stage.rested_at(segment.skin_site) - first
        if begin > clock.now():
            self.experimenter.tell(
                f"Skin site {segment.skin_site} has to rest: the run begins in "
                f"{begin - clock.now():.0f} s."
            )
            clock.wait(lambda: stop.requested, begin)

    def _left(self, waiting: list[Row], outcome: SegmentOutcome) -> list[Row]:
        """The trials that are still to be done; the interrupted one as the study says."""
        return interrupted_last(
            [row for row in waiting if row["trial"] not in outcome.done],
            {outcome.interrupted or 0} - {0},
            repeat_interrupted=self.prepared.study.model.interrupted_trials == "repeat_at_end",
        )

    # --- interruptions ------------------------------------------------------------------------

    def _interrupted(self, outcome: SegmentOutcome) -> Ending | None:
        """What follows an interruption. None: go on with a new segment."""
        if outcome.status == "device_failed":
            return self._device_failed(outcome.reason)
        if outcome.status == "no_pulses":
            self.experimenter.warn(outcome.reason)
            answer = self._ask("No pulses came.", {"q": "end the session", "r": "wait again"})
            if self.runner.stop.final:
                return self._stopped(f"stop was asked for ({self.runner.stop.source})")
            return None if answer == "r" else Ending("failed", ExitCode.DEVICE, outcome.reason)
        if self.runner.stop.final:
            return self._stopped(outcome.reason)
        if failed := self._calm_pause():
            return self._device_failed(failed)
        options = self._ways_on(outcome)
        interrupted = f" in trial {outcome.interrupted}" if outcome.interrupted else ""
        answer = self._ask(f"Paused{interrupted}: {outcome.reason}.", options)
        if answer == "q":
            return self._stopped(outcome.reason)
        if answer == "c":
            return self._closed(self._stopped(outcome.reason))
        if answer == "l":
            self._lowered_c = round(self._lowered_c + LOWERED_BY_C, 2)
            self._decided("lower temperatures", "yes", {"lowered_by_c": self._lowered_c})
        return None

    def _ends(self) -> dict[str, str]:
        return {"q": END, "c": END_FOR_GOOD}

    def _ways_on(self, outcome: SegmentOutcome) -> dict[str, str]:
        """What the experimenter may choose from, the plain way on first."""
        options = {"g": "go on with a new segment of the run", **self._ends()}
        lower = {"l": f"lower all temperatures by {LOWERED_BY_C:g} C and go on"}
        if not self._can_lower():
            lower = {}
            self.experimenter.warn("The thermode can't give all that is left any lower.")
        # After high ratings the plain way is with lower temperatures.
        by_rule = outcome.status in ("paused", "completed") and not self.runner.stop.requested
        return lower | options if by_rule else options | lower

    def _stopped(self, reason: str) -> Ending:
        return Ending("stopped", ExitCode.EMERGENCY_STOP, reason)

    def _closed(self, ending: Ending) -> Ending:
        """The same, for good: the participant won't go on."""
        return replace(ending, message=f"{ending.message}; {CLOSED}", closed=True)

    def _device_failed(self, reason: str) -> Ending:
        self.experimenter.warn(reason)
        return Ending("failed", ExitCode.DEVICE, reason)

    def _calm_pause(self) -> str:
        """Show the pause until the probe is cool: why the thermode failed meanwhile, or ''."""
        self._show("calm_pause")
        self._let_cool()
        return self._thermode_failed()

    def _let_cool(self) -> None:
        """A question is put only when the probe is at baseline (or doesn't come down: warn)."""
        thermode, clock = self.runner.stage.thermode, self.runner.stage.clock
        if thermode is None:
            return
        if not clock.wait(thermode.at_baseline, clock.now() + COOLING_S):
            self.experimenter.warn(NOT_COOL)

    def _thermode_failed(self) -> str:
        """Whether it failed while it was to cool: nobody is asked to go on with it then."""
        thermode = self.runner.stage.thermode
        return thermode.failure() if thermode is not None else ""

    def _ask(
        self, question: str, options: Mapping[str, str], details: Mapping[str, Any] = NO_DETAILS
    ) -> str:
        """Put a question and wait for the answer, which also clears the stop that led to it.

        A stop that is asked for meanwhile is never overlooked: the first one of a pause puts the
        question again, a final one answers it with 'q'.
        """
        stop, asked = self.runner.stop, question
        while True:
            seen = stop.presses
            self.experimenter.ask(asked, options)
            self._wait_for_answer(seen)
            answer = "q" if stop.final else self.experimenter.answer()
            if answer is not None and (answer == "q" or stop.reset(seen)):
                self._decided(asked, answer, {"meaning": options.get(answer, ""), **details})
                return answer
            asked = f"Stop was pressed meanwhile ({stop.source}). {question}"

    def _wait_for_answer(self, presses: int) -> None:
        stop = self.runner.stop
        self.runner.stage.clock.wait(
            lambda: self.experimenter.answer() is not None or stop.final or stop.presses != presses,
            math.inf,
        )

    def _decided(self, question: str, answer: str, details: dict[str, Any]) -> None:
        stage = self.runner.stage
        stage.write(
            events.Decision(t=stage.clock.now(), question=question, answer=answer, details=details)
        )

    # --- screens ------------------------------------------------------------------------------

    def _load_pictures(self) -> None:
        """Everything on the graphics card before a run starts."""
        everything = self._segment_scenes()
        self.runner.display.prepare(everything)
        self._run_index, self._stimuli = self.prepared.past.run_index, self.prepared.past.stimuli

    def _segment_scenes(self) -> list[Scene]:
        rows = self.prepared.rows
        scenes: list[Scene] = []
        for design_run in sorted({row["run"] for row in rows}):
            segment = self._segment([row for row in rows if row["run"] == design_run], 1)
            scenes.extend(phase.scene for phase in segment.phases)
        return list(dict.fromkeys(scenes))

    def _show(self, screen: str) -> None:
        self.runner.display.show(page(self.prepared.texts, screen), lambda flip: None)
