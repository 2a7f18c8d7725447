"""The experimenter of a visit: also asked for lines of text, and told which step is going on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console

from experiment.journal.events import Event
from experiment.session.experimenter import ConsoleExperimenter, Experimenter, SimulatedExperimenter
from experiment.visit.steps import Step
from hardware.clock import Clock

# Kind and text of a note, and when its writing began (session clock; None: just now).
NoteTaker = Callable[[str, str, float | None], None]
NOTE_KINDS = ("note", "adverse event", "thermode slipped")


@dataclass(frozen=True)
class DeviceLine:
    """A device as the experimenter's screen shows it."""

    role: str
    text: str
    failed: bool = False


DeviceLines = Callable[[], Sequence[DeviceLine]]


class VisitExperimenter(Experimenter, Protocol):
    """An `Experimenter` who can also type, sees where the visit stands, and takes notes."""

    on_note: NoteTaker  # any thread, any moment
    devices: DeviceLines  # what each device does now; set by the visit

    def ask_line(self, question: str, example: str) -> None:
        """Ask for a line of text; `example` is what an answer may look like."""

    def line(self) -> str | None:
        """The line typed, or None while there is none."""
        ...

    def step(self, step: Step | None, number: int, of: int) -> None:
        """A step begins (None: the visit is over)."""

    def saw(self, event: Event) -> None:
        """Something was journalled (any thread): for what the experimenter's screen shows."""


class SimulatedVisitExperimenter(SimulatedExperimenter):
    """Takes the plain way on, types the example, and notes nothing unless a test asks for it."""

    def __init__(
        self,
        clock: Clock,
        console: Console | None = None,
        choose: Callable[[str, Mapping[str, str]], str] | None = None,
    ) -> None:
        super().__init__(clock, console, choose)
        self.on_step: Callable[[str], None] = lambda said: None  # for who waits for the end
        self.on_note: NoteTaker = lambda kind, text, began: None
        self.devices: DeviceLines = tuple
        self._line: str | None = None

    def ask_line(self, question: str, example: str) -> None:
        """Type the example, after a moment's thought."""
        self._line = None
        self.tell(f"{question}  [{example}]")
        self._clock.call_at(self._clock.now() + self._thinks_s, lambda: self._typed(example))

    def line(self) -> str | None:
        """The line typed, or None."""
        return self._line

    def step(self, step: Step | None, number: int, of: int) -> None:
        """Tell the step, if anybody looks."""
        if step is not None:
            said = f"Step {number} of {of}: {step.title}"
            self.on_step(said)
            self.tell(said)

    def saw(self, event: Event) -> None:
        """Nothing is shown."""

    def _typed(self, line: str) -> None:
        self._line = line


class PlainExperimenter(ConsoleExperimenter):
    """A person at a terminal that takes whole lines only (no key by key, no live screen).

    A line `t kind: text` is a note at any moment, such as `t adverse event: feels faint`.
    """

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.on_note: NoteTaker = lambda kind, text, began: None
        self.devices: DeviceLines = tuple
        self._asked_for_line = False
        self._line: str | None = None

    def ask_line(self, question: str, example: str) -> None:
        """Print the question, and take the next line as its answer."""
        self._line, self._asked_for_line = None, True
        self.ask(f"{question} (such as: {example})", {})

    def line(self) -> str | None:
        """The line typed, or None."""
        return self._line

    def step(self, step: Step | None, number: int, of: int) -> None:
        """Print a rule with the step's title."""
        if step is not None:
            self._console.rule(f"Step {number} of {of}: {step.title}")

    def saw(self, event: Event) -> None:
        """Nothing is shown beside what is told."""

    def _read(self) -> None:
        import sys

        for typed in sys.stdin:
            text = typed.strip()
            if text.startswith("t "):
                self.on_note(*note_of(text[2:]), None)
            elif self._asked_for_line:
                self._asked_for_line, self._line = False, text
            else:
                self.pressed(text.lower()[:1])


def note_of(text: str) -> tuple[str, str]:
    """Kind and text of a note typed as one line, `kind: text`; a plain one has no kind."""
    kind, colon, rest = text.partition(":")
    if colon and kind.strip().lower() in NOTE_KINDS:
        return kind.strip().lower(), rest.strip()
    return "note", text.strip()
