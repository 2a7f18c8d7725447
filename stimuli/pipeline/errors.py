"""The one exception that a user of the pipeline sees: a sentence and an exit code."""

from __future__ import annotations

BAD_INPUT = 2
COMPUTER = 1


class PipelineError(Exception):
    """Something that a user can mend; `code` is 2 for bad input and 1 where the computer failed."""

    def __init__(self, sentence: str, code: int = COMPUTER) -> None:
        super().__init__(sentence)
        self.code = code
