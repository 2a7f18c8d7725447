"""Whether a segment's timing was good, by criteria that the study file states."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["good", "look", "not_good"]
VERDICTS: tuple[Verdict, ...] = ("good", "look", "not_good")


@dataclass(frozen=True)
class TimingCriteria:
    """How much of each is still good; more is worth a look, more than twice as much not good."""

    max_lateness_s: float
    max_dropped_frames: int
    max_missing_ratings: int
    max_missing_pulses: int = 2  # ours


@dataclass
class SegmentTiming:
    """What is gathered of a segment while it runs."""

    max_lateness_s: float = 0.0
    dropped_frames: int = 0
    missing_ratings: int = 0
    doubts: list[str] = field(default_factory=list)  # what makes a run worth a look in any case

    def add(self, lateness_s: float) -> None:
        """A phase began so late (or early: negative)."""
        self.max_lateness_s = max(self.max_lateness_s, abs(lateness_s))

    def verdict(
        self, criteria: TimingCriteria, pulses: int | None, pulses_expected: int | None
    ) -> tuple[Verdict, list[str]]:
        """The verdict, and a sentence for each criterion that wasn't met."""
        findings: list[tuple[float, float, str]] = [
            (
                self.max_lateness_s,
                criteria.max_lateness_s,
                f"an onset was {1000 * self.max_lateness_s:.1f} ms off its schedule",
            ),
            (
                self.dropped_frames,
                criteria.max_dropped_frames,
                f"{self.dropped_frames} frames were dropped",
            ),
            (
                self.missing_ratings,
                criteria.max_missing_ratings,
                f"{self.missing_ratings} ratings are missing",
            ),
        ]
        if pulses is not None and pulses_expected is not None:
            findings.append(
                (
                    abs(pulses - pulses_expected),
                    criteria.max_missing_pulses,
                    f"{pulses} pulses came where {pulses_expected} were expected",
                )
            )
        reasons = [sentence for value, most, sentence in findings if value > most]
        worst = max(
            (2 if value > 2 * most else 1 if value > most else 0) for value, most, _ in findings
        )
        return VERDICTS[max(worst, 1 if self.doubts else 0)], [*self.doubts, *reasons]
