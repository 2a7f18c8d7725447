"""PsychoPy's ioHub as its demos start it: a process of its own that stamps what its devices send."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

BUFFER = 2048  # events, the most that it takes: fetch them in time


@contextmanager
def io_hub(port: str | None = None) -> Iterator[Any]:
    """A running hub; with `port`, its `serial.Serial` device makes an event of each byte there."""
    from psychopy.iohub import launchHubServer

    devices: dict[str, Any] = {}
    if port is not None:
        devices["serial.Serial"] = {
            "name": "serial",
            "monitor_event_types": ["SerialInputEvent"],
            "port": port,
            "baud": 115200,
            "event_buffer_length": BUFFER,
            "event_parser": {"fixed_length": 1, "prefix": None, "delimiter": None},
        }
    hub = launchHubServer(**devices)
    try:
        if port is not None:
            hub.devices.serial.enableEventReporting(True)
        yield hub
    finally:
        hub.quit()


def to_perf_counter() -> float:
    """What to add to the hub's time (which this process shares) for `time.perf_counter`."""
    from psychopy.iohub.devices import Computer

    pairs = [(time.perf_counter(), Computer.getTime(), time.perf_counter()) for _ in range(20)]
    before, hub, after = min(pairs, key=lambda pair: pair[2] - pair[0])
    return (before + after) / 2 - hub
