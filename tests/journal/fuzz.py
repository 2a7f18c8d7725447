"""Lines that no program of ours wrote, fed to the journal's reader. `make figures` runs 100,000."""

from __future__ import annotations

import random
from pathlib import Path

from experiment.journal import parse_journal

NAME = Path("sub-01_journal-001.jsonl")
GARBAGE = (
    b"\0",
    b"\xff",
    b"{",
    b"}",
    b"[",
    b'"',
    b"\\",
    b"1e999",
    b"null",
    b"-",
    b",",
    b":",
    b"\r",
)


def mutated(line: bytes, chance: random.Random) -> bytes:
    """A line with a few bytes changed, lost, doubled or replaced by others that hurt."""
    changed = bytearray(line)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        kind = chance.randrange(5)
        if kind == 0 and changed:
            changed[at % len(changed)] = chance.randrange(256)
        elif kind == 1:
            del changed[at : at + chance.randint(1, 20)]
        elif kind == 2:
            changed[at:at] = changed[at : at + chance.randint(1, 200)]
        elif kind == 3:
            changed[at:at] = chance.choice(GARBAGE) * chance.choice((1, 1, 1, 300))
        else:
            changed[at:at] = chance.randbytes(chance.randint(1, 20))
    return bytes(changed)


def fuzz_reader(journal: bytes, count: int, seed: int) -> dict[str, int]:
    """Read `count` journals, each with one mutated line, and count what came of them.

    Anything but a journal or a `ValueError` of one sentence is raised: that would be a crash.
    """
    chance = random.Random(seed)
    lines = journal.splitlines(keepends=True)
    head, short = lines[0], [line for line in lines[1:] if len(line) < 5000]
    # After two lines that were synced nothing before them can be torn: damage there is refused.
    synced = next(line for line in short if b'"event":"trial_end"' in line) * 2
    outcome = {"read": 0, "refused": 0}
    for number in range(count):
        around = [chance.choice(short), synced]
        if number % 50 == 0:
            data = mutated(head, chance) + b"".join(around)
        else:
            data = head + around[0] + mutated(chance.choice(short), chance) + around[1]
        try:
            parse_journal(NAME, data)
            outcome["read"] += 1
        except ValueError as error:
            outcome["refused"] += 1
            sentence = str(error)
            if "\n" in sentence or len(sentence) > 400:
                raise AssertionError(f"not one sentence: {sentence}") from error
    return outcome
