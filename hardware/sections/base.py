"""What all sections of a rig file share: strictness, ports, baud rates."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

Baud = Annotated[int, Field(ge=300, le=4_000_000)]

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
Address = Annotated[str, PlainValidator(_check_address)]
