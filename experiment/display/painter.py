"""Puts the pictures of a scene onto the graphics card, and from there into a window."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

from experiment.display import look
from experiment.display.drawing import layers
from experiment.display.field import Field
from experiment.display.scales import scale_line
from experiment.plan.scene import CursorState, KeyScreen, RatingScale, Scene
from hardware.rig import Screen

KEPT = 400
"""How many scenes stay on the graphics card; a study of 64 trials with 8 faces has some 60."""

DARK, BRIGHT = (0, 0, 0), (255, 255, 255)  # the photodiode's patch


@dataclass(frozen=True)
class Picture:
    """A scene at one moment: its cursor, and how far it has come out of the background (0 to 1)."""

    scene: Scene | None
    cursor: CursorState | None = None
    shown: float = 1.0


class Painter:
    """Draws into the back buffer of a PsychoPy window."""

    def __init__(self, window: Any, field: Field, screen: Screen) -> None:
        self._window, self._field = window, field
        self._mirrored = screen.mirrored
        self._loaded: OrderedDict[Scene, list[tuple[Any, bool]]] = OrderedDict()
        self._cursors = {locked: self._cursor(locked, vertical=False) for locked in (False, True)}
        self._cursors_vertical = {
            locked: self._cursor(locked, vertical=True) for locked in (False, True)
        }
        self._patch = None
        self._bright = False
        if screen.photodiode is not None:
            size = round(screen.photodiode.size_cm * field.width / screen.width_cm)
            self._patch = self._patches(size, screen.photodiode.corner)
        # A shape's first drawing takes 30 ms or more; it shouldn't be in the first rating.
        for shape in (*self._cursors.values(), *self._cursors_vertical.values()):
            shape.draw()

    def load(self, scene: Scene) -> list[tuple[Any, bool]]:
        """Make a scene's pictures and hand them to the graphics card, unless they are there."""
        found = self._loaded.get(scene)
        if found is not None:
            self._loaded.move_to_end(scene)
            return found
        made = []
        for layer in layers(scene, self._field):
            stimulus = self._stimulus(layer.image, layer.left, layer.top)
            stimulus.draw()  # some drivers upload only when a texture is drawn for the first time
            made.append((stimulus, layer.fades))
        self._loaded[scene] = made
        if len(self._loaded) > KEPT:
            self._loaded.popitem(last=False)
        return made

    def paint(self, picture: Picture | None) -> None:
        """Draw background, scene, cursor and patch."""
        pictures = [] if picture is None or picture.scene is None else self.load(picture.scene)
        self._window.clearBuffer()
        for stimulus, fades in pictures:
            if fades:
                stimulus.opacity = picture.shown if picture is not None else 1.0
            stimulus.draw()
        if picture is not None and isinstance(picture.scene, RatingScale | KeyScreen):
            self._paint_cursor(picture.scene, picture.cursor)
        if self._patch is not None:
            self._patch[self._bright].draw()

    def finish(self) -> None:
        """Wait until everything that was painted is rendered."""
        from pyglet import gl

        gl.glFinish()

    @property
    def patch_bright(self) -> bool | None:
        """Whether the photodiode's patch is painted bright; None without one."""
        return None if self._patch is None else self._bright

    def flip_patch(self) -> None:
        """From the next painting on show the photodiode's patch in its other brightness."""
        self._bright = not self._bright

    def mirror(self, x: float) -> float:
        """A pixel's column as the window has it, on a screen that is seen through a mirror."""
        return self._field.width - x if self._mirrored else x

    def _paint_cursor(self, scale: RatingScale | KeyScreen, cursor: CursorState | None) -> None:
        if cursor is None or not cursor.visible:
            return
        line = scale_line(self._field, scale)
        shapes = self._cursors_vertical if line.vertical else self._cursors
        shape = shapes[cursor.locked]
        x, y = line.point(cursor.position)
        shape.pos = self._centre(self.mirror(x), y)
        shape.draw()

    def _stimulus(self, image: Image.Image, left: int, top: int) -> Any:
        from psychopy.visual.image import ImageStim

        if self._mirrored:
            image, left = ImageOps.mirror(image), self._field.width - left - image.width
        return ImageStim(
            self._window,
            image=image,
            units="pix",
            size=image.size,
            pos=self._centre(left + image.width / 2, top + image.height / 2),
            interpolate=False,
            autoLog=False,
        )

    def _cursor(self, locked: bool, *, vertical: bool) -> Any:
        """A pin through the line; when locked a bar with a diamond, in another colour."""
        from psychopy.visual.shape import ShapeStim

        size = look.CURSOR_SIZE * self._field.px_per_degree
        thin, half = max(1.0, 0.09 * size), 0.42 * size
        if locked:
            shape = [
                (0, size),
                (half, size * 0.5),
                (thin, thin),
                (thin, -size * 0.7),
                (-thin, -size * 0.7),
            ]
            shape += [(-thin, thin), (-half, size * 0.5)]
        else:
            shape = [(-half, size), (half, size), (thin, size * 0.25), (thin, -size * 0.7)]
            shape += [(-thin, -size * 0.7), (-thin, size * 0.25)]
        if vertical:
            shape = [
                (-y, x) for x, y in shape
            ]  # on the left of the line: the labels are on the right
        return ShapeStim(
            self._window,
            vertices=shape,
            units="pix",
            lineWidth=0,
            lineColor=None,
            fillColor=look.CURSOR_LOCKED if locked else look.CURSOR,
            colorSpace="rgb255",
            autoLog=False,
        )

    def _patches(self, size: int, corner: str) -> dict[bool, Any]:
        left = 0 if corner.endswith("left") else self._field.width - size
        top = 0 if corner.startswith("top") else self._field.height - size
        return {
            bright: self._stimulus(
                Image.new("RGB", (size, size), BRIGHT if bright else DARK), left, top
            )
            for bright in (False, True)
        }

    def _centre(self, x: float, y: float) -> tuple[float, float]:
        """PsychoPy's coordinates: origin in the middle of the window, y upwards."""
        return x - self._field.width / 2, self._field.height / 2 - y
