"""Bytes that no device sends: no crash, no hang, no wrong temperature. `make figures`: 100,000 each.

Those of the journal's reader are in tests/journal/fuzz.py.
"""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable, Iterator

import pytest

from experiment.clocks import VirtualClock
from experiment.running.pulses import PulseCounter
from hardware.buttons import ButtonBox
from hardware.devices import Response
from hardware.emulation import EmulatedWorld, protocol_emulated
from hardware.medoc.replies import COLDEST, HOTTEST
from hardware.medoc.replies import status as medoc_status
from hardware.opening import open_port
from hardware.rig import SerialScannerSection
from hardware.scanner import SerialScanner
from hardware.sections.response import ButtonsSection
from hardware.tcs import replies
from tests.memory import BOUND_MIB, most_memory

MANY = 100_000
TR_S = 0.46
REPLIES = (
    b"\r320+320+320+320+320+320",
    b"\r320+475+475+475+475+475",
    b"\r3200+03200+03200+03200+03200+03200",
    b"000000",
    b"TCS\r",
    b"\r12.6V  95%\r\n",
    b"\r00",
    b"TCS2 1.0\r00000042\rT11\rH: help\r",
    b"\rN320\rS11111\rC1475\rV10700\rR10700\rD108221\r",
)
PARSERS: tuple[Callable[[bytes], object], ...] = (
    replies.temperatures,
    replies.temperatures_fine,
    replies.identification,
    replies.help_lines,
    replies.errors,
    replies.buttons,
    replies.battery,
    replies.parameters,
    replies.readable,
)


def broken(whole: tuple[bytes, ...], count: int, seed: int) -> Iterator[bytes]:
    """Replies with bytes changed, lost, doubled or joined, and pure noise."""
    chance = random.Random(seed)
    for _ in range(count):
        data = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(4)):
            at, kind = chance.randrange(len(data) + 1), chance.randrange(5)
            if kind == 0:
                data[at:at] = chance.randbytes(chance.randrange(1, 9))
            elif kind == 1:
                del data[at : at + chance.randrange(1, 9)]
            elif kind == 2:
                data += chance.choice(whole)
            elif kind == 3 and data:
                data[at % len(data)] = chance.randrange(256)
            else:
                data[at:at] = bytes((chance.choice(b"+-\r0123456789"),)) * chance.randrange(1, 300)
        yield bytes(data) if chance.random() > 0.1 else chance.randbytes(chance.randrange(300))


def fuzz_replies(count: int, seed: int) -> int:
    """Each input to each parser, and to the stream of temperatures; how many it found there."""
    buffer, found = bytearray(), 0
    for data in broken(REPLIES, count, seed):
        for parser in PARSERS:
            value = parser(data)
            if parser in (replies.temperatures, replies.temperatures_fine) and value is not None:
                _in_range(value)  # type: ignore[arg-type]
        buffer += data
        while (temperatures := replies.find_temperatures(buffer)) is not None:
            _in_range(temperatures)
            found += 1
        assert len(buffer) <= replies.TEMPERATURES_LENGTH
    return found


def _in_range(temperatures: replies.Temperatures) -> None:
    neutral, zones = temperatures
    assert 0.0 <= neutral <= replies.NOTHING_BEYOND
    assert len(zones) == 5
    assert all(-99.99 <= zone <= replies.NOTHING_BEYOND for zone in zones)


def fuzz_pulses(count: int, seed: int) -> int:
    """Noise on the scanner's line, in clumps and alone; how many pulses were counted of it."""
    chance = random.Random(seed)
    protocol_emulated.register()
    clock = VirtualClock()
    told: list[str] = []
    with EmulatedWorld(clock) as world:
        section = SerialScannerSection(
            kind="serial",
            port="emulated://scanner",
            pulse="5",
            dummies_stored=6,
            dummies_pulsed_not_stored=0,
        )
        port = open_port(section.port, section.baud, "scanner", world)
        scanner = SerialScanner(port, clock, section)
        sent = counted = 0
        pulses = PulseCounter(clock, TR_S, 7, lambda time, number: None, told.append)
        scanner.start(pulses.arrived)
        for number, data in enumerate(broken((b"5", b"5", b"t", b"55"), count, seed)):
            sent += data.count(b"5")
            world.scanner.transmit(data)
            clock.wait(lambda: False, clock.now() + chance.choice((0.0, 0.01, TR_S, 5.0)))
            if number % 500 == 499:  # another run begins
                scanner.stop()
                pulses.stop()
                counted += len(pulses.times)
                pulses = PulseCounter(clock, TR_S, 7, lambda time, number: None, told.append)
                scanner.start(pulses.arrived)
        assert counted <= sent
        assert len(scanner.strays) <= 255
        assert scanner.failure() == ""
        scanner.close()
    return counted


