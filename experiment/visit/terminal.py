"""The experimenter's screen in the terminal: where the visit stands, and what to do next.

Blind unless it's made `unblinded`: no clinician, portrait or trust level, and ratings as they come,
without the trial that they belong to.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from experiment.journal import events
from experiment.journal.events import Event
from experiment.plan.timeline import Phase, Segment
from experiment.session.preparation import Prepared
from experiment.visit.keys import keys_to
from experiment.visit.people import NOTE_KINDS, DeviceLines, NoteTaker, PlainExperimenter
from experiment.visit.steps import Step
from hardware.clock import Clock

NOTE_KEY, NOTE_AT_ALL_TIMES = "t", "\x14"  # Ctrl-T: also while a line is typed
RATINGS_SHOWN, WARNINGS_SHOWN = 6, 3
ENTER, BACKSPACE, ESCAPE = ("\r", "\n"), ("\x7f", "\b"), "\x1b"


class LiveExperimenter:
    """A `VisitExperimenter` at a terminal: `key` takes every key, `render` shows the state.

    `stop_keys` are told on the screen; they belong to the participant's window, Ctrl-C to this one.
    """

    def __init__(
        self, console: Console, clock: Clock, stop_keys: str, *, unblinded: bool = False
    ) -> None:
        self._console, self._clock, self._stop_keys = console, clock, stop_keys
        self._unblinded = unblinded
        self.on_note: NoteTaker = lambda kind, text, began: None
        self.devices: DeviceLines = tuple
        self._lock = threading.RLock()
        self._title, self._trial, self._ends_at = "", "", 0.0
        self._question, self._options = "", {}  # type: str, Mapping[str, str]
        self._answer: str | None = None
        self._line: str | None = None
        self._typing: str | None = None  # what stands in the line, None if none is asked for
        self._note: str | None = None  # '' while its kind is chosen, then the kind
        self._note_text, self._note_began = "", 0.0
        self._ratings: deque[str] = deque(maxlen=RATINGS_SHOWN)
        self._warnings: deque[str] = deque(maxlen=WARNINGS_SHOWN)

    # --- told ---------------------------------------------------------------------------------

    def tell(self, message: str) -> None:
        """Print a message above the live part."""
        self._console.print(message, markup=False, highlight=False)

    def warn(self, message: str) -> None:
        """Print a warning, and keep the last ones in sight."""
        self._warnings.append(message)
        self._console.print(f"! {message}", style="bold yellow", markup=False, highlight=False)

    def step(self, step: Step | None, number: int, of: int) -> None:
        """A step begins."""
        self._title = f"Step {number} of {of}: {step.title}" if step else "The visit is over"
        self._trial, self._ends_at = "", 0.0

    def phase_began(self, segment: Segment, phase: Phase, flip: float) -> None:
        """Something else is on the participant's screen."""
        if phase.trial > 0:
            numbers = [p.trial for p in segment.phases if p.trial > 0]
            order = list(dict.fromkeys(numbers))
            self._trial = f"trial {order.index(phase.trial) + 1} of {len(order)}"
            if self._unblinded:
                row = segment.rows[phase.trial]
                self._trial += f", {row['clinician']} at {row['trust']} trust"
            self._ends_at = flip + segment.length_s - phase.onset
        elif segment.run > 0:
            self._trial = "lead-in" if phase.trial == 0 else "end of the run"
            self._ends_at = flip + segment.length_s - phase.onset
        else:
            self._trial, self._ends_at = "", 0.0

    def saw(self, event: Event) -> None:
        """Something was journalled."""
        if isinstance(event, events.Rating) and event.run > 0:
            given = "none" if event.rating is None else f"{event.rating:.0f}"
            self._ratings.append(f"{event.question} {given}")

    # --- asked --------------------------------------------------------------------------------

    def ask(self, question: str, options: Mapping[str, str]) -> None:
        """Put a question; its options stand on the screen until one is chosen."""
        with self._lock:
            self._answer, self._question, self._options = None, question, options

    def answer(self) -> str | None:
        """The letter chosen, or None."""
        return self._answer

    def pressed(self, letter: str) -> None:
        """Take a letter as the answer, if it's one of the options."""
        with self._lock:
            if self._answer is None and letter in self._options:
                self._answer, self._question, self._options = letter, "", {}

    def ask_line(self, question: str, example: str) -> None:
        """Ask for a line, which is typed on the live screen."""
        with self._lock:
            self._line, self._typing = None, ""
            self._question, self._options = f"{question} (such as: {example})", {}

    def line(self) -> str | None:
        """The line typed, or None."""
        return self._line

    def key(self, key: str) -> None:
        """A key was typed at the terminal (its thread): a note, a line, or an answer."""
        with self._lock:
            if self._note is not None:
                self._key_of_note(key)
            elif key == NOTE_AT_ALL_TIMES:
                self._begin_note()
            elif self._typing is not None:
                self._typing, done = _typed(self._typing, key)
                if done:
                    self._line, self._typing, self._question = self._typing, None, ""
            elif key == NOTE_KEY and NOTE_KEY not in self._options:
                self._begin_note()
            else:
                self.pressed(key.lower())

    def _begin_note(self) -> None:
        self._note, self._note_text, self._note_began = "", "", self._clock.now()

    def _key_of_note(self, key: str) -> None:
        if key == ESCAPE:
            self._note = None
        elif self._note == "":
            if key in {str(number) for number in range(1, len(NOTE_KINDS) + 1)}:
                self._note = NOTE_KINDS[int(key) - 1]
        else:
            self._note_text, done = _typed(self._note_text, key)
            if done and self._note is not None:
                kind, self._note = self._note, None
                if self._note_text.strip():
                    self.on_note(kind, self._note_text.strip(), self._note_began)

    # --- shown --------------------------------------------------------------------------------

    def render(self) -> Panel:
        """The live part."""
        with self._lock:
            table = Table.grid(padding=(0, 2))
            table.add_column(style="dim")
            table.add_column()
            table.add_row("now", Text(" · ".join(filter(None, [self._trial, self._left()])) or "-"))
            table.add_row("last ratings", Text(", ".join(self._ratings) or "-"))
            for device in self.devices():
                said = Text(device.text, style="bold red" if device.failed else "")
                table.add_row(device.role, said)
            for warning in self._warnings:
                table.add_row("warning", Text(warning, style="yellow"))
            table.add_row("stop", Text(f"{self._stop_keys}; here Ctrl-C", style="bold"))
            title = f"{self._title} - UNBLINDED" if self._unblinded else self._title
            return Panel(Group(table, *self._asked()), title=title, title_align="left")

    def _left(self) -> str:
        left = self._ends_at - self._clock.now()
        return f"{int(left) // 60}:{int(left) % 60:02d} left of this run" if left > 0 else ""

    def _asked(self) -> Iterator[Text]:
        yield Text("")
        if self._note == "":
            kinds = "   ".join(f"{n}  {kind}" for n, kind in enumerate(NOTE_KINDS, start=1))
            yield Text(f"Note of which kind?   {kinds}   (Esc: none)", style="bold cyan")
        elif self._note is not None:
            yield Text(f"{self._note}: {self._note_text}_", style="bold cyan")
        if self._question:
            yield Text(self._question, style="bold")
        if self._typing is not None:
            yield Text(f"> {self._typing}_")
        for letter, meaning in self._options.items():
            yield Text(f"  {letter}  {meaning}")
        if self._note is None:
            key = NOTE_KEY if self._typing is None else "Ctrl-T"
            yield Text(f"  {key}  write a note (adverse event, thermode slipped ...)", "dim")


