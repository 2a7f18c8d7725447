"""Where all responses come together: stop keys, the experimenter's letters, and answers."""

from __future__ import annotations

from collections.abc import Callable

from experiment.journal.events import Event, ResponseGiven
from experiment.running.stop import EmergencyStop
from experiment.session.experimenter import Experimenter
from hardware.devices import Response

STOP_ROLES = ("stop", "participant_stop")
# Letters that answer the experimenter's questions, as roles, where the rig gives the key no other:
# all that any question offers, but for lists whose entries are lettered as they come.
LETTER = "letter_"
LETTERS = {letter: f"{LETTER}{letter}" for letter in "abceghklnqrxy"}


class ResponseHub:
    """Takes every response (on any thread) and hands it to whom it concerns.

    The stop comes first, before anything is logged, whichever window is typed into. Letters answer
    a question only while `letters()` holds (the experiment's window is the one typed into): keys
    are read for the whole computer, and a letter of an e-mail must not begin a run. Movements of
    mouse and stick aren't logged here: what they do is in the ratings' paths.
    """

    def __init__(
        self,
        stop: EmergencyStop,
        experimenter: Experimenter,
        write: Callable[[Event], None],
        answer: Callable[[Response], None],
        letters: Callable[[], bool],
    ) -> None:
        self._stop, self._experimenter = stop, experimenter
        self._write, self._answer = write, answer
        self._letters = letters

    def __call__(self, response: Response) -> None:
        """Hand a response on."""
        if response.role in STOP_ROLES:
            if response.pressed:
                self._stop.pressed(response.role)
            else:
                self._stop.released()
        elif response.role.startswith(LETTER):
            if response.pressed and self._letters():
                self._experimenter.pressed(response.role.removeprefix(LETTER))
            return
        elif response.role != "pulse":
            self._answer(response)
        if response.role not in ("move", "tilt", "pulse"):
            self._write(
                ResponseGiven(
                    t=response.time,
                    role=response.role,
                    name=response.name,
                    pressed=response.pressed,
                )
            )
