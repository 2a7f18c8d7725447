"""Exactly which files of the two packages are used, and under which licence."""

from __future__ import annotations

SKINS = (
    "young_caucasian_female/textures/young_lightskinned_female_diffuse.png",
    "middleage_caucasian_female/textures/middleage_lightskinned_female_diffuse.png",
    "old_caucasian_female/textures/old_lightskinned_female_diffuse.png",
    "young_caucasian_male/textures/young_lightskinned_male_diffuse.png",
    "middleage_caucasian_male/textures/middleage_lightskinned_male_diffuse.png",
    "old_caucasian_male/textures/old_lightskinned_male_diffuse.png",
    "young_african_female/textures/young_darkskinned_female_diffuse.png",
    "middleage_african_female/textures/middleage_darkskinned_female_diffuse.png",
    "old_african_female/textures/old_darkskinned_female_diffuse.png",
    "young_african_male/textures/young_darkskinned_male_diffuse.png",
    "middleage_african_male/textures/middleage_darkskinned_male_diffuse.png",
    "old_african_male/textures/old_darkskinned_male_diffuse.png",
    "young_asian_female/textures/young_lightskinned_female_diffuse3.png",
    "middleage_asian_female/textures/middleage_lightskinned_female_diffuse2.png",
    "old_asian_female/textures/old_lightskinned_female_diffuse2.png",
    "young_asian_male/textures/young_lightskinned_male_diffuse3.png",
    "middleage_asian_male/textures/middleage_lightskinned_male_diffuse2.png",
    "old_asian_male/textures/old_lightskinned_male_diffuse2.png",
)
MAKEHUMAN_FILES = tuple(f"skins/{name}" for name in SKINS)
