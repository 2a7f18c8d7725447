"""Make the pictures that README and docs show, from the real program: `make screenshots`.

The screens of a trial by the real display, the session report and the live page by a real browser
(the system's Chromium). Everything in them comes from a simulated participant.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from experiment.preview.storyboard import storyboard
from experiment.report.session import write_session_report
from experiment.session.dry import dry_run_one
from experiment.session.preparation import Request

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
STUDY, RIG = "trust_pain", "laptop"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
COLOURS = 96  # keeps a picture at some 100 kB
SHEET_WIDTH = 1100
MONITOR = "from experiment.cli import main; main()"


def main() -> None:
    """Make them all; a picture that can't be made ends the script."""
    console = Console()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        sheet = storyboard(STUDY, RIG, place / "screens", console)[-1]
        keep(sheet, "storyboard.png", width=SHEET_WIDTH)
        request = Request(STUDY, RIG, calibration="none", out=place, simulated=True)
        dry_run_one(request, None)
        dataset = place / f"{STUDY}-sim"
        with sync_playwright() as playwright:
            found = next(filter(None, map(shutil.which, BROWSERS)), None)
            browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
            report(browser, dataset, place / "report.png")
            live_page(browser, dataset, place)
            browser.close()
    for picture in sorted(PICTURES.glob("*.png")):
        console.print(f"{picture.name}: {picture.stat().st_size // 1000} kB", highlight=False)


def report(browser: Browser, dataset: Path, file: Path) -> None:
    """The session report, from its head down to the temperature traces."""
    page = browser.new_page(viewport={"width": 820, "height": 1250})
    page.goto(write_session_report(dataset).as_uri())
    page.screenshot(path=file)
    page.close()
    keep(file, "session_report.png")


def live_page(browser: Browser, dataset: Path, place: Path) -> None:
    """The live page in the second run, just as somebody looks at a clinician."""
    source = next(dataset.rglob("*_journal-001.jsonl"))
    lines = source.read_bytes().splitlines(keepends=True)
    wanted = (b'"event":"phase_start"', b'"run":2', b'"trial":5', b'"Portrait"')
    cut = next(
        number for number, line in enumerate(lines, start=1) if all(part in line for part in wanted)
    )
    journal = place / "live" / "sourcedata" / source.parent.name / source.name
    journal.parent.mkdir(parents=True)
    process = subprocess.Popen(
        [sys.executable, "-c", MONITOR, "monitor", str(place / "live"), "--until-stdin-closes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("Live page: ").strip()
        page = browser.new_page(viewport={"width": 1200, "height": 930})
        page.goto(address)
        page.locator("[data-is=title]", has_text="Waiting").wait_for(timeout=60_000)
        journal.write_bytes(b"".join(lines[:cut]))
        page.locator("[data-is=phase]", has_text="clinician").wait_for(timeout=60_000)
        page.wait_for_timeout(1_500)  # until the plots are drawn
        page.screenshot(path=place / "live.png")
        page.close()
    finally:
        process.kill()
        process.communicate()
    keep(place / "live.png", "live_page.png")


def keep(picture: Path, name: str, width: int | None = None) -> None:
    """Put a picture into docs/pictures, small."""
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    if width is not None and image.width > width:
        height = round(image.height * width / image.width)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)


if __name__ == "__main__":
    main()
