"""What other people's TCS clients send and ours never does: profiles, and the rest of the list."""

import pytest

from tests.hardware.test_tcs_emulator import Terminal


@pytest.fixture
def terminal() -> Terminal:
    made = Terminal()
    made.tcs.receive(b"FN320V01000R01000")
    made.pass_time(1.0)
    return made


# Each command of the fact sheet, and whether it has an answer.
LISTED = [
    *[(b"H", True), (b"?", True), (b"N320", False), (b"S11111", False), (b"C0450", False)],
    *[(b"V00700", False), (b"R00700", False), (b"D001000", False), (b"T255300", False)],
    *[
        (b"L", False),
        (b"A", False),
        (b"F", False),
        (b"Oa", True),
        (b"Ob", False),
        (b"Om490", False),
    ],
    *[(b"Od", False), (b"Ose", False), (b"Osd", False), (b"Oc", True), (b"E", True), (b"Oe", True)],
    *[(b"K", True), (b"Q", True), (b"B", True), (b"P", True), (b"Of2", False)],
    *[(b"Uw11111001100450", False), (b"Ue11111", False), (b"Ur", True), (b"Z010100", False)],
]


@pytest.mark.parametrize(("command", "answered"), LISTED)
def test_every_listed_command_is_understood(
    terminal: Terminal, command: bytes, answered: bool
) -> None:
    said = terminal.ask(command, 1.5)
    assert bool(said) == answered
    assert not terminal.tcs.malformed


def test_a_profile_is_followed_and_ends_by_itself(terminal: Terminal) -> None:
    # To 45 C in 1 s, held for 2 s, to 47 C in 0.5 s; zone 2 only.
    terminal.tcs.receive(b"Uw01000003100450200450050470Ue01000C0400D001000L")
    start = terminal.clock.now()
    for after, expected in ((0.5, 38.5), (1.0, 45.0), (3.0, 45.0), (3.5, 47.0), (3.65, 32.0)):
        terminal.pass_time(start + after - terminal.clock.now())
        zones = terminal.tcs.zones()
        assert zones[1] == pytest.approx(expected, abs=0.01)
        assert zones[0] <= 40.0
    assert not terminal.tcs.malformed
    assert terminal.ask(b"Ur", 0.1).split(b"\r")[1:4] == [
        b"1 0 000",
        b"2 1 003 100450 200450 050470",
        b"3 0 000",
    ]


def test_an_abort_ends_a_profile_and_the_maximum_limits_it(terminal: Terminal) -> None:
    terminal.tcs.receive(b"Om440Uw11111001100450Ue11111L")
    terminal.pass_time(1.0)
    assert terminal.tcs.peak == 44.0
    terminal.tcs.receive(b"Uw11111001999430L")
    terminal.pass_time(5.0)
    terminal.tcs.receive(b"A")
    terminal.pass_time(1.0)
    assert terminal.tcs.zones() == (32.0,) * 5


@pytest.mark.parametrize(
    "broken", [b"Uw11111001100601", b"Uw11111001000450", b"Uw21111000", b"Ue11112", b"Uz"]
)
def test_a_malformed_profile_is_recorded_and_not_taken(terminal: Terminal, broken: bytes) -> None:
    terminal.tcs.receive(broken + b"Ue11111L")
    terminal.pass_time(0.6)
    assert terminal.tcs.malformed
    assert terminal.tcs.peak <= 32.0


def test_an_abort_within_a_profile_that_was_cut_off_is_heard(terminal: Terminal) -> None:
    terminal.tcs.receive(b"C0450L")
    terminal.pass_time(0.5)
    terminal.tcs.receive(b"Uw11111010100450A")
    terminal.pass_time(0.3)
    assert terminal.tcs.zones() == (32.0,) * 5
