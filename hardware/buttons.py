"""A button box on a serial port: each byte is a press or a release, at its time of arrival."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from hardware.clock import Clock, Timer
from hardware.devices import DeviceInfo, Response
from hardware.sections.response import ButtonsSection


class ButtonBox:
    """Fulfils `ResponseDevice`. Bytes that the rig gives no role are counted in `strays`, by byte,
    and with `strays` told as 'unassigned'.

    A box that is lost counts as a pressed stop button: the participant couldn't press it any more.
    """

    def __init__(
        self, port: Any, clock: Clock, section: ButtonsSection, *, strays: bool = False
    ) -> None:
        self._port, self._clock, self._tells_strays = port, clock, strays
        self._roles: dict[int, list[str]] = {}
        for role, values in section.by_role().items():
            for value in values:
                self._roles.setdefault(value, []).append(role)
        pairs = section.releases_by_press()
        self._press_of = {release: press for press, release in pairs.items()}
        self._press_s = section.press_s
        self._lock = threading.Lock()
        self._down: dict[int, Timer | None] = {}  # bytes of what is held, with the end if booked
        self._callbacks: tuple[Callable[[Response], None], ...] = ()
        self.strays: dict[int, int] = {}
        self.info = DeviceInfo(
            role="responses",
            kind="buttons",
            port=section.port,
            emulated=False,
            details={
                "baud": str(section.baud),
                "buttons": " ".join(
                    f"{_name(value)}={'+'.join(roles)}" for value, roles in self._roles.items()
                ),
                "stamps": "arrival of the byte",
            },
        )
        self._listener = clock.listen(port, self._received, self._lost)

    def listen(self, callback: Callable[[Response], None]) -> None:
        """From now on call `callback` for each press and release, on the port's own thread."""
        self._callbacks = (*self._callbacks, callback)

    def close(self) -> None:
        """Stop calling and release the port. Never raises."""
        self._callbacks = ()
        self._listener.close()
        try:
            self._port.close()
        except Exception:  # a port that was pulled out can't be closed in order
            return

    def _received(self, data: bytes, time: float) -> None:
        for value in data:
            if value in self._roles:
                self._pressed(value, time)
            elif value in self._press_of:
                self._released(self._press_of[value], time)
            else:
                self.strays[value] = self.strays.get(value, 0) + 1
                if self._tells_strays:
                    for pressed in (True, False):
                        self._call(Response(time, "unassigned", pressed, _name(value)))

    def _pressed(self, value: int, time: float) -> None:
        released = value in self._press_of.values()
        with self._lock:
            again, timer = value in self._down, self._down.get(value)
            if again and released:  # its release was lost, or it repeats
                return
            if timer is not None:
                timer.cancel()
            ends = None
            if not released:
                due = self._clock.now() + self._press_s
                ends = self._clock.call_at(due, lambda: self._released(value, due))
            self._down[value] = ends
        if again:
            self._say(value, False, time)
        self._say(value, True, time)

    def _released(self, value: int, time: float) -> None:
        with self._lock:
            if value not in self._down:
                return
            del self._down[value]
        self._say(value, False, time)

    def _say(self, value: int, pressed: bool, time: float) -> None:
        for role in self._roles[value]:
            self._call(Response(time=time, role=role, pressed=pressed, name=_name(value)))

    def _call(self, response: Response) -> None:
        for callback in self._callbacks:
            callback(response)

    def _lost(self, error: Exception) -> None:
        now = self._clock.now()
        with self._lock:
            held, self._down = list(self._down), {}
        for value in held:
            self._say(value, False, now)
        for pressed in (True, False):
            self._call(Response(now, "participant_stop", pressed, "the button box was lost"))


def _name(value: int) -> str:
    """The character of a byte, or its number."""
    return chr(value) if 33 <= value < 127 else f"0x{value:02x}"
