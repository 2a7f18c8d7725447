"""Where a rating scale's line, labels and cursor lie on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from experiment.display import look
from experiment.display.field import Field
from experiment.plan.scene import KeyScreen, RatingScale


@dataclass(frozen=True)
class ScaleLine:
    """The scale's line, in pixels: from position 0 to position 100, horizontal or vertical."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def vertical(self) -> bool:
        """Whether it goes from bottom to top rather than from left to right."""
        return self.x0 == self.x1

    def point(self, position: float) -> tuple[float, float]:
        """Where a position (0 to 100) lies."""
        part = position / 100.0
        return self.x0 + (self.x1 - self.x0) * part, self.y0 + (self.y1 - self.y0) * part

    def along(self, x: float, y: float) -> float:
        """How far along the line a pixel lies: 0 to 1 on it, less or more beyond its ends."""
        if self.vertical:
            return (y - self.y0) / (self.y1 - self.y0)
        return (x - self.x0) / (self.x1 - self.x0)


def scale_line(field: Field, scale: RatingScale | KeyScreen) -> ScaleLine:
    """The line of a scale: horizontal just above the middle (vas), or vertical (glms).

    The vertical one has its question on its left, so that it can be as long as the screen is high.
    """
    if isinstance(scale, KeyScreen) or scale.kind == "vas":
        length = field.px(min(look.SCALE_LENGTH, field.width_degrees - 2 * look.MARGIN - 3.0))
        left = (field.width - length) // 2
        y = round(field.height * 0.46)
        if isinstance(scale, KeyScreen):
            y = field.height - field.px(look.LINE_UNDER_KEYS)
        elif scale.picture is not None:
            y = field.height - field.px(look.SCALE_UNDER_PICTURE)
        return ScaleLine(left, y, left + length, y)
    end = 1.2  # room for half a label beyond each end
    height = field.px(min(look.SCALE_HEIGHT, field.height_degrees - 2 * look.MARGIN - 2 * end))
    x, top = round(field.width * 0.38), (field.height - height) // 2
    return ScaleLine(x, top + height, x, top)


def spread(
    wanted: Sequence[float], sizes: Sequence[float], lowest: float, highest: float
) -> list[float]:
    """Move the centres of blocks as little as possible until none overlaps the next.

    `wanted` are the centres, ascending, `sizes` the blocks' lengths. Blocks that are too close
    form a group about their mean, and groups that then touch merge. All centres stay between
    `lowest` and `highest` if there's room; if not, the blocks overlap evenly.
    """
    offsets = [0.0]
    for before, after in pairwise(sizes):
        offsets.append(offsets[-1] + (before + after) / 2)
    if offsets[-1] > highest - lowest:
        shrink = (highest - lowest) / offsets[-1]
        offsets = [offset * shrink for offset in offsets]

    # With its offset subtracted from each centre, "no overlap" becomes "not descending", and the
    # nearest such sequence is found by pooling neighbours that descend.
    groups: list[tuple[float, int]] = []  # mean, number
    for value, offset in zip(wanted, offsets, strict=True):
        mean, size = value - offset, 1
        while groups and groups[-1][0] >= mean:
            before, others = groups.pop()
            mean = (before * others + mean * size) / (others + size)
            size += others
        groups.append((mean, size))
    ceiling = highest - offsets[-1]
    flat = [min(max(mean, lowest), ceiling) for mean, size in groups for _ in range(size)]
    return [value + offset for value, offset in zip(flat, offsets, strict=True)]
