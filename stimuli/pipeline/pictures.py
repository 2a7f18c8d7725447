"""The pictures of one identity as pixels: rendered, put together, matched.

`fingerprint.py` digests this file and all that it imports, so it holds what decides a pixel and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stimuli.pipeline.errors import PipelineError
from stimuli.pipeline.identity import Identity
from stimuli.pipeline.matching import (
    Brightness,
    brightness,
    combined,
    ellipse,
    face_region,
    matched,
)
from stimuli.pipeline.trust_axis import LEVELS

if TYPE_CHECKING:
    from stimuli.pipeline.stage import Stage

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Wanted:
    """Size in pixels and render samples a pixel. `threads` (0: one a core) decides nothing but the time."""

    width: int
    height: int
    samples: int
    threads: int = 0


@dataclass(frozen=True)
class Levels:
    """The matched levels, (height, width, 3) each, their brightness before and after, pupils in pixels (2, 2)."""

    pixels: dict[str, Pixels]
    before: dict[str, Brightness]
    after: dict[str, Brightness]
    pupils: NDArray[np.float64]
    seconds: dict[str, float] = field(default_factory=dict)


def levels(person: Identity, wanted: Wanted, work: Path, told: Callable[[str], None]) -> Levels:
    """The three levels; what is rendered is kept in `work`, and what is there isn't rendered again."""
    from stimuli.pipeline.stage import face_ellipse, read_png

    width, height = wanted.width, wanted.height
    began = time.monotonic()
    stage = on_stage(person, wanted)
    seconds = {"set-up": round(time.monotonic() - began, 1)}
    for level in sorted(LEVELS, key=lambda name: name != "neutral"):
        raw = work / f"{level}.png"
        if not raw.is_file():
            started = time.monotonic()
            stage.render(LEVELS[level], raw, face_only=level != "neutral")
            seconds[level] = round(time.monotonic() - started, 1)
            told(f"{person.id} {level}: {seconds[level]} s")
        whole(raw)
    neutral = read_png(work / "neutral.png")
    centre, radii = face_ellipse(width, height)
    pictures = {
        level: neutral
        if level == "neutral"
        else combined(neutral, read_png(work / f"{level}.png"), width, height, centre, radii)
        for level in LEVELS
    }
    region = face_region(width, height, centre, radii)
    soft = ellipse(width, height, centre, radii, 0.45)
    before = {level: brightness(picture, region) for level, picture in pictures.items()}
    wish = Brightness(
        float(np.mean([b.luminance for b in before.values()])),
        float(np.mean([b.contrast for b in before.values()])),
    )
    pixels = {level: matched(picture, region, soft, wish) for level, picture in pictures.items()}
    after = {level: brightness(picture / 255, region) for level, picture in pixels.items()}
    return Levels(pixels, before, after, stage.pupils(), seconds)


def along(
    person: Identity, trusts: tuple[float, ...], wanted: Wanted, raw: Path, wish: Brightness | None
) -> list[Pixels]:
    """Matched pictures at axis values, all but the face being neutral's; `raw` is a file to render into.

    The face is matched to a wished brightness, or else to that of the neutral picture.
    """
    from stimuli.pipeline.stage import face_ellipse, read_png

    width, height = wanted.width, wanted.height
    stage = on_stage(person, wanted)
    centre, radii = face_ellipse(width, height)
    region = face_region(width, height, centre, radii)
    soft = ellipse(width, height, centre, radii, 0.45)
    pictures = []
    try:
        stage.render(0.0, raw)
        whole(raw)
        neutral = read_png(raw)
        wish = wish or brightness(neutral, region)
        for trust in trusts:
            picture = neutral
            if trust:
                stage.render(trust, raw, face_only=True)
                whole(raw)
                picture = combined(neutral, read_png(raw), width, height, centre, radii)
            pictures.append(matched(picture, region, soft, wish))
    finally:
        raw.unlink(missing_ok=True)
    return pictures


def on_stage(person: Identity, wanted: Wanted) -> Stage:
    """The scene with this person, ready to be rendered."""
    import bpy

    from stimuli.pipeline.stage import Stage

    stage = Stage(person, wanted.width, wanted.height, wanted.samples)
    if wanted.threads:
        bpy.context.scene.render.threads_mode = "FIXED"
        bpy.context.scene.render.threads = wanted.threads
    return stage


def whole(path: Path) -> None:
    """Removes a rendered picture that isn't whole, as on a full disk; PipelineError says so."""
    try:
        with Image.open(path) as picture:
            picture.load()
    except (OSError, SyntaxError):
        path.unlink(missing_ok=True)
        raise PipelineError(
            f"{path.name} wasn't written to its end; is there space left?"
        ) from None
