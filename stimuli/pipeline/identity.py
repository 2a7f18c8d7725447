"""The eight clinicians, as data: what makes each face, its hair and its clothes."""

from __future__ import annotations

from dataclasses import dataclass, field

from stimuli.pipeline.errors import BAD_INPUT, PipelineError

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Identity:
    """One clinician. `ancestry` weights sum to 1; `old` (0-1) blends the geometry from young to old.

    `tone` and `lips` are sRGB 0-255, `hair` and the outfit's colours linear RGB 0-1. `age` (0-1) scales creases and
    spots, `beard` (0-1) the stubble's shade. `targets` are further weights on the base mesh.
    """

    id: str
    sex: str
    age_group: str
    skin_tone: str
    ancestry: dict[str, float]
    old: float
    skin: str
    tone: Colour
    lips: Colour
    hair_style: str
    hair: Colour
    brow: str
    iris: str
    age: float
    outfit: str
    cloth: Colour
    tie: Colour | None = None
    beard: float = 0.0
    grey: float = 0.0
    targets: dict[str, float] = field(default_factory=dict)


EIGHT = (
    Identity(
        "F1", "female", "young", "light", {"caucasian": 1.0}, 0.15,
        "young_caucasian_female/textures/young_lightskinned_female_diffuse.png",
        (221, 176, 153), (186, 104, 98), "lob", (0.085, 0.045, 0.022), "soft arch", "green", 0.12,
        "scrubs", (0.020, 0.115, 0.110),
        targets={"head/head-oval": 0.35, "nose/nose-scale-horiz-decr": 0.25, "nose/nose-point-up": 0.15,
                 "mouth/mouth-scale-horiz-incr": 0.10, "forehead/forehead-temple-incr": 0.2,
                 "eyes/lr-eye-eyefold-up": 0.2, "asym/asym-mouth-1-l": 0.2, "asym/asym-brown-1-l": 0.14},
    ),
    Identity(
        "M1", "male", "middle", "dark", {"african": 1.0}, 0.30,
        "middleage_african_male/textures/middleage_darkskinned_male_diffuse.png",
        (110, 75, 57), (96, 56, 50), "buzz", (0.012, 0.010, 0.009), "full", "dark brown", 0.35,
        "shirt", (0.78, 0.80, 0.83), (0.11, 0.006, 0.018), beard=0.55,
        targets={"head/head-square": 0.30, "chin/chin-height-incr": 0.15, "ears/lr-ear-scale-decr": 0.2,
                 "asym/asym-nose-1-r": 0.2, "asym/asym-brown-1-r": 0.15},
    ),
    Identity(
        "F2", "female", "middle", "tan", {"asian": 1.0}, 0.35,
        "middleage_asian_female/textures/middleage_lightskinned_female_diffuse2.png",
        (217, 172, 141), (178, 98, 92), "bob", (0.014, 0.011, 0.010), "straight", "brown", 0.35,
        "blouse", (0.085, 0.012, 0.030),
        targets={"head/head-oval": 0.25, "mouth/mouth-scale-horiz-incr": 0.15, "nose/nose-hump-incr": 0.1,
                 "eyes/lr-eye-corner2-up": 0.15, "asym/asym-cheek-1-l": 0.2, "asym/asym-brown-2-r": 0.2},
    ),
    Identity(
        "M2", "male", "older", "light", {"caucasian": 1.0}, 0.62,
        "old_caucasian_male/textures/old_lightskinned_male_diffuse.png",
        (212, 164, 141), (172, 108, 98), "receding", (0.30, 0.29, 0.28), "flat", "blue", 1.0,
        "shirt", (0.33, 0.50, 0.74), (0.008, 0.018, 0.075), beard=0.12, grey=0.5,
        targets={"head/head-rectangular": 0.35, "nose/nose-hump-incr": 0.25, "nose/nose-scale-vert-incr": 0.2,
                 "ears/lr-ear-scale-incr": 0.2, "eyes/lr-eye-bag-incr": 0.25, "asym/asym-brown-2-r": 0.25,
                 "asym/asym-nose-2-l": 0.15},
    ),
    Identity(
        "F3", "female", "young", "dark", {"african": 1.0}, 0.20,
        "young_african_female/textures/young_darkskinned_female_diffuse.png",
        (131, 91, 71), (122, 64, 60), "afro", (0.016, 0.011, 0.009), "soft arch", "dark brown", 0.18,
        "blouse", (0.62, 0.59, 0.50),
        targets={"head/head-oval": 0.30, "nose/nose-scale-horiz-decr": 0.20, "chin/chin-height-decr": 0.1,
                 "eyes/lr-eye-corner2-up": 0.25, "asym/asym-mouth-1-r": 0.2, "asym/asym-brown-2-l": 0.2},
    ),
    Identity(
        "M3", "male", "young", "tan", {"asian": 1.0}, 0.10,
        "young_asian_male/textures/young_lightskinned_male_diffuse3.png",
        (208, 160, 126), (176, 108, 98), "crop", (0.013, 0.011, 0.010), "flat", "brown", 0.10,
        "scrubs", (0.010, 0.028, 0.110), beard=0.05,
        targets={"head/head-oval": 0.35, "nose/nose-scale-depth-incr": 0.1, "chin/chin-height-incr": 0.10,
                 "asym/asym-brown-1-r": 0.12, "asym/asym-nose-2-r": 0.15},
    ),
    Identity(
        "F4", "female", "older", "brown", {"caucasian": 0.60, "african": 0.20, "asian": 0.20}, 0.60,
        "old_caucasian_female/textures/old_lightskinned_female_diffuse.png",
        (182, 135, 106), (150, 88, 78), "swept", (0.20, 0.19, 0.18), "straight", "brown", 0.80,
        "blouse", (0.055, 0.095, 0.19), grey=0.6,
        targets={"head/head-round": 0.20, "nose/nose-scale-vert-incr": 0.10, "nose/nose-hump-incr": 0.15,
                 "eyes/lr-eye-eyefold-down": 0.3, "eyes/lr-eye-corner2-down": 0.25, "asym/asym-cheek-2-r": 0.2},
    ),
    Identity(
        "M4", "male", "middle", "brown", {"caucasian": 0.65, "african": 0.15, "asian": 0.20}, 0.40,
        "middleage_caucasian_male/textures/middleage_lightskinned_male_diffuse.png",
        (176, 130, 101), (142, 86, 74), "side part", (0.016, 0.012, 0.010), "full", "brown", 0.45,
        "open shirt", (0.33, 0.50, 0.74), beard=0.9,
        targets={"head/head-square": 0.20, "nose/nose-hump-incr": 0.30, "chin/chin-width-incr": 0.15,
                 "asym/asym-nose-2-l": 0.2, "asym/asym-brown-2-l": 0.25},
    ),
)  # fmt: skip


def identity(name: str) -> Identity:
    """The shipped clinician with this id (`F2`) or number (1-8 in the order F1 M1 F2 M2 ...)."""
    for number, one in enumerate(EIGHT, start=1):
        if name.strip().upper() in (one.id, str(number)):
            return one
    ids = ", ".join(one.id for one in EIGHT)
    raise PipelineError(
        f"no identity {name!r}; there are {ids}, or the numbers 1 to {len(EIGHT)}.", BAD_INPUT
    )
