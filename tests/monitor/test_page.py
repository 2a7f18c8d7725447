"""The live page in a real browser: its numbers are the journal's, while that grows."""

from __future__ import annotations

import select
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from experiment.cli.monitor import monitor
from experiment.errors import UserError
from experiment.journal import events, read_journal
from tests.factory import Session, write_session
from tests.monitor.cable import Cable

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(240)]

PLAN = Session(runs=1, trials=3, hz=10, no_answer=(1, 2), kind="pilot")
PATIENCE_MS = 60_000  # for a machine with much else to do
TRUSTPAIN = [sys.executable, "-c", "from experiment.cli import main; main()"]

BESIDE_A_RUN = """
import sys
from pathlib import Path
from experiment.monitor.process import monitor_beside
with monitor_beside(Path(sys.argv[1])):
    sys.stdin.read()
"""

# Where the plots over time begin and end.
SPANS = """[...Bokeh.documents[0].all_models]
    .filter(model => model.type == "DataRange1d").map(range => [range.start, range.end])"""

Serve = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a program that serves the live page of a path; give the process and the address."""
    started: list[subprocess.Popen[str]] = []

    def start(path: Path, *program: str) -> tuple[subprocess.Popen[str], str]:
        command = [*(program or (*TRUSTPAIN, "monitor")), str(path)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], PATIENCE_MS / 1000)[0], "no address came"
        line = process.stdout.readline()
        assert line.startswith("Live page: http://127.0.0.1:"), line
        return process, line.removeprefix("Live page: ").strip()

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def open_page(browser: Browser, address: str, asked: list[str]) -> Page:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(f"error: {error}"))
    page.goto(address)
    return page


def expect(page: Page, name: str, value: str) -> None:
    """Wait until the page shows a value; Bokeh draws into shadow roots, which locators enter."""
    page.locator(f"[data-is={name}]", has_text=value).first.wait_for()
    assert page.locator(f"[data-is={name}]").first.inner_text() == value


def grow(path: Path, lines: list[bytes], torn: bytes = b"") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(lines) + torn)


def test_numbers_are_the_journals_during_a_run(
    browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    source = write_session(tmp_path / "source", PLAN, tmp_path / "pictures")
    lines = source.read_bytes().splitlines(keepends=True)
    path = tmp_path / "data" / "ds" / "sourcedata" / "sub-01" / source.name
    (tmp_path / "data").mkdir()
    _, address = serve(tmp_path / "data")
    asked: list[str] = []
    pages = [open_page(browser, address, asked) for _ in range(2)]  # several may watch
    expect(pages[0], "title", "Waiting for a session")
    spans = pages[0].evaluate(SPANS)
    assert len(spans) == 2
    assert all(begin is not None and begin <= 0 < end for begin, end in spans)  # there are axes

    marks = [i for i, line in enumerate(lines, 1) if b'"event":"rating"' in line][1::2]
    for end in (*marks, len(lines)):
        torn = lines[end][: len(lines[end]) // 2] if end < len(lines) else b""
        grow(path, lines[:end], torn)
        so_far = read_journal(path)
        answers = so_far.of(events.Rating)
        given = [rating for rating in answers if rating.rating is not None]
        volumes = so_far.of(events.RunStart)[-1].volumes
        last = answers[-1]
        value = "none given" if last.rating is None else f"{last.rating:.1f}"
        measured = so_far.of(events.Temperatures)[-1].mean[-1]
        for page in pages:
            expect(page, "ratings", f"{len(given)} of {len(answers)}")
            expect(page, "last_rating", f"{last.question} {value}")
            expect(page, "pulses", f"{len(so_far.of(events.Pulse))} of {volumes}")
            expect(page, "measured", f"{measured:.1f} °C")
    expect(pages[0], "status", "completed")

    shown = pages[0].content() + pages[0].inner_text("body")
    assert not any(word in shown for word in ("F1_", "M1_", "low trust", "high trust"))
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(address).netloc}  # nothing from outside, no error


def test_the_token_is_needed_and_a_page_beside_a_run_ends_with_it(
    browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    journals = write_session(tmp_path / "ds", PLAN, tmp_path / "pictures").parent
    run, address = serve(journals, sys.executable, "-c", BESIDE_A_RUN)
    base = address[: address.index("/", len("http://"))]
    for wrong in ("/", "/ws", "/x/", "/static/js/bokeh.min.js", address[len(base) : -4] + "/"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(base + wrong)

    run.kill()
    assert run.stdout is not None
    assert run.stdout.read() == ""  # so the monitor, which wrote there too, isn't left behind


@pytest.mark.parametrize(
    ("ended", "bar", "other", "said", "devices"),
    [
        (True, "#over", "#lost", "The session is over; this page no longer changes.", "closed"),
        (False, "#lost", "#over", "Connection lost: what stands here is old.", "open"),
    ],
)
def test_a_page_tells_an_end_from_a_failure(
    ended: bool,
    bar: str,
    other: str,
    said: str,
    devices: str,
    browser: Browser,
    serve: Serve,
    tmp_path: Path,
) -> None:
    """The server ends with its run in both cases, and at once after the journal's last line."""
    path = write_session(tmp_path / "ds", PLAN, tmp_path / "pictures")
    head, *rest = path.read_bytes().splitlines(keepends=True)
    about = {"t": 0.5, "role": "thermode", "kind": "tcs", "port": "", "emulated": False}
    opened = events.DeviceOpened.model_validate(about).model_dump_json().encode() + b"\n"
    grow(path, [head, opened, *rest[: len(rest) // 2]])
    run, address = serve(path.parent, sys.executable, "-c", BESIDE_A_RUN)
    page = open_page(browser, address, [])
    expect(page, "status", "running")
    expect(page, "device_thermode", "tcs: open")
    if ended:
        grow(path, [head, opened, *rest])
    run.kill()
    page.locator(bar).wait_for(state="visible")
    assert not page.locator(other).is_visible()
    assert page.get_by_text("Client connection").count() == 0  # Bokeh's own, over the title
    assert page.locator(bar).inner_text().startswith(said)
    expect(page, "status", "completed" if ended else "running")  # the last numbers stand
    expect(page, "device_thermode", f"tcs: {devices}")
    assert (page.locator("svg", has_text="the session is over").count() > 0) == ended
    below, title = page.locator(bar).bounding_box(), page.locator("[data-is=title]").bounding_box()
    assert below is not None
    assert title is not None
    assert below["y"] + below["height"] <= title["y"]  # nothing is covered


def test_a_page_that_lost_its_connection_comes_back_by_itself(
    browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    path = write_session(tmp_path / "ds", PLAN, tmp_path / "pictures")
    whole = path.read_bytes().splitlines(keepends=True)
    grow(path, whole[: len(whole) // 2])
    _, address = serve(path.parent)
    port = urlsplit(address).port
    assert port is not None
    cable = Cable(port)
    page = open_page(browser, address.replace(f":{port}/", f":{cable.port}/"), [])
    expect(page, "status", "running")
    cable.pull()
    page.locator("#lost").wait_for(state="visible")
    grow(path, whole)
    expect(page, "status", "running")  # what stands there is old, and the bar says so
    cable.plug_in()
    expect(page, "status", "completed")
    page.locator("#lost").wait_for(state="hidden")
    answers = read_journal(path).of(events.Rating)
    given = [rating for rating in answers if rating.rating is not None]
    expect(page, "ratings", f"{len(given)} of {len(answers)}")
    cable.pull()


@pytest.mark.parametrize(
    ("path", "host", "said"),
    [
        ("nowhere", "127.0.0.1", "doesn't exist: give a dataset"),
        ("foreign.txt", "127.0.0.1", "isn't a trustpain journal"),
        (".", "192.0.2.1", "can't be served at 192.0.2.1"),  # an address that nobody has
    ],
)
def test_bad_input_is_one_sentence(path: str, host: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "foreign.txt").write_text("a\nb\n")
    with pytest.raises(UserError, match=said) as raised:
        monitor(tmp_path / path, host=host)
    assert raised.value.exit_code == 2
    assert "\n" not in str(raised.value)
