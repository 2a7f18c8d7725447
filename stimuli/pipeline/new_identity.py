"""A ninth doctor, or a sixtieth: an identity drawn from a seed."""

from __future__ import annotations

import numpy as np

from stimuli.pipeline.identity import Identity

_Numbers = tuple[float, ...]
_Group = tuple[dict[str, float], _Numbers, _Numbers, tuple[_Numbers, ...]]
# (ancestry, sRGB tone, sRGB lips, hair as linear RGB) for each group of skin tone
_GROUPS: dict[str, _Group] = {
    "light": ({"caucasian": 1.0}, (217, 171, 148), (180, 106, 98),
              ((0.085, 0.045, 0.022), (0.03, 0.018, 0.01), (0.19, 0.12, 0.05))),
    "tan": ({"asian": 1.0}, (212, 166, 133), (177, 103, 95),
            ((0.013, 0.011, 0.010), (0.02, 0.014, 0.01))),
    "brown": ({"caucasian": 0.6, "african": 0.2, "asian": 0.2}, (179, 132, 103), (146, 87, 76),
              ((0.016, 0.012, 0.010),)),
    "dark": ({"african": 1.0}, (120, 83, 64), (108, 60, 55), ((0.014, 0.010, 0.009),)),
}  # fmt: skip
_SKIN = {
    "light": ("caucasian", "light"),
    "tan": ("asian", "light"),
    "brown": ("caucasian", "light"),
    "dark": ("african", "dark"),
}
_SUFFIX = {("asian", "female", "young"): "3", ("asian", "female", "middleage"): "2", ("asian", "female", "old"): "2",
           ("asian", "male", "young"): "3", ("asian", "male", "middleage"): "2",
           ("asian", "male", "old"): "2"}  # fmt: skip
_HAIR = {"female": ("lob", "bob", "swept"), "male": ("crop", "side part", "buzz")}
_IRIS = {"light": ("green", "blue", "brown", "hazel", "grey"), "tan": ("brown", "dark brown"),
         "brown": ("brown", "hazel"), "dark": ("dark brown", "brown")}  # fmt: skip
_CLOTHS = (
    (0.020, 0.115, 0.110),
    (0.010, 0.028, 0.110),
    (0.085, 0.012, 0.030),
    (0.33, 0.50, 0.74),
    (0.62, 0.59, 0.50),
)
_SHAPES = (
    ("head/head-oval", "head/head-square"), ("head/head-rectangular", "head/head-round"),
    ("nose/nose-scale-horiz-decr", "nose/nose-scale-horiz-incr"),
    ("nose/nose-scale-vert-decr", "nose/nose-scale-vert-incr"),
    ("nose/nose-hump-decr", "nose/nose-hump-incr"), ("nose/nose-point-down", "nose/nose-point-up"),
    ("chin/chin-height-decr", "chin/chin-height-incr"),
    ("mouth/mouth-scale-horiz-decr", "mouth/mouth-scale-horiz-incr"),
    ("ears/lr-ear-scale-decr", "ears/lr-ear-scale-incr"),
    ("forehead/forehead-temple-decr", "forehead/forehead-temple-incr"),
)  # fmt: skip


def new_identity(seed: int) -> Identity:
    """The identity `S<seed>`; the same seed always gives the same person."""
    rng = np.random.default_rng(seed)
    sex = str(rng.choice(["female", "male"]))
    group = str(rng.choice(list(_GROUPS)))
    age = float(rng.uniform(0.08, 0.9))
    age_group, stage = (
        ("young", "young")
        if age < 0.3
        else ("middle", "middleage")
        if age < 0.6
        else ("older", "old")
    )
    ancestry, tone, lips, hairs = _GROUPS[group]
    ancestor, shade = _SKIN[group]
    texture = f"{stage}_{shade}skinned_{sex}_diffuse{_SUFFIX.get((ancestor, sex, stage), '')}.png"
    style = str(rng.choice(_HAIR[sex]))
    if group == "dark":
        style = "afro" if sex == "female" else "buzz"
    elif sex == "male" and age > 0.6:
        style = "receding"
    hair = np.array(hairs[rng.integers(len(hairs))]) * rng.uniform(0.85, 1.15)
    grey = max(0.0, (age - 0.55) * 1.4)
    if grey:
        hair = 0.4 * hair + 0.6 * np.array([0.26, 0.25, 0.24])
    outfit = str(
        rng.choice(["scrubs", "blouse"] if sex == "female" else ["scrubs", "shirt", "open shirt"])
    )
    cloth = _CLOTHS[rng.integers(len(_CLOTHS))] if "shirt" not in outfit else (0.33, 0.50, 0.74)
    targets = {pair[rng.integers(2)]: float(rng.uniform(0.05, 0.35)) for pair in _SHAPES}
    jitter = rng.normal(0, 5, 3)
    return Identity(
        f"S{seed}", sex, age_group, group, ancestry, 0.85 * age, f"{stage}_{ancestor}_{sex}/textures/{texture}",
        _triple(np.array(tone) + jitter), _triple(np.array(lips) + jitter), style, _triple(hair),
        str(rng.choice(["soft arch", "straight"] if sex == "female" else ["full", "flat"])),
        str(rng.choice(_IRIS[group])), age, outfit, cloth,
        tie=(0.008, 0.018, 0.075) if outfit == "shirt" else None,
        beard=float(rng.uniform(0, 0.9)) if sex == "male" else 0.0, grey=grey, targets=targets,
    )  # fmt: skip


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))
