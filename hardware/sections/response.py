"""What a rig file says of keys, buttons and joystick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator

from hardware.sections.base import EMULATED, Baud, Byte, Port, Section, byte_of

Key = Annotated[str, Field(pattern=r"^\S{1,20}$")]
Keys = Annotated[tuple[Key, ...], Strict(False), Field(max_length=6)]
Bytes = Annotated[tuple[Byte, ...], Strict(False), Field(max_length=6)]
Number = Annotated[int, Field(ge=0, le=63)]
Numbers = Annotated[tuple[Number, ...], Strict(False), Field(max_length=6)]

ROLES = ("left", "right", "confirm", "yes", "no", "next", "back", "stop", "participant_stop")


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
        _check_unambiguous("key", roles)
        return self


class ButtonsSection(Section):
    """A button box on a serial port that sends a byte for each press, such as a Current Designs
    932 or a Cedrus Lumina set to ASCII; which bytes depends on its switches, so they stand here.

    `releases` are the bytes of the releases, each beside that of its press (`{b = "B"}`). For a
    box that sends none, a press counts as held for `press_s`. `pulse`: a byte that the box sends
    for each volume, as a Lumina does; then the scanner is of the kind "key".
    """

    port: Port
    baud: Baud = 19_200
    left: Bytes = ()
    right: Bytes = ()
    confirm: Bytes = ()
    yes: Bytes = ()
    no: Bytes = ()
    next: Bytes = ()
    back: Bytes = ()
    stop: Bytes = ()
    participant_stop: Bytes = ()
    pulse: Bytes = ()
    releases: Annotated[dict[str, Byte], Field(default_factory=dict)]
    press_s: Annotated[float, Field(ge=0.02, le=0.5)] = 0.1

    def by_role(self) -> dict[str, tuple[int, ...]]:
        """Role to its bytes, 0-255."""
        roles = (*ROLES, "pulse")
        return {role: tuple(byte_of(value) for value in getattr(self, role)) for role in roles}

    def releases_by_press(self) -> dict[int, int]:
        """Byte of a press to the byte of its release."""
        return {ord(press): byte_of(release) for press, release in self.releases.items()}

    @model_validator(mode="after")
    def _can_be_real(self) -> ButtonsSection:
        if self.port.startswith(EMULATED):
            raise ValueError(
                "a button box inside the program would have nobody to press it: serve one with "
                "`trustpain emulate buttons` and give its address as port"
            )
        return self

    @model_validator(mode="after")
    def _unambiguous(self) -> ButtonsSection:
        roles = self.by_role()
        _check_unambiguous("button", {r: [chr(byte) for byte in b] for r, b in roles.items()})
        pressed = {byte for values in roles.values() for byte in values}
        if not pressed:
            raise ValueError("buttons names no button: give at least one a role")
        for press, release in self.releases.items():
            if len(press) != 1 or ord(press) not in pressed:
                raise ValueError(f"releases has {press!r}, which is the byte of no button")
            if byte_of(release) in pressed:
                raise ValueError(f"the byte {release!r} can't be both a press and a release")
        return self


class JoystickSection(Section):
    """A joystick or gamepad, beside the keyboard. Its stick moves the cursor of a scale.

    `name` is what the computer calls it ('' for the only one there is). The cursor's speed grows
    with the deflection from nothing at `dead_zone` (a share of the whole way) to `points_per_s`
    (of the scale's 100) at the stop. Buttons are counted from 0, as PsychoPy does. The stick is
    looked at `poll_hz` times a second, so that stamps are late by up to as much.
    """

    name: Annotated[str, Field(max_length=200)] = ""
    axis: Literal["x", "y", "z", "rx", "ry", "rz"] = "x"
    inverted: bool = False
    dead_zone: Annotated[float, Field(ge=0.02, le=0.8)] = 0.15
    points_per_s: Annotated[float, Field(ge=5, le=500)] = 60.0
    poll_hz: Annotated[float, Field(ge=50, le=1000)] = 200.0
    confirm: Numbers = ()
    yes: Numbers = ()
    no: Numbers = ()
    next: Numbers = ()
    back: Numbers = ()
    stop: Numbers = ()
    participant_stop: Numbers = ()

    def by_role(self) -> dict[str, tuple[int, ...]]:
        """Role to its buttons, counted from 0."""
        return {role: getattr(self, role) for role in ROLES if role in type(self).model_fields}

    def speed(self, deflection: float) -> float:
        """Points of the scale per second, negative to the left, for a deflection from -1 to 1."""
        beyond = (abs(deflection) - self.dead_zone) / (1 - self.dead_zone)
        if not beyond > 0:  # NaN, too
            return 0.0
        left = (deflection < 0) != self.inverted
        return (-1 if left else 1) * min(beyond, 1.0) * self.points_per_s

    @model_validator(mode="after")
    def _unambiguous(self) -> JoystickSection:
        roles = {role: [str(n) for n in numbers] for role, numbers in self.by_role().items()}
        _check_unambiguous("joystick button", roles)
        if not self.confirm:
            raise ValueError("joystick.confirm names no button: nobody could finish a rating")
        return self


def _check_unambiguous(what: str, roles: Mapping[str, Sequence[str]]) -> None:
    """Raise `ValueError` if one press would say two things that exclude each other."""
    for one, other in (("left", "right"), ("yes", "no"), ("next", "back")):
        if both := set(roles.get(one, ())) & set(roles.get(other, ())):
            raise ValueError(f"{what} {min(both)!r} can't mean both {one} and {other}")
    for alone in ("stop", "participant_stop", "pulse"):
        for role, names in roles.items():
            if role != alone and (both := set(roles.get(alone, ())) & set(names)):
                raise ValueError(
                    f"{what} {min(both)!r} means {alone}, so it can't also mean {role}"
                )


class KeyboardSection(Section):
    """Keyboard, or a button box that types keys; `mouse` says whether a scale takes the mouse.

    `buttons` is a box that sends bytes, beside the keyboard, which the experimenter needs anyway;
    so is `joystick`.
    """

    kind: Literal["keyboard"]
    mouse: bool
    keys: ResponseKeys
    buttons: ButtonsSection | None = None
    joystick: JoystickSection | None = None

    @property
    def hand(self) -> Literal["keys", "mouse", "stick"]:
        """What moves the cursor of a scale: what the hints on the screen speak of."""
        if self.joystick is not None:
            return "stick"
        return "mouse" if self.mouse else "keys"