def fuzz_medoc(count: int, seed: int) -> int:
    """Answers of Medoc's network protocol, broken; how many were understood."""
    chance = random.Random(seed)
    bodies = [
        struct.pack("<IBBBHIhBBB", 1, command, system, test, 0, 100, hundredths, 0, 0, 0) + message
        for command, system, test in ((0, 0, 0), (1, 1, 3), (4, 2, 1))
        for hundredths, message in ((3200, b""), (4750, b"ok"), (-32768, b"\0"))
    ]
    whole = tuple(struct.pack("<I", len(body)) + body for body in bodies)
    found = 0
    for data in broken(whole, count, seed):
        status = medoc_status(data, chance.choice((0, 1, 4)))
        if status is not None:
            assert COLDEST <= status.temperature <= HOTTEST
            found += 1
    return found


def fuzz_buttons(count: int, seed: int) -> int:
    """Noise from a button box; how many presses were taken from it."""
    chance = random.Random(seed)
    protocol_emulated.register()
    clock = VirtualClock()
    responses: list[Response] = []
    taken = 0
    with EmulatedWorld(clock) as world:
        section = ButtonsSection(
            port="COM9", left=("1",), right=("2",), stop=("9",), releases={"2": "b"}
        )
        # Any line carries its bytes: a box inside the program would have nobody to press it.
        port = open_port("emulated://scanner", section.baud, "button box", world)
        box = ButtonBox(port, clock, section)
        box.listen(responses.append)
        for data in broken((b"1", b"2b", b"9", b"b"), count, seed):
            world.scanner.transmit(data)
            clock.wait(lambda: False, clock.now() + chance.choice((0.0, 0.01, 0.5)))
            taken += sum(response.pressed for response in responses)
            responses.clear()
        assert len(box.strays) <= 255
        assert not set(box.strays) & set(b"129b")
        box.close()
    return taken


def test_a_box_that_presses_and_releases_keeps_to_that_order() -> None:
    clock = VirtualClock()
    protocol_emulated.register()
    responses: list[Response] = []
    with EmulatedWorld(clock) as world:
        section = ButtonsSection(port="COM9", right=("2",), releases={"2": "b"})
        port = open_port("emulated://scanner", section.baud, "button box", world)
        ButtonBox(port, clock, section).listen(responses.append)
        for data in broken((b"2", b"b"), 2_000, seed=3):
            world.scanner.transmit(data)
    pressed = [response.pressed for response in responses]
    assert len(pressed) > 200
    assert pressed == [number % 2 == 0 for number in range(len(pressed))]


def test_thousands_of_broken_answers_of_medoc_give_no_temperature_out_of_range() -> None:
    assert fuzz_medoc(3_000, seed=1) > 100


def test_thousands_of_noisy_presses_are_taken_without_a_crash() -> None:
    assert fuzz_buttons(2_000, seed=1) > 100


def test_thousands_of_broken_replies_give_no_temperature_out_of_range() -> None:
    assert fuzz_replies(5_000, seed=1) > 100


def test_thousands_of_noisy_pulses_are_counted_without_a_crash() -> None:
    assert fuzz_pulses(3_000, seed=1) > 100


def test_a_parser_that_kept_what_it_is_fed_would_be_seen() -> None:
    chance = random.Random(1)
    with pytest.raises(AssertionError):
        most_memory(lambda: [chance.randbytes(1000) for _ in range(int(BOUND_MIB * 1100))])
    assert most_memory(lambda: fuzz_replies(500, seed=1))[1] < BOUND_MIB / 10


@pytest.mark.figures
@pytest.mark.parametrize(
    ("parser", "fuzz"),
    [
        ("TCS replies", fuzz_replies),
        ("Medoc answers", fuzz_medoc),
        ("pulses", fuzz_pulses),
        ("buttons", fuzz_buttons),
    ],
)
def test_figure_100_000_fuzzed_inputs(
    parser: str, fuzz: Callable[[int, int], int], capsys: pytest.CaptureFixture[str]
) -> None:
    begin = time.process_time()
    found, peak_mib = most_memory(lambda: fuzz(MANY, 7))
    with capsys.disabled():
        spent = time.process_time() - begin
        print(
            f"\nfuzzed {parser}: {MANY} inputs, {found} understood, 0 crashes, at most "
            f"{peak_mib:.1f} MiB held, {spent:.0f} s"
        )
