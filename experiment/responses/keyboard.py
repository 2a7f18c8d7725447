"""Keys and button boxes that type keys, with the time stamp of the event itself.

Psychtoolbox records key events with its own clock on a thread of its own. Ours empties that
queue every 6 ms and converts the stamps, so that neither drawing nor loading delays a stop key.
Where Psychtoolbox can't be imported (on Linux for want of libjack or libportaudio), keys come
through the window, are stamped by the frame that noticed them, and `info.details` say so.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time as system_time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from experiment.clocks import RealClock
from experiment.responses.listeners import Listeners
from experiment.responses.offset import Offset, measure_offset
from hardware.devices import DeviceError, DeviceInfo, Response

POLL_S = 0.006  # each look costs up to 0.15 ms of a core; stamps are the events' own, so only the stop waits for it
REMEASURE_S = 10.0
SLOTS = 10_000  # events that Psychtoolbox's queue holds

FALLBACK_WARNING = (
    "keys are stamped by the frame that notices them, up to one frame late, and a stop key isn't "
    "seen while the program is busy: Psychtoolbox can't be imported ({error}); on Debian the "
    "packages libjack-jackd2-0 and libportaudio2 are missing"
)


class KeyboardResponses:
    """Fulfils `ResponseDevice` with the keys of all keyboards.

    `keys` are the names of the keys for each role, as PsychoPy names them ('left', 'space', '5');
    a key with two roles gives two responses, and with `strays` one without any the role
    'unassigned'. `window` is a PsychoPy window, needed only where Psychtoolbox is missing.
    `info.details` name the backend, the way of stamping, the uncertainty of the conversion and,
    under 'warning', what is wrong. Raises `DeviceError` where no key can be read at all.
    """

    def __init__(
        self,
        clock: RealClock,
        keys: Mapping[str, Sequence[str]],
        window: Any = None,
        *,
        strays: bool = False,
    ) -> None:
        self._clock, self._strays = clock, strays
        self._roles: dict[str, list[str]] = {}
        for role, names in keys.items():
            for name in names:
                self._roles.setdefault(name, []).append(role)
        self._listeners = Listeners()
        self._down: set[str] = set()
        self.offsets: list[Offset] = []
        self._taken = 0  # so many of them have been asked for
        details: dict[str, str]
        self._source: _Queues | _WindowKeys
        try:
            self._source = _Queues(self._take, self._note, clock)
            details = {
                "backend": "ptb",
                "stamps": "key event, Psychtoolbox's clock converted by offsets measured with it",
                "offset_uncertainty_us": f"{self.offsets[0].uncertainty_s * 1e6:.1f}",
                "keyboards": str(len(self._source.devices)),
            }
        except Exception as error:
            warning = FALLBACK_WARNING.format(error=" ".join(str(error).split())[:100])
            if window is None:
                raise DeviceError(f"the keyboard can't be read: {warning}") from error
            self._source = _WindowKeys(self._take, clock, window)
            details = {"backend": "event", "stamps": "frame", "warning": warning}
        self.info = DeviceInfo(
            role="responses", kind="keyboard", port="", emulated=False, details=details
        )

    @property
    def warning(self) -> str:
        """A sentence if stamps are worse than they should be, else ''."""
        return self.info.details.get("warning", "")

    def take_offsets(self) -> list[Offset]:
        """The offsets of Psychtoolbox's clock that were measured since the last call."""
        new = self.offsets[self._taken :]
        self._taken += len(new)
        return new

    def listen(self, callback: Callable[[Response], None]) -> None:
        """From now on call `callback` for each press and release, on the keyboard's own thread."""
        self._listeners.add(callback)

    def close(self) -> None:
        """Stop calling and release the keyboards. Never raises."""
        self._listeners.clear()
        with contextlib.suppress(Exception):
            self._source.close()

    def _take(self, name: str, pressed: bool, time: float) -> None:
        if pressed == (name in self._down):  # auto-repeat, or released but never seen pressed
            return
        (self._down.add if pressed else self._down.discard)(name)
        for role in self._roles.get(name, ["unassigned"] if self._strays else []):
            self._listeners.call(Response(time=time, role=role, pressed=pressed, name=name))

    def _note(self, offset: Offset) -> None:
        self.offsets.append(offset)


class _Queues:
    """Psychtoolbox's queues of all keyboards, and the thread that empties them."""

    def __init__(
        self,
        take: Callable[[str, bool, float], None],
        note: Callable[[Offset], None],
        clock: RealClock,
    ) -> None:
        # PsychoPy knows the names of the key codes, and mends Psychtoolbox on Windows.
        from psychopy.hardware.keyboard import keyNames
        from psychtoolbox import GetSecs, hid

        self._take, self._note, self._clock = take, note, clock
        self._names: Mapping[int, str] = keyNames
        self._other_clock: Callable[[], float] = GetSecs
        # Without this, events are dropped on Windows; elsewhere it reads pending ones (as PsychoPy).
        self._flush = 0 if sys.platform == "win32" else 1
        numbers = [None] if sys.platform == "win32" else hid.get_keyboard_indices()[0]
        if not numbers:
            raise OSError("no keyboard was found")
        self.devices = []
        for number in numbers:
            device = hid.Keyboard(number, SLOTS)
            device.queue_start()
            self.devices.append(device)
        self._note(self._measure(50))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keyboard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=1.0)
        for device in self.devices:
            device.queue_stop()
            device._release_queue()

    def _measure(self, tries: int = 5) -> Offset:
        return measure_offset(self._clock.now, self._other_clock, tries)

    def _run(self) -> None:
        remeasure = self._clock.now() + REMEASURE_S
        while not self._closing.is_set():
            try:
                for device in self.devices:
                    if device.flush(self._flush):
                        self._empty(device)
                if self._clock.now() > remeasure:
                    self._note(self._measure(50))
                    remeasure += REMEASURE_S
            except BaseException as error:  # a listener's mistake ends neither thread nor session
                self._clock.fail(error)
            system_time.sleep(POLL_S)

    def _empty(self, device: Any) -> None:
        # Psychtoolbox's clock is the computer's time of day on some systems: it's set now and
        # then, so an old offset would be off. One measured beside the event can't be.
        offset = self._measure().seconds
        while device.flush(self._flush):
            event, _ = device.queue_get_event()
            if not event:
                return
            name = self._names.get(int(event["Keycode"]))
            if name is not None:
                time = min(float(event["Time"]) + offset, self._clock.now())
                self._take(name, bool(event["Pressed"]), time)


class _WindowKeys:
    """Keys that a window hands over while it flips."""

    def __init__(
        self, take: Callable[[str, bool, float], None], clock: RealClock, window: Any
    ) -> None:
        from pyglet.window import key

        def named(symbol: int) -> str:
            name = key.symbol_string(symbol).lower().lstrip("_")
            return {"enter": "return", "numenter": "num_enter"}.get(name, name)

        self._handle = window.winHandle
        self._handlers = {
            "on_key_press": lambda symbol, _: take(named(symbol), True, clock.now()),
            "on_key_release": lambda symbol, _: take(named(symbol), False, clock.now()),
        }
        self._handle.push_handlers(**self._handlers)

    def close(self) -> None:
        self._handle.remove_handlers(**self._handlers)
