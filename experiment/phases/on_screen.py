"""What performers have in common that only show something and listen."""

from __future__ import annotations


class OnScreen:
    """The part of a `Performer` that needs no device: there's nothing to prepare, or to skip."""

    skipped = False

    def prepare(self) -> None:
        """Nothing to prepare."""

    def expect(self, not_before: float) -> None:
        """Nothing has to be kept free for it."""

    def about_to_begin(self, planned: float) -> None:
        """No deadline."""
