"""Renders one identity: its three levels, matched, or a single picture. Runs in `.venv-portraits`.

`python -m stimuli.pipeline.portrait_set --identity F2 --out FOLDER` writes `F2_low.png` ... and `F2.json`.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stimuli.pipeline.errors import BAD_INPUT, PipelineError
from stimuli.pipeline.identity import Identity, identity
from stimuli.pipeline.matching import (
    Brightness,
    brightness,
    combined,
    ellipse,
    face_region,
    matched,
)
from stimuli.pipeline.trust_axis import LEVELS, LIMIT

PIPELINE_VERSION = "1.1"
SAMPLES = 6
NOT_IN_THE_PICTURE = (
    "build.py",
    "feature_table.py",
    "features.py",
    "new_identity.py",
    "packages.py",
    "portrait_set.py",
    "set_up_env.py",
    "sources.py",
    "sources_page.py",
)
WORK = Path(__file__).parent / ".cache" / "work"


def fingerprint(person: Identity, width: int, height: int, samples: int) -> str:
    """Changes with whatever changes the pictures: the pipeline's code, the identity, size and samples."""
    digest = hashlib.sha256(f"{asdict(person)} {width} {height} {samples}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name not in NOT_IN_THE_PICTURE:  # as a syntax tree: comments and layout don't count
            digest.update(ast.dump(ast.parse(path.read_text(encoding="utf-8"))).encode())
    return digest.hexdigest()[:16]


def render_levels(
    person: Identity, out: Path, records: Path, width: int, height: int, samples: int
) -> None:
    """The three matched levels and a record of them; rendered parts of an interrupted run are used again."""
    mark = fingerprint(person, width, height, samples)
    record = records / f"{person.id}.json"
    if is_done(record, out, mark):
        print(f"{person.id}: already there", flush=True)
        return
    from stimuli.pipeline.stage import Stage, face_ellipse, read_png

    work = WORK / f"{person.id}-{mark}"
    work.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    records.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    stage = Stage(person, width, height, samples)
    seconds = {"set-up": round(time.monotonic() - began, 1)}
    for level in sorted(LEVELS, key=lambda name: name != "neutral"):
        raw = work / f"{level}.png"
        if not raw.is_file():
            started = time.monotonic()
            stage.render(LEVELS[level], raw, face_only=level != "neutral")
            seconds[level] = round(time.monotonic() - started, 1)
            print(f"{person.id} {level}: {seconds[level]} s", flush=True)
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
    raw_values = {level: brightness(picture, region) for level, picture in pictures.items()}
    wish = Brightness(
        float(np.mean([b.luminance for b in raw_values.values()])),
        float(np.mean([b.contrast for b in raw_values.values()])),
    )
    pupils = stage.pupils()
    levels = {}
    for level, picture in pictures.items():
        pixels = matched(picture, region, soft, wish)
        path = out / f"{person.id}_{level}.png"
        save(pixels, path)
        final = brightness(pixels / 255, region)
        levels[level] = {
            "axis_value": LEVELS[level],
            "luminance": final.luminance,
            "contrast": final.contrast,
            "luminance_before": raw_values[level].luminance,
            "contrast_before": raw_values[level].contrast,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
    about = {
        "fingerprint": mark,
        "pipeline_version": PIPELINE_VERSION,
        "identity": asdict(person),
        "width": width,
        "height": height,
        "samples": samples,
        "eye_x": float(pupils[:, 0].mean()),
        "eye_y": float(pupils[:, 1].mean()),
        "levels": levels,
        "seconds": seconds,
    }
    temporary = record.with_suffix(".json.part")
    temporary.write_text(json.dumps(about, indent=1))
    os.replace(temporary, record)


def render_one(
    person: Identity,
    trust: float,
    path: Path,
    width: int,
    height: int,
    samples: int,
    wish: Brightness | None,
) -> None:
    """One picture at an axis value; like the levels it differs from neutral in the face alone.

    Its face is matched to a wished brightness, or else to that of the neutral picture.
    """
    if not path.parent.is_dir():
        raise PipelineError(
            f"there is no folder {path.parent} to write {path.name} into.", BAD_INPUT
        )
    save(_along(person, (trust,), path, width, height, samples, wish)[0], path)


def render_strip(
    person: Identity, path: Path, width: int, height: int, samples: int, wish: Brightness | None
) -> None:
    """The identity at -3, -2 ... +3 side by side, set up once."""
    trusts = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
    pictures = _along(person, trusts, path, width, height, samples, wish)
    save(np.concatenate(pictures, axis=1), path)


def _along(
    person: Identity,
    trusts: tuple[float, ...],
    path: Path,
    width: int,
    height: int,
    samples: int,
    wish: Brightness | None,
) -> list[NDArray[np.uint8]]:
    """Matched pictures at axis values, all but the face being neutral's; what is rendered goes beside `path`."""
    from stimuli.pipeline.stage import Stage, face_ellipse, read_png

    stage = Stage(person, width, height, samples)
    centre, radii = face_ellipse(width, height)
    region = face_region(width, height, centre, radii)
    soft = ellipse(width, height, centre, radii, 0.45)
    raw = path.with_name(path.stem + ".raw.png")
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


def save(pixels: NDArray[Any], path: Path) -> None:
    """An 8-bit PNG (or JPEG, by the file's ending), whole or not at all."""
    temporary = path.with_name(path.name + ".part")
    try:
        kind = "JPEG" if path.suffix.lower() in (".jpg", ".jpeg") else "PNG"
        Image.fromarray(pixels).save(temporary, format=kind, optimize=True, quality=88)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise PipelineError(f"{path} could not be written: {error.strerror or error}.") from None
    os.replace(temporary, path)


def is_done(record: Path, out: Path, mark: str) -> bool:
    """Whether the record is of this fingerprint and the pictures are those that it describes."""
    if not record.is_file():
        return False
    about = json.loads(record.read_text())
    files = {level: out / f"{about['identity']['id']}_{level}.png" for level in LEVELS}
    return about["fingerprint"] == mark and all(
        path.is_file()
        and hashlib.sha256(path.read_bytes()).hexdigest() == about["levels"][level]["sha256"]
        for level, path in files.items()
    )


def main() -> int:
    """Command line of this module; `trustpain portraits` calls it."""
    parser = argparse.ArgumentParser()
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--identity")
    who.add_argument("--seed", type=int)
    parser.add_argument(
        "--trust", type=float, help="one picture at this axis value; without it, the three levels"
    )
    parser.add_argument("--strip", action="store_true", help="one picture of seven, -3 to +3")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--records", type=Path, help="where the record goes; by default beside the pictures"
    )
    parser.add_argument("--width", type=int, default=800)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--luminance", type=float)
    parser.add_argument("--contrast", type=float)
    given = parser.parse_args()
    height = given.width * 5 // 4
    try:
        if given.seed is None:
            person = identity(given.identity)
        else:
            from stimuli.pipeline.new_identity import new_identity

            person = new_identity(given.seed)
        wish = None if given.luminance is None else Brightness(given.luminance, given.contrast)
        if given.strip:
            render_strip(person, given.out, given.width, height, given.samples, wish)
        elif given.trust is None:
            render_levels(
                person, given.out, given.records or given.out, given.width, height, given.samples
            )
        else:
            if not -LIMIT <= given.trust <= LIMIT:
                raise PipelineError(
                    f"trust {given.trust:g} is outside the axis, which runs from -3 to +3.",
                    BAD_INPUT,
                )
            render_one(person, given.trust, given.out, given.width, height, given.samples, wish)
    except PipelineError as error:
        print(error, file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"{error.filename or 'a file'}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
