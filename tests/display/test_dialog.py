"""Asking for what's missing."""

from __future__ import annotations

import subprocess
import threading
import time

import pytest

from experiment.errors import ExitCode, UserError
from experiment.session import dialog
from experiment.session.dialog import Question, ask, ask_for_session

LABELLED = Question("participant", "Participant", pattern=dialog.LABEL, tip="letters and digits")


class Terminal:
    """A terminal at which these lines are typed."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self.lines.pop(0) + "\n"


@pytest.fixture
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialog, "screen_missing", lambda: True)


@pytest.mark.usefixtures("no_screen")
def test_neither_screen_nor_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(
        UserError, match=r"nobody can be asked for what is missing \(Participant\)"
    ) as caught:
        ask("x", [LABELLED])
    assert caught.value.exit_code == ExitCode.BAD_INPUT


@pytest.mark.usefixtures("no_screen")
def test_at_a_terminal_it_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("0-1", "01"))
    assert ask("x", [LABELLED]) == {"participant": "01"}


@pytest.mark.usefixtures("no_screen")
def test_a_whole_session_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = dialog.FIXED_TEMPERATURES
    monkeypatch.setattr("sys.stdin", Terminal("", "mri_tcs", "07", "", fixed))
    answers = ask_for_session("trust_pain", "laptop", None, None)
    assert answers == ("trust_pain", "mri_tcs", "07", None, "none")
    monkeypatch.setattr("sys.stdin", Terminal("", "", "07", "", ""))
    assert ask_for_session("trust_pain", "laptop", None, None)[4] is None


def test_problems_are_said_in_plain_words() -> None:
    assert LABELLED.problem("01") == ""
    assert LABELLED.problem("0-1") == "Participant: letters and digits"
    assert Question("a", "A", choices=("x", "y")).problem("z") == "A: choose one of x, y"


def test_in_a_window(display: str) -> None:
    """First a wrong answer, then a right one, then Cancel in another dialog."""

    def type_when_open(*keys: str) -> None:
        found = subprocess.run(
            ["xdotool", "search", "--sync", "--onlyvisible", "--name", "^Who"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        window = found.stdout.split()[-1]
        time.sleep(0.5)
        subprocess.run(["xdotool", "windowfocus", "--sync", window], check=True)
        for text in keys:
            subprocess.run(["xdotool", "key", *text.split()], check=True)
            time.sleep(0.7)

    typist = threading.Thread(
        target=type_when_open, args=("0 minus 1 Return", "BackSpace BackSpace 7 Return")
    )
    typist.start()
    assert ask("Who is it?", [LABELLED]) == {"participant": "07"}
    typist.join()
    typist = threading.Thread(target=type_when_open, args=("Escape",))
    typist.start()
    with pytest.raises(UserError, match="cancelled") as caught:
        ask("Who is it?", [LABELLED])
    typist.join()
    assert caught.value.exit_code == ExitCode.EMERGENCY_STOP


def test_where_no_window_opens_the_terminal_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialog, "screen_missing", lambda: False)
    monkeypatch.setenv("DISPLAY", ":999")  # nobody there: Qt ends its process
    monkeypatch.setattr("sys.stdin", Terminal("01"))
    assert ask("x", [LABELLED]) == {"participant": "01"}
