"""Small helpers between numpy and Blender: meshes, images, curves, shader nodes.

Elsewhere lengths are decimetres with y up and z to the front; Blender gets metres with z up and -y to the camera.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from stimuli.pipeline.base_mesh import Floats, Ints


def to_blender(points: Floats) -> Floats:
    """(n, 3) decimetres, y up, to metres, z up."""
    return np.stack([points[:, 0], -points[:, 2], points[:, 1]], 1) * 0.1


def add_mesh(
    name: str,
    points: Floats,
    faces: Ints | list[list[int]],
    material: Any,
    *,
    subdivide: int = 0,
    smooth: bool = True,
) -> Any:
    """A mesh object from points (n, 3) in dm and faces; returns the object."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(to_blender(points), [], [list(map(int, f)) for f in faces])
    mesh.polygons.foreach_set("use_smooth", [smooth] * len(mesh.polygons))
    mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    if subdivide:
        modifier = thing.modifiers.new("smooth", "SUBSURF")
        modifier.levels = modifier.render_levels = subdivide
    return thing


def set_uv(thing: Any, name: str, corner_uvs: Floats) -> None:
    """A UV layer from one (u, v) for each face corner, in the mesh's own order."""
    layer = thing.data.uv_layers.new(name=name)
    layer.uv.foreach_set("vector", np.ascontiguousarray(corner_uvs, np.float32).ravel())


def corner_vertices(thing: Any) -> Ints:
    """The vertex index of each face corner."""
    out = np.zeros(len(thing.data.loops), np.int32)
    thing.data.loops.foreach_get("vertex_index", out)
    return out.astype(int)


def set_attribute(thing: Any, name: str, values: Floats) -> None:
    """A number for each vertex, that shaders can read."""
    attribute = thing.data.attributes.new(name, "FLOAT", "POINT")
    attribute.data.foreach_set("value", np.ascontiguousarray(values, np.float32))


def image(name: str, pixels: Floats) -> Any:
    """A float image from (h, w) or (h, w, 3) linear values; row 0 is the top."""
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, 2)
    height, width = pixels.shape[:2]
    picture = bpy.data.images.new(name, width, height, float_buffer=True, is_data=True)
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = pixels[::-1]
    picture.pixels.foreach_set(rgba.ravel())
    picture.pack()
    return picture


class Nodes:
    """A material's node tree, with short calls to build it."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()

    def add(self, kind: str, inputs: dict[str | int, Any] | None = None, **settings: Any) -> Any:
        """A node; inputs may be values or another node's output socket."""
        node = self.tree.nodes.new(f"ShaderNode{kind}")
        for setting, value in settings.items():
            setattr(node, setting, value)
        for key, value in (inputs or {}).items():
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, node.inputs[key])
            else:
                node.inputs[key].default_value = value
        return node

    def math(self, operation: str, a: Any, b: Any = 0.0, c: Any = 0.0) -> Any:
        """The output of a math node."""
        return self.add("Math", {0: a, 1: b, 2: c}, operation=operation).outputs[0]

    def mix(self, factor: Any, a: Any, b: Any, blend: str = "MIX") -> Any:
        """The colour output of a mix node."""
        node = self.add("Mix", data_type="RGBA", blend_type=blend)
        for index, value in ((0, factor), (6, a), (7, b)):
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, node.inputs[index])
            else:
                node.inputs[index].default_value = value
        return node.outputs[2]

    def texture(
        self, picture: Any, uv: str, *, extension: str = "EXTEND", interpolation: str = "Linear"
    ) -> Any:
        """The colour output of an image looked up in a UV layer."""
        where = self.add("UVMap", uv_map=uv).outputs[0]
        node = self.add(
            "TexImage", {0: where}, image=picture, extension=extension, interpolation=interpolation
        )
        return node.outputs[0]

    def attribute(self, name: str) -> Any:
        """A vertex attribute's value."""
        return self.add("Attribute", attribute_name=name).outputs["Fac"]

    def surface(self, shader: Any) -> Any:
        """Connects the shader to the output; returns the material."""
        self.add("OutputMaterial", {0: shader})
        return self.material


def rgba(colour: tuple[float, ...] | Floats) -> tuple[float, float, float, float]:
    """A linear colour with full alpha."""
    return (float(colour[0]), float(colour[1]), float(colour[2]), 1.0)


def linear(srgb: tuple[float, float, float]) -> Floats:
    """sRGB 0-255 to linear 0-1."""
    c = np.array(srgb) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
