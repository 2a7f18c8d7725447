"""The command line: `trustpain COMMAND`. Each command has a file of its own.

The commands' files import nothing slow at their top, so that `trustpain --help` answers at once.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line. Every error is one sentence and an exit code of its own kind."""
    import typer
    import typer.exceptions

    from experiment.cli.app import app
    from experiment.errors import ExitCode, UserError

    _speak_utf8()
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except UserError as error:
        _say(str(error))
        sys.exit(int(error.exit_code))
    except (KeyboardInterrupt, EOFError):
        _say("Stopped.")
        sys.exit(int(ExitCode.EMERGENCY_STOP))
    except Exception as error:
        if isinstance(error, typer.Exit):
            sys.exit(error.exit_code)
        if isinstance(error, typer.Abort):
            _say("Stopped.")
            sys.exit(int(ExitCode.EMERGENCY_STOP))
        show = getattr(error, "show", None)
        if isinstance(error, typer.exceptions.TyperException) and show is not None:
            show()  # a slip on the command line
            sys.exit(int(ExitCode.BAD_INPUT))
        if os.environ.get("TRUSTPAIN_DEBUG"):
            raise
        _say(
            f"{_kind_of(error)}: {error}. What was written stands. "
            f"(TRUSTPAIN_DEBUG=1 shows where it happened.)"
        )
        sys.exit(int(ExitCode.PROGRAM_FAILED))


def _kind_of(error: Exception) -> str:
    if isinstance(error, OSError):
        return "The computer failed"
    return f"trustpain failed ({type(error).__name__}), which is a bug; please report it"


def _say(sentence: str) -> None:
    print(f"trustpain: {sentence}", file=sys.stderr)


def _speak_utf8() -> None:
    """A Windows console in an old code page must not fail on a degree sign."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
