"""The TCS's replies: by hand, and any bytes at all."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.tcs import replies as r

GOOD = b"\r300+301+299+300+300+300"


def test_temperatures_are_those_of_the_fact_sheet() -> None:
    assert r.temperatures(GOOD) == (30.0, (30.1, 29.9, 30.0, 30.0, 30.0))


def test_a_sign_belongs_to_the_figure_after_it() -> None:
    assert r.temperatures(b"\r300+301-005+300+300+300") == (30.0, (30.1, -0.5, 30.0, 30.0, 30.0))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        GOOD[:-1],
        GOOD + b"0",
        b"\n" + GOOD[1:],
        GOOD.replace(b"+301", b" 301"),
        GOOD.replace(b"301", b"3 1"),
        GOOD.replace(b"301", b"3_1"),
        GOOD.replace(b"301", b"+01"),
        GOOD.replace(b"301", b"601"),  # beyond what the probe can be at
        GOOD.replace(b"301", b"\xb3\xb0\xb1"),
    ],
)
def test_a_malformed_temperature_line_gives_none(line: bytes) -> None:
    assert r.temperatures(line) is None


def test_hundredths() -> None:
    assert r.temperatures_fine(b"\r3000+3012+2999-0050+3000+3000") == (
        30.0,
        (30.12, 29.99, -0.5, 30.0, 30.0),
    )
    assert r.temperatures_fine(b"\r3000+3012+2999-0050+3000+300x") is None
    assert r.temperatures_fine(GOOD) is None


def test_a_line_is_found_behind_garbage_and_taken_out() -> None:
    buffer = bytearray(b"xx\r30\r" + GOOD + b"\r31")
    assert r.find_temperatures(buffer) == (30.0, (30.1, 29.9, 30.0, 30.0, 30.0))
    assert buffer == b"\r31"
    assert r.find_temperatures(buffer) is None
    assert buffer == b"\r31"


def test_a_lost_byte_costs_one_line_and_no_more() -> None:
    buffer = bytearray(GOOD[:7] + GOOD[8:] + GOOD)
    assert r.find_temperatures(buffer) == r.temperatures(GOOD)
    assert buffer == b""


def test_the_other_replies() -> None:
    assert r.identification(b"TCS\r")
    assert not r.identification(b"Arduino")
    assert r.help_lines(b"\rV2.1\r0042\rT11\rN: neutral\r") == r.Help("V2.1", "0042", "T11")
    assert r.help_lines(b"V2.1\r0042") is None
    assert r.help_lines(b"\xff\xfe\r\x80\r\x81\r") is None
    assert r.errors(b"000100") == (0, 0, 0, 1, 0, 0)
    assert r.errors(b"\r000000\r") == (0,) * 6
    assert r.errors(GOOD + b"\r000010") == (0, 0, 0, 0, 1, 0)
    assert r.errors(b"0000") is None
    assert r.errors(b"0000000") is None
    assert r.buttons(b"\r01") == (False, True)
    assert r.buttons(b"\r02") is None
    assert r.battery(b"\r12.6V  95%\r") == r.Battery(12.6, 95)
    assert r.battery(b"\r12.6V") == r.Battery(12.6, None)
    assert r.battery(b"900%") is None
    assert r.battery(b"hello") is None


def test_parameters_are_read_in_fixed_width_only() -> None:
    assert r.parameters(b"\rN320\rS11111\rC1475\rV10700\rR10700\rD108221\r") == {
        b"N": b"320",
        b"S": b"11111",
        b"C1": b"475",
        b"V1": b"0700",
        b"R1": b"0700",
        b"D1": b"08221",
    }
    assert r.parameters(b"C14750 C147 XC1475 C6475 S11121 N320.0x") == {b"N": b"320"}
    assert r.parameters(b"") == {}


def test_a_message_shows_any_bytes_in_plain_ascii() -> None:
    assert r.readable(b"a\x00\xff\r" + b"b" * 100) == "a\\x00\\xff\\r" + "b" * 36 + "..."


PARSERS: list[Callable[[bytes], object]] = [
    r.temperatures,
    r.temperatures_fine,
    r.identification,
    r.help_lines,
    r.errors,
    r.buttons,
    r.battery,
    r.parameters,
    r.readable,
]


@settings(max_examples=500)
@given(st.binary(max_size=200))
def test_no_bytes_break_a_parser(data: bytes) -> None:
    for parser in PARSERS:
        parser(data)


def test_thousands_of_damaged_replies_give_no_temperature_out_of_range() -> None:
    chance = random.Random(1)
    whole = [GOOD, b"\r320+475+475+475+475+475", b"000000", b"\r12.6V  95%\r", b"TCS\r"]
    buffer = bytearray()
    found = 0
    for _ in range(5_000):
        reply = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(3)):
            reply[chance.randrange(len(reply))] = chance.randrange(256)
        buffer += reply[chance.randrange(2) :]
        while (temperatures := r.find_temperatures(buffer)) is not None:
            found += 1
            assert all(-99.9 <= zone <= 60 for zone in temperatures[1])
        assert len(buffer) < r.TEMPERATURES_LENGTH
    assert found > 300
