"""Who is met at which trust level: the assignments of a study, and whose turn each is.

An assignment is the set of clinicians met at the first of the two trust levels. Half of them are,
and half (or nearly, where the number is odd) of each group that the study balances.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

from conditions.any_study import Clinician
from conditions.seed import pair_of
from conditions.study import Study


def trust_levels(study: Study, allocation: int) -> dict[str, str]:
    """Clinician -> trust level for an allocation number (1 or more).

    Numbers 2k-1 and 2k are mates: each clinician's level is flipped. A block of as many numbers
    as there are assignments covers all of them. Raises ValueError for a number below 1.
    """
    first, second = study.clinicians.levels
    pairs = _pairs(study)
    at_first = pairs[(pair_of(allocation) - 1) % len(pairs)]
    if allocation % 2 == 0:
        first, second = second, first
    return {
        clinician.id: first if clinician.id in at_first else second
        for clinician in study.clinicians.identities
    }


def block_size(study: Study) -> int:
    """How many allocation numbers make a block: the number of assignments."""
    return 2 * len(_pairs(study))


def block_of(study: Study, allocation: int) -> int:
    """The block of an allocation number, from 0."""
    return (allocation - 1) // block_size(study)


def _pairs(study: Study) -> tuple[frozenset[str], ...]:
    return complementary_pairs(study.clinicians.identities, study.design.balance_assignment)


@lru_cache(maxsize=100)
def complementary_pairs(
    clinicians: tuple[Clinician, ...], balanced: tuple[str, ...]
) -> tuple[frozenset[str], ...]:
    """One assignment of each complementary pair; the other is its complement.

    Every assignment contains the first clinician or its complement does, so that those with the
    first clinician stand for their pairs. There is always one: halving two partitions is a network
    flow, which has a solution in whole numbers where it has one in halves.
    """
    groups = [
        {c.id for c in clinicians if getattr(c, by) == value}
        for by in balanced
        for value in sorted({getattr(c, by) for c in clinicians})
    ]
    first, *others = [clinician.id for clinician in clinicians]
    candidates = (
        frozenset({first, *chosen}) for chosen in combinations(others, len(clinicians) // 2 - 1)
    )
    return tuple(
        chosen
        for chosen in candidates
        if all(len(group) // 2 <= len(group & chosen) <= (len(group) + 1) // 2 for group in groups)
    )
