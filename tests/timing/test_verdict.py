"""The verdict on a segment's timing, and what of it gets into the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from experiment.display.frames import TENTHS, FrameLog
from experiment.display.headless import HeadlessDisplay
from experiment.display.protocol import DisplayInfo, DroppedFrame, FrameCounts
from experiment.inputs.files import load_study
from experiment.journal import events, read_journal
from experiment.plan.materials import page
from experiment.plan.scene import Scene
from experiment.responses.emulated import EmulatedResponses
from experiment.responses.offset import Offset
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from experiment.timing.pulses import fit_pulses
from experiment.timing.verdict import UNSYNCHRONISED, SegmentTiming, criteria_of

CRITERIA = criteria_of(load_study("trust_pain").model.verdict)
TR = 0.46


def pulses(*, missed: tuple[int, ...] = (), doubled: int = 0, late_ms: float = 0.0) -> list[float]:
    times = [k * TR for k in range(100) if k not in missed]
    times += [times[k] + 0.02 for k in range(doubled)]
    times[50::8] = [time + late_ms / 1000 for time in times[50::8]]
    return times


def timing(**more: Any) -> SegmentTiming:
    return SegmentTiming(**more)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (timing(), "good"),
        (timing(max_lateness_s=0.016), "good"),
        (timing(max_lateness_s=0.030), "look"),
        (timing(max_lateness_s=0.035), "not_good"),
        (timing(dropped_frames=21), "look"),
        (timing(max_command_s=0.020), "look"),
        (timing(heats_skipped=1), "look"),
        (timing(markers_lost=60), "look"),
        (timing(frame_stamped=True), "look"),
        (timing(began=False), "not_good"),
        (timing(unsynchronised=True), "look"),
        (timing(unsynchronised=True, dropped_frames=41), "not_good"),
        (timing(pulses=97, pulses_expected=100), "look"),
    ],
)
def test_beyond_a_criterion_is_a_look_beyond_twice_as_much_not_good(
    found: SegmentTiming, verdict: str
) -> None:
    said, reasons = found.verdict(CRITERIA)
    assert said == verdict
    assert bool(reasons) == (verdict != "good")


@pytest.mark.parametrize(
    ("times", "expected", "verdict", "word"),
    [
        (pulses(), 100, "good", ""),
        (pulses(missed=(0,)), 100, "look", "first pulse may have been missed"),
        (pulses(missed=(0, 1)), 100, "look", "missing at the beginning or the end"),
        (pulses(missed=(40,)), 100, "good", ""),
        (pulses(missed=(40, 41, 42)), 100, "look", "missing between"),
        (pulses(doubled=3), None, "look", "doubled"),
        (pulses(late_ms=15), None, "look", "off the scanner's rhythm"),
        (pulses(late_ms=25), None, "not_good", "off the scanner's rhythm"),
    ],
)
def test_pulses_are_judged_by_the_studys_figures(
    times: list[float], expected: int | None, verdict: str, word: str
) -> None:
    fit = fit_pulses(times, TR, expected)
    said, reasons = timing(fit=fit).verdict(CRITERIA)
    assert said == verdict
    assert word in " ".join(reasons)


def test_a_stricter_study_is_stricter() -> None:
    fit = fit_pulses(pulses(missed=(40,)), TR, 100)
    strict = replace(CRITERIA, max_missing_pulses=0)
    assert timing(fit=fit).verdict(strict)[0] == "not_good"


def test_frame_intervals_are_counted_by_tenths_of_a_period() -> None:
    log = FrameLog(0.01)
    for time in (0.0, 0.0105, 0.0210, 0.0375, 1.0):
        log.flipped(time)
    log.pause()
    log.flipped(2.0)
    counts = log.take_counts()
    assert {k: n for k, n in enumerate(counts.tenths) if n} == {10: 2, 16: 1, TENTHS - 1: 1}
    assert len(log.take()) == 2
    assert sum(log.take_counts().tenths) == 0


class _Window(HeadlessDisplay):
    """Says that it's a window that waits for nothing, and counts frames."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.info = DisplayInfo(
            kind="window",
            refresh_hz=60.0,
            synchronised=False,
            details={"disturbed_by": "an update is under way (apt)"},
        )

        self._dropped: list[DroppedFrame] = []

    def prepare(self, scenes: Iterable[Scene]) -> None:
        super().prepare(scenes)
        self._dropped.append(DroppedFrame(self._clock.now(), 0.5))  # between runs, so no run's

    def dropped_frames(self) -> list[DroppedFrame]:
        taken, self._dropped = self._dropped, []
        return taken

    def frame_counts(self) -> FrameCounts | None:
        return FrameCounts(1 / 60, (0,) * 10 + (7,))


class _Keys(EmulatedResponses):
    warning = "keys are stamped by the frame that notices them"

    def take_offsets(self) -> list[Offset]:
        return [Offset(1.0, 0.25, 1e-6)]


def test_what_the_display_and_the_keys_say_of_their_time_stands_in_the_data(tmp_path: Path) -> None:
    setting = virtual_setting()
    setting.open_display = lambda prepared: _Window(setting.clock)
    setting.open_responses = lambda prepared, display: _Keys()
    played = play(prepare(Request("demo", "laptop", out=tmp_path, simulated=True)), setting)
    journal = read_journal(played.journal)
    assert "responses" in [opened.role for opened in journal.of(events.DeviceOpened)]
    warned = [warned.message for warned in journal.of(events.Warned)]
    assert _Keys.warning in warned
    assert "an update is under way (apt)" in warned
    assert "apt" in journal.head.display["details"]["disturbed_by"]
    ends = journal.of(events.RunEnd)
    assert ends
    for end in ends:
        assert (end.verdict, UNSYNCHRONISED in end.reasons) == ("look", True)
        assert end.frame_tenths[10] == 7
        assert end.frame_period_s == 1 / 60
        assert end.dropped_frames == 0
    assert journal.of(events.DroppedFrames) == []
    # With each trial, so that a crash costs none of them, and at the session's end.
    offsets = journal.of(events.ClockOffset)
    assert {(offset.role, offset.seconds) for offset in offsets} == {("responses", 0.25)}
    assert len(offsets) == len(journal.of(events.TrialEnd)) + len(ends) + 1


class _LateAtFirst(HeadlessDisplay):
    """Shows the first screen after the wait for the pulse so much later; the others in time."""

    lead_s = 0.025

    def __init__(self, clock: Any, late_s: float, waiting: Scene) -> None:
        super().__init__(clock)
        self._late_s, self._waiting, self._waited = late_s, waiting, False

    def show(self, scene: Scene, on_flip: Any, cursor: Any = None) -> float:
        longer = self._late_s if self._waited else self.lead_s
        self._waited = scene == self._waiting
        self._clock.wait(lambda: False, self._clock.now() + longer)
        return super().show(scene, on_flip, cursor)


@pytest.mark.parametrize(("late_s", "verdict"), [(0.045, "good"), (0.2, "not_good")])
def test_a_first_screen_may_be_late_by_the_time_it_takes_to_notice_a_pulse(
    tmp_path: Path, late_s: float, verdict: str
) -> None:
    setting = virtual_setting()
    setting.open_display = lambda prepared: _LateAtFirst(
        setting.clock, late_s, page(prepared.texts, "waiting_for_scanner")
    )
    request = Request("pilot_short", "laptop", out=tmp_path, simulated=True)
    journal = read_journal(play(prepare(request), setting).journal)
    first = journal.of(events.RunEnd)[0]
    assert first.verdict == verdict
    assert any("off its schedule" in reason for reason in first.reasons) == (verdict != "good")
