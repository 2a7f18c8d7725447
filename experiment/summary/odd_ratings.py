"""Ratings that say something about the participant: none at all, or no pain again and again."""

from __future__ import annotations

from experiment.journal.events import Event, Rating

UNANSWERED = 2  # successive intensity ratings without an answer: asleep, or unwell?
NO_PAIN = 4  # successive ones of nothing: is the thermode still on the skin?
NOTHING = 1.0  # points of the scale that count as nothing


class OddRatings:
    """Watches intensity ratings; tells each row of odd ones once, when it's long enough."""

    def __init__(self) -> None:
        self._unanswered = 0
        self._no_pain = 0

    def see(self, event: Event) -> str:
        """Take notice of an event; a sentence for the experimenter, or ''."""
        if not isinstance(event, Rating) or event.question != "intensity":
            return ""
        if event.rating is None:
            self._unanswered += 1
            if self._unanswered == UNANSWERED:
                return (
                    f"{UNANSWERED} trials in a row weren't rated: ask whether the participant is "
                    f"well, and awake"
                )
            return ""
        self._unanswered = 0
        self._no_pain = self._no_pain + 1 if event.rating <= NOTHING else 0
        if self._no_pain == NO_PAIN:
            return (
                f"{NO_PAIN} heats in a row were rated as no pain at all: is the thermode still on "
                f"the skin?"
            )
        return ""
