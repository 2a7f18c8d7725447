"""What ends the program in one sentence and an exit code, instead of a traceback."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes; scripts in labs rely on them."""

    DONE = 0
    PROGRAM_FAILED = 1  # a bug, a full disk; what was written stands
    BAD_INPUT = 2
    DEVICE = 3  # missing, failed or not fit
    EMERGENCY_STOP = 4  # ended by a person: by the stop, or as an answer to a question
    NOT_AS_EXPECTED = 5  # a scenario, validate, portraits check


class UserError(Exception):
    """Something the user can mend: what was found, where, and what to do, in one sentence."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.BAD_INPUT) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
