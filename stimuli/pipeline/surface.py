"""The subdivided skin as arrays: dense points with their rest coordinates, to root and comb hair on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import bpy
import numpy as np
from scipy.spatial import cKDTree

from stimuli.pipeline.base_mesh import Floats, Ints, base_mesh
from stimuli.pipeline.blender import add_mesh


@dataclass(frozen=True)
class Surface:
    """`points`, `rest`, `normals` (n, 3) in dm; `quads` (m, 4). `rest` is the same surface on the base mesh."""

    points: Floats
    rest: Floats
    normals: Floats
    quads: Ints

    @cached_property
    def tree(self) -> cKDTree:
        """For the nearest point of the skin."""
        return cKDTree(self.points)

    @cached_property
    def front(self) -> cKDTree:
        """For the nearest point by rest x and y, of the side that faces the camera."""
        return cKDTree(self.rest[self.facing][:, :2])

    @cached_property
    def facing(self) -> Ints:
        """Indices of points on the front of the face."""
        return np.flatnonzero((self.rest[:, 2] > 0.6) & (self.normals[:, 2] > 0.05))


def skin_surface(v: Floats, lowest: float = 5.4) -> Surface:
    """The skin of a body v (19158, 3), above a height, subdivided twice as it is rendered."""
    base = base_mesh()
    shown = base.vertices[base.quads][..., 1].min(1) > lowest
    used, quads = np.unique(base.quads[shown], return_inverse=True)
    quads = quads.reshape(-1, 4)
    points, _ = subdivided(v[used], quads)
    rest, dense_quads = subdivided(base.vertices[used], quads)
    return Surface(points, rest, vertex_normals(points, dense_quads), dense_quads)


def subdivided(points: Floats, quads: Ints) -> tuple[Floats, Ints]:
    """A quad mesh after two Catmull-Clark steps: points (n, 3) and quads (m, 4)."""
    thing = add_mesh("temporary", points, quads, bpy.data.materials.new("temporary"), subdivide=2)
    mesh = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    out = np.zeros(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", out)
    corners = np.zeros(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    _remove(thing)
    metres = out.reshape(-1, 3).astype(float)
    return np.stack([metres[:, 0], metres[:, 2], -metres[:, 1]], 1) * 10, corners.reshape(
        -1, 4
    ).astype(int)


def _remove(thing: Any) -> None:
    mesh = thing.data
    bpy.data.objects.remove(thing)
    bpy.data.meshes.remove(mesh)


def vertex_normals(points: Floats, quads: Ints) -> Floats:
    """Area-weighted unit normals at the points, (n, 3)."""
    a, b, c, d = (points[quads[:, i]] for i in range(4))
    face = np.cross(c - a, d - b)
    normals = np.zeros_like(points)
    for i in range(4):
        np.add.at(normals, quads[:, i], face)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
