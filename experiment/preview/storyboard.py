"""A study's screens as pictures, drawn by the real display: one PNG each, and a contact sheet."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageDraw, ImageFont
from rich.console import Console

from experiment.errors import UserError
from experiment.plan.scene import CursorState, Portrait, RatingScale, Scene

if TYPE_CHECKING:
    from experiment.display.window import WindowDisplay
    from experiment.plan.timeline import Phase
    from experiment.session.preparation import Prepared

COLUMNS = 3
THUMBNAIL_PX = 480  # width of a picture on the contact sheet
GAP_PX, CAPTION_PX = 16, 34
CONTACT_SHEET = "contact_sheet.png"


class Screenful(NamedTuple):
    """What stands on the screen at one moment, and what to call it."""

    caption: str
    scene: Scene
    cursor: CursorState | None = None


def storyboard(
    study: str, rig: str, out: Path, console: Console, language: str = "en"
) -> list[Path]:
    """Draw the screens of the study's first trial into `out`; returns the files.

    Starts a virtual screen where there is none. Raises `UserError` for a bad study or rig, and if
    `out` can't be written; `DeviceError` if no window can be opened.
    """
    from experiment.clocks import RealClock
    from experiment.display.virtual_screen import needed_screen
    from experiment.display.window import WindowDisplay
    from experiment.session.preparation import Request, prepare

    with tempfile.TemporaryDirectory() as nowhere:  # a storyboard makes no dataset
        request = Request(
            study,
            rig,
            calibration="none",
            out=Path(nowhere),
            simulated=True,
            language=language,
        )
        prepared = prepare(request)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out} can't be made a folder for pictures: {error.strerror}") from None
    screens = screens_of(prepared)
    clock = RealClock()
    try:
        with needed_screen(console):
            display = WindowDisplay(prepared.rig.model.screen, clock)
            try:
                files = draw_screens(screens, display, out)
            finally:
                display.close()
    finally:
        clock.close()
    sheet = out / CONTACT_SHEET
    contact_sheet([(file, s.caption) for file, s in zip(files, screens, strict=True)], sheet)
    return [*files, sheet]


def screens_of(prepared: Prepared) -> list[Screenful]:
    """The screens of a prepared session's first trial, with the program's own around them."""
    from experiment.plan.materials import materials_of, page
    from experiment.plan.segment import build_segment

    model = prepared.study.model
    materials = materials_of(
        model,
        prepared.texts,
        prepared.thermode,
        lambda clinician, level: prepared.manifest.path(prepared.portrait(clinician, level)),
        hand=prepared.rig.model.response.hand,
    )
    row = next(row for row in prepared.rows if row["trial"] == 1)
    segment = build_segment(
        model, [{**row, "stimulus": 1}], materials, run=1, segment=1, acquisition=0
    )
    waiting = "waiting_for_scanner" if prepared.scanned else "about_to_start"
    screens = [Screenful(waiting.replace("_", " "), page(prepared.texts, waiting))]
    for phase in segment.phases:
        if phase.trial > 0:
            screens += _screens_of_phase(phase)
    screens += [
        Screenful(key.replace("_", " "), page(prepared.texts, key)) for key in ("calm_pause", "end")
    ]
    return screens


def _screens_of_phase(phase: Phase) -> list[Screenful]:
    length = "until response" if phase.duration is None else f"{phase.duration:g} s"
    caption = f"{phase.name.replace('_', ' ')}, {length}"
    if not isinstance(phase.scene, RatingScale):
        return [Screenful(caption, phase.scene)]
    start = float(getattr(phase.action, "start", 50.0))
    return [
        Screenful(caption, phase.scene, CursorState(start)),
        Screenful(
            f"{phase.name.replace('_', ' ')}, confirmed",
            phase.scene,
            CursorState(64.0, locked=True),
        ),
    ]


def draw_screens(
    screens: Sequence[tuple[str, Scene, CursorState | None]], display: WindowDisplay, folder: Path
) -> list[Path]:
    """Show each screen, faces fully faded in, and write what the window shows; returns the files.

    They are numbered in order and named after the caption up to its first comma.
    """
    display.prepare([scene for _, scene, _ in screens])
    files = []
    for number, (caption, scene, cursor) in enumerate(screens, start=1):
        flip = display.show(scene, lambda flip: None, _still(cursor))
        if isinstance(scene, Portrait) and scene.fade_in_s > 0:
            display.clock.wait(lambda: False, flip + scene.fade_in_s + 0.1)
        name = re.sub(r"[^a-z0-9]+", "_", caption.split(",")[0].lower()).strip("_")
        confirmed = "_confirmed" if cursor is not None and cursor.locked else ""
        file = folder / f"{number:02d}_{name}{confirmed}.png"
        display.screenshot(file)
        files.append(file)
    return files


def _still(cursor: CursorState | None) -> Callable[[float], CursorState | None]:
    return lambda now: cursor


def contact_sheet(pictures: Sequence[tuple[Path, str]], file: Path) -> None:
    """Put all pictures onto one, each with its caption below."""
    from experiment.display.look import font_file

    thumbnails = []
    for path, _ in pictures:
        with Image.open(path) as image:
            height = round(image.height * THUMBNAIL_PX / image.width)
            thumbnails.append(image.resize((THUMBNAIL_PX, height), Image.Resampling.LANCZOS))
    cell_width = THUMBNAIL_PX + GAP_PX
    cell_height = max(image.height for image in thumbnails) + CAPTION_PX + GAP_PX
    rows = -(-len(thumbnails) // COLUMNS)
    size = (COLUMNS * cell_width + GAP_PX, rows * cell_height + GAP_PX)
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(str(font_file()), 18)
    for number, (image, (_, caption)) in enumerate(zip(thumbnails, pictures, strict=True)):
        left = GAP_PX + number % COLUMNS * cell_width
        top = GAP_PX + number // COLUMNS * cell_height
        sheet.paste(image, (left, top))
        pen.text((left, top + image.height + 6), f"{number + 1}  {caption}", "black", font)
    sheet.save(file)
