"""Whole visits in virtual time, with a simulated participant and experimenter."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from experiment.journal import Journal, events, read_journals
from experiment.plan.scene import Scene
from experiment.responses.emulated import EmulatedResponses
from experiment.session.finish import finish
from experiment.session.preparation import Request
from experiment.session.session import Played, Setting
from experiment.visit.begin import QUESTIONNAIRES, begin, load_files
from experiment.visit.files import VisitFiles
from experiment.visit.people import SimulatedVisitExperimenter
from experiment.visit.play import play_virtually
from tests.experiment.virtual import Room


@dataclass(frozen=True)
class Visited:
    """A visit that was played: its outcome, its journals, and all that the experimenter read."""

    played: Played
    journals: list[Journal]
    told: str

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for journal in self.journals for event in journal.of(kind)]

    @property
    def ended(self) -> dict[str, str]:
        return {event.step: event.status for event in self.of(events.StepEnd)}


def answering(marks: Mapping[str, list[str]]) -> Any:
    """Give these letters to the questions that hold these words, then the first option again."""
    left = {part: list(letters) for part, letters in marks.items()}

    def choose(question: str, options: Mapping[str, str]) -> str:
        for part, letters in left.items():
            if part in question and letters:
                return letters.pop(0)
        return next(iter(options))

    return choose


def go(
    out: Path,
    choose: Callable[[str, Mapping[str, str]], str] | None = None,
    happens: Mapping[float, Callable[[Room, SimulatedVisitExperimenter], None]] | None = None,
    lines: Mapping[str, list[str]] | None = None,
    files: VisitFiles | None = None,
    study: str = "demo",
    watch: Callable[[Scene], None] = lambda scene: None,
    **request: Any,
) -> Visited:
    """Play a visit, or the rest of it; `happens` maps session times (s) to what happens then.

    `lines` maps a part of a question to what is typed, one answer after the other. `watch` gets
    what the participant sees.
    """
    files = files or load_files(QUESTIONNAIRES, "heat")
    request = {"calibration": "none"} | request
    found = begin(Request(study, "laptop", out=out, simulated=True, **request), files)
    console = Console(file=io.StringIO(), width=200)
    responses = EmulatedResponses()

    def arrange(setting: Setting) -> None:
        setting.open_responses = lambda prepared, display: responses
        setting.show_progress = lambda segment, phase, flip: watch(phase.scene)

    def make(clock: Any) -> SimulatedVisitExperimenter:
        experimenter = _Typist(clock, console, choose, lines or {})
        room = Room(clock, responses)
        for time, action in (happens or {}).items():
            clock.call_at(time, lambda action=action: action(room, experimenter))
        return experimenter

    played = play_virtually(found, make, arrange)
    finish(played, None)
    journals = read_journals(played.prepared.place.existing_journals())
    assert isinstance(console.file, io.StringIO)
    return Visited(played, journals, console.file.getvalue())


class _Typist(SimulatedVisitExperimenter):
    """Types what a test says, and the example where it says nothing."""

    def __init__(
        self, clock: Any, console: Console, choose: Any, lines: Mapping[str, list[str]]
    ) -> None:
        super().__init__(clock, console, choose)
        self._lines = {part: list(typed) for part, typed in lines.items()}

    def ask_line(self, question: str, example: str) -> None:
        for part, typed in self._lines.items():
            if part in question and typed:
                example = typed.pop(0)
        super().ask_line(question, example)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Visited:
    """A whole visit in order, played once."""
    return go(tmp_path_factory.mktemp("visit"))
