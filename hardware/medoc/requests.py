"""Medoc's commands as bytes, as public clients send them (see `docs/devices.md`).

Length of what follows (4 bytes) | time stamp, Unix seconds (4) | command (1) | parameter (4), only
where the command takes one. Time stamp and parameter are little-endian. Of the length's byte order
the sources say both; big-endian is written, as by most of them.
"""

from __future__ import annotations

import struct
from enum import IntEnum


class Command(IntEnum):
    """The commands, by their ids."""

    GET_STATUS = 0
    SELECT_TP = 1
    START = 2
    PAUSE = 3
    TRIGGER = 4
    STOP = 5
    ABORT = 6
    YES = 7
    NO = 8
    COVAS = 9
    VAS = 10
    SPECIFY_NEXT = 11
    T_UP = 12
    T_DOWN = 13
    KEYUP = 14


_TAKE_A_NUMBER = frozenset((Command.SELECT_TP, Command.T_UP, Command.T_DOWN))


def request(command: Command, unix_time: float, parameter: int | None = None) -> bytes:
    """One request. `parameter` is a program id (1-255) for SELECT_TP, else hundredths of a degree.

    Raises `ValueError` for a parameter that is missing, out of range, or not taken.
    """
    if (parameter is not None) != (command in _TAKE_A_NUMBER):
        raise ValueError(
            f"{command.name} {'lacks its' if parameter is None else 'takes no'} number"
        )
    highest = 255 if command is Command.SELECT_TP else 10_000
    if parameter is not None and not 1 <= parameter <= highest:
        raise ValueError(f"the number of {command.name} is 1 to {highest}, not {parameter}")
    body = struct.pack("<IB", int(unix_time) & 0xFFFFFFFF, command)
    if parameter is not None:
        body += struct.pack("<I", parameter)
    return struct.pack(">I", len(body)) + body
