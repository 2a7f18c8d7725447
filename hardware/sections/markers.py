"""What a rig file says of the box that puts out event codes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hardware.sections.base import Baud, Port, Section


class SerialTtlSection(Section):
    """A serial trigger box: one byte sets the lines, a 0 after `pulse_width_s` clears them."""

    kind: Literal["serial_ttl"]
    port: Port
    baud: Baud = 115_200
    pulse_width_s: Annotated[float, Field(ge=0.001, le=1)] = 0.01
