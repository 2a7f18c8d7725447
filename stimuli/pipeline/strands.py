"""Strands as Blender hair curves, with the hair material."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from stimuli.pipeline.base_mesh import Floats
from stimuli.pipeline.blender import Nodes, rgba, to_blender


def add_strands(
    name: str, strands: Floats, radius_mm: float, material: Any, *, tip: float = 0.35
) -> Any:
    """Hair curves from strands (n, points, 3) in dm, tapering to `tip` of the radius."""
    count, points = strands.shape[:2]
    data = bpy.data.hair_curves.new(name)
    data.add_curves([points] * count)
    data.points.foreach_set(
        "position", np.ascontiguousarray(to_blender(strands.reshape(-1, 3)), np.float32).ravel()
    )
    taper = radius_mm / 1000 * np.interp(np.linspace(0, 1, points), (0, 0.55, 1), (1, 0.9, tip))
    radius = data.attributes.get("radius") or data.attributes.new("radius", "FLOAT", "POINT")
    radius.data.foreach_set("value", np.tile(taper, count).astype(np.float32))
    data.materials.append(material)
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def hair_material(
    name: str, colour: tuple[float, float, float], rough: float, grey: float = 0.0
) -> Any:
    """Principled hair (Chiang), each strand a little lighter or darker, darker at the root.

    `grey` is the share of strands that have lost part of their colour.
    """
    nodes = Nodes(name)
    info = nodes.add("HairInfo")
    random, along = info.outputs["Random"], info.outputs["Intercept"]
    pale = nodes.add(
        "MapRange", {"Value": random, "From Min": 1 - grey - 0.1, "From Max": 1 - grey + 0.1}
    ).outputs[0]
    base = np.array(colour)
    tinted = nodes.mix(
        pale, rgba(base * (0.55 if grey else 1.0)), rgba(base * 1.35 + 0.03 if grey else base)
    )
    shade = nodes.math("MULTIPLY_ADD", random, 0.5, 0.75)
    shade = nodes.math(
        "MULTIPLY",
        shade,
        nodes.add("MapRange", {"Value": along, "From Max": 0.5, "To Min": 0.62}).outputs[0],
    )
    scaled = nodes.add("VectorMath", {0: tinted, "Scale": shade}, operation="SCALE").outputs[0]
    shader = nodes.add(
        "BsdfHairPrincipled",
        {"Color": scaled, "Roughness": rough, "Radial Roughness": 0.70, "Random Roughness": 0.30},
        model="CHIANG",
        parametrization="COLOR",
    )
    return nodes.surface(shader.outputs[0])
