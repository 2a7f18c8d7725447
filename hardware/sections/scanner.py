"""What a rig file says of the source of volume pulses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hardware.sections.base import Baud, Port, Pulse, Section, StreamName, byte_of
from hardware.sections.response import Key


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
        return byte_of(self.pulse)


class KeyScannerSection(_Pulsed):
    """A trigger converter that types a key for each volume."""

    kind: Literal["key"]
    key: Key


class LslScannerSection(_Pulsed):
    """A Lab Streaming Layer stream in which each sample that equals `pulse` is a volume.

    Numbers count by their text: `pulse = "5"` for the integer 5.
    """

    kind: Literal["lsl"]
    stream: StreamName
    pulse: Annotated[str, Field(min_length=1, max_length=40)]


ScannerSection = Annotated[
    SerialScannerSection | KeyScannerSection | LslScannerSection, Field(discriminator="kind")
]
