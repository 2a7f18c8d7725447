"""Asks for what's missing: in a window where there's a screen, else at the terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from experiment.display.virtual_screen import screen_missing
from experiment.errors import ExitCode, UserError
from experiment.places import ROOT

LAST_CALIBRATION = "of the last accepted calibration"
FIXED_TEMPERATURES = "the study's fixed ones"
LABEL = "^[A-Za-z0-9]+$"  # as BIDS allows in the label of a participant or session


@dataclass(frozen=True)
class Question:
    """One field: its name, what stands beside it, and what is in it at first.

    An answer must match the regular expression `pattern`, and an empty one is taken only where
    it matches too; `tip` says in plain words what is allowed.
    """

    name: str
    label: str
    initial: str = ""
    choices: Sequence[str] = ()
    pattern: str = ""
    tip: str = ""

    def problem(self, answer: str) -> str:
        """What is wrong with an answer, or ''."""
        if self.choices and answer not in self.choices:
            return f"{self.label}: choose one of {', '.join(self.choices)}"
        if not re.search(self.pattern, answer):
            return f"{self.label}: {self.tip or 'that is not a valid answer'}"
        return ""


def ask(title: str, questions: Sequence[Question], problem: str = "") -> dict[str, str]:
    """Ask until every answer is valid; answers by name. `problem` is shown first.

    Raises `UserError`: with exit code 4 if the person cancelled, with 2 if nobody can be asked
    (neither screen nor terminal, as in CI).
    """
    if not screen_missing():
        answers = _ask_in_window(title, questions, problem)
        if answers is not None:
            return answers
    if sys.stdin is not None and sys.stdin.isatty():
        return _ask_at_terminal(title, questions, problem)
    missing = ", ".join(question.label for question in questions if question.problem(""))
    raise UserError(
        f"nobody can be asked for what is missing ({missing or 'some options'}), since there is "
        f"neither a screen nor a terminal: give it on the command line (--help lists the options)"
    )


def ask_for_session(
    study: str, rig: str, session: str | None, calibration: str | None
) -> tuple[str, str, str, str | None, str | None]:
    """Ask for study, rig, participant, session and temperatures, in one dialog.

    Returns them in this order; `calibration` as the option of that name: None for the last
    accepted one, "none" for the study's fixed temperatures, else what was given already.
    """
    temperatures: dict[str, str | None] = {}
    if calibration is not None:
        temperatures[f"as given: {calibration}"] = calibration
    temperatures |= {LAST_CALIBRATION: None, FIXED_TEMPERATURES: "none"}
    answers = ask(
        "trustpain",
        [
            Question("study", "Study", study, pattern=r"\S", tip="a shipped name or a file"),
            Question("rig", "Rig", rig, pattern=r"\S", tip="a shipped name or a file"),
            Question("participant", "Participant", "", (), LABEL, "letters and digits, such as 01"),
            Question(
                "session",
                "Session (may stay empty)",
                session or "",
                (),
                f"^$|{LABEL}",
                "letters and digits, or nothing",
            ),
            Question("temperatures", "Temperatures", next(iter(temperatures)), tuple(temperatures)),
        ],
    )
    return (
        answers["study"],
        answers["rig"],
        answers["participant"],
        answers["session"] or None,
        temperatures[answers["temperatures"]],
    )


def _ask_in_window(
    title: str, questions: Sequence[Question], problem: str
) -> dict[str, str] | None:
    """The answers, or None if no window can be opened."""
    asked = [asdict(question) for question in questions]
    request = {"title": title, "questions": asked, "problem": problem}
    child = subprocess.run(
        [sys.executable, "-m", "experiment.display.dialog_window"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        check=False,
    )
    if child.returncode != 0:
        return None
    answers: dict[str, str] | None = json.loads(child.stdout)
    if answers is None:
        raise UserError("cancelled: nothing was started", ExitCode.EMERGENCY_STOP)
    return answers


def _ask_at_terminal(title: str, questions: Sequence[Question], said: str) -> dict[str, str]:
    from rich.console import Console
    from rich.prompt import Prompt

    console = Console()
    console.print(title, style="bold", markup=False)
    if said:
        console.print(said, style="yellow", markup=False)
    answers = {}
    for question in questions:
        while True:
            answer = Prompt.ask(
                question.label,
                console=console,
                choices=list(question.choices) or None,
                default=question.initial,
                show_default=bool(question.initial),
            ).strip()
            problem = question.problem(answer)
            if not problem:
                break
            console.print(problem, style="yellow", markup=False)
        answers[question.name] = answer
    return answers
