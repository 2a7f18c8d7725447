"""The list of allocation numbers, written before the first participant comes."""

from __future__ import annotations

from conditions.assignment import block_size
from conditions.norming import NormingStudy
from conditions.norming_trials import orders
from conditions.paradigms import AnyStudy
from conditions.seed import stream


def numbers_a_block(study: AnyStudy) -> int:
    """How many allocation numbers cover every assignment, or every order of blocks, once."""
    return orders(study) if isinstance(study, NormingStudy) else block_size(study)


def shuffled_numbers(study: AnyStudy, count: int, seed: int) -> list[int]:
    """So many allocation numbers in the order in which participants get them.

    Shuffled within blocks, so that nobody can foretell whose turn it is, while each block still
    covers every assignment. Of a last block that isn't full, some numbers are left out. Raises
    ValueError for a count below 1.
    """
    if count < 1:
        raise ValueError(f"the count is {count}, but must be 1 or more")
    size = numbers_a_block(study)
    numbers: list[int] = []
    while len(numbers) < count:
        begin = len(numbers)
        order = stream(seed, "allocation", study.name, begin // size).permutation(size)
        numbers += [begin + 1 + int(place) for place in order]
    return numbers[:count]
