"""What Medoc answers: from any bytes to a `Status`, or to None where they aren't understood.

Nothing here raises, keeps what it is given, or guesses a temperature.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

# length | time stamp | command, system state, test state | result | test time | temperature |
# CoVAS, yes, no; a message follows.
_FIELDS = struct.Struct("<IIBBBHIhBBB")
SHORTEST = _FIELDS.size
LONGEST = 4096  # ours: an answer that is longer isn't one

SYSTEM_IDLE, SYSTEM_READY, SYSTEM_IN_TEST = 0, 1, 2
TEST_IDLE, TEST_RUNNING, TEST_PAUSED, TEST_READY = 0, 1, 2, 3

COMMUNICATION_ERROR, SAFETY_WARNING, SAFETY_ERROR = 4096, 8192, 16384
_REFUSALS = {1: "illegal argument", 2: "illegal state", 3: "wrong test state"}
_FLAGS = {
    COMMUNICATION_ERROR: "an error in talking to its thermode",
    SAFETY_WARNING: "a safety warning",
    SAFETY_ERROR: "a safety error",
}
_ORDERS: tuple[Literal["big"], Literal["little"]] = ("big", "little")
_REFUSAL_BITS = 0x0FFF  # flags can be combined with what lies below them

# Outside of these no thermode on skin is: such a figure is a garbled one.
COLDEST, HOTTEST = -10.0, 60.0


@dataclass(frozen=True)
class Status:
    """One answer; every command is answered by the state. `temperature` in degrees Celsius."""

    command: int
    system: int
    test: int
    result: int
    test_ms: int
    temperature: float
    message: str

    @property
    def idle(self) -> bool:
        """Whether no test is going on or loaded."""
        return self.system == SYSTEM_IDLE and self.test == TEST_IDLE

    @property
    def refusal(self) -> str:
        """Why the command wasn't executed, or ''."""
        code = self.result & _REFUSAL_BITS
        return _REFUSALS.get(code, f"result {code}") if code else ""

    @property
    def alarm(self) -> str:
        """What the device complains of, or ''."""
        return " and ".join(said for flag, said in _FLAGS.items() if self.result & flag)


def status(reply: bytes, asked: int) -> Status | None:
    """The answer to the command `asked`, or None.

    The length is read in either byte order, as that of what follows or of the whole. Anything
    that isn't an answer to just this command, or whose temperature no thermode can have, is None.
    """
    if not SHORTEST <= len(reply) <= LONGEST:
        return None
    lengths = (len(reply) - 4, len(reply))
    if not any(int.from_bytes(reply[:4], order) in lengths for order in _ORDERS):
        return None
    _, _, command, system, test, result, test_ms, hundredths, _, _, _ = _FIELDS.unpack_from(reply)
    temperature = hundredths / 100
    if command != asked or system > SYSTEM_IN_TEST or test > TEST_READY:
        return None
    if not COLDEST <= temperature <= HOTTEST:
        return None
    text = reply[SHORTEST:].decode("latin-1").rstrip("\0")
    message = "".join(sign for sign in text if sign.isascii() and sign.isprintable())
    return Status(command, system, test, result, test_ms, temperature, message)
