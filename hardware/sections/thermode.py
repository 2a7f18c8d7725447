"""What a rig file says of the thermode."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator

from hardware.limits import LOWEST_BASELINE
from hardware.sections.base import Address, Baud, Port, Section

Zone = Annotated[int, Field(ge=1, le=5)]
ALL_ZONES = (1, 2, 3, 4, 5)
SAME = 1e-6  # temperatures and plateaus that differ by less are the same


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

    def cannot(self, target: float, plateau_s: float) -> str:
        """Why the device can't give this stimulus, as a clause; a TCS takes any."""
        return ""


class MedocProgram(Section):
    """A program stored on Medoc's computer: one stimulus of limited duration, which ends by itself.

    `id` is the code set in Medoc's program editor (8 bits: TOML's 0b01000000 will do), `plateau_s`
    the seconds at `temperature` (degrees Celsius).
    """

    temperature: Annotated[float, Field(ge=LOWEST_BASELINE, le=60)]
    plateau_s: Annotated[float, Field(gt=0, le=120)]
    id: Annotated[int, Field(ge=1, le=255)]


class MedocSection(Section):
    """A Medoc Pathway or TSA-2 by "external control". Degrees Celsius, and C per second.

    Temperatures are never sent, so baseline, rates and `programs` say what is stored there.
    `gap_s`: a command that follows another sooner can be missed. `poll_hz` is how often the
    temperature is asked for in heat.
    """

    kind: Literal["medoc"]
    port: Address
    baseline: Annotated[float, Field(ge=LOWEST_BASELINE, le=40)]
    rise_rate: Annotated[float, Field(ge=1, le=10)]
    return_rate: Annotated[float, Field(ge=1, le=10)]
    programs: Annotated[tuple[MedocProgram, ...], Strict(False), Field(max_length=255)]
    poll_hz: Annotated[float, Field(ge=2, le=10)] = 5.0
    gap_s: Annotated[float, Field(ge=0.1, le=0.5)] = 0.2

    @property
    def zones(self) -> tuple[int, ...]:
        """It reports one temperature, as that of one zone."""
        return (1,)

    def program(self, target: float, plateau_s: float) -> MedocProgram | None:
        """The program that gives this target (C) and plateau (s), if there is one."""
        for program in self.programs:
            if (
                abs(program.temperature - target) < SAME
                and abs(program.plateau_s - plateau_s) < SAME
            ):
                return program
        return None

    def with_plateau(self, plateau_s: float) -> list[MedocProgram]:
        """The programs with this plateau (s)."""
        return [p for p in self.programs if abs(p.plateau_s - plateau_s) < SAME]

    def cannot(self, target: float, plateau_s: float) -> str:
        """Why the device can't give this stimulus, as a clause, or ''."""
        if self.program(target, plateau_s) is not None:
            return ""
        there = ", ".join(f"{p.temperature:g} C for {p.plateau_s:g} s" for p in self.programs)
        return (
            f"{target:g} C with a plateau of {plateau_s:g} s is none of the programs that the rig "
            f"names ({there})"
        )

    @model_validator(mode="after")
    def _programs_differ(self) -> MedocSection:
        if not self.programs:
            raise ValueError("programs names no program: one is needed for each temperature")
        seen: dict[tuple[float, float], int] = {}
        ids: set[int] = set()
        for program in self.programs:
            if program.id in ids:
                raise ValueError(f"programs has the id {program.id} twice")
            ids.add(program.id)
            key = (program.temperature, program.plateau_s)
            if key in seen:
                raise ValueError(f"programs has {key[0]:g} C for {key[1]:g} s twice")
            seen[key] = program.id
            if program.temperature <= self.baseline:
                raise ValueError(
                    f"program {program.id} has {program.temperature:g} C, not above the baseline, "
                    f"{self.baseline:g} C"
                )
        return self

    @model_validator(mode="after")
    def _polls_keep_the_gap(self) -> MedocSection:
        if self.poll_hz * self.gap_s > 1 + SAME:
            raise ValueError(
                f"poll_hz is {self.poll_hz:g}, but gap_s of {self.gap_s:g} s allows at most "
                f"{1 / self.gap_s:g}"
            )
        return self


ThermodeSection = Annotated[TcsSection | MedocSection, Field(discriminator="kind")]
