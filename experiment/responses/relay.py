"""A response device whose source comes later: devices are opened before there is a window."""

from __future__ import annotations

from collections.abc import Callable

from experiment.responses.listeners import Listeners
from hardware.devices import DeviceInfo, Response, ResponseDevice


class Relay:
    """Fulfils `ResponseDevice`; passes on what `source` says, once there is one."""

    def __init__(self, *, emulated: bool) -> None:
        self.info = DeviceInfo(role="responses", kind="relay", port="", emulated=emulated)
        self._listeners = Listeners()

    def attach(self, source: ResponseDevice) -> None:
        """From now on pass on what `source` says."""
        source.listen(self._listeners.call)

    def listen(self, callback: Callable[[Response], None]) -> None:
        """From now on call `callback` for each response."""
        self._listeners.add(callback)

    def close(self) -> None:
        """Stop calling; the source is somebody else's to close."""
        self._listeners.clear()