def _typed(text: str, key: str) -> tuple[str, bool]:
    """A line after one more key, and whether it's done."""
    if key in ENTER:
        return text, True
    if key in BACKSPACE:
        return text[:-1], False
    return (text + key, False) if key.isprintable() else (text, False)


class _PlainWithProgress(PlainExperimenter):
    """Without a live screen: only what is told is seen."""

    def phase_began(self, segment: Segment, phase: Phase, flip: float) -> None:
        """Nothing to update."""


@contextlib.contextmanager
def terminal_experimenter(
    console: Console, clock: Clock, prepared: Prepared, *, unblinded: bool = False
) -> Iterator[LiveExperimenter | _PlainWithProgress]:
    """The live screen while this lasts; where there's no terminal, plain lines."""
    if sys.stdin is None or not sys.stdin.isatty() or not console.is_terminal:
        yield _PlainWithProgress(console)
        return
    keys = prepared.rig.model.response.keys.by_role()
    stop_keys = ", ".join((*keys["stop"], *keys["participant_stop"]))
    experimenter = LiveExperimenter(console, clock, stop_keys, unblinded=unblinded)
    live = Live(
        console=console, get_renderable=experimenter.render, refresh_per_second=4, transient=True
    )
    with live, keys_to(experimenter.key):
        yield experimenter
