"""Rigs, benches and real processes for the tests of the devices."""

import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest

from experiment.clocks import RealClock
from hardware.devices import Stimulus
from hardware.limits import SafetyLimits
from tests.hardware.benches import Bench, make_bench, stimulus

ROOT = Path(__file__).parents[2]
EMULATE = "import typer; from experiment.cli.emulate import emulate; typer.run(emulate)"


@pytest.fixture
def heat() -> Callable[..., Stimulus]:
    return stimulus


@pytest.fixture
def laptop() -> dict[str, Any]:
    """The shipped laptop's rig file, as a dictionary to be changed."""
    text = (ROOT / "hardware" / "rigs" / "laptop.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@pytest.fixture
def bench(laptop: dict[str, Any]) -> Iterator[Bench]:
    with make_bench(laptop) as made:
        yield made


@pytest.fixture
def limits() -> SafetyLimits:
    return SafetyLimits()


@pytest.fixture
def real_clock() -> Iterator[RealClock]:
    clock = RealClock()
    yield clock
    clock.close()


@pytest.fixture
def emulated_process() -> Iterator[Callable[..., tuple[Popen[str], str]]]:
    """Start `emulate` with these arguments; gives the process and the address that it printed."""
    with ExitStack() as stack:

        def start(*arguments: str) -> tuple[Popen[str], str]:
            process = Popen(
                [sys.executable, "-c", EMULATE, *arguments], stdout=PIPE, text=True, cwd=ROOT
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            assert process.stdout is not None
            stack.callback(process.stdout.close)
            address = process.stdout.readline().strip()
            assert address
            return process, address

        yield start
