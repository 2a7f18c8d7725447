"""Cloth over the torso: the body's surface moved outwards, smoothed until it hangs, cut along a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix, diags
from scipy.spatial import cKDTree

from stimuli.pipeline.base_mesh import BODY_VERTICES, Floats, Ints, base_mesh
from stimuli.pipeline.surface import subdivided, vertex_normals

LOWEST, HIGHEST = 4.0, 6.12
NEIGHBOURS = 16


@dataclass(frozen=True)
class Shell:
    """A triangulated cloth: `points` and `normals` (n, 3) in dm, `triangles` (m, 3)."""

    points: Floats
    normals: Floats
    triangles: Ints

    @cached_property
    def tree(self) -> cKDTree:
        """For the nearest point of the cloth."""
        return cKDTree(self.points)

    def push_out(self, points: Floats, gap: Floats | float) -> Floats:
        """Points moved outwards until they lie at least `gap` dm over the cloth."""
        over, normal = self._over(points)
        return points + normal * np.maximum(gap - over, 0)[:, None]

    def lie_on(self, points: Floats, gap: Floats | float) -> tuple[Floats, Floats]:
        """Points moved to exactly `gap` dm over the cloth, and the cloth's normals there."""
        over, normal = self._over(points)
        return points + normal * (np.asarray(gap) - over)[:, None], normal

    def at_front(self, xy: Floats) -> Floats:
        """Points (n, 3) of the cloth's front at given x and y (n, 2)."""
        front = np.flatnonzero(self.normals[:, 2] > 0.1)
        distance, near = cKDTree(self.points[front, :2]).query(xy, k=NEIGHBOURS)
        depth = (self.points[front, 2][near] * _nearness(np.asarray(distance))).sum(1)
        return np.concatenate([xy, depth[:, None]], 1)

    def _over(self, points: Floats) -> tuple[Floats, Floats]:
        """Heights (n,) of points over the cloth, and its normals there."""
        distance, near = self.tree.query(points, k=NEIGHBOURS)
        weight = _nearness(np.asarray(distance))[..., None]
        base = (self.points[near] * weight).sum(1)
        normal = (self.normals[near] * weight).sum(1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        return ((points - base) * normal).sum(1), normal


def _nearness(distance: Floats) -> Floats:
    """Weights (n, k) of the k nearest, summing to 1; the farthest gets 0, so that the mean never jumps."""
    weight = (1 - distance / (distance[:, -1:] + 1e-9)) ** 2 + 1e-9
    return np.asarray(weight / weight.sum(1, keepdims=True))


def torso_shell(v: Floats, gap: float, smoothing: int) -> Shell:
    """A cloth `gap` dm over the torso of a body v (19158, 3); more smoothing hangs more loosely."""
    base = base_mesh()
    rest = base.vertices[base.quads]
    neck_and_below = (rest[..., 1].min(1) > LOWEST) & (rest[..., 1].max(1) < HIGHEST)
    not_jaw = ~((rest[..., 2].max(1) > 0.95) & (rest[..., 1].max(1) > 5.95))
    used, quads = np.unique(base.quads[neck_and_below & not_jaw], return_inverse=True)
    assert used.max() < BODY_VERTICES
    body, dense = subdivided(v[used], quads.reshape(-1, 4))
    normals = vertex_normals(body, dense)
    points = body + gap * normals
    average = _neighbour_average(len(points), dense)
    skin = cKDTree(body)
    for _ in range(smoothing):
        points = 0.5 * points + 0.5 * (average @ points)
        _, near = skin.query(points, workers=-1)
        over = ((points - body[near]) * normals[near]).sum(1)
        points = points + normals[near] * np.maximum(0.8 * gap - over, 0)[:, None]
    for _ in range(4):
        points = 0.5 * points + 0.5 * (average @ points)
    triangles = np.concatenate([dense[:, [0, 1, 2]], dense[:, [0, 2, 3]]])
    return Shell(points, vertex_normals(points, dense), triangles)


def cut(shell: Shell, keep: Callable[[Floats], Floats]) -> Shell:
    """The part where `keep(points)` (n,) is positive, triangles cut exactly at zero."""
    value = keep(shell.points)
    value = np.where(np.abs(value) < 1e-6, 1e-6, value)
    points, normals = [*shell.points], [*shell.normals]
    made: dict[tuple[int, int], int] = {}

    def crossing(i: int, j: int) -> int:
        key = (min(i, j), max(i, j))
        if key not in made:
            part = value[i] / (value[i] - value[j])
            made[key] = len(points)
            points.append(shell.points[i] + part * (shell.points[j] - shell.points[i]))
            normals.append(shell.normals[i] + part * (shell.normals[j] - shell.normals[i]))
        return made[key]

    inside = value[shell.triangles] > 0
    whole = shell.triangles[inside.all(1)].tolist()
    for triangle in shell.triangles[inside.any(1) & ~inside.all(1)].tolist():
        polygon: list[int] = []
        for i, j in zip(triangle, triangle[1:] + triangle[:1], strict=True):
            if value[i] > 0:
                polygon.append(i)
            if (value[i] > 0) != (value[j] > 0):
                polygon.append(crossing(i, j))
        whole += [[polygon[0], polygon[k], polygon[k + 1]] for k in range(1, len(polygon) - 1)]
    used, triangles = np.unique(np.array(whole), return_inverse=True)
    return Shell(np.array(points)[used], np.array(normals)[used], triangles.reshape(-1, 3))


def _neighbour_average(count: int, quads: Ints) -> Any:
    i = np.concatenate([quads[:, k] for k in range(4)])
    j = np.concatenate([quads[:, (k + 1) % 4] for k in range(4)])
    one = np.ones(len(i) * 2)
    adjacency = coo_matrix(
        (one, (np.concatenate([i, j]), np.concatenate([j, i]))), (count, count)
    ).tocsr()
    return diags(1 / np.maximum(np.asarray(adjacency.sum(1)).ravel(), 1)) @ adjacency
