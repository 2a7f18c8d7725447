"""Writing to a serial port without blaming it for a program that stood still."""

from __future__ import annotations

from typing import Any

import serial

from hardware.clock import Clock

# A write that took longer than this, far past its own limit, was held up with us.
STOOD_STILL_S = 0.5


def write(port: Any, clock: Clock, data: bytes) -> None:
    """Write `data`; raises what `port.write` does, but for a time-out that was the program's own.

    pyserial looks at the time only after the bytes have gone out, so that a computer that was
    suspended or busy in between gets a time-out from a sound port. If the bytes haven't gone after
    all, the driver finds out as it does of any lost byte.
    """
    before = clock.now()
    try:
        port.write(data)
    except serial.SerialTimeoutException:
        if clock.now() - before < STOOD_STILL_S:
            raise
