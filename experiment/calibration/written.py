"""The accepted calibration as a file, where `trustpain run` looks for it."""

from __future__ import annotations

import re
from pathlib import Path

from conditions.calibration import Calibration
from experiment.dataset import SessionPlace
from experiment.inputs.files import write_new


def next_path(place: SessionPlace) -> Path:
    """The name of a calibration that isn't there yet: they're counted, never overwritten."""
    name = re.compile(rf"{re.escape(place.stem)}_calibration-(\d+)\.toml")
    found = [name.fullmatch(path.name) for path in place.journals.glob("*_calibration-*.toml")]
    number = max((int(match[1]) for match in found if match), default=0) + 1
    return place.journals / f"{place.stem}_calibration-{number:03d}.toml"


def write_calibration(path: Path, calibration: Calibration, journal: str) -> Path:
    """Write an accepted calibration. Raises `UserError` if it can't be written."""
    write_new(path, as_toml(calibration, journal))
    return path


def as_toml(calibration: Calibration, journal: str) -> str:
    """A calibration as TOML; numbers as `repr` has them, so that they read back the same."""
    lines = [
        f"# An accepted calibration; how it came about is in {journal}.",
        "# Temperatures in degrees Celsius; low and high are the ends of the 90 % interval.",
        "",
        f'study = "{calibration.study}"',
        f'scale = "{calibration.scale}"',
        f'method = "{calibration.method}"',
        f"sites = {list(calibration.sites)}          # for the runs, in their order",
        f"spare_sites = {list(calibration.spare_sites)}    # for repeated runs, the first one first",
    ]
    if not calibration.residuals:
        lines.append("residuals = []")
    for target in calibration.targets:
        lines += ["", "[[targets]]"]
        lines += [f"{key} = {float(value)!r}" for key, value in target.model_dump().items()]
    for each in calibration.residuals:
        lines += ["", "[[residuals]]", f"site = {each.site}", f"residual = {each.residual!r}"]
    return "\n".join(lines) + "\n"
