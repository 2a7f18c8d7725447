"""Where chance comes from: one seed a session, and a stream of its own for each purpose.

So the jitters don't change when somebody alters how orders are searched, and a repeated run draws
anew without touching the others.
"""

from __future__ import annotations

import hashlib

import numpy as np


def pair_of(allocation: int) -> int:
    """The pair that an allocation number belongs to: mates 2k-1 and 2k are pair k."""
    if allocation < 1:
        raise ValueError(f"the allocation number is {allocation}, but must be 1 or more")
    return (allocation + 1) // 2


def derive_seed(study: str, allocation: int, session: str | None) -> int:
    """The seed of a session, 0 to 2**32 - 1, from the study's name, the pair and the session.

    Mates share it. What is drawn for a repeated run differs by the acquisition, which `stream`
    takes in. Raises ValueError for an allocation number below 1.
    """
    return _number("seed", study, pair_of(allocation), session or "") % 2**32


def stream(seed: int, purpose: str, *details: int | str) -> np.random.Generator:
    """Random numbers for one purpose (and run, acquisition, label ...), always the same ones."""
    return np.random.default_rng(_number(seed, purpose, *details))


def _number(*words: int | str) -> int:
    """Hash words to 128 bits; the separator keeps ("ab", "c") and ("a", "bc") apart."""
    text = "\x1f".join(str(word) for word in words)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
