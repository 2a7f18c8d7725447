"""The TCS II's commands as bytes: fixed width, whole numbers, refused where out of range.

Widths and ranges are those of the public drivers quoted in `docs/devices.md`; where these
disagree, the narrower range holds. Numbers go through `decimal`, never through the text of a
float (`str(44.3 * 10)` gives `443.0`, which the device can't read). All raise `ValueError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_DOWN, Decimal

ZONES = 5
ALL = 0  # the zone digit that means all zones

QUIET = b"F"
HELP = b"H"
IDENTIFY = b"?"
START = b"L"
ABORT = b"A"
TEMPERATURES = b"E"
TEMPERATURES_FINE = b"Oe"
BUTTONS = b"K"
ERRORS = b"Q"
BATTERY = b"B"
PARAMETERS = b"P"
FORBID_TRIGGER_IN = b"Osd"


def _scaled(value: float, factor: int, low: int, high: int, what: str) -> int:
    """`value` x `factor` as a whole number; an exact half goes down, to the cooler side."""
    number = Decimal(repr(float(value)))
    if not number.is_finite():
        raise ValueError(f"{what} of {value} isn't a number")
    # Compared before it is rounded, since `quantize` itself fails on huge numbers.
    inside = low - 1 < number * factor < high + 1
    scaled = int((number * factor).quantize(Decimal(1), ROUND_HALF_DOWN)) if inside else 0
    if not low <= scaled <= high:
        raise ValueError(
            f"{what} of {value:g} is outside {low / factor:g} to {high / factor:g}, "
            "which is what a TCS takes"
        )
    return scaled


def _zone(zone: int) -> int:
    if zone not in range(ZONES + 1):
        raise ValueError(f"a TCS has the zones 1 to 5 (0 for all), not {zone}")
    return zone


def tenths(temperature: float) -> int:
    """Degrees Celsius as the tenths that a target is sent in (100-600)."""
    return _scaled(temperature, 10, 100, 600, "a temperature in C")


def neutral(temperature: float) -> bytes:
    """`Nxxx`: neutral (baseline) temperature in degrees Celsius, 20-40."""
    return b"N%03d" % _scaled(temperature, 10, 200, 400, "a baseline in C")


def enable(zones: Iterable[int]) -> bytes:
    """`Sxxxxx`: enables these zones (1-5, at least one) and disables the others."""
    chosen = {_zone(zone) for zone in zones}
    if not chosen or ALL in chosen:
        raise ValueError("name the zones to enable, 1 to 5")
    return b"S" + bytes(ord("1" if zone in chosen else "0") for zone in range(1, ZONES + 1))


def target(temperature: float, zone: int = ALL) -> bytes:
    """`Czxxx`: target in degrees Celsius, 10-60."""
    return b"C%d%03d" % (_zone(zone), tenths(temperature))


def rise_rate(rate: float, zone: int = ALL) -> bytes:
    """`Vzxxxx`: rise rate in degrees Celsius per second, 0.1-300 (to which drivers clip it)."""
    return b"V%d%04d" % (_zone(zone), _scaled(rate, 10, 1, 3000, "a rise rate in C/s"))


def return_rate(rate: float, zone: int = ALL) -> bytes:
    """`Rzxxxx`: return rate in degrees Celsius per second, 0.1-300."""
    return b"R%d%04d" % (_zone(zone), _scaled(rate, 10, 1, 3000, "a return rate in C/s"))


def duration(seconds: float, zone: int = ALL) -> bytes:
    """`Dzxxxxx`: seconds from the start command to the start of the return, 0.01-99.999."""
    return b"D%d%05d" % (_zone(zone), _scaled(seconds, 1000, 10, 99_999, "a duration in s"))


def trigger_out(code: int, seconds: float) -> bytes:
    """`Txxxyyy`: code 1-255 put out at the start of heat, for 0.01-0.999 s."""
    number = _scaled(code, 1, 1, 255, "a trigger-out code")
    return b"T%03d%03d" % (number, _scaled(seconds, 1000, 10, 999, "a trigger-out duration in s"))


def highest_target(temperature: float) -> bytes:
    """`Omxxx`: the device limits later targets to this; tenths are cut off, never rounded up."""
    number = Decimal(repr(float(temperature)))
    whole = int(number * 10) if number.is_finite() else 0
    if not 100 <= whole <= 600:
        raise ValueError(f"a highest temperature of {temperature:g} C is outside 10 to 60")
    return b"Om%03d" % whole
