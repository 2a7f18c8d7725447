"""The live page of a run, in a process of its own: it may neither slow the run nor outlive it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def monitor_beside(journals: Path) -> Iterator[None]:
    """Serve the live page of the session whose journals are in `journals` while the block lasts.

    The process writes its address to the terminal as soon as it serves. It holds on to the other
    end of a pipe, so that it ends with this process, however that ends; it's in a group of its
    own, since Ctrl-C is for the run. A page that can't be served stops no run.
    """
    journals.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", "from experiment.cli import main; main()"]
    command += ["monitor", str(journals), "--until-stdin-closes"]
    new_group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        start_new_session=os.name == "posix",
        creationflags=new_group,
        cwd=Path(__file__).resolve().parents[2],
    )
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
