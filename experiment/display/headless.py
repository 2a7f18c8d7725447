"""The windowless display of dry runs: every scene appears exactly when it's shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from experiment.display.protocol import DisplayInfo, DroppedFrame, FrameCounts
from experiment.plan.scene import CursorState, Scene
from hardware.clock import Clock


class HeadlessDisplay:
    """Fulfils `Display` without a window and without PsychoPy."""

    lead_s = 0.0
    patch_bright: bool | None = None

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.info = DisplayInfo(kind="none")

    def prepare(self, scenes: Iterable[Scene]) -> None:
        """Check that every picture is there. Raises `ValueError` naming a missing one."""
        for scene in scenes:
            picture = getattr(scene, "picture", None)
            if picture is not None and not picture.is_file():
                raise ValueError(f"the picture {picture.name} is missing")

    def show(
        self,
        scene: Scene,
        on_flip: Callable[[float], None],
        cursor: Callable[[float], CursorState | None] | None = None,
    ) -> float:
        """Call `on_flip` with the present time and return it."""
        now = self._clock.now()
        on_flip(now)
        return now

    def dropped_frames(self) -> list[DroppedFrame]:
        """None: there are no frames."""
        return []

    def frame_counts(self) -> FrameCounts | None:
        """None: there are no frames."""
        return None

    def close(self) -> None:
        """Nothing to close."""
