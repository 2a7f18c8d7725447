"""What a rig file says of the box that puts out event codes, 1-255."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hardware.sections.base import Baud, Port, Section, StreamName


class _WithLines(Section):
    """A box whose codes stand on `lines` lines; most have eight, as BrainVision's formats do."""

    lines: Annotated[int, Field(ge=1, le=8)] = 8

    @property
    def highest_code(self) -> int:
        """The highest code that the lines can show."""
        return int(2**self.lines - 1)


class SerialTtlSection(_WithLines):
    """A serial trigger box: one byte sets the lines, a 0 after `pulse_width_s` clears them."""

    kind: Literal["serial_ttl"]
    port: Port
    baud: Baud = 115_200
    pulse_width_s: Annotated[float, Field(ge=0.001, le=1)] = 0.01


class MmbtPulseSection(_WithLines):
    """A Neurospec MMBT-S in pulse mode (its switch): it clears the lines itself after 8 ms."""

    kind: Literal["mmbt_pulse"]
    port: Port
    baud: Baud = 115_200


class BbtkSection(_WithLines):
    """A Black Box ToolKit USB TTL module: codes as two hexadecimal digits, `00` clears."""

    kind: Literal["bbtk"]
    port: Port
    baud: Baud = 115_200
    pulse_width_s: Annotated[float, Field(ge=0.001, le=1)] = 0.01


class CedrusMarkersSection(_WithLines):
    """A Cedrus c-pod or StimTracker, by the maker's `pyxid2` (extra `cedrus`), which finds it."""

    kind: Literal["cedrus"]
    pulse_width_s: Annotated[float, Field(ge=0.001, le=1)] = 0.01


class LslMarkersSection(Section):
    """A Lab Streaming Layer outlet named `stream` (extra `lsl`).

    With `temperature`, another one named `<stream>-temperature` with what the thermode reports.
    """

    kind: Literal["lsl"]
    stream: StreamName = "trustpain-markers"
    temperature: bool = False

    @property
    def highest_code(self) -> int:
        """As eight lines, since the same study must run in any room."""
        return 255


PortMarkersSection = SerialTtlSection | MmbtPulseSection | BbtkSection
MarkersSection = Annotated[
    PortMarkersSection | CedrusMarkersSection | LslMarkersSection, Field(discriminator="kind")
]
