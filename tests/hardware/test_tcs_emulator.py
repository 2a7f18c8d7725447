"""The emulated TCS, spoken to with bytes written by hand from the fact sheet."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.clocks import VirtualClock
from hardware.emulation.tcs import EmulatedTcs


class Terminal:
    """Somebody typing at an emulated TCS."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.tcs = EmulatedTcs(self.clock)
        self.heard = bytearray()
        self.times: list[float] = []
        self.tcs.transmit = self._hear

    def _hear(self, data: bytes) -> None:
        self.heard += data
        self.times.append(self.clock.now())

    def pass_time(self, seconds: float) -> None:
        self.clock.wait(lambda: False, self.clock.now() + seconds)

    def ask(self, data: bytes, seconds: float = 0.05) -> bytes:
        self.heard.clear()
        self.tcs.receive(data)
        self.pass_time(seconds)
        return bytes(self.heard)


@pytest.fixture
def terminal() -> Terminal:
    made = Terminal()
    made.tcs.receive(b"F")
    return made


@pytest.fixture
def baseline(terminal: Terminal) -> Terminal:
    """Quiet, and at 32 C."""
    terminal.tcs.receive(b"N320")
    terminal.pass_time(1.0)
    return terminal


def test_it_answers_as_the_fact_sheet_says(baseline: Terminal) -> None:
    assert baseline.ask(b"E") == b"\r320+320+320+320+320+320"
    assert baseline.ask(b"Oe") == b"\r3200+3200+3200+3200+3200+3200"
    assert baseline.ask(b"Q") == b"000000"
    assert baseline.ask(b"K") == b"\r00"
    assert baseline.ask(b"?").startswith(b"TCS")
    assert len(baseline.ask(b"B")) == 14
    assert baseline.ask(b"H").count(b"\r") >= 3
    assert not baseline.tcs.malformed


def test_an_e_round_trip_takes_2_2_ms(baseline: Terminal) -> None:
    asked = baseline.clock.now()
    baseline.ask(b"E")
    assert baseline.times[-1] - asked == pytest.approx(0.0022, abs=0.0001)


def test_errors_and_battery_can_be_set(baseline: Terminal) -> None:
    baseline.tcs.errors[3] = 1
    baseline.tcs.percent = 7
    assert baseline.ask(b"Q") == b"000100"
    assert b"7%" in baseline.ask(b"B")


def test_a_stimulus_follows_its_rates_and_ends_by_itself(baseline: Terminal) -> None:
    baseline.tcs.receive(b"S11111C0475V00700R00700D008221")
    baseline.tcs.receive(b"L")
    start = baseline.clock.now()
    at = baseline.tcs.zones
    assert at(start + 0.1) == pytest.approx((39.0,) * 5)
    assert at(start + 0.2215) == pytest.approx((47.5,) * 5)
    assert at(start + 8.2) == pytest.approx((47.5,) * 5)
    assert at(start + 8.321) == pytest.approx((40.5,) * 5)
    assert at(start + 8.4425) == pytest.approx((32.0,) * 5, abs=0.01)
    assert at(start + 1000) == (32.0,) * 5
    baseline.pass_time(20)
    assert baseline.tcs.peak == 47.5
    assert baseline.tcs.heats == [start]


def test_zones_have_figures_of_their_own(baseline: Terminal) -> None:
    baseline.tcs.receive(b"S10010C1450C4400V10100V40080R00100D002000L")
    baseline.pass_time(1.5)
    assert baseline.ask(b"E", 0.01) == b"\r320+450+320+320+400+320"


def test_a_short_duration_turns_back_before_the_target(baseline: Terminal) -> None:
    baseline.tcs.receive(b"C0500V00100R00100D001000L")
    baseline.pass_time(5)
    assert baseline.tcs.peak == pytest.approx(42.0)


def test_om_limits_later_targets(baseline: Terminal) -> None:
    baseline.tcs.receive(b"Om450C0490V01000R01000D001000L")
    baseline.pass_time(2)
    assert baseline.tcs.peak == 45.0


def test_abort_returns_to_neutral_and_leaves_follow_mode(baseline: Terminal) -> None:
    baseline.tcs.receive(b"V01000R01000C0450OdL")
    baseline.pass_time(60)
    assert baseline.ask(b"E", 0.01) == b"\r320+450+450+450+450+450"
    baseline.tcs.receive(b"A")
    baseline.pass_time(1)
    assert baseline.ask(b"E", 0.01) == b"\r320+320+320+320+320+320"


@pytest.mark.parametrize(
    "broken",
    [
        b"N32.0",
        b"C044.3",  # a float where a number belongs
        b"C0443.0"[:4] + b".",
        b"N451",
        b"C6400",
        b"C0700",
        b"D000000",
        b"V00000",
        b"T000100",
        b"S11211",
        b"x",
        b"l",
        b"Ox",
        b"\x00\xff",
    ],
)
def test_a_malformed_command_is_ignored_and_recorded(baseline: Terminal, broken: bytes) -> None:
    before = baseline.ask(b"P")
    baseline.tcs.malformed.clear()
    baseline.tcs.receive(broken)
    assert baseline.tcs.malformed
    assert baseline.ask(b"P") == before


def test_abort_is_heard_in_the_middle_of_a_broken_command(baseline: Terminal) -> None:
    baseline.tcs.receive(b"C0450V01000R01000D010000L")
    baseline.pass_time(1)
    baseline.tcs.receive(b"C04A")
    baseline.pass_time(1)
    assert baseline.tcs.zones() == (32.0,) * 5


def test_an_unfinished_command_does_not_swallow_a_later_one(baseline: Terminal) -> None:
    baseline.tcs.receive(b"C04")
    baseline.pass_time(1)
    assert baseline.ask(b"E") == b"\r320+320+320+320+320+320"
    assert baseline.tcs.malformed[-1][1] == b"C04"


def test_bytes_may_come_in_any_pieces(baseline: Terminal) -> None:
    for byte in b"C0475V00700":
        baseline.tcs.receive(bytes((byte,)))
    assert b"C1475" in baseline.ask(b"P")


def test_lines_come_unasked_unless_quiet() -> None:
    noisy = Terminal()
    noisy.pass_time(10.0)
    assert len(noisy.times) == 10
    noisy.tcs.receive(b"C0450V01000R01000D010000L")
    noisy.times.clear()
    noisy.pass_time(2.0)
    assert len(noisy.times) == pytest.approx(200, abs=3)
    noisy.tcs.receive(b"F")
    noisy.pass_time(0.1)
    noisy.times.clear()
    noisy.pass_time(5.0)
    assert noisy.times == []
    noisy.tcs.receive(b"Oa")
    noisy.pass_time(20.0)
    assert len(noisy.times) >= 10


def test_reset_brings_power_on_values(baseline: Terminal) -> None:
    baseline.tcs.receive(b"C0450Oc")
    baseline.pass_time(1)
    parameters = baseline.ask(b"FP")
    assert b"N300" in parameters
    assert b"C1300" in parameters


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_no_bytes_break_it_or_take_it_above_its_maximum(data: bytes) -> None:
    terminal = Terminal()
    terminal.tcs.receive(b"Om450")
    # Another maximum, or a reset, would be commands like any other: taken out of the noise.
    terminal.tcs.receive(data.replace(b"O", b""))
    terminal.tcs.receive(b"L")
    terminal.pass_time(200)
    assert terminal.tcs.peak <= 45.0
    assert len(terminal.tcs._grammar.partial) <= 16
