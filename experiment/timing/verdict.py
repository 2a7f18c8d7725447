"""Whether a segment's timing was good, by criteria that the study file states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from experiment.timing.pulses import PulseFit, doubts

if TYPE_CHECKING:
    from conditions.any_study import RunVerdict

Verdict = Literal["good", "look", "not_good"]
VERDICTS: tuple[Verdict, ...] = ("good", "look", "not_good")
NOTICING_LEADS = 2.0  # a display's lead is 1.5 frames: three until a pulse is noticed and shown
UNSYNCHRONISED = (
    "the display is unsynchronised: its flips don't wait for the screen, so that nobody knows when "
    "a frame was really seen"
)


@dataclass(frozen=True)
class TimingCriteria:
    """How much of each is still good; more is worth a look, more than twice as much not good."""

    max_lateness_s: float
    max_dropped_frames: int
    max_missing_pulses: int
    max_doubled_pulses: int
    max_pulse_jitter_s: float


def criteria_of(section: RunVerdict) -> TimingCriteria:
    """The criteria of a study file's `[verdict]`; without pulses, what is asked of them is moot."""
    from conditions.study import Verdict as WithPulses

    pulses = section if isinstance(section, WithPulses) else None
    return TimingCriteria(
        max_lateness_s=section.max_lateness_ms / 1000,
        max_dropped_frames=section.max_dropped_frames,
        max_missing_pulses=pulses.max_missing_pulses if pulses is not None else 0,
        max_doubled_pulses=pulses.max_doubled_pulses if pulses is not None else 0,
        max_pulse_jitter_s=pulses.max_pulse_jitter_ms / 1000 if pulses is not None else 0.0,
    )


# What the keys of a study file's `[verdict]` bound, in words, and its unit.
_IN_WORDS = {
    "max_lateness_ms": ("an onset, a marker or a heat command off its time", " ms"),
    "max_dropped_frames": ("dropped frames", " a run"),
    "max_missing_pulses": ("missing pulses", " a run"),
    "max_doubled_pulses": ("doubled pulses", " a run"),
    "max_pulse_jitter_ms": ("99 of 100 pulses off the scanner's rhythm", " ms"),
}


def in_words(section: Mapping[str, float]) -> str:
    """A study file's `[verdict]`, as a journal's head keeps it, for people; '' if it's empty.

    A key that another version wrote is named as it is.
    """
    said = []
    for key, most in section.items():
        name, unit = _IN_WORDS.get(key, (key.replace("_", " "), ""))
        said.append(f"{name}: at most {most:g}{unit}")
    return "; ".join(said)


def noticing_s(lead_s: float, *, scanned: bool) -> float:
    """How late a segment's first screen can't but be, on a display with this lead.

    A scanned segment begins when its pulse has been noticed, which takes a frame or two.
    """
    return NOTICING_LEADS * lead_s if scanned else 0.0


@dataclass
class SegmentTiming:
    """What is gathered of a segment while it runs, or by who follows its journal."""

    max_lateness_s: float = 0.0
    noticing_s: float = 0.0  # of the first onset's lateness only what is beyond this is judged
    dropped_frames: int = 0
    began: bool = True  # whether the schedule ever had a zero
    max_command_s: float = 0.0  # from a flip until its marker and its heat had been handed over
    heats_skipped: int = 0
    markers_lost: int = 0
    frame_stamped: bool = False  # keys that carry the time of a frame, not their own
    unsynchronised: bool = False  # a window whose flips don't wait for the screen
    pulses: int | None = None  # received; None where nothing is scanned
    pulses_expected: int | None = None  # None where the segment didn't end in order
    fit: PulseFit | None = None

    def add(self, lateness_s: float) -> None:
        """The next phase began so late (or early: negative)."""
        if self.noticing_s:
            lateness_s = max(0.0, lateness_s - self.noticing_s)
            self.noticing_s = 0.0
        self.max_lateness_s = max(self.max_lateness_s, abs(lateness_s))

    def add_command(self, after_flip_s: float) -> None:
        """What goes out with a flip had gone out so long after it."""
        self.max_command_s = max(self.max_command_s, after_flip_s)

    def verdict(self, criteria: TimingCriteria) -> tuple[Verdict, list[str]]:
        """The verdict, and a sentence for each doubt and each criterion that wasn't met."""
        if not self.began:
            return "not_good", ["it never began"]
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
                self.max_command_s,
                criteria.max_lateness_s,
                f"a marker or a heat went out {1000 * self.max_command_s:.1f} ms after its flip",
            ),
            *self._pulse_findings(criteria),
        ]
        reasons = [sentence for value, most, sentence in findings if value > most]
        worst = max(
            (2 if value > 2 * most else 1 if value > most else 0) for value, most, _ in findings
        )
        doubtful = self._doubts()
        return VERDICTS[max(worst, 1 if doubtful else 0)], [*doubtful, *reasons]

    def _doubts(self) -> list[str]:
        """What makes a segment worth a look in any case."""
        said = doubts(self.fit) if self.fit is not None else []
        if self.heats_skipped:
            said.append(f"{self.heats_skipped} heats were skipped")
        if self.markers_lost:
            said.append(f"{self.markers_lost} markers weren't sent: the box had failed")
        if self.frame_stamped:
            said.append("keys are stamped by frames")
        if self.unsynchronised:
            said.append(UNSYNCHRONISED)
        return said

    def _pulse_findings(self, criteria: TimingCriteria) -> list[tuple[float, float, str]]:
        found: list[tuple[float, float, str]] = []
        if self.pulses is not None and self.pulses_expected is not None:
            found.append(
                (
                    abs(self.pulses - self.pulses_expected),
                    criteria.max_missing_pulses,
                    f"{self.pulses} pulses came where {self.pulses_expected} were expected",
                )
            )
        if self.fit is not None:
            missing, doubled = len(self.fit.missing), len(self.fit.doubled)
            found += [
                (
                    missing,
                    criteria.max_missing_pulses,
                    f"{missing} pulses are missing between others",
                ),
                (doubled, criteria.max_doubled_pulses, f"{doubled} pulses came doubled"),
                (
                    self.fit.jitter_s,
                    criteria.max_pulse_jitter_s,
                    f"one pulse in a hundred was {1000 * self.fit.jitter_s:.1f} ms or more off "
                    f"the scanner's rhythm",
                ),
            ]
        return found
