"""Renders one identity: its three levels, matched, or a single picture. Runs in `.venv-portraits`.

`python -m stimuli.pipeline.portrait_set --identity F2 --out FOLDER` writes `F2_low.png` ... and `F2.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stimuli.pipeline.errors import BAD_INPUT, PipelineError
from stimuli.pipeline.fingerprint import fingerprint, pipeline_version
from stimuli.pipeline.identity import Identity, identity
from stimuli.pipeline.matching import Brightness
from stimuli.pipeline.pictures import Wanted, along, levels
from stimuli.pipeline.trust_axis import LEVELS, LIMIT

SAMPLES = 6
STRIP = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
WORK = Path(__file__).parent / ".cache" / "work"


def render_levels(
    person: Identity, out: Path, records: Path, wanted: Wanted, parts: Path = WORK
) -> None:
    """The three matched levels and a record of them; `parts` keeps what an interrupted run had rendered."""
    mark = fingerprint(person, wanted.width, wanted.height, wanted.samples)
    record = records / f"{person.id}.json"
    if is_done(record, out, mark):
        print(f"{person.id}: already there", flush=True)
        return
    work = parts / f"{person.id}-{mark}"
    for folder in (work, out, records):
        folder.mkdir(parents=True, exist_ok=True)
    made = levels(person, wanted, work, lambda line: print(line, flush=True))
    about_levels = {}
    for level, pixels in made.pixels.items():
        path = out / f"{person.id}_{level}.png"
        save(pixels, path)
        about_levels[level] = {
            "axis_value": LEVELS[level],
            "luminance": made.after[level].luminance,
            "contrast": made.after[level].contrast,
            "luminance_before": made.before[level].luminance,
            "contrast_before": made.before[level].contrast,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
    about = {
        "fingerprint": mark,
        "pipeline_version": pipeline_version(),
        "identity": asdict(person),
        "width": wanted.width,
        "height": wanted.height,
        "samples": wanted.samples,
        "eye_x": float(made.pupils[:, 0].mean()),
        "eye_y": float(made.pupils[:, 1].mean()),
        "levels": about_levels,
        "seconds": made.seconds,
    }
    temporary = record.with_suffix(".json.part")
    temporary.write_text(json.dumps(about, indent=1))
    os.replace(temporary, record)
    shutil.rmtree(work, ignore_errors=True)


def render_one(
    person: Identity, trust: float, path: Path, wanted: Wanted, wish: Brightness | None
) -> None:
    """One picture at an axis value; like the levels it differs from neutral in the face alone.

    Its face is matched to a wished brightness, or else to that of the neutral picture.
    """
    if not path.parent.is_dir():
        raise PipelineError(
            f"there is no folder {path.parent} to write {path.name} into.", BAD_INPUT
        )
    save(along(person, (trust,), wanted, _raw(path), wish)[0], path)


def render_strip(person: Identity, path: Path, wanted: Wanted, wish: Brightness | None) -> None:
    """The identity at -3, -2 ... +3 side by side, set up once."""
    save(np.concatenate(along(person, STRIP, wanted, _raw(path), wish), axis=1), path)


def _raw(path: Path) -> Path:
    return path.with_name(path.stem + ".raw.png")


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
    try:
        about = json.loads(record.read_text())
    except ValueError:  # a record that isn't whole is none
        return False
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
    parser.add_argument(
        "--parts", type=Path, default=WORK, help="where parts are kept until all is finished"
    )
    parser.add_argument("--width", type=int, default=800)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--threads", type=int, default=0, help="0: one a core")
    parser.add_argument("--luminance", type=float)
    parser.add_argument("--contrast", type=float)
    given = parser.parse_args()
    wanted = Wanted(given.width, given.width * 5 // 4, given.samples, given.threads)
    try:
        if given.seed is None:
            person = identity(given.identity)
        else:
            from stimuli.pipeline.new_identity import new_identity

            person = new_identity(given.seed)
        wish = None if given.luminance is None else Brightness(given.luminance, given.contrast)
        if given.strip:
            render_strip(person, given.out, wanted, wish)
        elif given.trust is None:
            render_levels(person, given.out, given.records or given.out, wanted, given.parts)
        else:
            if not -LIMIT <= given.trust <= LIMIT:
                raise PipelineError(
                    f"trust {given.trust:g} is outside the axis, which runs from -3 to +3.",
                    BAD_INPUT,
                )
            render_one(person, given.trust, given.out, wanted, wish)
    except PipelineError as error:
        print(error, file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"{error.filename or 'a file'}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
