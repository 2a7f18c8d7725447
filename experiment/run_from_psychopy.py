"""Open this file in PsychoPy's Runner (or run it with plain `python`) to run a session.

It does what `trustpain run` does, and asks for study, rig and participant in a dialog. Every
other file is meant to be imported; this one isn't.
"""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (
    *("psychopy", "numpy", "pandas", "scipy", "matplotlib", "PIL", "serial", "pydantic"),
    *("typer", "rich", "filelock", "jinja2"),
)


def main() -> None:
    """Put the checkout on the path, say what is missing, then run."""
    own_folder = Path(__file__).resolve().parent
    # Python puts a script's own folder first, where `display` or `files` would hide others.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != own_folder]
    sys.path.insert(0, str(ROOT))
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f"trustpain needs packages that this Python doesn't have: {', '.join(missing)}. "
            f"docs/install.md says how to install them."
        )
    from experiment.cli import main as command_line

    sys.argv = ["trustpain", "run", *sys.argv[1:]]
    command_line()


if __name__ == "__main__":
    main()
