"""The rule on high ratings: so many in a row, and the segment ends after the trial."""

from __future__ import annotations

from experiment.journal.events import Event, Rating


class HighRatings:
    """Watches intensity ratings; `wanted()` gives the reason to pause, once."""

    def __init__(self, threshold: float, successive: int, *, only_log: bool) -> None:
        self._threshold, self._successive, self._only_log = threshold, successive, only_log
        self._in_a_row = 0
        self.reason = ""

    def see(self, event: Event) -> str:
        """Take notice of an event; a sentence if the rule has just been met."""
        if not isinstance(event, Rating) or event.question != "intensity":
            return ""
        if event.rating is None:
            return ""  # who is overwhelmed doesn't answer: that must not break a row of high ones
        self._in_a_row = self._in_a_row + 1 if event.rating >= self._threshold else 0
        if self._in_a_row < self._successive:
            return ""
        self._in_a_row = 0
        sentence = (
            f"{self._successive} intensity ratings in a row were at or above {self._threshold:g}: "
            f"lower temperatures should be considered"
        )
        if not self._only_log:
            self.reason = sentence
        return sentence

    def wanted(self) -> str:
        """The reason to pause now, if there is one; asking takes it."""
        reason, self.reason = self.reason, ""
        return reason
