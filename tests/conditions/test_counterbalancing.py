"""Counterbalancing over participants is exact in every block of allocation numbers."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.allocation import shuffled_numbers
from conditions.assignment import block_of, block_size, trust_levels
from conditions.seed import derive_seed
from conditions.study import Study
from experiment.inputs.files import load_study
from tests.conditions.make import flagship, studies


def test_flagship_block() -> None:
    study = flagship()
    assert block_size(study) == 6
    for first in (1, 7, 601):
        block = [trust_levels(study, number) for number in range(first, first + 6)]
        assert len({frozenset(levels.items()) for levels in block}) == 6  # all six, each once
        low = Counter(who for levels in block for who, level in levels.items() if level == "low")
        assert set(low.values()) == {3}  # every clinician: three times low, three times high
        for levels in block:
            assert Counter(levels.values()) == {"low": 4, "high": 4}
            for by in ("skin_tone", "sex"):
                groups = Counter(
                    (getattr(c, by), levels[c.id]) for c in study.clinicians.identities
                )
                assert set(groups.values()) == ({1} if by == "skin_tone" else {2})


def test_flagship_assignments_are_all_that_there_are() -> None:
    study = flagship()
    people = study.clinicians.identities
    balanced = {
        frozenset(c.id for c in chosen)
        for chosen in combinations(people, 4)
        if len({c.skin_tone for c in chosen}) == 4
        and Counter(c.sex for c in chosen) == {"female": 2, "male": 2}
    }
    found = {
        frozenset(who for who, level in trust_levels(study, number).items() if level == "low")
        for number in range(1, 7)
    }
    assert found == balanced


@pytest.mark.parametrize("name", ["pilot_short", "demo"])
def test_small_studies(name: str) -> None:
    study = load_study(name).model
    assert block_size(study) == 4
    sex = {c.id: c.sex for c in study.clinicians.identities}
    for number in range(1, 5):
        levels = trust_levels(study, number)
        assert Counter((sex[who], level) for who, level in levels.items()) == {
            (who, level): 1 for who in ("female", "male") for level in ("low", "high")
        }


@given(study=studies(), block=st.integers(0, 50))
def test_any_study_is_balanced_over_a_block(study: Study, block: int) -> None:
    size = block_size(study)
    numbers = range(block * size + 1, (block + 1) * size + 1)
    assert {block_of(study, number) for number in numbers} == {block}
    levels = [trust_levels(study, number) for number in numbers]
    assert len({frozenset(each.items()) for each in levels}) == size
    first, second = study.clinicians.levels
    for who in levels[0]:
        assert [each[who] for each in levels].count(first) == size // 2
    for each in levels:
        assert list(each.values()).count(first) == list(each.values()).count(second)
        for by in study.design.balance_assignment:
            for value in {getattr(c, by) for c in study.clinicians.identities}:
                group = [each[c.id] for c in study.clinicians.identities if getattr(c, by) == value]
                assert abs(group.count(first) - group.count(second)) <= 1
    for mine, theirs in zip(levels[::2], levels[1::2], strict=True):
        assert all(mine[who] != theirs[who] for who in mine)


@given(number=st.integers(-10, 0))
def test_allocation_numbers_begin_at_one(number: int) -> None:
    with pytest.raises(ValueError, match=f"is {number}, but must be 1 or more"):
        trust_levels(flagship(), number)


def test_seed_is_shared_by_mates_only() -> None:
    seeds = [derive_seed("trust_pain", number, None) for number in range(1, 9)]
    assert seeds[::2] == seeds[1::2]
    assert len(set(seeds)) == 4
    assert derive_seed("trust_pain", 1, "01") not in seeds
    assert derive_seed("pilot_short", 1, None) not in seeds
    assert derive_seed("ab", 1, "c") != derive_seed("a", 1, "bc")
    assert all(0 <= seed < 2**32 for seed in seeds)


@given(count=st.integers(1, 100), seed=st.integers(0, 10**6))
def test_shuffled_numbers_cover_each_block(count: int, seed: int) -> None:
    numbers = shuffled_numbers(flagship(), count, seed)
    assert len(numbers) == len(set(numbers)) == count
    for begin in range(0, count - 5, 6):
        assert sorted(numbers[begin : begin + 6]) == list(range(begin + 1, begin + 7))
    assert numbers == shuffled_numbers(flagship(), count, seed)


def test_blocks_are_shuffled_each_in_its_own_way() -> None:
    numbers = shuffled_numbers(flagship(), 600, seed=1)
    orders = {tuple(n % 6 for n in numbers[begin : begin + 6]) for begin in range(0, 600, 6)}
    assert len(orders) > 80
