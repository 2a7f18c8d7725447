"""Faults of the cables: what gets lost, late or garbled between a device and the program."""

from __future__ import annotations

import random
from collections.abc import Callable

from hardware.clock import Clock
from hardware.emulation.scanner import EmulatedScanner
from hardware.emulation.world import Line

Filter = Callable[[bytes], bytes]


class FaultyLine:
    """A line with any number of filters in each direction, put in and taken out one by one."""

    def __init__(self, line: Line, clock: Clock) -> None:
        self.line, self._clock = line, clock
        self.to_host: list[Filter] = []
        self.to_device: list[Filter] = []
        self._past_filters = False
        line.to_host, line.to_device = self._towards_host, self._towards_device

    def deliver_later(self, data: bytes, after_s: float) -> None:
        """Hand bytes of the device to the host after some time, as they are."""

        def deliver() -> None:
            self._past_filters = True
            try:
                self.line.device.transmit(data)
            finally:
                self._past_filters = False

        self._clock.call_at(self._clock.now() + after_s, deliver)

    def _towards_host(self, data: bytes) -> bytes:
        return data if self._past_filters else _through(self.to_host, data)

    def _towards_device(self, data: bytes) -> bytes:
        return _through(self.to_device, data)


def _through(filters: list[Filter], data: bytes) -> bytes:
    for each in filters:
        data = each(data)
    return data


def nothing(data: bytes) -> bytes:
    """All is lost."""
    return b""


def first_half(data: bytes) -> bytes:
    """A reply that breaks off."""
    return data[: len(data) // 2]


def another_device(data: bytes) -> bytes:
    """What a device would say that isn't a TCS."""
    return data.replace(b"TCS", b"PUMP")


def garbling(share: float) -> Filter:
    """Exchange such a share of the bytes; the same ones in each rehearsal."""
    chance = random.Random(0)

    def garble(data: bytes) -> bytes:
        return bytes(chance.randrange(256) if chance.random() < share else byte for byte in data)

    return garble


def delaying(line: FaultyLine, delay_s: float) -> Filter:
    """Let everything arrive later."""

    def delay(data: bytes) -> bytes:
        line.deliver_later(data, delay_s)
        return b""

    return delay


def doubling(line: FaultyLine, apart_s: float) -> Filter:
    """Let everything arrive twice."""

    def double(data: bytes) -> bytes:
        line.deliver_later(data, apart_s)
        return data

    return double


def losing(every: int) -> Filter:
    """Lose every so manieth byte."""
    passed = 0

    def lose(data: bytes) -> bytes:
        nonlocal passed
        kept = bytearray()
        for byte in data:
            passed += 1
            if passed % every:
                kept.append(byte)
        return bytes(kept)

    return lose


# --- pulses: how many of the present scan there were is the scanner's to know ---------------------


def without_pulses(scanner: EmulatedScanner, numbers: tuple[int, ...]) -> Filter:
    """Lose these pulses of each scan, counted from 1."""
    return lambda data: b"" if len(scanner.sent) in numbers else data


def until_pulse(scanner: EmulatedScanner, last: int) -> Filter:
    """Lose all pulses of a scan after this one."""
    return lambda data: data if len(scanner.sent) <= last else b""


def without_scans(scanner: EmulatedScanner, scans: int | None) -> Filter:
    """Lose all pulses of the first so many scans, or (None) of all."""
    begun = 0

    def lose(data: bytes) -> bytes:
        nonlocal begun
        begun += len(scanner.sent) == 1
        return b"" if scans is None or begun <= scans else data

    return lose
