"""The order of a run's trials: a search with backtracking that keeps every constraint.

Of a flagship run's random orders one in 630 is valid, so that trying is no way. The search is
bounded: constraints that can't be met end in one sentence naming those in conflict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

# A flagship run needs 16 to 130 steps. Where a try has gone wrong early, beginning anew is quicker
# than exhausting it.
STEPS_A_TRY = 400
TRIES = 40


@dataclass(frozen=True)
class Pairing:
    """A clinician, the trust level at which they're met, and the temperature level (from 0)."""

    clinician: str
    trust: str
    temperature: int


@dataclass(frozen=True)
class Rules:
    """What an order must keep; None and False stand for no constraint. See the study's design."""

    max_same_trust: int | None = None
    max_same_temperature: int | None = None
    min_other_clinicians: int | None = None
    balance_by_half: bool = False
    first_trust: str | None = None

    def in_force(self) -> list[str]:
        """Which constraints there are."""
        return [name for name, value in vars(self).items() if value not in (None, False)]

    def without(self, name: str) -> Rules:
        """The same, but for one constraint."""
        if name == "balance_by_half":
            return replace(self, balance_by_half=False)
        return Rules(**(vars(self) | {name: None}))


def draw_order(trials: Sequence[Pairing], rules: Rules, rng: np.random.Generator) -> list[Pairing]:
    """A random order of the trials that keeps the rules.

    Raises ValueError, in one sentence that names the constraints in conflict, if none is found.
    """
    found = _find(trials, rules, rng)
    if found is None:
        raise ValueError(_conflict(trials, rules, rng))
    return found


def _find(
    trials: Sequence[Pairing], rules: Rules, rng: np.random.Generator
) -> list[Pairing] | None:
    count = len(trials)
    for _ in range(TRIES):
        # Which trial to try first, at each place of the order.
        preferred = rng.random((count, count)).argsort(axis=1).tolist()
        search = _Search(trials, rules, preferred)
        if search.place_next():
            return search.order
        if search.steps < STEPS_A_TRY:
            return None  # every order was tried
    return None


class _Search:
    """One try: places trial after trial, and takes back what leads nowhere."""

    def __init__(self, trials: Sequence[Pairing], rules: Rules, preferred: list[list[int]]) -> None:
        count = len(trials)
        self.trials, self.preferred = trials, preferred
        self.order: list[Pairing] = []
        self.free = [True] * count
        self.steps = 0
        self.first_trust = rules.first_trust
        self.longest_trust = rules.max_same_trust or count
        self.longest_temperature = rules.max_same_temperature or count
        self.between = rules.min_other_clinicians or 0
        self.middle = count // 2
        cells = Counter((p.trust, p.temperature) for p in trials)
        self.most_in_half = {
            cell: (number + 1) // 2 if rules.balance_by_half else number
            for cell, number in cells.items()
        }
        self.in_half: tuple[Counter[tuple[str, int]], ...] = (Counter(), Counter())

    def place_next(self, same_trust: int = 0, same_temperature: int = 0) -> bool:
        """Fill the places that are left; False if that can't be done, or isn't worth going on.

        The numbers say how many of the last trials have the last one's trust and temperature.
        """
        place = len(self.order)
        if place == len(self.trials):
            return True
        last = self.order[-1] if self.order else None
        recent = {pairing.clinician for pairing in self.order[max(0, place - self.between) :]}
        half = self.in_half[place >= self.middle]
        for index in self.preferred[place]:
            new = self.trials[index]
            if not self.free[index] or new.clinician in recent:
                continue
            if last is None:
                if self.first_trust not in (None, new.trust):
                    continue
                trust = temperature = 1
            else:
                trust = same_trust + 1 if new.trust == last.trust else 1
                temperature = same_temperature + 1 if new.temperature == last.temperature else 1
            cell = (new.trust, new.temperature)
            if (
                trust > self.longest_trust
                or temperature > self.longest_temperature
                or half[cell] >= self.most_in_half[cell]
            ):
                continue
            self.steps += 1
            if self.steps >= STEPS_A_TRY:
                return False
            self.order.append(new)
            self.free[index] = False
            half[cell] += 1
            if self.place_next(trust, temperature):
                return True
            self.order.pop()
            self.free[index] = True
            half[cell] -= 1
        return False


def _conflict(trials: Sequence[Pairing], rules: Rules, rng: np.random.Generator) -> str:
    """Leave out one constraint after the other; those that can't be spared are in conflict."""
    needed = rules
    for name in rules.in_force():
        if _find(trials, needed.without(name), rng) is None:
            needed = needed.without(name)
    names = [_in_study(name, needed) for name in needed.in_force()]
    together = f"{', '.join(names[:-1])} and {names[-1]} together" if names[1:] else names[0]
    return (
        f"no order of a run's {len(trials)} trials can be found that keeps {together}: loosen "
        f"{'one of them' if names[1:] else 'it'} in the study's [design]"
    )


def _in_study(name: str, rules: Rules) -> str:
    """A constraint as the study file writes it."""
    if name == "first_trust":
        return "first_trial_trust_balanced = true"
    value = getattr(rules, name)
    return f"{name} = {'true' if value is True else value}"
