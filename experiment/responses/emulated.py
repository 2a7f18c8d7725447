"""The hand of a simulated participant: responses that a program gives."""

from __future__ import annotations

from collections.abc import Callable

from experiment.responses.listeners import Listeners
from hardware.devices import DeviceInfo, Response


class EmulatedResponses:
    """Fulfils `ResponseDevice`; whoever simulates a person calls `emit`."""

    def __init__(self, kind: str = "simulated") -> None:
        self.info = DeviceInfo(role="responses", kind=kind, port="", emulated=True)
        self._listeners = Listeners()

    def listen(self, callback: Callable[[Response], None]) -> None:
        """From now on call `callback` for each response."""
        self._listeners.add(callback)

    def emit(self, response: Response) -> None:
        """Respond; its time should be that of the clock now."""
        self._listeners.call(response)

    def close(self) -> None:
        """Stop calling."""
        self._listeners.clear()
