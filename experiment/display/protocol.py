"""What the runner may ask of a display."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

from experiment.plan.scene import CursorState, Scene

LEAD_FRAMES = 1.5
"""The runner returns from a frame at the first flip later than `onset - lead`, draws, and shows at
the next: that one lies within half a frame of the onset."""


@dataclass(frozen=True)
class DisplayInfo:
    """What is known of a display; goes into the journal's head."""

    kind: str  # 'window' or 'none'
    width_px: int = 0
    height_px: int = 0
    refresh_hz: float = 0.0  # as measured; the rig's stated rate where it can't be
    synchronised: bool = False  # whether flips block on the screen's vertical sync
    details: dict[str, str] = field(default_factory=dict)  # graphics vendor, renderer ...

    @property
    def unsynchronised(self) -> bool:
        """Whether it's a window whose flips don't wait for the screen."""
        return self.kind == "window" and not self.synchronised

    @property
    def lead_s(self) -> float:
        """So long before an onset `show` must be called to hit the nearest frame."""
        return LEAD_FRAMES / self.refresh_hz if self.refresh_hz else 0.0


def display_of(written: Mapping[str, Any]) -> DisplayInfo:
    """A display as a journal's head has it; what an older one doesn't know is left as it is."""
    known = {each.name for each in fields(DisplayInfo)}
    return DisplayInfo(**{"kind": "none"} | {k: v for k, v in written.items() if k in known})


@dataclass(frozen=True)
class DroppedFrame:
    """A frame interval of more than 1.5 periods."""

    time: float
    interval_s: float


@dataclass(frozen=True)
class FrameCounts:
    """How many frame intervals had which length: `tenths[k]` from k to k + 1 tenths of a period.

    The last number counts all longer ones, too.
    """

    period_s: float
    tenths: tuple[int, ...]


class Display(Protocol):
    """Shows scenes at frames, and tells when each has appeared.

    A display with a window puts its frame into `RealClock.idle`, so that flips go on (without
    drawing anew) while the runner waits.
    """

    info: DisplayInfo
    lead_s: float  # so long before an onset `show` must be called to hit the nearest frame

    @property
    def patch_bright(self) -> bool | None:
        """Whether the photodiode's patch is bright with the present scene; None without one."""
        ...

    def prepare(self, scenes: Iterable[Scene]) -> None:
        """Load everything these scenes need, and do what must wait for the time between runs.

        Raises `ValueError` for a missing picture.
        """

    def show(
        self,
        scene: Scene,
        on_flip: Callable[[float], None],
        cursor: Callable[[float], CursorState | None] | None = None,
    ) -> float:
        """Draw a scene, flip, and call `on_flip(flip time)` at once after the flip.

        Blocks for one frame at most and returns the flip time on the session clock. With
        `cursor` the scene is live: it's asked for the cursor's state before each frame.
        """
        ...

    def dropped_frames(self) -> list[DroppedFrame]:
        """The dropped frames since the last call."""
        ...

    def frame_counts(self) -> FrameCounts | None:
        """The lengths of all frame intervals since the last call; None where there are no frames."""
        ...

    def close(self) -> None:
        """Close the window. Never raises."""
