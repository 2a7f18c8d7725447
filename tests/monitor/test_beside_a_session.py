"""`run --monitor` as in a laboratory: a real window, a person's keys, the live page in a browser."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.real_kill import Terminal
from experiment.inputs.files import STUDIES
from experiment.journal import Journal, events, read_journal

pytestmark = pytest.mark.timeout(300)

PATIENCE_S = 120.0  # for a machine with much else to do


@pytest.fixture
def session(tmp_path: Path, display: str) -> Iterator[Terminal]:
    """A session of a person, without a lead-in, so that its first rating comes soon."""
    text = (STUDIES / "demo.toml").read_text(encoding="utf-8")
    head, _, rest = text.partition("[[lead_in]]")
    study = tmp_path / "short.toml"
    study.write_text(head + rest[rest.index("[[trial]]") :], encoding="utf-8")
    run = Terminal(
        *("run", "--study", str(study), "--rig", "laptop", "--participant", "01"),
        *("--calibration", "none", "--out", str(tmp_path), "--monitor"),
    )
    yield run
    if run.process.poll() is None:
        run.process.kill()
        run.wait(10.0)


def until(what: Callable[[], object], doing: Callable[[], object] = lambda: None) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < limit, "it never came"
        doing()
        time.sleep(0.1)


def press(*keys: str) -> None:
    for key in keys:
        subprocess.run(["xdotool", "keydown", key], check=True)
        time.sleep(0.1)
        subprocess.run(["xdotool", "keyup", key], check=True)


def shown(page: Page) -> dict[str, str]:
    """All numbers and words on the page by name."""
    found = page.locator("[data-is]").evaluate_all(
        "all => all.map(one => [one.dataset.is, one.innerText])"
    )
    return dict(found)


def written(journal: Journal) -> dict[str, str]:
    """What the page should show, from the journal alone."""
    ratings, heat = journal.of(events.Rating), journal.of(events.HeatDelivered)[-1]
    start, phase = journal.of(events.RunStart)[-1], journal.of(events.PhaseStart)[-1]
    given = [rating for rating in ratings if rating.rating is not None]
    last = ratings[-1]
    value = "none given" if last.rating is None else f"{last.rating:.1f}"
    late = max((1000 * (e.t - e.planned) for e in journal.of(events.PhaseStart)), key=abs)
    dropped = sum(len(event.times) for event in journal.of(events.DroppedFrames))
    done = sum(event.status != "aborted" for event in journal.of(events.TrialEnd))
    return {
        "phase": phase.phase.replace("_", " "),
        "trial": f"{phase.trial} ({done} of 4 done)",
        "ratings": f"{len(given)} of {len(ratings)}",
        "last_rating": f"{last.question} {value}",
        "last_heat": f"{heat.temperature_measured:.2f} °C for {heat.temperature:.1f} °C asked",
        "measured": f"{journal.of(events.Temperatures)[-1].mean[-1]:.1f} °C",
        "pulses": f"{len(journal.of(events.Pulse))} of {start.volumes}",
        "frames": str(dropped),
        "late": f"{late:+.1f} ms",
        "status": "running",
    }


def test_numbers_beside_a_real_window_are_the_journals(
    browser: Browser, session: Terminal, tmp_path: Path
) -> None:
    until(lambda: re.search(rb"Live page: \S+\s", session.output))
    found = re.search(rb"Live page: (\S+)", session.output)
    assert found is not None
    address = found[1].decode()
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator("[data-is=phase]", has_text="clinician").wait_for(timeout=1000 * PATIENCE_S)
    assert page.locator("svg ellipse").count() == 1  # the silhouette

    path = next(tmp_path.rglob("*_journal-001.jsonl"))
    until(
        lambda: any(one.rating is not None for one in read_journal(path).of(events.Rating)),
        lambda: press("Right", "space"),
    )
    # Held still in the middle of its run, so that two that are read one after the other can agree.
    os.kill(session.process.pid, signal.SIGSTOP)
    journal = read_journal(path)
    assert not journal.of(events.RunEnd)
    expected = written(journal)
    until(lambda: expected.items() <= shown(page).items() or page.wait_for_timeout(100))

    words = page.content() + page.inner_text("body")
    assert "Not study data" in page.locator("[data-is=origin]").inner_text()
    assert not re.search(r"[FM]\d_|low trust|high trust|mean by trust", words)
    assert not any("clinicians" in url for url in asked)

    session.process.kill()
    until(lambda: _gone(address))


def _gone(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=2.0).close()
    except (urllib.error.URLError, OSError):
        return True
    return False
