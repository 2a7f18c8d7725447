"""Cloth materials: woven cotton with a little relief and folds."""

from __future__ import annotations

from typing import Any

from stimuli.pipeline.blender import Nodes, rgba

WHITE_COAT = (0.68, 0.692, 0.705)
STITCH_DM = 0.055
"""How far the stitched line lies from the hem."""


def cloth(
    name: str, colour: tuple[float, float, float], *, folds: float = 0.5, weave: float = 1.0, sheen: float = 0.15,
    seam: bool = False, stripes: tuple[float, float, float] | None = None,
) -> Any:  # fmt: skip
    """A woven cloth; `folds` in mm of soft relief; `seam` stitches a line along a sheet's hems; `stripes` a tie's."""
    nodes = Nodes(name)
    where = nodes.add("TexCoord").outputs["Object"]
    soft = nodes.add("Mapping", {0: where})
    soft.inputs["Scale"].default_value = (1.0, 1.0, 0.40)
    fold = nodes.add(
        "TexNoise", {"Vector": soft.outputs[0], "Scale": 14.0, "Detail": 3.0, "Roughness": 0.45}
    ).outputs[0]
    thread = nodes.add("TexNoise", {"Vector": where, "Scale": 1100.0, "Detail": 2.0}).outputs[0]
    height = nodes.math("MULTIPLY", fold, folds)
    height = nodes.math("MULTIPLY_ADD", thread, 0.035 * weave, height)
    shade = nodes.math("MULTIPLY_ADD", thread, 0.07 * weave, 1 - 0.035 * weave)
    base: Any = rgba(colour)
    if stripes is not None:
        turned = nodes.add("Mapping", {0: where})
        turned.inputs["Rotation"].default_value = (0.0, 0.75, 0.0)
        wave = nodes.add(
            "TexWave", {"Vector": turned.outputs[0], "Scale": 14.0}, bands_direction="X"
        ).outputs[1]
        base = nodes.mix(nodes.math("GREATER_THAN", wave, 0.93), rgba(colour), rgba(stripes))
    if seam:
        rim = nodes.attribute("edge")
        off = nodes.math("ABSOLUTE", nodes.math("SUBTRACT", rim, STITCH_DM))
        line = nodes.add(
            "MapRange",
            {"Value": off, "From Min": 0.0, "From Max": 0.010, "To Min": -0.22, "To Max": 0.0},
        )
        height = nodes.math("ADD", height, line.outputs[0])
    scaled = nodes.add("VectorMath", {"Scale": shade}, operation="SCALE")
    if stripes is not None:
        nodes.tree.links.new(base, scaled.inputs[0])
    else:
        scaled.inputs[0].default_value = base[:3]
    bump = nodes.add("Bump", {"Height": height, "Distance": 0.001, "Strength": 1.0}).outputs[0]
    shader = nodes.add(
        "BsdfPrincipled",
        {
            "Base Color": scaled.outputs[0],
            "Roughness": 0.80,
            "Specular IOR Level": 0.25,
            "Sheen Weight": sheen,
            "Sheen Roughness": 0.5,
            "Normal": bump,
        },
    )
    return nodes.surface(shader.outputs[0])
