"""What a rig file says: the devices of one room, its screen, its keys and its safety limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hardware.limits import SafetyLimits
from hardware.sections.base import EMULATED, Section
from hardware.sections.markers import (
    BbtkSection,
    CedrusMarkersSection,
    LslMarkersSection,
    MarkersSection,
    MmbtPulseSection,
    SerialTtlSection,
)
from hardware.sections.response import (
    ButtonsSection,
    JoystickSection,
    KeyboardSection,
    ResponseKeys,
)
from hardware.sections.scanner import (
    KeyScannerSection,
    LslScannerSection,
    ScannerSection,
    SerialScannerSection,
)
from hardware.sections.thermode import (
    MedocProgram,
    MedocSection,
    TcsSection,
    ThermodeSection,
)

__all__ = [
    "EMULATED",
    "BbtkSection",
    "ButtonsSection",
    "CedrusMarkersSection",
    "JoystickSection",
    "KeyScannerSection",
    "KeyboardSection",
    "LslMarkersSection",
    "LslScannerSection",
    "MedocProgram",
    "MedocSection",
    "MmbtPulseSection",
    "Photodiode",
    "ResponseKeys",
    "Rig",
    "Screen",
    "Section",
    "SerialScannerSection",
    "SerialTtlSection",
    "TcsSection",
]


class Photodiode(Section):
    """A patch in a corner, white and black in turn, that changes with the first frame of each scene.

    A photodiode over it shows when a scene was really seen. `size_cm` is its side on the screen.
    """

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


class Rig(Section):
    """A room: everything that differs between laboratories, and nothing of the study.

    A missing `thermode`, `scanner` or `markers` means that the room has none.
    Raises `pydantic.ValidationError` (a `ValueError`), each message one sentence.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    description: Annotated[str, Field(min_length=1, max_length=500)]
    screen: Screen
    thermode: ThermodeSection | None = None
    scanner: ScannerSection | None = None
    markers: MarkersSection | None = None
    response: KeyboardSection
    limits: SafetyLimits = SafetyLimits()

    def ports(self) -> dict[str, str]:
        """Role ('thermode', 'scanner', 'markers') to port, for the devices that have one."""
        sections = {"thermode": self.thermode, "scanner": self.scanner, "markers": self.markers}
        return {
            role: section.port
            for role, section in sections.items()
            if section is not None
            and not isinstance(
                section,
                KeyScannerSection | LslScannerSection | LslMarkersSection | CedrusMarkersSection,
            )
        }

    def emulated_devices(self) -> tuple[str, ...]:
        """Roles whose device isn't a real one."""
        return tuple(role for role, port in self.ports().items() if port.startswith(EMULATED))

    def emulator_of(self, role: str) -> str:
        """The port of the emulator that speaks as this role's device does."""
        thermode = self.thermode.kind if self.thermode is not None else ""
        return EMULATED + {"thermode": thermode}.get(role, role)

    def emulated(self) -> Rig:
        """The same room without any real device: what has no port gets an emulated one, too."""
        changed: dict[str, Section | None] = {}
        for role in self.ports():
            section: Section = getattr(self, role)
            changed[role] = section.model_copy(update={"port": self.emulator_of(role)})
        if isinstance(self.scanner, LslScannerSection):
            changed["scanner"] = SerialScannerSection(
                kind="serial",
                port=self.emulator_of("scanner"),
                pulse="5",
                **self.scanner.model_dump(exclude={"kind", "stream", "pulse"}),
            )
        if isinstance(self.markers, LslMarkersSection | CedrusMarkersSection):
            port = self.emulator_of("markers")
            lines = self.markers.highest_code.bit_length()
            changed["markers"] = SerialTtlSection(kind="serial_ttl", port=port, lines=lines)
        # Nobody's fingers press a real box, or move a stick, for a simulated participant.
        nothing = {"buttons": None, "joystick": None}
        changed["response"] = self.response.model_copy(update=nothing)
        return self.model_copy(update=changed)

    @model_validator(mode="after")
    def _emulators_exist(self) -> Rig:
        for role, port in self.ports().items():
            fitting = self.emulator_of(role)
            if port.startswith(EMULATED) and port != fitting:
                raise ValueError(f"{role}.port is {port!r}; the emulated one is {fitting!r}")
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> Rig:
        seen: dict[str, str] = {}
        ports = self.ports()
        if self.response.buttons is not None:
            ports["response.buttons"] = self.response.buttons.port
        for role, port in ports.items():
            # Windows doesn't tell COM3 from com3.
            other = seen.setdefault(port.casefold(), role)
            if other != role:
                raise ValueError(f"{other} and {role} can't both use the port {port!r}")
        return self

    @model_validator(mode="after")
    def _pulse_is_no_answer(self) -> Rig:
        scanner = self.scanner
        if scanner is None or isinstance(scanner, LslScannerSection):
            return self
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
        if isinstance(self.thermode, MedocSection):
            self._programs_within_limits(self.thermode)
        return self

    def _programs_within_limits(self, thermode: MedocSection) -> None:
        """What is stored on the device can't be limited from here, so it isn't even named."""
        for program in thermode.programs:
            if program.temperature > self.limits.highest_target:
                raise ValueError(
                    f"program {program.id} has {program.temperature:g} C, above "
                    f"limits.highest_target, {self.limits.highest_target:g} C"
                )
            longest = self.limits.longest_plateau_at(program.temperature)
            if program.plateau_s > longest:
                raise ValueError(
                    f"program {program.id} has a plateau of {program.plateau_s:g} s, but the limits "
                    f"allow {longest:g} s at {program.temperature:g} C"
                )


def _typed(key: str) -> str:
    """The character that a key types: '5' on the number pad looks like any other '5'."""
    key = key.casefold()
    return key.removeprefix("num_").removeprefix("numpad_")
