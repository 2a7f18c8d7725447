"""The order of a run's trials: a search with backtracking that keeps every constraint.

Of a flagship run's random orders one in 630 is valid, so that trying is no way. The search is
bounded: constraints that can't be met end in one sentence naming those in conflict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

# A flagship run needs about 25 steps. Dead ends are left by beginning anew, not by exhausting them.
STEPS_A_TRY = 2_000
TRIES = 20


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


def broken_rules(order: Sequence[Pairing], rules: Rules) -> list[str]:
    """Which rules an order breaks; independent of the search, so that each can check the other."""
    broken = []
    if rules.max_same_trust and _longest([p.trust for p in order]) > rules.max_same_trust:
        broken.append("max_same_trust")
    longest = _longest([p.temperature for p in order])
    if rules.max_same_temperature and longest > rules.max_same_temperature:
        broken.append("max_same_temperature")
    between = rules.min_other_clinicians or 0
    for place, pairing in enumerate(order):
        if pairing.clinician in {p.clinician for p in order[max(0, place - between) : place]}:
            broken.append("min_other_clinicians")
            break
    if rules.balance_by_half:
        middle = len(order) // 2
        halves = [
            Counter((p.trust, p.temperature) for p in half)
            for half in (order[:middle], order[middle:])
        ]
        if any(abs(halves[0][cell] - halves[1][cell]) > 1 for cell in halves[0] | halves[1]):
            broken.append("balance_by_half")
    if rules.first_trust is not None and order[0].trust != rules.first_trust:
        broken.append("first_trust")
    return broken


def _longest(values: Sequence[str | int]) -> int:
    """Length of the longest stretch of one value."""
    longest = length = 0
    for place, value in enumerate(values):
        length = length + 1 if place and value == values[place - 1] else 1
        longest = max(longest, length)
    return longest


def _find(
    trials: Sequence[Pairing], rules: Rules, rng: np.random.Generator
) -> list[Pairing] | None:
    count = len(trials)
    for _ in range(TRIES):
        # Which trial to try first, at each place of the order.
        preferred = rng.random((count, count)).argsort(axis=1).tolist()
        search = _Search(trials, rules, preferred)
        if search.place_next():
            return [trials[index] for index in search.order]
        if search.steps < STEPS_A_TRY:
            return None  # every order was tried
    return None


class _Search:
    """One try: places trial after trial, and takes back what leads nowhere."""

    def __init__(self, trials: Sequence[Pairing], rules: Rules, preferred: list[list[int]]) -> None:
        self.trials, self.rules, self.preferred = trials, rules, preferred
        self.order: list[int] = []
        self.free = [True] * len(trials)
        self.steps = 0
        self.middle = len(trials) // 2
        cells = Counter((p.trust, p.temperature) for p in trials)
        self.most_in_half = {cell: (number + 1) // 2 for cell, number in cells.items()}
        self.in_half: tuple[Counter[tuple[str, int]], ...] = (Counter(), Counter())

    def place_next(self) -> bool:
        """Fill the places that are left; False if that can't be done, or isn't worth going on."""
        place = len(self.order)
        if place == len(self.trials):
            return True
        for index in self.preferred[place]:
            if not self.free[index] or not self._fits(index, place):
                continue
            self.steps += 1
            if self.steps >= STEPS_A_TRY:
                return False
            cell = (self.trials[index].trust, self.trials[index].temperature)
            half = self.in_half[place >= self.middle]
            self.order.append(index)
            self.free[index] = False
            half[cell] += 1
            if self.place_next():
                return True
            self.order.pop()
            self.free[index] = True
            half[cell] -= 1
        return False

    def _fits(self, index: int, place: int) -> bool:
        rules, new = self.rules, self.trials[index]
        if place == 0 and rules.first_trust not in (None, new.trust):
            return False
        if self._ends_a_stretch(place, rules.max_same_trust, lambda p: p.trust == new.trust):
            return False
        if self._ends_a_stretch(
            place, rules.max_same_temperature, lambda p: p.temperature == new.temperature
        ):
            return False
        between = rules.min_other_clinicians or 0
        recent = self.order[max(0, place - between) :]
        if any(self.trials[i].clinician == new.clinician for i in recent):
            return False
        cell = (new.trust, new.temperature)
        full = self.in_half[place >= self.middle][cell] >= self.most_in_half[cell]
        return not (rules.balance_by_half and full)

    def _ends_a_stretch(
        self, place: int, longest: int | None, same: Callable[[Pairing], bool]
    ) -> bool:
        """Whether the last trials are as many of the same as there may be."""
        if longest is None or place < longest:
            return False
        return all(same(self.trials[i]) for i in self.order[-longest:])


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
