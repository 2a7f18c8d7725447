"""What a rig file says of the source of volume pulses."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator

from hardware.sections.base import Baud, Port, Section
from hardware.sections.response import Key


def _check_pulse(value: Any) -> str | int:
    if isinstance(value, str) and len(value) == 1 and ord(value) < 128:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255:
        return value
    raise ValueError(f"pulse is one character, such as '5', or a byte from 0 to 255, not {value!r}")


# A plain validator, since a union of str and int would report one slip as two errors.
Pulse = Annotated[str | int, PlainValidator(_check_pulse)]


class _Pulsed(Section):
    dummies_stored: Annotated[int, Field(ge=0, le=200)]
    dummies_pulsed_not_stored: Annotated[int, Field(ge=0, le=200)]
    give_up_s: Annotated[float, Field(gt=0, le=3_600)] = 300.0


class SerialScannerSection(_Pulsed):
    """A trigger converter that sends one byte for each volume over a serial port."""

    kind: Literal["serial"]
    port: Port
    baud: Baud = 115_200
    pulse: Pulse

    @property
    def pulse_byte(self) -> int:
        """The byte that means a pulse, 0-255."""
        return ord(self.pulse) if isinstance(self.pulse, str) else self.pulse


class KeyScannerSection(_Pulsed):
    """A trigger converter that types a key for each volume."""

    kind: Literal["key"]
    key: Key


ScannerSection = Annotated[SerialScannerSection | KeyScannerSection, Field(discriminator="kind")]
