"""What a session was run with: versions, commit, system. Nothing that names a person or computer."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import subprocess
from dataclasses import dataclass

from experiment.places import ROOT

PACKAGES = (
    "trustpain", "psychopy", "psychtoolbox", "pyglet", "numpy", "pandas", "scipy", "pyserial",
    "pydantic", "pillow",
)  # fmt: skip


@dataclass(frozen=True)
class Provenance:
    """Versions by package, the checkout's commit (None: no git), and the system."""

    versions: dict[str, str]
    commit: str | None
    dirty: bool | None
    system: dict[str, str]


@functools.cache
def provenance() -> Provenance:
    """Ask once a process. `dirty` is True if a tracked file differs from the commit."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    commit = _git("rev-parse", "HEAD")
    status = _git("status", "--porcelain", "--untracked-files=no")
    return Provenance(
        versions=versions,
        commit=commit,
        dirty=None if status is None else bool(status),
        system={
            "os": platform.system(),
            "os_release": platform.release(),
            "machine": platform.machine(),
            "python": platform.python_version(),
        },
    )


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
