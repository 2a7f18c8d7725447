"""What the live page tells "so far" of a run's timing is what its verdict says at the end."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from experiment.display.headless import HeadlessDisplay
from experiment.display.protocol import DisplayInfo
from experiment.faults.lines import FaultyLine
from experiment.faults.scenario import load_scenario, play_scenario
from experiment.journal import events, read_journal
from experiment.monitor.state import State
from experiment.monitor.view import view_of
from experiment.plan.scene import Scene
from experiment.responses.emulated import EmulatedResponses
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from experiment.timing.verdict import UNSYNCHRONISED
from hardware.emulation import EmulatedWorld

SO_FAR = "so far, run {}: "
# What only the end can tell, as docs/reports.md says.
AT_THE_END = (
    *("pulses came where", "may have been missed", "stopped early", "beginning or the end"),
    *("markers weren't sent", "after its flip", "it never began"),
)


class _Frames(HeadlessDisplay):
    """As a window at 60 Hz: what is shown appears with the next frame, or later at first."""

    def __init__(self, clock: Any, *, synchronised: bool = True, late_s: float = 0.0) -> None:
        super().__init__(clock)
        self.info = DisplayInfo(kind="window", refresh_hz=60.0, synchronised=synchronised)
        self.lead_s = self.info.lead_s
        self._late_s = late_s

    def show(self, scene: Scene, on_flip: Any, cursor: Any = None) -> float:
        self._clock.wait(lambda: False, self._clock.now() + self.lead_s + self._late_s)
        return super().show(scene, on_flip, cursor)


class _Keys(EmulatedResponses):
    """Keys that are stamped by frames, and say so."""

    def __init__(self) -> None:
        super().__init__()
        self.warning = "keys are stamped by the frame that notices them"
        self.info = replace(self.info, details={"warning": self.warning})


def reasons_before_and_at_each_end(path: Path) -> list[tuple[list[str], list[str]]]:
    """What the page tells so far just before each run's end, and what the verdict says then."""
    state, found = State(), []
    for event in read_journal(path).events:
        if isinstance(event, events.RunEnd):
            begin = SO_FAR.format(event.run)
            told = [line.text for line in view_of(state, event.t, 0.0).told]
            so_far = [text.removeprefix(begin) for text in told if text.startswith("so far")]
            found.append((so_far, event.reasons))
        state.add(event)
    assert found
    return found


def judged_before_the_end(reason: str) -> bool:
    return not any(words in reason for words in AT_THE_END)


@pytest.mark.parametrize(
    ("late_s", "synchronised", "reason"),
    [(0.0, True, ""), (0.0, False, UNSYNCHRONISED), (0.1, True, "off its schedule")],
)
def test_of_a_scanned_run_on_a_screen(
    late_s: float, synchronised: bool, reason: str, tmp_path: Path
) -> None:
    """Its first screen is 1.5 frames late, which is no news; later ones count as they are."""
    setting = virtual_setting()
    setting.open_display = lambda prepared: _Frames(
        setting.clock, synchronised=synchronised, late_s=late_s
    )
    played = play(prepare(Request("pilot_short", "laptop", out=tmp_path, simulated=True)), setting)
    onsets = read_journal(played.journal).of(events.PhaseStart)
    assert max(onset.t - onset.planned for onset in onsets) > 0.02  # more than the criterion
    for so_far, verdict in reasons_before_and_at_each_end(played.journal):
        assert so_far == verdict
        assert any(reason in one for one in so_far) == bool(reason)


def test_of_keys_that_are_stamped_by_frames(tmp_path: Path) -> None:
    setting = virtual_setting()
    setting.open_responses = lambda prepared, display: _Keys()
    played = play(prepare(Request("demo", "laptop", out=tmp_path, simulated=True)), setting)
    found = reasons_before_and_at_each_end(played.journal)
    assert found == [(["keys are stamped by frames"],) * 2] * len(found)


def test_of_pulses_that_jitter(tmp_path: Path) -> None:
    setting = virtual_setting()

    def jittering(world: EmulatedWorld) -> None:
        line, numbers = FaultyLine(world.lines["scanner"], setting.clock), count()

        def held_back(data: bytes) -> bytes:
            """Every eighth pulse, as by an adapter that holds bytes back."""
            if next(numbers) % 8 < 7:
                return data
            line.deliver_later(data, 0.015)
            return b""

        line.to_host.append(held_back)

    setting.arrange_world = jittering
    played = play(prepare(Request("pilot_short", "laptop", out=tmp_path, simulated=True)), setting)
    for so_far, verdict in reasons_before_and_at_each_end(played.journal):
        assert so_far == verdict
        assert "off the scanner's rhythm" in " ".join(so_far)


@pytest.mark.parametrize(
    "name",
    [
        *("pulses_doubled", "pulses_missed", "first_pulse_missed", "scan_stops_early", "wrong_tr"),
        *("frames_dropped", "thermode_late_replies", "markers_unplugged", "scanner_starts_late"),
    ],
)
def test_of_a_fault(name: str, tmp_path: Path) -> None:
    """Nothing that the verdict doesn't say, and all of it but what only the end can tell."""
    play_scenario(load_scenario(name), tmp_path, virtual_setting())
    for path in tmp_path.rglob("*_journal-*.jsonl"):
        for so_far, verdict in reasons_before_and_at_each_end(path):
            assert so_far == [reason for reason in verdict if judged_before_the_end(reason)]
