"""What a rig file says: the devices of one room, its screen, its keys and its safety limits."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, Strict, model_validator

from hardware.limits import LOWEST_BASELINE, SafetyLimits

Zone = Annotated[int, Field(ge=1, le=5)]
Key = Annotated[str, Field(pattern=r"^\S{1,20}$")]
Keys = Annotated[tuple[Key, ...], Strict(False), Field(max_length=6)]
Baud = Annotated[int, Field(ge=300, le=4_000_000)]

EMULATED = "emulated://"
ALL_ZONES = (1, 2, 3, 4, 5)
SCHEMES = ("emulated", "socket", "hwgrep")


class Section(BaseModel):
    """A table of the rig file: nothing unknown, nothing converted, nothing changed later."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid", frozen=True)


def _check_port(value: Any) -> str:
    if (
        not isinstance(value, str)
        or not re.fullmatch(r"[ -~]{1,200}", value)
        or value != value.strip()
    ):
        raise ValueError(
            f"a port is a name such as 'COM3', '/dev/ttyUSB0' or 'emulated://tcs', not {value!r}"
        )
    scheme, found, rest = value.partition("://")
    if found and (scheme not in SCHEMES or not rest):
        raise ValueError(
            f"{value!r} isn't a port that can be opened: a network one is 'socket://host:port'"
        )
    return value


def _check_pulse(value: Any) -> str | int:
    if isinstance(value, str) and len(value) == 1 and ord(value) < 128:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255:
        return value
    raise ValueError(f"pulse is one character, such as '5', or a byte from 0 to 255, not {value!r}")


# A plain validator, since a union of str and int would report one slip as two errors.
Pulse = Annotated[str | int, PlainValidator(_check_pulse)]
Port = Annotated[str, PlainValidator(_check_port)]


class Photodiode(Section):
    """A patch that turns white when a stimulus is drawn, to measure its time on the screen."""

    corner: Literal["top_left", "top_right", "bottom_left", "bottom_right"]
    size_cm: Annotated[float, Field(gt=0, le=10)]


class Screen(Section):
    """The participant's screen. `distance_cm` is eye to screen, by way of the mirror if any."""

    width_px: Annotated[int, Field(ge=320, le=16_384)]
    height_px: Annotated[int, Field(ge=240, le=16_384)]
    width_cm: Annotated[float, Field(gt=1, le=1_000)]
    distance_cm: Annotated[float, Field(gt=1, le=1_000)]
    refresh_hz: Annotated[float, Field(ge=20, le=500)]
    full_screen: bool
    number: Annotated[int, Field(ge=0, le=15)] = 0
    mirrored: bool = False
    photodiode: Photodiode | None = None


class TcsSection(Section):
    """A QST.Lab TCS II. Temperatures in degrees Celsius, rates in degrees Celsius per second.

    `readback = "P"`: heat starts only if the device reads back what was set. That reply's format
    isn't public; a laboratory whose device answers otherwise has to say `readback = "none"`.
    `trigger_out` is the code (1-255) that the device itself puts out at the start of heat.
    """

    kind: Literal["tcs"]
    port: Port
    baud: Baud = 115_200
    baseline: Annotated[float, Field(ge=LOWEST_BASELINE, le=40)]
    rise_rate: Annotated[float, Field(ge=0.1, le=300)]
    return_rate: Annotated[float, Field(ge=0.1, le=300)]
    readback: Literal["P", "none"] = "P"
    poll_hz: Annotated[float, Field(ge=50, le=200)] = 50.0
    zones: Annotated[tuple[Zone, ...], Strict(False), Field(max_length=5)] = ALL_ZONES
    trigger_out: Annotated[int, Field(ge=1, le=255)] | None = None
    trigger_out_s: Annotated[float, Field(ge=0.01, le=0.999)] = 0.3

    @model_validator(mode="after")
    def _zones_differ(self) -> TcsSection:
        # Not by `min_length`, which would count a zone of the wrong type as missing, too.
        if not self.zones:
            raise ValueError("zones names no zone: give at least one of 1 to 5")
        if len(set(self.zones)) < len(self.zones):
            raise ValueError(f"zones names one zone twice: {list(self.zones)}")
        return self


class _Pulsed(Section):
    dummies_stored: Annotated[int, Field(ge=0, le=200)]
    dummies_pulsed_not_stored: Annotated[int, Field(ge=0, le=200)]
    give_up_s: Annotated[float, Field(gt=0, le=3_600)] = 300.0


class SerialScannerSection(_Pulsed):
    """A trigger converter that sends one byte for each volume over a serial port."""

    kind: Literal["serial"]
    port: Port
    baud: Baud = 115_200
    pulse: Pulse

    @property
    def pulse_byte(self) -> int:
        """The byte that means a pulse, 0-255."""
        return ord(self.pulse) if isinstance(self.pulse, str) else self.pulse


class KeyScannerSection(_Pulsed):
    """A trigger converter that types a key for each volume."""

    kind: Literal["key"]
    key: Key


