"""Keys from a real terminal (a pseudo one): every one of them, at once, and the terminal restored."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import pytest

from experiment.visit.keys import keys_to

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

import pty
import termios


class _Terminal:
    """Stands in for `sys.stdin`; `type` is the hand on the keyboard."""

    def __init__(self) -> None:
        self.hand, self.end = pty.openpty()

    def fileno(self) -> int:
        return self.end

    def type(self, text: str) -> None:
        os.write(self.hand, text.encode())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Terminal]:
    found = _Terminal()
    monkeypatch.setattr(sys, "stdin", found)
    yield found
    os.close(found.hand)
    os.close(found.end)


def wait_for(seen: list[str], count: int) -> None:
    end = time.monotonic() + 10.0
    while len(seen) < count and time.monotonic() < end:
        time.sleep(0.01)


def test_what_is_typed_fast_comes_whole_and_at_once(terminal: _Terminal) -> None:
    """A line in one piece: nothing may wait until the next key."""
    seen: list[str] = []
    with keys_to(seen.append):
        terminal.type("t2fühlt sich schwach\r")
        wait_for(seen, 21)
        assert "".join(seen).replace("\r", "\n") == "t2fühlt sich schwach\n"


def test_arrows_are_no_letters_and_escape_is_itself(terminal: _Terminal) -> None:
    seen: list[str] = []
    with keys_to(seen.append):
        terminal.type("\x1b[A")
        time.sleep(0.3)
        terminal.type("\x1b")
        wait_for(seen, 1)
        time.sleep(0.2)
    assert seen == ["\x1b"]


def test_the_terminal_is_as_it_was(terminal: _Terminal) -> None:
    before = termios.tcgetattr(terminal.end)
    during = []

    def fail() -> None:
        with keys_to(lambda key: None):
            during.append(termios.tcgetattr(terminal.end))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert during != [before]
    assert termios.tcgetattr(terminal.end) == before
