"""Whether a scene fits its screen, in letters that can be read."""

from __future__ import annotations

import itertools

from experiment.display import look
from experiment.display.drawing import Layer, layers
from experiment.display.field import Field
from experiment.plan.scene import Scene


def misfit(scene: Scene, field: Field) -> str:
    """What is wrong with a scene on a screen, in a few words; '' if it fits."""
    drawn = layers(scene, field)
    for layer in drawn:
        left, top, right, bottom = layer.box
        if left < 0 or top < 0 or right > field.width or bottom > field.height:
            return "they leave the screen"
        if layer.letter and layer.letter < look.READABLE_LETTER * field.px_per_degree - 1:
            return "their letters would be too small to be read"
    if any(_overlap(one, other) for one, other in itertools.combinations(drawn, 2)):
        return "they would lie over one another"
    return ""


def _overlap(one: Layer, other: Layer) -> bool:
    left, top, right, bottom = one.box
    left2, top2, right2, bottom2 = other.box
    return left < right2 and left2 < right and top < bottom2 and top2 < bottom
