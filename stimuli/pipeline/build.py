"""The whole set: renders what is missing, then writes manifest, contact sheet and axis strips.

`python -m stimuli.pipeline.build` runs in `.venv-portraits`. Each identity is a process of its own, two of them side
by side; an interrupted build goes on where it stopped, since finished pictures and rendered parts are kept with a
fingerprint of what made them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from PIL import Image

from stimuli.manifest import Portrait
from stimuli.norms import write_keeping_norms
from stimuli.pipeline import packages
from stimuli.pipeline.errors import BAD_INPUT, PipelineError
from stimuli.pipeline.fingerprint import fingerprint
from stimuli.pipeline.identity import EIGHT, Identity, identity
from stimuli.pipeline.portrait_set import SAMPLES, is_done
from stimuli.pipeline.trust_axis import HIGH, LEVELS, LOW

STIMULI = Path(__file__).parents[1]
PICTURES = STIMULI / "clinicians"
RECORDS = Path(__file__).parent / "records"
"""One JSON for each identity: what it was made from and how bright it came out."""
LICENCE = "CC0-1.0"
NEEDED_BYTES = 400_000_000
WIDTH = 800
CORES = os.cpu_count() or 1
PROCESSES = min(2, CORES)
"""Identities at a time: setting one up uses a single core, so that a second process keeps the others busy."""


def build(samples: int = SAMPLES, processes: int = PROCESSES, width: int = WIDTH) -> None:
    """Renders what is missing of the eight identities into `stimuli/clinicians/` and writes the manifest.

    The cores are shared out among `processes`. PipelineError with one sentence where one of them fails; the others
    are stopped then, and what they had finished stays.
    """
    if processes < 1:
        raise PipelineError(
            f"--processes {processes} isn't a number of processes: 1 or more.", BAD_INPUT
        )
    if shutil.disk_usage(STIMULI).free < NEEDED_BYTES:
        raise PipelineError(
            f"there is less than {NEEDED_BYTES // 1_000_000} MB of space left for the pictures."
        )
    packages.fetch()
    missing = []
    for person in EIGHT:
        mark = fingerprint(person, width, width * 5 // 4, samples)
        if is_done(RECORDS / f"{person.id}.json", PICTURES, mark):
            print(f"{person.id}: already there", flush=True)
        else:
            missing.append(person)
    _render(missing, processes, ["--samples", str(samples), "--width", str(width)])
    if (told := write()) is not None:
        print(told, flush=True)


def _render(people: list[Identity], processes: int, options: list[str]) -> None:
    """Each person in a process of its own, so many at a time."""
    options = [*options, "--threads", str(max(1, CORES // processes))]
    waiting, began = list(people), time.monotonic()
    running: list[tuple[Identity, subprocess.Popen[str], IO[str]]] = []
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                person = waiting.pop(0)
                said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
                running.append((person, _start(person, options, said), said))
            time.sleep(0.1)
            for one in [one for one in running if one[1].poll() is not None]:
                running.remove(one)
                _judge(*one)
                done = len(people) - len(waiting) - len(running)
                seconds = time.monotonic() - began
                print(
                    f"{one[0].id} is finished: {done} of {len(people)} in {seconds:.0f} s",
                    flush=True,
                )
    finally:
        for _, process, _ in running:
            process.terminate()
        for _, process, _ in running:
            process.wait()


def _start(person: Identity, options: list[str], said: IO[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-u", "-m", "stimuli.pipeline.portrait_set", "--identity", person.id]
    command += ["--out", str(PICTURES), "--records", str(RECORDS), *options]
    return subprocess.Popen(command, cwd=STIMULI.parent, stderr=said, text=True)


def _judge(person: Identity, process: subprocess.Popen[str], said: IO[str]) -> None:
    """PipelineError where a process failed."""
    with said:
        said.seek(0)
        lines = said.read().strip().splitlines() or ["no message"]
    if process.returncode < 0:
        reason = f"its process was ended by signal {-process.returncode}; is there memory left?"
        raise PipelineError(f"{person.id} could not be rendered: {reason}")
    if process.returncode:
        raise PipelineError(f"{person.id} could not be rendered: {lines[-1]}", process.returncode)


def write() -> str | None:
    """The manifest and its sidecar from the identities' records; a sentence where norms had to be dropped."""
    records = {person.id: _record(person.id) for person in EIGHT}
    portraits = [
        Portrait(
            file=f"clinicians/{person.id}_{level}.png",
            clinician=person.id,
            sex=person.sex,
            age_group=person.age_group,
            skin_tone=person.skin_tone,
            level=level,
            axis_value=LEVELS[level],
            luminance=records[person.id]["levels"][level]["luminance"],
            contrast=records[person.id]["levels"][level]["contrast"],
            eye_x=records[person.id]["eye_x"],
            eye_y=records[person.id]["eye_y"],
            width=records[person.id]["width"],
            height=records[person.id]["height"],
            sha256=records[person.id]["levels"][level]["sha256"],
            licence=LICENCE,
            pipeline_version=records[person.id]["pipeline_version"],
            validated=False,
        )
        for person in EIGHT
        for level in LEVELS
    ]
    return write_keeping_norms(STIMULI / "clinicians.tsv", portraits, _notes(records))


