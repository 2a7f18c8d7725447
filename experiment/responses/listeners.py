"""A list of callbacks that several threads may use."""

from __future__ import annotations

from collections.abc import Callable

from hardware.devices import Response


class Listeners:
    """Who wants to hear of responses. Replaced as a whole, so that calling needs no lock."""

    def __init__(self) -> None:
        self._callbacks: tuple[Callable[[Response], None], ...] = ()

    def add(self, callback: Callable[[Response], None]) -> None:
        """Call `callback` from now on, after those who came before."""
        self._callbacks = (*self._callbacks, callback)

    def clear(self) -> None:
        """Call nobody any more."""
        self._callbacks = ()

    def call(self, response: Response) -> None:
        """Hand a response to everyone."""
        for callback in self._callbacks:
            callback(response)
