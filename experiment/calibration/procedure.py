"""Taking a participant through a calibration: stimulus, rating, next stimulus, and the decision.

It runs on the session's own runner, guard, display and journal, outside the runs (run 0). Every
proposed stimulus is checked like a row of a table before it's shown, and by the guard when it is
prepared and triggered. Each stimulus is on another skin site than the one before, so that the
experimenter moves the probe and looks at the skin each time, and no site is heated twice in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from conditions.calibration import Calibration
from conditions.seed import stream
from conditions.study import Study
from experiment.calibration.adaptive import Adaptive
from experiment.calibration.estimate import Estimate, Method, Proposal, Rated
from experiment.calibration.fixed import FixedSeries
from experiment.calibration.in_letters import in_letters
from experiment.calibration.offer import against_runs, by_hand, calibration_of, draw, in_words
from experiment.calibration.refusal import Refusal, refusals
from experiment.calibration.study import calibration_study, row_of
from experiment.calibration.written import next_path, write_calibration
from experiment.errors import UserError
from experiment.journal import events
from experiment.journal.events import Event
from experiment.plan.segment import build_segment
from experiment.plan.timeline import Segment
from experiment.running.outcome import SegmentOutcome
from experiment.session.course import COMPLETED, Course, Ending
from experiment.session.heat_limits import stimulus_of
from hardware.checks import PlannedHeat

MethodName = Literal["fixed", "adaptive"]
COOLEST_TARGET_C = 43.0  # ours: below it hardly anybody feels pain (see facts on thresholds)
HAND_STEP_C = 0.1
LOWERED_BY_C = 0.5  # below the hottest so far, after ratings that were too high


@dataclass(frozen=True)
class Calibrated:
    """How a calibration ended: an accepted one and its file, or why there is none."""

    calibration: Calibration | None
    path: Path | None
    ending: Ending | None  # None: accepted


@dataclass
class CalibrationCourse(Course):
    """A session that is a calibration. A visit calls `calibrate` as one of its steps."""

    method: MethodName = "adaptive"
    _study: Study = field(init=False)
    _trial: int = field(init=False, default=0)
    _rating: float | None = field(init=False, default=None)
    _given: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            self._study = calibration_study(self.prepared.pain_study)
        except ValueError as error:
            raise UserError(str(error)) from None

    def execute(self) -> Ending:
        """The whole session: calibrate, and say to the participant that it's over."""
        calibrated = self.calibrate()
        self._show("end" if calibrated.ending is None else "stopped")
        return calibrated.ending or COMPLETED

    def calibrate(self) -> Calibrated:
        """One series after the other, until one is accepted, set by hand, or given up."""
        stage = self.runner.stage
        inner = stage.write

        def write(event: Event) -> None:
            self._see(event)
            inner(event)

        stage.write = write
        try:
            return self._until_accepted()
        finally:
            stage.write = inner

    def _until_accepted(self) -> Calibrated:
        refused, attempt = 0, 0
        while True:
            attempt += 1
            method = self._method(attempt)
            rated = self._series(method)
            if isinstance(rated, Ending):
                return Calibrated(None, None, rated)
            estimate = method.estimate(rated)
            against, calibration = self._judge(method, estimate, rated)
            self._tell(method, attempt, estimate, rated, against)
            refused += bool(against)
            answer = self._offer(bool(against), refused)
            if answer == "g" and calibration is not None:
                return self._accepted(calibration)
            if answer == "h":
                chosen = self._set_by_hand(estimate)
                if chosen is not None:
                    return self._accepted(chosen)
            if answer == "q":
                return Calibrated(None, None, self._stopped("no calibration was accepted"))

    def _ends(self) -> dict[str, str]:
        return {"q": "end without a calibration"}

    # --- a series -----------------------------------------------------------------------------

    def _method(self, attempt: int) -> Method:
        prepared, study = self.prepared, self.prepared.pain_study
        rng = stream(prepared.seed, "calibration", prepared.journal_number, attempt)
        drawn = (int(site) + 1 for site in rng.permutation(study.skin_sites.count))
        sites = tuple(site for site in drawn if site not in prepared.unusable)
        kind: Callable[..., Any] = FixedSeries if self.method == "fixed" else Adaptive
        method: Method = kind(
            study.targets, sites, study.skin_sites.for_runs, prepared.figures.highest_target, rng
        )
        return method

    def _series(self, method: Method) -> list[Rated] | Ending:
        """Every stimulus that the method wants, or that the limits allow."""
        rated: list[Rated] = []
        rng = stream(self.prepared.seed, "calibration timing", self._trial)
        while (proposal := method.propose(rated)) is not None:
            try:
                given = self.prepared.figures.given(proposal.temperature)
            except ValueError as error:
                self.runner.stage.warn(f"The series ends here: {error}.")
                break
            proposal = Proposal(proposal.site, given)
            self._trial += 1
            self._stimuli += 1
            row = row_of(
                self._study, self.prepared.figures, proposal, self._trial, self._stimuli, rng
            )
            segment = self._one(row)
            breaches = self.runner.stage.breaches(self._planned(row))
            if breaches:
                self.runner.stage.warn(f"The series ends here: {breaches[0]}")
                break
            if not rated:
                self.runner.display.prepare([phase.scene for phase in segment.phases])
            said = f"Stimulus {len(rated) + 1} of at most {method.most_stimuli}"
            if not self._begin(segment, said, "about_to_start" if not rated else "next_site"):
                return self._stopped("the experimenter ended the calibration")
            outcome = self._heat_and_rate(segment)
            answer = self._rating if self._given and outcome.status == "completed" else None
            rated.append(Rated(proposal.site, proposal.temperature, answer))
            if outcome.status != "completed" or outcome.reason:
                ending = self._after(outcome, method, proposal)
                if ending is not None:
                    return ending
        return rated

    def _one(self, row: dict[str, Any]) -> Segment:
        return build_segment(
            self._study, [row], self.materials, run=row["run"], segment=1, acquisition=0
        )

    def _planned(self, row: dict[str, Any]) -> Sequence[PlannedHeat]:
        stimulus = stimulus_of(row, row["stimulus"], self.prepared.figures)
        return [PlannedHeat(row["run"], row["trial"], stimulus, 0.0)]

    def _heat_and_rate(self, segment: Segment) -> SegmentOutcome:
        self._rating, self._given = None, False
        self._let_rest(segment)
        return self.runner.outside_runs(segment)

    def _see(self, event: Event) -> None:
        """What the phases write is how the rating gets here."""
        if isinstance(event, events.HeatTriggered):
            self._given = True
        elif isinstance(event, events.Rating) and event.question == "intensity":
            self._rating = event.rating

    def _after(self, outcome: SegmentOutcome, method: Method, proposal: Proposal) -> Ending | None:
        """Something interrupted, or the ratings are too high. None: go on with the series."""
        if outcome.status == "device_failed":
            return self._device_failed(outcome.reason)
        if self.runner.stop.final:
            return self._stopped(outcome.reason)
        if failed := self._calm_pause():
            return self._device_failed(failed)
        options = {
            "l": f"go on, at most {proposal.temperature - LOWERED_BY_C:.1f} C from now on",
            "g": "go on",
            "q": "end without a calibration",
        }
        answer = self._ask(f"Paused: {outcome.reason}.", options)
        if answer == "q":
            return self._stopped(outcome.reason)
        if answer == "l":
            method.highest_target = round(proposal.temperature - LOWERED_BY_C, 1)
        return None

    # --- the decision -------------------------------------------------------------------------

    def _judge(
        self, method: Method, estimate: Estimate | None, rated: Sequence[Rated]
    ) -> tuple[list[Refusal], Calibration | None]:
        """Every reason against, and the calibration if there's none."""
        highest = self.prepared.figures.highest_target
        against = refusals(estimate, rated, COOLEST_TARGET_C, highest)
        if against or estimate is None:
            return against, None
        calibration = calibration_of(self.prepared, estimate, method.name)
        against = against_runs(self.prepared, calibration, self.runner.stage.breaches)
        return against, None if against else calibration

    def _tell(
        self,
        method: Method,
        attempt: int,
        estimate: Estimate | None,
        rated: Sequence[Rated],
        against: Sequence[Refusal],
    ) -> None:
        """Figures and picture for the experimenter; the same into the journal."""
        tell, place = self.experimenter.tell, self.prepared.place
        for line in (*in_words(estimate, rated), "", *in_letters(estimate, rated), ""):
            tell(line)
        stem = f"{place.stem}_calibration-{self.prepared.journal_number:03d}-{attempt}"
        picture = place.dataset / "derivatives" / "trustpain" / f"{stem}.png"
        draw(picture, f"{place.stem}: {method.name} calibration", rated, estimate)
        tell(f"Picture: {picture}")
        for each in against:
            self.experimenter.warn(f"Refused: {each}.")
        details: dict[str, Any] = {"method": method.name, "attempt": attempt}
        if estimate is not None:
            details |= {
                "targets": [vars(target) for target in estimate.targets],
                "sites": [vars(each) for each in estimate.residuals],
                "slope": estimate.slope,
                "noise": estimate.noise,
            }
        self._decided(
            "Is the calibration fit for use?",
            "no" if against else "yes",
            details | {"refused": [str(each) for each in against]},
        )

    def _offer(self, refused: bool, times: int) -> str:
        """What the experimenter wants. The plain way on comes first."""
        accept = {"g": "accept"}
        repeat = {"r": "repeat the calibration"}
        hand = {"h": "set the temperatures by hand"}
        end = {"q": "end without a calibration"}
        if not refused:
            return self._ask("The calibration can be used.", accept | repeat | hand | end)
        ways = repeat | hand if times < 2 else hand | repeat
        return self._ask("The calibration can't be used.", ways | end)

    def _set_by_hand(self, estimate: Estimate | None) -> Calibration | None:
        """Temperatures chosen in steps of 0.1 C, from the study's fixed ones on. None: neither."""
        study = self.prepared.pain_study
        chosen, level = list(study.temperatures.fixed), 0
        while True:
            name = study.temperatures.levels[level]
            listed = ", ".join(
                f"{each} {c:.1f} C"
                for each, c in zip(study.temperatures.levels, chosen, strict=True)
            )
            answer = self._ask(
                f"By hand: {listed}.",
                {
                    "g": "use these",
                    "+": f"{name} {HAND_STEP_C:g} C warmer",
                    "-": f"{name} {HAND_STEP_C:g} C cooler",
                    "n": "change the next temperature",
                    "q": "none of it",
                },
            )
            if answer == "q":
                return None
            if answer == "n":
                level = (level + 1) % len(chosen)
            elif answer in "+-":
                step = HAND_STEP_C if answer == "+" else -HAND_STEP_C
                chosen[level] = round(chosen[level] + step, 1)
            else:
                found = self._if_allowed(chosen, estimate)
                if found is not None:
                    return found

    def _if_allowed(
        self, temperatures: Sequence[float], estimate: Estimate | None
    ) -> Calibration | None:
        """The calibration set by hand, unless the runs couldn't be given at its temperatures."""
        try:
            calibration = by_hand(self.prepared, temperatures, estimate)
        except ValueError as error:
            self.experimenter.warn(f"Not possible: {error}")
            return None
        against = against_runs(self.prepared, calibration, self.runner.stage.breaches)
        for each in against:
            self.experimenter.warn(f"Not possible: {each}.")
        return None if against else calibration

    def _accepted(self, calibration: Calibration) -> Calibrated:
        prepared = self.prepared
        path = next_path(prepared.place)
        journal = prepared.place.journal(prepared.journal_number).name
        write_calibration(path, calibration, journal)
        self._decided(
            "Which calibration is accepted?",
            calibration.method,
            {"file": path.name, "calibration": calibration.model_dump(mode="json")},
        )
        self.experimenter.tell(f"Written: {path}")
        return Calibrated(calibration, path, None)
