"""The experimenter's screen: keys, notes, and what it shows."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from experiment.clocks import VirtualClock
from experiment.journal import events
from experiment.plan.scene import Fixation
from experiment.plan.timeline import Phase, Segment
from experiment.visit.forearm import forearm
from experiment.visit.people import DeviceLine, note_of
from experiment.visit.setup import remember, remembered
from experiment.visit.steps import STEPS
from experiment.visit.terminal import LiveExperimenter


@pytest.fixture
def screen() -> LiveExperimenter:
    return LiveExperimenter(Console(file=io.StringIO()), VirtualClock(), "escape, s")


def shown(screen: LiveExperimenter) -> str:
    console = Console(file=io.StringIO(), width=110)
    console.print(screen.render())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def typed(screen: LiveExperimenter, keys: str) -> None:
    for key in keys:
        screen.key(key)


def test_a_letter_answers_once(screen: LiveExperimenter) -> None:
    screen.ask("Ready?", {"g": "begin", "q": "end"})
    assert "Ready?" in shown(screen)
    typed(screen, "xgq")
    assert screen.answer() == "g"
    assert "Ready?" not in shown(screen)
    screen.ask("Again?", {"q": "end"})
    assert screen.answer() is None


def test_a_line_is_typed_on_the_screen(screen: LiveExperimenter) -> None:
    screen.ask_line("Why?", "no time")
    typed(screen, "teh\x7f\x7fhe")
    assert screen.line() is None
    assert "> the_" in shown(screen)
    typed(screen, " key t\n")  # letters that mean something elsewhere don't, here
    assert screen.line() == "the key t"


def test_a_note_leaves_the_question_as_it_was(screen: LiveExperimenter) -> None:
    notes: list[tuple[str, str]] = []
    screen.on_note = lambda kind, text, began: notes.append((kind, text))
    screen.ask("Ready?", {"g": "begin"})
    typed(screen, "t2")
    assert "adverse event: _" in shown(screen)
    typed(screen, "feels faint, g\n")
    assert notes == [("adverse event", "feels faint, g")]
    assert screen.answer() is None
    typed(screen, "t\x1b")
    typed(screen, "t1\n")
    assert len(notes) == 1  # none chosen, and an empty one
    typed(screen, "g")
    assert screen.answer() == "g"


def test_a_note_while_a_line_is_typed_is_of_the_moment_it_was_begun() -> None:
    clock = VirtualClock()
    screen = LiveExperimenter(Console(file=io.StringIO()), clock, "escape")
    notes: list[tuple[str, str, float | None]] = []
    screen.on_note = lambda kind, text, began: notes.append((kind, text, began))
    clock.wait(lambda: False, 5.0)
    screen.ask_line("Why?", "no time")
    typed(screen, "the pro\x14")
    assert "Ctrl-T" not in shown(screen)
    typed(screen, "3")
    clock.wait(lambda: False, 9.0)
    typed(screen, "off the arm\n")
    assert notes == [("thermode slipped", "off the arm", 5.0)]
    assert "> the pro_" in shown(screen)
    assert "Ctrl-T  write a note" in shown(screen)
    typed(screen, "be\n")
    assert screen.line() == "the probe"


@pytest.mark.parametrize("unblinded", [False, True])
def test_who_is_on_the_screen_is_told_the_unblinded_alone(unblinded: bool) -> None:
    screen = LiveExperimenter(
        Console(file=io.StringIO()), VirtualClock(), "escape", unblinded=unblinded
    )
    phase = Phase(1, "portrait", "clinician", 0.0, 4.0, Fixation())
    row = {"clinician": "F1", "trust": "low"}
    segment = Segment(1, 1, 1, 0, 3, (phase,), {1: row}, 60.0, None)
    screen.phase_began(segment, phase, 0.0)
    assert ("F1 at low trust" in shown(screen)) == unblinded
    assert ("UNBLINDED" in shown(screen)) == unblinded


def test_ratings_are_shown_without_what_they_belong_to(screen: LiveExperimenter) -> None:
    screen.step(STEPS[9], 10, 14)
    rating = events.Rating(
        t=1.0,
        run=1,
        trial=3,
        phase="intensity",
        question="intensity",
        scale="vas",
        onset=0.0,
        rating=41.2,
        confirmed=True,
        response_time=1.0,
        first_movement=0.5,
        start=20.0,
        path_t=[],
        path=[],
    )
    screen.saw(rating)
    screen.saw(rating.model_copy(update={"run": 0, "question": "trust", "rating": 12.0}))
    screen.devices = lambda: [
        DeviceLine("thermode", "31.9 °C · at baseline · emulated"),
        DeviceLine("markers", "FAILED: unplugged", failed=True),
    ]
    said = shown(screen)
    assert "Step 10 of 14" in said
    assert "intensity 41" in said
    assert "trust" not in said  # a face's rating would say which clinician is liked
    assert re.search(r"thermode +31.9 °C · at baseline", said)
    assert re.search(r"markers +FAILED: unplugged", said)
    assert "escape, s" in said


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("adverse event: feels faint", ("adverse event", "feels faint")),
        ("Thermode slipped: at 3", ("thermode slipped", "at 3")),
        ("asked: what is it", ("note", "asked: what is it")),
        ("plain", ("note", "plain")),
    ],
)
def test_a_note_in_one_line(line: str, note: tuple[str, str]) -> None:
    assert note_of(line) == note


def test_the_forearm_shows_every_site_and_the_one_to_use() -> None:
    drawn = forearm(8, 3, "left")
    assert "[3]" in drawn
    assert all(f" {site} " in drawn for site in (1, 2, 4, 5, 6, 7, 8))
    assert "left" in drawn
    assert len({len(line) for line in drawn.splitlines()[1:]}) == 1


def test_the_set_up_remembers_all_but_the_participant(tmp_path: Path) -> None:
    path = tmp_path / "data" / "visit.json"
    assert remembered(path) == {}
    remember({"study": "demo", "rig": "laptop", "participant": "07", "language": "de"}, path)
    assert remembered(path) == {"study": "demo", "rig": "laptop", "language": "de"}
    path.write_text("[1", encoding="utf-8")
    assert remembered(path) == {}
