"""Light, camera, backdrop and render settings: the same for every picture."""

from __future__ import annotations

import math
from typing import Any

import bpy

from stimuli.pipeline.blender import Nodes

EYE_HEIGHT_DM, EYE_DEPTH_DM = 7.284, 1.245
WIDTH, HEIGHT = 800, 1000
VIEW_HEIGHT_M = 0.40
AIM_BELOW_EYES_M = 0.037
DISTANCE_M = 1.5

# name, place in metres from the eyes (-y to the camera), size m, watts, colour, casts a reflection in the eyes
LIGHTS = (
    ("key", (-0.68, -1.15, 0.46), 0.42, 14.0, (1.0, 0.975, 0.945), True),
    ("fill", (0.90, -0.90, 0.15), 1.1, 4.2, (0.96, 0.98, 1.0), False),
    ("under", (0.0, -1.0, -0.75), 0.8, 1.1, (1.0, 1.0, 1.0), False),
    ("rim right", (0.55, 0.75, 0.75), 0.5, 2.6, (1.0, 1.0, 1.0), False),
    ("rim left", (-0.65, 0.75, 0.55), 0.5, 1.8, (1.0, 1.0, 1.0), False),
)
WORLD = (0.80, 0.86, 0.92)
WORLD_STRENGTH = 0.30


def set_up(width: int, height: int, samples: int, seed: int = 0) -> None:
    """Empties the scene and sets camera, light, backdrop and renderer for a picture of this size."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_depth = "16"
    scene.render.use_persistent_data = True
    scene.view_settings.exposure = 0.22
    scene.render.dither_intensity = 0.0
    scene.view_settings.view_transform = "Khronos PBR Neutral"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples = samples
    cycles.use_adaptive_sampling = True
    cycles.adaptive_threshold = 0.04
    cycles.adaptive_min_samples = min(4, samples)
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_prefilter = "FAST"
    cycles.seed = seed
    cycles.max_bounces = 4
    cycles.diffuse_bounces = 2
    cycles.glossy_bounces = 3
    cycles.transmission_bounces = 4
    cycles.transparent_max_bounces = 16
    cycles.sample_clamp_indirect = 3.0
    cycles.sample_clamp_direct = 4.0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    scene.cycles_curves.shape = "RIBBONS"
    scene.cycles_curves.subdivisions = 2
    _camera(scene)
    for light in LIGHTS:
        _light(scene, *light)
    _world(scene)


def _camera(scene: Any) -> None:
    data = bpy.data.cameras.new("camera")
    data.sensor_fit = "VERTICAL"
    data.angle = 2 * math.atan(VIEW_HEIGHT_M / 2 / DISTANCE_M)
    camera = bpy.data.objects.new("camera", data)
    camera.location = (0, -EYE_DEPTH_DM / 10 - DISTANCE_M, EYE_HEIGHT_DM / 10 - AIM_BELOW_EYES_M)
    camera.rotation_euler = (math.pi / 2, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera


def _light(
    scene: Any,
    name: str,
    place: tuple[float, float, float],
    size: float,
    watts: float,
    colour: tuple[float, float, float],
    glossy: bool,
) -> None:
    from mathutils import Vector

    data = bpy.data.lights.new(name, "AREA")
    data.size, data.energy, data.color = size, watts, colour
    light = bpy.data.objects.new(name, data)
    eyes = Vector((0, -EYE_DEPTH_DM / 10, EYE_HEIGHT_DM / 10))
    light.location = eyes + Vector(place)
    light.rotation_euler = (-Vector(place)).to_track_quat("-Z", "Y").to_euler()
    light.visible_glossy = glossy
    scene.collection.objects.link(light)


def _world(scene: Any) -> None:
    """Even ambient light; the camera sees a soft grey-blue gradient instead."""
    world = scene.world = bpy.data.worlds.new("world")
    world.use_nodes = True
    nodes = Nodes.__new__(Nodes)
    nodes.tree = world.node_tree
    nodes.tree.nodes.clear()
    window = nodes.add("TexCoord").outputs["Window"]
    far = nodes.add("VectorMath", {0: window, 1: (0.5, 0.56, 0.0)}, operation="DISTANCE").outputs[
        "Value"
    ]
    ramp = nodes.add(
        "MapRange", {"Value": far, "From Min": 0.05, "From Max": 0.75, "To Min": 0.0, "To Max": 1.0}
    )
    ramp.interpolation_type = "SMOOTHSTEP"
    shade = nodes.mix(ramp.outputs[0], (0.35, 0.395, 0.45, 1), (0.20, 0.235, 0.28, 1))
    backdrop = nodes.add("Background", {0: shade, 1: 1.0}).outputs[0]
    ambient = nodes.add("Background", {0: (*WORLD, 1), 1: WORLD_STRENGTH}).outputs[0]
    camera = nodes.add("LightPath").outputs["Is Camera Ray"]
    nodes.add(
        "OutputWorld", {0: nodes.add("MixShader", {0: camera, 1: ambient, 2: backdrop}).outputs[0]}
    )


def project(points: Any, width: int = WIDTH, height: int = HEIGHT) -> Any:
    """Where points (n, 3) in dm fall in the picture: (n, 2) pixels from the upper left corner."""
    import numpy as np

    depth = DISTANCE_M + (EYE_DEPTH_DM - points[:, 2]) / 10
    scale = height / (VIEW_HEIGHT_M / DISTANCE_M * depth)
    x = width / 2 + points[:, 0] / 10 * scale
    y = height / 2 - (points[:, 1] / 10 - EYE_HEIGHT_DM / 10 + AIM_BELOW_EYES_M) * scale
    return np.stack([x, y], 1)
