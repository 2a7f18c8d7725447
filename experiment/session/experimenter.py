"""Who runs the session: is told what happens, and asked what to do next.

A question never blocks: it's put, and the session waits for its answer while the display and
the devices go on.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from rich.console import Console

from hardware.clock import Clock


class Experimenter(Protocol):
    """Told and asked."""

    def tell(self, message: str) -> None:
        """A plain message."""

    def warn(self, message: str) -> None:
        """Something that needs attention."""

    def ask(self, question: str, options: Mapping[str, str]) -> None:
        """Put a question. `options`: the letter to press, and what it does."""

    def answer(self) -> str | None:
        """The letter chosen, or None while there's no answer."""
        ...

    def pressed(self, letter: str) -> None:
        """A key of the experimenter's was pressed in the experiment's window (any thread)."""


class ConsoleExperimenter:
    """A person at the terminal, who may also press the letter in the experiment's window."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._options: Mapping[str, str] = {}
        self._answer: str | None = None
        self._reader: threading.Thread | None = None

    def tell(self, message: str) -> None:
        """Print a message."""
        self._console.print(message, markup=False, highlight=False)

    def warn(self, message: str) -> None:
        """Print a warning so that it's seen."""
        self._console.print(f"! {message}", style="bold yellow", markup=False, highlight=False)

    def ask(self, question: str, options: Mapping[str, str]) -> None:
        """Print a question and its options, and begin to listen for the answer."""
        self._answer, self._options = None, options
        self._console.print(f"\n{question}", style="bold", markup=False)
        for letter, meaning in options.items():
            self._console.print(f"  {letter}  {meaning}", markup=False, highlight=False)
        typed = sys.stdin is not None and sys.stdin.isatty()
        if typed:
            hint = "(here the letter, then Enter; in the experiment's window the letter alone)"
            self._console.print(f"  {hint}", style="dim", markup=False, highlight=False)
        if self._reader is None and typed:
            self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
            self._reader.start()

    def answer(self) -> str | None:
        """The letter chosen, or None."""
        return self._answer

    def pressed(self, letter: str) -> None:
        """Take a letter as the answer, if it's one of the options."""
        if self._answer is None and letter in self._options:
            self._answer = letter
            self._options = {}

    def _read(self) -> None:
        for line in sys.stdin:
            self.pressed(line.strip().lower()[:1])


class SimulatedExperimenter:
    """Answers at once, by a rule; tells `console` if there is one.

    `choose(question, options)` gives the letter: by default the first option, which is always
    the plain way on.
    """

    def __init__(
        self,
        clock: Clock,
        console: Console | None = None,
        choose: Callable[[str, Mapping[str, str]], str] | None = None,
        thinks_s: float = 2.0,
    ) -> None:
        self._clock, self._console, self._thinks_s = clock, console, thinks_s
        self._choose = choose or (lambda question, options: next(iter(options)))
        self._answer: str | None = None
        self._questions = 0

    def tell(self, message: str) -> None:
        """Print a message, if anybody looks."""
        if self._console is not None:
            self._console.print(message, markup=False, highlight=False)

    def warn(self, message: str) -> None:
        """Print a warning, if anybody looks."""
        if self._console is not None:
            self._console.print(f"! {message}", style="yellow", markup=False, highlight=False)

    def ask(self, question: str, options: Mapping[str, str]) -> None:
        """Answer, after a moment's thought."""
        self._answer = None
        letter = self._choose(question, options)
        self.tell(f"{question}  [{letter}: {options[letter]}]")
        self._questions += 1
        number = self._questions

        def answer() -> None:
            if number == self._questions:  # not what was put in its place meanwhile
                self.pressed(letter)

        self._clock.call_at(self._clock.now() + self._thinks_s, answer)

    def answer(self) -> str | None:
        """The letter chosen, or None."""
        return self._answer

    def pressed(self, letter: str) -> None:
        """Take a letter as the answer."""
        self._answer = letter
