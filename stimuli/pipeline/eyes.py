"""Eyeballs of our own: sclera and dished iris in one mesh, a cornea shell, a drawn iris."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from stimuli.pipeline.base_mesh import Floats
from stimuli.pipeline.blender import Nodes, add_mesh, corner_vertices, image, set_uv

IRIS = 0.37
"""Radius of the iris over that of the base mesh's eyeball, which is a large one: 5.6 to 6.1 mm."""
SHRINK = 0.975
"""The ball is a little smaller than the mesh's, so that it stays behind the lids."""
DISH = 0.05
SPAN = np.radians(100.0)
"""The texture's half width, as an angle from the pupil."""
GAZE_DM = 15.0
KEY = (-0.68, -1.15, 0.25)
"""From the eyes to the key light of the catch-light: lower than the real one, or lids would hide its reflection."""
LOOKS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    # linear RGB: inner ring (collarette), outer iris
    "green": ((0.145, 0.105, 0.045), (0.105, 0.115, 0.075)),
    "blue": ((0.21, 0.22, 0.20), (0.085, 0.155, 0.235)),
    "brown": ((0.105, 0.048, 0.018), (0.052, 0.024, 0.010)),
    "dark brown": ((0.060, 0.027, 0.011), (0.030, 0.014, 0.007)),
    "hazel": ((0.15, 0.080, 0.028), (0.075, 0.070, 0.035)),
    "grey": ((0.18, 0.18, 0.17), (0.115, 0.14, 0.155)),
}


def add_eyes(
    centres: dict[str, tuple[Floats, float]], look: str, age: float, seed: int, white: float = 1.0
) -> None:
    """Both eyes, turned to a point straight ahead; `centres` gives centre and radius in dm for `l` and `r`.

    `white` (0-1) dims the sclera.
    """
    ball, cornea = _ball_material(_texture(look, age, seed, white)), _cornea_material()
    middle = np.mean([c for c, _ in centres.values()], axis=0)
    for side, (centre, radius) in centres.items():
        turn = _towards(middle + np.array([0, 0, GAZE_DM]) - centre)
        points, faces, uvs = _globe()
        eye = add_mesh(f"eye {side}", points @ turn.T * radius * SHRINK + centre, faces, ball)
        set_uv(eye, "polar", uvs[corner_vertices(eye)])
        points, faces = _shell()
        add_mesh(f"cornea {side}", points @ turn.T * radius * SHRINK + centre, faces, cornea)


def _towards(direction: Floats) -> Floats:
    """A rotation that takes +z to a direction, keeping x level."""
    z = direction / np.linalg.norm(direction)
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], 1)


def _rings(angles: Floats, around: int) -> tuple[Floats, Floats, list[list[int]]]:
    """Angles from +z and azimuths of a ring grid's vertices, and its quads (a fan at the pole)."""
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    polar, azimuth = np.meshgrid(angles, turn, indexing="ij")
    faces = []
    for i in range(len(angles) - 1):
        for j in range(around):
            k = (j + 1) % around
            faces.append(
                [i * around + j, (i + 1) * around + j, (i + 1) * around + k, i * around + k]
            )
    return polar.ravel(), azimuth.ravel(), faces


def _globe() -> tuple[Floats, list[list[int]], Floats]:
    edge = np.arcsin(IRIS)
    angles = np.concatenate(
        [np.linspace(0.004, edge * 0.98, 16), np.linspace(edge, np.radians(120), 40)]
    )
    polar, azimuth, faces = _rings(angles, 72)
    dish = np.where(polar < edge, DISH * (1 - (polar / edge) ** 2), 0.0)
    points = np.stack(
        [np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar) - dish], 1
    )
    uv = 0.5 + 0.5 * (polar / SPAN)[:, None] * np.stack([np.cos(azimuth), np.sin(azimuth)], 1)
    return points, faces, np.clip(uv, 0, 1)


def _shell() -> tuple[Floats, list[list[int]]]:
    """The cornea: a cap of curvature .72 over the iris that runs into the sclera."""
    curvature, edge = 0.72, np.arcsin(IRIS * 1.08)
    rim = np.sin(edge)
    angles = np.linspace(0.004, np.arcsin(rim / curvature), 18)
    polar, azimuth, faces = _rings(angles, 72)
    lift = np.cos(edge) - curvature * np.cos(np.arcsin(rim / curvature)) + 0.002
    points = np.stack(
        [
            curvature * np.sin(polar) * np.cos(azimuth),
            curvature * np.sin(polar) * np.sin(azimuth),
            curvature * np.cos(polar) + lift,
        ],
        1,
    )
    return points, faces


