"""What all sections of a rig file share: strictness, ports, baud rates."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

Baud = Annotated[int, Field(ge=300, le=4_000_000)]
StreamName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]

EMULATED = "emulated://"
TCP = "tcp://"
SCHEMES = ("emulated", "socket", "hwgrep")


class Section(BaseModel):
    """A table of the rig file: nothing unknown, nothing converted, nothing changed later."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid", frozen=True)


def _check_port(value: Any) -> str:
    if (
        not isinstance(value, str)
        or not re.fullmatch(r"[ -~]{1,200}", value)
        or value != value.strip()
    ):
        raise ValueError(
            f"a port is a name such as 'COM3', '/dev/ttyUSB0' or 'emulated://tcs', not {value!r}"
        )
    scheme, found, rest = value.partition("://")
    if found and (scheme not in SCHEMES or not rest):
        raise ValueError(
            f"{value!r} isn't a port that can be opened: a network one is 'socket://host:port'"
        )
    return value


def _check_pulse(value: Any) -> str | int:
    if isinstance(value, str) and len(value) == 1 and ord(value) < 128:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255:
        return value
    raise ValueError(f"pulse is one character, such as '5', or a byte from 0 to 255, not {value!r}")


def _check_byte(value: Any) -> str | int:
    try:
        return _check_pulse(value)
    except ValueError:
        raise ValueError(
            f"a button is one character, such as 'b', or a byte from 0 to 255, not {value!r}"
        ) from None


def byte_of(value: str | int) -> int:
    """The byte (0-255) that a character or number of a rig file means."""
    return ord(value) if isinstance(value, str) else value


def _check_address(value: Any) -> str:
    if isinstance(value, str) and (
        re.fullmatch(r"emulated://[a-z]{1,20}", value)
        or (
            (found := re.fullmatch(r"tcp://[A-Za-z0-9.-]{1,100}:([0-9]{1,5})", value))
            and 1 <= int(found[1]) <= 65_535
        )
    ):
        return value
    raise ValueError(
        f"an address is 'tcp://host:port', such as 'tcp://192.168.1.20:20121', or 'emulated://...', not {value!r}"
    )


Port = Annotated[str, PlainValidator(_check_port)]
# Plain validators, since a union of str and int would report one slip as two errors.
Pulse = Annotated[str | int, PlainValidator(_check_pulse)]
Byte = Annotated[str | int, PlainValidator(_check_byte)]
Address = Annotated[str, PlainValidator(_check_address)]
