"""Plays whole sessions in virtual time, with something happening on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiment.journal import Journal, read_journal
from experiment.responses.emulated import EmulatedResponses
from experiment.session.experimenter import SimulatedExperimenter
from experiment.session.preparation import Request, prepare
from experiment.session.session import Played, play
from experiment.session.settings import virtual_setting
from hardware.devices import Response


@dataclass
class Room:
    """What a test may reach into while a session is going on."""

    clock: Any
    responses: EmulatedResponses

    def press(self, role: str, for_s: float = 0.1) -> None:
        """Press a key and let it go."""
        self.responses.emit(Response(self.clock.now(), role, True))
        self.clock.call_at(
            self.clock.now() + for_s,
            lambda: self.responses.emit(Response(self.clock.now(), role, False)),
        )


def play_virtually(
    out: Path,
    *,
    study: str = "pilot_short",
    happens: Mapping[float, Callable[[Room], None]] | None = None,
    choose: Callable[[str, Mapping[str, str]], str] | None = None,
    rig: str = "laptop",
    **request: Any,
) -> tuple[Played, Journal]:
    """Play a session; `happens` maps session times (s) to what happens then."""
    prepared = prepare(Request(study, rig, out=out, simulated=True, **request))
    setting = virtual_setting()
    setting.experimenter = SimulatedExperimenter(setting.clock, choose=choose)
    responses = EmulatedResponses()
    setting.open_responses = lambda prepared, display: responses
    room = Room(setting.clock, responses)
    for time, action in (happens or {}).items():
        setting.clock.call_at(time, lambda action=action: action(room))
    played = play(prepared, setting)
    return played, read_journal(played.journal)