def _texture(look: str, age: float, seed: int, white: float, size: int = 1024) -> Floats:
    """The drawn eye, (size, size, 3) linear, the pupil in the middle."""
    rng = np.random.default_rng(seed)
    axis = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(axis, -axis)
    angle = np.hypot(x, y) * SPAN
    r = np.sin(np.minimum(angle, np.pi / 2)) / IRIS  # 1 at the limbus
    around = np.arctan2(y, x)

    fibres = _fibres(rng, r, around)
    inner, outer = (np.array(c) for c in LOOKS[look])
    ring = np.clip((r - 0.46) / 0.22, 0, 1)[..., None]
    iris = inner * (1 - ring) + outer * ring
    iris = iris * (0.40 + 1.35 * fibres)[..., None]
    iris *= (1 - 0.72 * np.clip((r - 0.80) / 0.20, 0, 1) ** 2)[..., None]  # limbus
    pupil = np.clip((0.385 - r) / 0.03 + 0.5, 0, 1)[..., None]
    iris = iris * (1 - pupil) + 0.002 * pupil

    out = np.clip((angle - np.arcsin(IRIS)) / np.radians(48), 0, 1)[..., None]
    sclera = np.array([0.66, 0.635, 0.61]) * (1 - out) + np.array([0.50, 0.37, 0.33]) * out
    sclera = white * sclera * np.array([1.0, 1.0 - 0.03 * age, 1.0 - 0.09 * age])
    sclera *= (1 - 0.10 * _veins(rng, size))[..., None] ** np.array([0.15, 1.0, 1.0])
    edge = np.clip((r - 0.955) / 0.09, 0, 1)[..., None]
    edge = edge * edge * (3 - 2 * edge)
    picture = iris * (1 - edge) + sclera * edge
    lid = np.clip((y * SPAN / np.arcsin(IRIS) - 0.25) / 1.0, 0, 1)[
        ..., None
    ]  # the upper lid's shade
    return picture * (1 - 0.38 * lid**1.2)


def _fibres(rng: np.random.Generator, r: Floats, around: Floats) -> Floats:
    """Noise stretched along the radius, 0-1."""
    spokes = rng.random((64, 720))
    spokes = gaussian_filter(spokes, (9, 0.9), mode=("nearest", "wrap")) + 0.5 * gaussian_filter(
        rng.random((64, 720)), (4, 2.5), mode=("nearest", "wrap")
    )
    spokes = (spokes - spokes.min()) / np.ptp(spokes)
    row = np.clip(r * 60, 0, 63).astype(int)
    column = ((around / (2 * np.pi) % 1) * 720).astype(int) % 720
    return spokes[row, column]


def _veins(rng: np.random.Generator, size: int) -> Floats:
    noise = gaussian_filter(rng.standard_normal((size, size)), 9)
    return np.exp(-np.abs(noise / noise.std()) * 7)


def _ball_material(texture: Floats) -> Any:
    nodes = Nodes("eyeball")
    colour = nodes.texture(image("eye", texture), "polar")
    shader = nodes.add(
        "BsdfPrincipled",
        {"Base Color": colour, "Roughness": 0.35, "Specular IOR Level": 0.0, "Subsurface Weight": 0.12,
         "Subsurface Scale": 0.002, "Subsurface Radius": (1.0, 0.4, 0.25)},
    )  # fmt: skip
    return nodes.surface(shader.outputs[0])


def _cornea_material() -> Any:
    """Clear, with the key light's reflection as its only mark.

    The reflection is computed from view, normal and the light's direction rather than sampled: at few samples the
    denoiser takes a small true highlight for noise and erases it.
    """
    nodes = Nodes("cornea")
    geometry = nodes.add("NewGeometry")
    backwards = nodes.add(
        "VectorMath", {0: geometry.outputs["Incoming"], "Scale": -1.0}, operation="SCALE"
    ).outputs[0]
    mirrored = nodes.add(
        "VectorMath", {0: backwards, 1: geometry.outputs["Normal"]}, operation="REFLECT"
    ).outputs[0]
    towards = np.array(KEY) / np.linalg.norm(KEY)
    cosine = nodes.add(
        "VectorMath", {0: mirrored, 1: tuple(towards)}, operation="DOT_PRODUCT"
    ).outputs["Value"]
    spot = nodes.add(
        "MapRange",
        {
            "Value": cosine,
            "From Min": float(np.cos(np.radians(15.0))),
            "From Max": float(np.cos(np.radians(9.0))),
        },
    )
    spot.interpolation_type = "SMOOTHSTEP"
    light = nodes.add(
        "Emission", {0: (1.0, 0.98, 0.96, 1.0), 1: nodes.math("MULTIPLY", spot.outputs[0], 0.62)}
    )
    clear = nodes.add("BsdfTransparent").outputs[0]
    return nodes.surface(nodes.add("AddShader", {0: clear, 1: light.outputs[0]}).outputs[0])
