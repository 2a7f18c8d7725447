"""How much memory a parser takes at most, however much it is fed."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

BOUND_MIB = 8.0  # of 100,000 inputs, some 10 MB of bytes: what is kept of each would be more


def most_memory(call: Callable[[], Found]) -> tuple[Found, float]:
    """What `call` returns, and the most memory in MiB that it held at any moment.

    Raises `AssertionError` above the bound.
    """
    tracemalloc.start()
    try:
        found = call()
        peak_mib = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    assert peak_mib < BOUND_MIB
    return found, peak_mib
