"""How a segment ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["completed", "stopped", "paused", "stalled", "no_pulses", "device_failed"]


@dataclass(frozen=True)
class SegmentOutcome:
    """How a segment ended.

    `stopped`: somebody pressed stop; `paused`: a rule asks for the experimenter (a `completed`
    one may have such a reason, too); `stalled`: the computer stood still. `reason` is one sentence.
    """

    status: Status
    done: frozenset[int]  # trials that ended, with their heat or with the heat skipped
    interrupted: int | None  # the trial that was cut off
    reason: str = ""