def _record(name: str) -> dict[str, Any]:
    path = RECORDS / f"{name}.json"
    if not path.is_file():
        raise PipelineError(f"{name} hasn't been rendered: there is no {path.name}.")
    record: dict[str, Any] = json.loads(path.read_text())
    return record


def _notes(records: dict[str, Any]) -> dict[str, Any]:
    means = [r["levels"]["neutral"]["luminance"] for r in records.values()]
    return {
        "validated": "no",
        "axis": {
            "range": [-3, 3],
            "unit": "arbitrary; not standard deviations of judgements: nobody has judged these faces yet",
            "levels": LEVELS,
            "weights_at_plus_2": HIGH,
            "weights_at_minus_2": LOW,
            "direction_from": "Oosterhof & Todorov 2008; Todorov et al. 2013",
        },
        "luminance": {
            "what": "mean linear-light luminance (0-1, Rec. 709 weights) in a feathered ellipse on the face",
            "contrast": "standard deviation over mean in the same region",
            "within_identity": "matched over the levels to 1 %",
            "across_identities": "not matched: skin tone makes it differ",
            "largest_over_smallest": round(max(means) / min(means), 2),
        },
        "eyes": "eye_x and eye_y are the midpoint between the pupils as the camera projects it; trust never moves them",
        "licence": "CC0 1.0; see SOURCES.md",
        "pipeline_version": ", ".join(sorted({r["pipeline_version"] for r in records.values()})),
        "packages": {p.name: {"version": p.version, "sha256": p.sha256} for p in packages.PACKAGES},
        "samples": {name: r["samples"] for name, r in records.items()},
        "seconds": {name: r["seconds"] for name, r in records.items()},
        "before_matching": {
            name: {
                level: [round(v["luminance_before"], 4), round(v["contrast_before"], 4)]
                for level, v in r["levels"].items()
            }
            for name, r in records.items()
        },
    }


def sheet(path: Path, width: int = 200) -> None:
    """A contact sheet of the 24 pictures: three identities' rows of low, neutral, high side by side, 8 x 3."""
    height = width * 5 // 4
    picture = Image.new("RGB", (8 * width, 3 * height))
    for column, person in enumerate(EIGHT):
        for row, level in enumerate(("low", "neutral", "high")):
            with Image.open(PICTURES / f"{person.id}_{level}.png") as one:
                small = one.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
            picture.paste(small, (column * width, row * height))
    _save(picture, path)


def strip(name: str, path: Path, width: int = 240, samples: int = SAMPLES) -> None:
    """One identity at -3, -2 ... +3, side by side."""
    person = identity(name)
    record = RECORDS / f"{person.id}.json"
    command = [sys.executable, "-m", "stimuli.pipeline.portrait_set", "--identity", person.id, "--strip",
               "--out", str(path.resolve()), "--width", str(width), "--samples", str(samples)]  # fmt: skip
    if record.is_file():
        wish = json.loads(record.read_text())["levels"]["neutral"]
        command += ["--luminance", str(wish["luminance"]), "--contrast", str(wish["contrast"])]
    done = subprocess.run(
        command, cwd=STIMULI.parent, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise PipelineError(reason, done.returncode)


def _save(picture: Image.Image, path: Path) -> None:
    """JPEG or PNG by the file's ending, whole or not at all."""
    temporary = path.with_name(f"{path.stem}.part{path.suffix}")
    try:
        picture.save(temporary, quality=88)
    except (OSError, ValueError) as error:
        raise PipelineError(f"{path} could not be written: {error}.") from None
    temporary.replace(path)


def _interrupted(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """`build`, `sheet --out FILE` or `strip --identity ID --out FILE`."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "what", choices=("build", "sheet", "strip", "write"), nargs="?", default="build"
    )
    parser.add_argument("--identity", default="F1")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--processes", type=int, default=PROCESSES, help="identities at a time")
    given = parser.parse_args()
    began = time.monotonic()
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # SIGINT is ignored in what a shell put behind it
        signal.signal(number, _interrupted)
    try:
        if given.what == "build":
            build(given.samples, given.processes, given.width)
            print(f"24 portraits and their manifest, {time.monotonic() - began:.0f} s")
        elif given.what == "write":
            if (told := write()) is not None:
                print(told)
        elif given.out is None:
            raise PipelineError(f"{given.what} needs --out FILE.", BAD_INPUT)
        elif given.what == "sheet":
            sheet(given.out)
        else:
            strip(given.identity, given.out, samples=given.samples)
    except PipelineError as error:
        print(error, file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print(
            "interrupted; what is finished stays, and the next build goes on from there.",
            file=sys.stderr,
        )
        return 1
    except OSError as error:
        print(f"{error.filename or 'a file'}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
