"""The command line in a process of its own, as a user without a screen has it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from experiment.places import ROOT


def trustpain(*words: str, cwd: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run `trustpain WORDS`; `before` is Python that runs first in its process."""
    # Without a screen, whatever other tests of this process have opened: nobody can be asked.
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    return subprocess.run(
        [sys.executable, "-c", f"{before}\nfrom experiment.cli import main; main()", *words],
        cwd=cwd,
        env=environment | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=110,
        check=False,
    )
