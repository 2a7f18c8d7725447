"""Draws placeholder portraits, labelled as such, until the rendered set replaces them."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from stimuli.manifest import Portrait, sha256_of, write_manifest

PEOPLE = (
    ("F1", "female", "young", "light", (221, 176, 153)),
    ("M1", "male", "middle", "dark", (110, 75, 57)),
    ("F2", "female", "middle", "tan", (217, 172, 141)),
    ("M2", "male", "older", "light", (212, 164, 141)),
    ("F3", "female", "young", "dark", (131, 91, 71)),
    ("M3", "male", "young", "tan", (208, 160, 126)),
    ("F4", "female", "older", "brown", (176, 130, 101)),
    ("M4", "male", "middle", "brown", (176, 130, 101)),
)
LEVELS = {"low": -2.0, "neutral": 0.0, "high": 2.0}


def draw(identity: str, tone: tuple[int, int, int], level: str) -> Image.Image:
    """A plain drawn face, 800 x 1000 pixels, with STAND-IN written on it."""
    image = Image.new("RGB", (800, 1000), (150, 160, 170))
    pen = ImageDraw.Draw(image)
    pen.ellipse((60, 760, 740, 1400), fill=(235, 235, 238))
    pen.ellipse((230, 230, 570, 690), fill=tone)
    for x in (330, 470):
        pen.ellipse((x - 30, 432, x + 30, 468), fill=(240, 240, 240))
        pen.ellipse((x - 15, 435, x + 15, 465), fill=(40, 30, 25))
    bend = LEVELS[level] * 8
    pen.line((340, 580 - bend, 400, 585, 460, 580 - bend), fill=(120, 60, 55), width=8)
    font = ImageFont.load_default(size=44)
    pen.text((400, 60), "STAND-IN", anchor="mm", font=font, fill=(160, 0, 0))
    pen.text((400, 850), f"{identity} {level}", anchor="mm", font=font, fill=(60, 60, 60))
    return image


def main() -> None:
    """Write the 24 placeholders and their manifest over `stimuli/clinicians*`."""
    root = Path(__file__).parents[1]
    portraits = []
    for identity, sex, age, skin, tone in PEOPLE:
        for level, value in LEVELS.items():
            path = root / "clinicians" / f"{identity}_{level}.png"
            draw(identity, tone, level).save(path, optimize=True)
            brightness = sum(c / 255 for c in tone) / 3
            portraits.append(
                Portrait(
                    f"clinicians/{path.name}", identity, sex, age, skin, level, value, brightness**2.2, 0.1,
                    400.0, 450.0, 800, 1000, sha256_of(path), "CC0-1.0", "stand-in", False, True,
                )
            )  # fmt: skip
    write_manifest(
        root / "clinicians.tsv",
        portraits,
        {"stand_in": True, "validated": False, "axis_unit": "arbitrary"},
    )
    assert all(math.isfinite(p.luminance) for p in portraits)


if __name__ == "__main__":
    main()
