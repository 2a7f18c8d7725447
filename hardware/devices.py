"""What the runner may ask of a device: one small protocol for each kind, and the data they pass.

Real drivers and emulated ones fulfil the same protocols; in fact they are the same drivers, on
another port. Errors: `DeviceError` for a device that is missing, silent, another one, or unfit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


class DeviceError(Exception):
    """A device is missing, failed, or isn't what the rig file says: exit code 3."""


@dataclass(frozen=True)
class DeviceInfo:
    """What a device says of itself; goes into the journal."""

    role: str  # 'thermode', 'scanner', 'markers', 'responses'
    kind: str  # 'tcs', 'medoc', 'serial', 'key', 'serial_ttl', ...
    port: str
    emulated: bool
    firmware: str = ""
    serial_number: str = ""
    details: dict[str, str] = field(default_factory=dict)


# --- thermode ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stimulus:
    """One heat stimulus, complete: nothing of it depends on a later command.

    Temperatures in degrees Celsius, rates in degrees Celsius per second. `plateau_s` is the time
    at target, without rise and return. `number` counts the stimuli of a session and ties together
    what is logged about one of them.
    """

    number: int
    target: float
    plateau_s: float
    baseline: float
    rise_rate: float
    return_rate: float
    skin_site: int

    @property
    def rise_s(self) -> float:
        """Seconds from baseline to target."""
        return max(0.0, self.target - self.baseline) / self.rise_rate

    @property
    def return_s(self) -> float:
        """Seconds from target back to baseline."""
        return max(0.0, self.target - self.baseline) / self.return_rate

    @property
    def length_s(self) -> float:
        """Seconds from the start command until baseline is reached again."""
        return self.rise_s + self.plateau_s + self.return_s


@dataclass(frozen=True)
class Readiness:
    """Whether the prepared stimulus may be triggered, and if not, why (one sentence)."""

    ok: bool
    reason: str = ""


@dataclass(frozen=True)
class TriggerStamp:
    """Session-clock times just before and just after the start command was handed to the port."""

    before: float
    after: float


@dataclass(frozen=True)
class TemperatureSample:
    """Temperatures as the device reported them; `zones` in the order of the zones' numbers."""

    time: float
    neutral: float
    zones: tuple[float, ...]


class Thermode(Protocol):
    """A thermode, in steps that both a TCS and a Medoc can do (see DESIGN, decision 3)."""

    @property
    def info(self) -> DeviceInfo:
        """What the device says of itself."""
        ...

    def prepare(self, stimulus: Stimulus) -> None:
        """Begin to load a stimulus; returns at once, the rest goes on by callbacks."""

    def expect(self, not_before: float) -> None:
        """Say that the prepared stimulus won't be triggered before this time (session clock).

        A device that is asked things meanwhile stops in time. May be said again, as more is known;
        unsaid, the trigger may come at any moment.
        """
        ...

    def ready(self) -> Readiness:
        """Say whether the stimulus prepared last was loaded, read back and may be triggered."""
        ...

    def trigger(self) -> TriggerStamp:
        """Start the prepared stimulus. Raises `DeviceError` if it isn't ready. Never blocks."""
        ...

    def abort(self) -> None:
        """Send the device to baseline at once. From any thread, at any time, more than once."""

    def watch(self, callback: Callable[[TemperatureSample], None] | None) -> None:
        """Hand every temperature that the device reports to `callback` (None: to nobody)."""

    def at_baseline(self) -> bool:
        """Whether the latest sample is fresh and every zone within 1 C of baseline, or below."""
        ...

    def failure(self) -> str:
        """A sentence if the device has failed (lost port, error state, silent), else ''."""
        ...

    def close(self) -> None:
        """Abort if a stimulus may be going on, then release the port. Never raises."""


# --- scanner ----------------------------------------------------------------------------------


class Scanner(Protocol):
    """A source of volume pulses."""

    @property
    def info(self) -> DeviceInfo:
        """What the device says of itself."""
        ...

    def start(self, callback: Callable[[float], None]) -> None:
        """From now on call `callback(time of arrival)` for each pulse."""

    def stop(self) -> None:
        """Stop calling. Returns when no callback is running any more."""

    def failure(self) -> str:
        """A sentence if the source has failed, else ''."""
        ...

    def close(self) -> None:
        """Stop and release the port. Never raises."""


# --- markers ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class MarkerStamp:
    """Times just before and after a marker's byte was handed to the port."""

    code: int
    before: float
    after: float


class MarkerBox(Protocol):
    """Sends event codes 1-255 and clears the lines again after the pulse width, by itself."""

    @property
    def info(self) -> DeviceInfo:
        """What the device says of itself."""
        ...

    def about_to_send(self) -> None:
        """A code will follow within a few frames: what needn't happen with the flip may be done."""
        ...

    def send(self, code: int) -> MarkerStamp | None:
        """Write a code (1-255). Never blocks. None: a box that has failed drops it."""
        ...

    def failure(self) -> str:
        """A sentence if the box has failed, else ''."""
        ...

    def close(self) -> None:
        """Clear the lines and release the port. Never raises."""


# --- responses --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Response:
    """One thing that a person did, with the time stamp of the event itself (not of a frame).

    `role` is what the rig file says the key means: 'left', 'right', 'confirm', 'yes', 'no',
    'stop', 'participant_stop', 'next', 'back', 'pulse'; or 'move' for the mouse, with `x` from
    0 to 1 along the scale (values beyond are clipped by the scale), or 'click'; or 'tilt' for a
    stick, with `x` as the cursor's speed in lengths of the scale per second, said again and again
    while it isn't 0. 'unassigned' is what the rig gives no meaning, for those who ask for it.
    """

    time: float
    role: str
    pressed: bool = True
    name: str = ""
    x: float | None = None


class ResponseDevice(Protocol):
    """A source of responses: keys, buttons, mouse, stick, or a simulated participant's hand."""

    @property
    def info(self) -> DeviceInfo:
        """What the device says of itself."""
        ...

    def listen(self, callback: Callable[[Response], None]) -> None:
        """From now on call `callback` for each response, from any thread. More than one may."""

    def close(self) -> None:
        """Stop calling and release what it holds. Never raises."""
