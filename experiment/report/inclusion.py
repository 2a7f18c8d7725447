"""Who is in the analysis, who isn't, and why: by rules that the study file states beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean

from conditions.study import Exclusion
from experiment.report.tables import QUESTIONS, Row, Segment, planned_trials, read_visit
from experiment.report.visits import Visit

VERDICTS = ("good", "unknown", "look", "not_good")  # from best to worst; unknown: broke off


@dataclass(frozen=True)
class Person:
    """One participant: in, or out for the reasons named.

    `visits` holds no visit that isn't closed; `ratings_planned` counts both questions.
    `temperature_effect` is mean intensity at the highest minus at the lowest level, in points, and
    None where it can't be told.
    """

    participant: str
    visits: tuple[Visit, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trials: tuple[Row, ...] = field(default=(), repr=False)
    runs_used: int = 0
    runs_found: int = 0
    ratings_given: int = 0
    ratings_planned: int = 0
    verdict: str = "n/a"  # the worst of the runs found
    temperature_effect: float | None = None

    @property
    def included(self) -> bool:
        """Whether the participant is in the analysis."""
        return not self.reasons

    @property
    def missing(self) -> float | None:
        """Share of the planned ratings that are missing or unusable."""
        if not self.ratings_planned:
            return None
        return 1.0 - self.ratings_given / self.ratings_planned


def judge(dataset: Path, visits: Sequence[Visit], rules: Exclusion | None) -> Person:
    """One participant, from all its visits; without rules only who has no rating at all is out.

    A visit that isn't closed keeps the whole participant out: whoever comes back must not be
    unblinded. What can't be read keeps a participant out too, and never raises.
    """
    participant = visits[0].participant
    problems = [
        f"{visit.problem}" + (f" (session {visit.session})" if visit.session else "")
        for visit in visits
        if visit.problem
    ]
    if problems:
        return Person(participant, reasons=tuple(problems))
    try:
        segments = [segment for visit in visits for segment in read_visit(dataset, visit)]
    except ValueError as error:
        return Person(participant, tuple(visits), reasons=(str(error),))
    planned = sum(len(planned_trials(visit.heads.values())) for visit in visits)
    return _judge(participant, tuple(visits), segments, planned, rules)


def _judge(
    participant: str,
    visits: tuple[Visit, ...],
    segments: list[Segment],
    planned: int,
    rules: Exclusion | None,
) -> Person:
    left_out = [s for s in segments if rules and _bad_timing(s, rules)]
    used = [s for s in segments if s not in left_out]
    trials = tuple(row for segment in used for row in segment.trials)
    given = sum(row[question] is not None for row in trials for question in QUESTIONS)
    found = Person(
        participant,
        visits,
        notes=tuple(
            f"run {s.design_run} left out: timing {s.verdict.replace('_', ' ')}"
            + (f" ({'; '.join(s.reasons)})" if s.reasons else "")
            for s in left_out
        ),
        trials=trials,
        runs_used=len({s.path.parent.name + str(s.design_run) for s in used if s.trials}),
        runs_found=len({s.path.parent.name + str(s.design_run) for s in segments}),
        ratings_given=given,
        ratings_planned=planned * len(QUESTIONS),
        verdict=max((s.verdict for s in segments), key=_badness),
        temperature_effect=temperature_effect(trials),
    )
    return _with_reasons(found, rules)


def _badness(verdict: str) -> int:
    return VERDICTS.index(verdict) if verdict in VERDICTS else len(VERDICTS)


def _bad_timing(segment: Segment, rules: Exclusion) -> bool:
    worst_allowed = {"look": "unknown", "not_good": "look", "never": "not_good"}
    return _badness(segment.verdict) > _badness(worst_allowed[rules.runs_with_timing])


def _with_reasons(person: Person, rules: Exclusion | None) -> Person:
    reasons = []
    if not person.ratings_given:
        reasons.append("all ratings are missing")
    elif rules is not None:
        missing, effect = person.missing, person.temperature_effect
        if missing is not None and missing > rules.max_missing_share + 1e-9:
            reasons.append(
                f"{person.ratings_planned - person.ratings_given} of {person.ratings_planned} "
                f"ratings are missing, more than {100 * rules.max_missing_share:g} %"
            )
        if person.runs_used < rules.min_runs:
            reasons.append(f"{person.runs_used} usable run(s), fewer than {rules.min_runs}")
        if effect is not None and effect <= rules.min_temperature_effect:
            reasons.append(
                f"hotter was rated only {effect:.1f} points higher, not more than "
                f"{rules.min_temperature_effect:g}: doesn't respond to temperature"
            )
    return replace(person, reasons=tuple(reasons))


def temperature_effect(trials: Sequence[Row]) -> float | None:
    """Mean intensity at the highest level minus at the lowest; None unless both were rated."""
    asked: dict[str, list[float]] = {}
    rated: dict[str, list[float]] = {}
    for row in trials:
        asked.setdefault(row["temperature_level"], []).append(row["temperature"])
        if row["intensity"] is not None:
            rated.setdefault(row["temperature_level"], []).append(row["intensity"])
    levels = sorted(asked, key=lambda level: fmean(asked[level]))
    if len(levels) < 2 or levels[0] not in rated or levels[-1] not in rated:
        return None
    return fmean(rated[levels[-1]]) - fmean(rated[levels[0]])
