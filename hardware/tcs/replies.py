"""What the TCS II answers: from any bytes to values, or to None where they aren't understood.

No parser here raises, keeps more than it is given, or guesses a temperature.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TEMPERATURES_LENGTH = 24  # CR, three digits, five times sign and three digits
FINE_LENGTH = 30  # the same in hundredths: four digits each
MOST_KEPT = 4096  # bytes of a chunk that are looked at; more than a port can buffer in 0.3 s
NOTHING_BEYOND = 60.0  # the probe's range ends here; a higher figure is a garbled one

_SIGNS = b"+++++"
_TENTHS = {b"%03d" % number: number / 10 for number in range(1000)}

_FIELD = re.compile(
    rb"(?<![A-Za-z0-9])(N\d{3}|S[01]{5}|C[0-5]\d{3}|[VR][0-5]\d{4}|D[0-5]\d{5})(?!\d)"
)
_ERRORS = re.compile(rb"(?<!\d)\d{6}(?!\d)")  # a temperature may have come in between
_VOLTAGE = re.compile(rb"(\d{1,3}(?:\.\d{1,3})?) ?[vV]")
_CHARGE = re.compile(rb"(\d{1,3}) ?%")

Temperatures = tuple[float, tuple[float, ...]]


def temperatures(line: bytes) -> Temperatures | None:
    """Neutral and zones 1-5 in degrees Celsius from the 24 bytes that answer `E`, else None.

    A sign separates the figures and belongs to the one that follows; the range ends at 60 C.
    """
    if len(line) != TEMPERATURES_LENGTH or line[0] != 13:
        return None
    signs = line[4::4]
    try:
        neutral = _TENTHS[line[1:4]]
        zones = (
            _TENTHS[line[5:8]],
            _TENTHS[line[9:12]],
            _TENTHS[line[13:16]],
            _TENTHS[line[17:20]],
            _TENTHS[line[21:24]],
        )
    except KeyError:
        return None
    if signs != _SIGNS:
        if not all(sign in b"+-" for sign in signs):
            return None
        one, two, three, four, five = (
            -zone if sign == 45 else zone for zone, sign in zip(zones, signs, strict=True)
        )
        zones = (one, two, three, four, five)
    if neutral > NOTHING_BEYOND or max(zones) > NOTHING_BEYOND:
        return None
    return neutral, zones


def temperatures_fine(line: bytes) -> Temperatures | None:
    """The same from the 30 bytes that answer `Oe`, in hundredths."""
    if len(line) != FINE_LENGTH or line[0] != 13:
        return None
    digits = [line[start : start + 4] for start in range(1, FINE_LENGTH, 5)]
    signs = line[5::5]
    if not all(four.isdigit() for four in digits) or not all(sign in b"+-" for sign in signs):
        return None
    neutral, *zones = (
        int(four) / (-100 if sign == 45 else 100)
        for four, sign in zip(digits, b"+" + signs, strict=True)
    )
    if neutral > NOTHING_BEYOND or max(zones) > NOTHING_BEYOND:
        return None
    return neutral, tuple(zones)


def find_temperatures(buffer: bytearray) -> Temperatures | None:
    """Take the first whole `E` reply out of `buffer`, with whatever garbage stood before it.

    None if there is none yet; then only what could still become one stays in the buffer.
    """
    while True:
        start = buffer.find(b"\r")
        if start < 0:
            buffer.clear()
            return None
        del buffer[:start]
        if len(buffer) < TEMPERATURES_LENGTH:
            return None
        found = temperatures(bytes(buffer[:TEMPERATURES_LENGTH]))
        if found is not None:
            del buffer[:TEMPERATURES_LENGTH]
            return found
        del buffer[:1]


def identification(reply: bytes) -> bool:
    """Whether the answer to `?` is a TCS's."""
    return b"TCS" in reply


@dataclass(frozen=True)
class Help:
    """The first three lines that answer `H`."""

    firmware: str
    probe_id: str
    probe_type: str


def help_lines(reply: bytes) -> Help | None:
    """Firmware, probe id and probe type, or None if there are no three lines of plain text."""
    lines = [line.strip() for line in re.split(rb"[\r\n]+", reply[:4096])]
    lines = [line for line in lines if line]
    if len(lines) < 3 or not all(line.isascii() and len(line) <= 120 for line in lines[:3]):
        return None
    texts = ["".join(c for c in line.decode("ascii") if c.isprintable()) for line in lines[:3]]
    return Help(*texts)


def errors(reply: bytes) -> tuple[int, ...] | None:
    """Error digit of neutral and zones 1-5 from the answer to `Q` (0 is good), else None."""
    match = _ERRORS.search(reply[:64])
    return tuple(digit - 48 for digit in match[0]) if match else None


def buttons(reply: bytes) -> tuple[bool, bool] | None:
    """Whether the two buttons are held, from the answer to `K`, else None."""
    digits = reply.strip(b"\r\n ")
    if len(digits) != 2 or not set(digits) <= set(b"01"):
        return None
    return digits[:1] == b"1", digits[1:] == b"1"


@dataclass(frozen=True)
class Battery:
    """Voltage in volts and charge in percent; either may be missing."""

    volts: float | None
    percent: int | None


def battery(reply: bytes) -> Battery | None:
    """Battery from the answer to `B` ("about 14 bytes"), or None if neither figure is there."""
    volts, percent = _VOLTAGE.search(reply[:64]), _CHARGE.search(reply[:64])
    charge = int(percent[1]) if percent else None
    if charge is not None and charge > 100:
        charge = None
    if volts is None and charge is None:
        return None
    return Battery(float(volts[1]) if volts else None, charge)


def parameters(reply: bytes) -> dict[bytes, bytes]:
    """What was set, from the answer to `P`: letter (and zone) to digits, as in the command.

    **The format of this reply is in none of the public sources.** This is the only place that
    reads it, and our emulator writes what it reads: each setting as the command that sets it,
    in fixed width, with something else than a letter or digit in between (`C1475` gives
    `{b"C1": b"475"}`). A setting that isn't there is missing from the result.
    """
    found: dict[bytes, bytes] = {}
    for match in _FIELD.finditer(reply[:4096]):
        field = match[1]
        key = 1 if field[:1] in b"NS" else 2
        found[field[:key]] = field[key:]
    return found


def readable(reply: bytes, most: int = 40) -> str:
    """The beginning of a reply for a message: printable ASCII, the rest as escapes."""
    text = reply[:most].decode("latin-1").encode("unicode_escape").decode("ascii")
    return text + ("..." if len(reply) > most else "")
