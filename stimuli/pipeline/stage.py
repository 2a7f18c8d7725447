"""One identity on stage: everything is set up once, then the face is moved along the trust axis and rendered."""

from __future__ import annotations

import dataclasses
import os
import zlib
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from stimuli.pipeline import brows, eyes, face, hair, lashes, light_camera, outfits, skin, skin_maps
from stimuli.pipeline.base_mesh import Floats, base_mesh
from stimuli.pipeline.blender import to_blender
from stimuli.pipeline.errors import PipelineError
from stimuli.pipeline.hair_styles import STYLES
from stimuli.pipeline.identity import Identity
from stimuli.pipeline.strands import add_strands, hair_material
from stimuli.pipeline.surface import skin_surface

BROW_SHADE = 0.12
EYES_LOWER_DM = 0.015
"""The mesh's eyeballs sit high between their lids."""
FACE_CENTRE_DM, FACE_RADII_DM = (0.0, 7.02), (0.96, 1.08)
"""The ellipse inside which levels may differ, in the plane of the eyes."""


class Stage:
    """A Blender scene with one clinician; `width` x `height` pixels, `samples` a pixel."""

    def __init__(self, person: Identity, width: int, height: int, samples: int) -> None:
        self.person, self.width, self.height = person, width, height
        seed = zlib.crc32(person.id.encode())
        rng = np.random.default_rng(seed)
        light_camera.set_up(width, height, samples)
        rest = face.neutral(person).vertices
        style = STYLES[person.hair_style]
        surface = skin_surface(rest)
        grown = hair.grow(surface, style, hair.roots(surface, style, rng), rng)
        add_strands(
            "hair", hair.finish(grown, style, rng), style.radius_mm,
            hair_material("hair", person.hair, style.rough, person.grey),
        )  # fmt: skip
        self._brows = brows.brow_strands(person, rng)
        self._lashes = lashes.lash_strands(person, rng)
        dark = 0.85 if person.grey < 0.1 else 0.6
        brow_colour = (dark * person.hair[0], dark * person.hair[1], dark * person.hair[2])
        self._brow_material = hair_material("brow", brow_colour, 0.5, 0.5 * person.grey)
        self._lash_material = hair_material("lash", (0.012, 0.010, 0.009), 0.5)
        maps = skin_maps.skin_maps(person, seed)
        shadow = brows.brow_shadow(
            self._brows, skin_maps.WIDTH, skin_maps.HEIGHT, skin_maps.X_RANGE, skin_maps.Y_RANGE
        )
        maps = dataclasses.replace(maps, colour=maps.colour * (1 - BROW_SHADE * shadow[..., None]))
        self._skin = skin.add_skin(rest, person, maps, hair.vertex_scalp(style))
        self._shown = skin.shown_vertices()
        self.eyes = {side: face.eye(rest, side) for side in "lr"}
        for centre, _ in self.eyes.values():
            centre[1] -= EYES_LOWER_DM
        white = (
            1 - 0.20 * skin.DARK[person.skin_tone]
        )  # whiter than the brightest skin nearby, it stares
        eyes.add_eyes(self.eyes, person.iris, person.age, seed, white)
        outfits.dress(person, rest)
        self._strands: list[Any] = []

    def pose(self, trust: float) -> None:
        """Moves skin, brows and lashes to an axis value."""
        v = face.vertices(self.person, trust)
        points = to_blender(v[self._shown]).astype(np.float32)
        self._skin.data.vertices.foreach_set("co", points.ravel())
        self._skin.data.update()
        for old in self._strands:
            data = old.data
            bpy.data.objects.remove(old)
            bpy.data.hair_curves.remove(data)
        surface = skin_surface(v)
        self._strands = [
            add_strands(
                "brows", brows.lay(self._brows, surface), 0.09, self._brow_material, tip=0.2
            ),
            add_strands(
                "lashes",
                brows.lay(self._lashes, surface, forward=True),
                0.09,
                self._lash_material,
                tip=0.15,
            ),
        ]

    def render(self, trust: float, path: Path, *, face_only: bool = False) -> None:
        """Writes a 16-bit PNG; with `face_only` nothing but the box around the face is computed, the rest is empty."""
        self.pose(trust)
        render = bpy.context.scene.render
        render.use_border = face_only
        if face_only:
            left, top, right, bottom = self.face_box()
            render.border_min_x, render.border_max_x = left / self.width, right / self.width
            render.border_min_y, render.border_max_y = (
                1 - bottom / self.height,
                1 - top / self.height,
            )
        temporary = path.with_name(path.stem + ".part.png")
        render.filepath = str(temporary)
        try:
            bpy.ops.render.render(write_still=True)
        except RuntimeError as error:
            raise PipelineError(f"{path.name} could not be rendered: {error}") from None
        if not temporary.is_file():
            raise PipelineError(f"{path.name} could not be written; is there space left?")
        os.replace(temporary, path)

    def face_box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom pixel of the ellipse in which levels may differ."""
        centre, radii = face_ellipse(self.width, self.height)
        x0, y0 = np.floor(centre - radii).astype(int) - 2
        x1, y1 = np.ceil(centre + radii).astype(int) + 2
        return max(x0, 0), max(y0, 0), min(x1, self.width), min(y1, self.height)

    def pupils(self) -> Floats:
        """Pixel positions (2, 2) of the left and right pupil; the same at all trust levels."""
        points = np.array([c + np.array([0, 0, r]) for c, r in self.eyes.values()])
        return light_camera.project(points, self.width, self.height)


def face_ellipse(width: int, height: int) -> tuple[Floats, Floats]:
    """Centre and radii in pixels, each (2,), of the ellipse in which levels may differ."""
    plane = base_mesh().vertices[base_mesh().groups["helper-l-eye"]][:, 2].mean()
    points = np.array(
        [
            (*FACE_CENTRE_DM, plane),
            (FACE_CENTRE_DM[0] + FACE_RADII_DM[0], FACE_CENTRE_DM[1] + FACE_RADII_DM[1], plane),
        ]
    )
    centre, corner = light_camera.project(points, width, height)
    return centre, np.abs(corner - centre)


def read_png(path: Path) -> Floats:
    """A 16-bit PNG as (h, w, 3) encoded values 0-1, top row first."""
    picture = bpy.data.images.load(str(path), check_existing=False)
    picture.colorspace_settings.name = "Non-Color"
    width, height = picture.size
    values = np.empty(width * height * 4, np.float32)
    picture.pixels.foreach_get(values)
    bpy.data.images.remove(picture)
    return values.reshape(height, width, 4)[::-1, :, :3].astype(float)
