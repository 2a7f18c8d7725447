"""Makes `.venv-portraits`, the renderer's own environment, with `uv`: `python -m stimuli.pipeline.set_up_env`.

Works alike on Linux, macOS and Windows. Does nothing where the environment is there and matches its lock.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from stimuli.pipeline.errors import PipelineError

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-portraits"
LOCK = ROOT / "requirements-portraits.txt"
STAMP = ENVIRONMENT / "requirements.sha256"


def python() -> Path:
    """The environment's interpreter, whether or not it is there."""
    return ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_ready() -> bool:
    """Whether the environment is there and was made from the present lock."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    return python().is_file() and STAMP.is_file() and STAMP.read_text().strip() == digest


def find_uv() -> str | None:
    """The `uv` to call: the first that works of the one on the path, the user's, and that of `make setup`."""
    own = ROOT / ".venv-uv" / ("Scripts/uv.exe" if os.name == "nt" else "bin/uv")
    for uv in (shutil.which("uv"), str(Path.home() / ".local/bin/uv"), str(own)):
        # Asked, not only looked at: pyenv leaves a `uv` that fails under another Python.
        if (
            uv
            and shutil.which(uv)
            and not subprocess.run([uv, "-V"], capture_output=True).returncode
        ):
            return uv
    return None


def make() -> None:
    """Makes the environment if it isn't ready; PipelineError with one sentence where that fails."""
    if is_ready():
        return
    uv = find_uv()
    if uv is None:
        raise PipelineError("uv isn't installed; `make setup` brings it, then try again.")
    steps = (
        [uv, "venv", "--quiet", "--allow-existing", "--python", "3.11", str(ENVIRONMENT)],
        [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python()), str(LOCK)],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode:
            reason = " ".join(done.stderr.split()) or "no message"
            raise PipelineError(f"the portraits' environment could not be made: {reason}")
    STAMP.write_text(hashlib.sha256(LOCK.read_bytes()).hexdigest())


def main() -> int:
    """Command line of this module."""
    try:
        make()
    except PipelineError as error:
        print(error, file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
