"""Whether a stimulus, or a whole plan of them, keeps within the safety limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hardware.devices import Stimulus
from hardware.dose import cem43_of_stimulus
from hardware.history import SiteHistory, SiteState
from hardware.limits import HOT_ABOVE, LOWEST_BASELINE, SafetyLimits

# Sums of decimal fractions miss by less than this; it is far below what a device can do.
ROUNDING = 1e-6


def check_stimulus(stimulus: Stimulus, limits: SafetyLimits) -> list[str]:
    """Each limit that the stimulus itself breaks, as a clause: what, how much, which limit."""
    s = stimulus
    figures = (s.target, s.plateau_s, s.baseline, s.rise_rate, s.return_rate)
    if not all(abs(figure) < 1e6 for figure in figures):  # also refuses nan
        return [f"a figure of the stimulus isn't a number: {figures}"]
    problems = []

    def above(what: str, value: float, most: float, unit: str, limit: str) -> None:
        if value > most + ROUNDING:
            problems.append(f"{what} {value:g} {unit} is above {limit}, {most:g} {unit}")

    if s.rise_rate <= 0 or s.return_rate <= 0 or s.plateau_s < 0:
        return ["a rate isn't positive or a plateau is negative"]
    above("target", s.target, limits.highest_target, "C", "highest_target")
    above("baseline", s.baseline, limits.highest_baseline, "C", "highest_baseline")
    if s.baseline < LOWEST_BASELINE:
        problems.append(f"baseline {s.baseline:g} C is below {LOWEST_BASELINE:g} C")
    if s.target < s.baseline:
        problems.append(f"target {s.target:g} C is below the baseline, {s.baseline:g} C")
    name = "longest_plateau_hot_s" if s.target > HOT_ABOVE else "longest_plateau_s"
    longest = limits.longest_plateau_at(s.target)
    above(f"plateau at {s.target:g} C of", s.plateau_s, longest, "s", name)
    above("rise rate", s.rise_rate, limits.highest_rate, "C/s", "highest_rate")
    above("return rate", s.return_rate, limits.highest_rate, "C/s", "highest_rate")
    # A hotter target than allowed is refused already, and its dose might not be finite.
    if not problems:
        dose = cem43_of_stimulus(s)
        above("dose", dose, limits.highest_dose_stimulus, "CEM43 min", "highest_dose_stimulus")
    return problems


def check_history(
    stimulus: Stimulus, site: SiteState, visit_stimuli: int, limits: SafetyLimits
) -> list[str]:
    """Each limit that one more stimulus would break, given what has been delivered."""
    problems = []
    where = f"skin site {stimulus.skin_site}"
    if site.stimuli + 1 > limits.most_stimuli_site:
        problems.append(
            f"{where} has had {site.stimuli} stimuli in 24 h, most_stimuli_site is "
            f"{limits.most_stimuli_site}"
        )
    if visit_stimuli + 1 > limits.most_stimuli_visit:
        problems.append(
            f"{visit_stimuli} stimuli were given in 24 h, most_stimuli_visit is "
            f"{limits.most_stimuli_visit}"
        )
    dose = site.cem43 + cem43_of_stimulus(stimulus)
    if dose > limits.highest_dose_site + ROUNDING:
        problems.append(
            f"{where} would come to {dose:.1f} CEM43 min in 24 h, highest_dose_site is "
            f"{limits.highest_dose_site:g}"
        )
    return problems


def check_pause(
    stimulus: Stimulus, site: SiteState, start: float, limits: SafetyLimits
) -> list[str]:
    """Whether the site has rested long enough at `start` (on the clock of `site.last_end`)."""
    if site.last_end is None:
        return []
    pause = start - site.last_end
    if pause >= limits.shortest_pause_s - ROUNDING:
        return []
    return [
        f"skin site {stimulus.skin_site} has rested {pause:.1f} s, shortest_pause_s is "
        f"{limits.shortest_pause_s:g} s"
    ]


@dataclass(frozen=True)
class PlannedHeat:
    """One heat of a trial table. `start` is in seconds on the visit's planned time.

    Runs follow one another on that time; a run's own schedule starts anew, so add the runs before.
    """

    run: int
    trial: int
    stimulus: Stimulus
    start: float


def check_plan(
    planned: Iterable[PlannedHeat],
    limits: SafetyLimits,
    history: SiteHistory | None = None,
    now: float = 0.0,
) -> list[str]:
    """Walk a whole plan before anything moves: a sentence for each trial that breaks a limit.

    `history` (with `now`, wall time in s) adds what the sites have had already. Pauses are those
    of the plan: within a run on one site; a heat that starts before the last one on any site has
    ended is a violation too. Raises `ValueError` for a start that isn't a number.
    """
    heats: Sequence[PlannedHeat] = sorted(planned, key=lambda heat: heat.start)
    counts: dict[int, SiteState] = {}
    visit = history.visit_stimuli(now) if history else 0
    end = float("-inf")
    sentences = []
    for heat in heats:
        stimulus = heat.stimulus
        if not abs(heat.start) < float("inf"):
            raise ValueError(f"run {heat.run}, trial {heat.trial} has no start: {heat.start}")
        site = counts.get(stimulus.skin_site)
        if site is None:
            # Between the history and the plan lies a time that only the guard will know.
            had = history.site(stimulus.skin_site, now) if history else SiteState(0, 0.0, None)
            site = SiteState(had.stimuli, had.cem43, None)
        problems = check_stimulus(stimulus, limits)
        if not problems:
            problems = check_history(stimulus, site, visit, limits)
            problems += check_pause(stimulus, site, heat.start, limits)
            if heat.start < end - ROUNDING:
                problems.append(
                    f"it would start {end - heat.start:.1f} s before the last has ended"
                )
            end = heat.start + stimulus.length_s
            dose = site.cem43 + cem43_of_stimulus(stimulus)
            counts[stimulus.skin_site] = SiteState(site.stimuli + 1, dose, end)
            visit += 1
        sentences += [f"Run {heat.run}, trial {heat.trial}: {problem}." for problem in problems]
    return sentences