ScannerSection = Annotated[SerialScannerSection | KeyScannerSection, Field(discriminator="kind")]


class SerialTtlSection(Section):
    """A serial trigger box: one byte sets the lines, a 0 after `pulse_width_s` clears them."""

    kind: Literal["serial_ttl"]
    port: Port
    baud: Baud = 115_200
    pulse_width_s: Annotated[float, Field(ge=0.001, le=1)] = 0.01


class ResponseKeys(Section):
    """Which keys mean what, by the names that PsychoPy's keyboard gives them."""

    left: Keys = ()
    right: Keys = ()
    confirm: Keys = ()
    yes: Keys = ()
    no: Keys = ()
    next: Keys = ()
    back: Keys = ()
    stop: Keys
    participant_stop: Keys = ()

    def by_role(self) -> dict[str, tuple[str, ...]]:
        """Role to its keys, in the order of the fields."""
        return {role: getattr(self, role) for role in type(self).model_fields}

    @model_validator(mode="after")
    def _unambiguous(self) -> ResponseKeys:
        roles = self.by_role()
        if not self.stop:
            raise ValueError("stop names no key: the experimenter must be able to stop")
        for one, other in (("left", "right"), ("yes", "no"), ("next", "back")):
            if both := set(roles[one]) & set(roles[other]):
                raise ValueError(f"key {min(both)!r} can't mean both {one} and {other}")
        for stop in ("stop", "participant_stop"):
            for role, keys in roles.items():
                if role != stop and (both := set(roles[stop]) & set(keys)):
                    raise ValueError(
                        f"key {min(both)!r} means {stop}, so it can't also mean {role}"
                    )
        return self


class KeyboardSection(Section):
    """Keyboard, or a button box that types keys; `mouse` says whether a scale takes the mouse."""

    kind: Literal["keyboard"]
    mouse: bool
    keys: ResponseKeys


class Rig(Section):
    """A room: everything that differs between laboratories, and nothing of the study.

    A missing `thermode`, `scanner` or `markers` means that the room has none.
    Raises `pydantic.ValidationError` (a `ValueError`), each message one sentence.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    description: Annotated[str, Field(min_length=1, max_length=500)]
    screen: Screen
    thermode: TcsSection | None = None
    scanner: ScannerSection | None = None
    markers: SerialTtlSection | None = None
    response: KeyboardSection
    limits: SafetyLimits = SafetyLimits()

    def ports(self) -> dict[str, str]:
        """Role ('thermode', 'scanner', 'markers') to port, for the devices that have one."""
        sections = {"thermode": self.thermode, "scanner": self.scanner, "markers": self.markers}
        return {
            role: section.port
            for role, section in sections.items()
            if section is not None and not isinstance(section, KeyScannerSection)
        }

    def emulated_devices(self) -> tuple[str, ...]:
        """Roles whose device isn't a real one."""
        return tuple(role for role, port in self.ports().items() if port.startswith(EMULATED))

    @model_validator(mode="after")
    def _emulators_exist(self) -> Rig:
        fitting = {
            "thermode": "emulated://tcs",
            "scanner": "emulated://scanner",
            "markers": "emulated://markers",
        }
        for role, port in self.ports().items():
            if port.startswith(EMULATED) and port != fitting[role]:
                raise ValueError(f"{role}.port is {port!r}; the emulated one is {fitting[role]!r}")
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> Rig:
        seen: dict[str, str] = {}
        for role, port in self.ports().items():
            # Windows doesn't tell COM3 from com3.
            other = seen.setdefault(port.casefold(), role)
            if other != role:
                raise ValueError(f"{other} and {role} can't both use the port {port!r}")
        return self

    @model_validator(mode="after")
    def _pulse_is_no_answer(self) -> Rig:
        if self.scanner is None:
            return self
        scanner = self.scanner
        pulse = scanner.key if isinstance(scanner, KeyScannerSection) else chr(scanner.pulse_byte)
        for role, keys in self.response.keys.by_role().items():
            for key in keys:
                if _typed(key) == _typed(pulse):
                    raise ValueError(
                        f"key {key!r} means {role}, but it is also the scanner's pulse {pulse!r}: choose another"
                    )
        return self

    @model_validator(mode="after")
    def _thermode_within_limits(self) -> Rig:
        if self.thermode is None:
            return self
        if self.thermode.baseline > self.limits.highest_baseline:
            raise ValueError(
                f"thermode.baseline is {self.thermode.baseline:g} C, above limits.highest_baseline, "
                f"{self.limits.highest_baseline:g} C"
            )
        for name in ("rise_rate", "return_rate"):
            rate: float = getattr(self.thermode, name)
            if rate > self.limits.highest_rate:
                raise ValueError(
                    f"thermode.{name} is {rate:g} C/s, above limits.highest_rate, {self.limits.highest_rate:g} C/s"
                )
        return self


def _typed(key: str) -> str:
    """The character that a key types: '5' on the number pad looks like any other '5'."""
    key = key.casefold()
    return key.removeprefix("num_").removeprefix("numpad_")
