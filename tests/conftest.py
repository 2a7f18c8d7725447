"""What every test may ask for: a screen, a browser, and examples that are the same in each CI run."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IN_CI = os.environ.get("CI", "").lower() == "true"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# No sandbox, since it can't be had as root in a container; the rest keeps it from calling home.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

# No deadline: on a shared machine with two cores a single slow example says nothing.
settings.register_profile("dev", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if IN_CI else "dev")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests with a window, so that they can be chosen or left out (`-m display`)."""
    for item in items:
        if "display" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.display)


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """Name of an X display: the user's own, else a virtual one of 1280 x 800 for this session."""
    if name := os.environ.get("DISPLAY"):
        yield name
        return
    if not shutil.which("Xvfb"):
        problem = "no DISPLAY and no Xvfb: `make setup` as root installs it on Debian (xvfb)"
        pytest.fail(problem) if IN_CI else pytest.skip(problem)
    from experiment.display.virtual_screen import virtual_screen

    with virtual_screen() as name:
        yield name


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """A real one: the system's Chromium, driven by Playwright."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        problem = "no Chromium: `make setup` as root installs it on Debian (chromium)"
        pytest.fail(problem) if IN_CI else pytest.skip(problem)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()
