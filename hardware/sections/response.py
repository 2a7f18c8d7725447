"""What a rig file says of keys and buttons."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator

from hardware.sections.base import Section

Key = Annotated[str, Field(pattern=r"^\S{1,20}$")]
Keys = Annotated[tuple[Key, ...], Strict(False), Field(max_length=6)]


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
