"""Hair styles as data: hairline, length, combing and curl; all in the base mesh's frame (dm)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stimuli.pipeline.base_mesh import Floats, smooth_step

_NAPE = ((112, 7.10), (125, 6.90), (150, 6.75), (180, 6.68))
WOMEN = ((0, 7.95), (18, 7.93), (32, 7.86), (45, 7.75), (55, 7.60), (65, 7.42), (74, 7.22), (82, 7.05), (108, 7.0),
         (125, 6.85), (150, 6.7), (180, 6.62))  # fmt: skip
MEN = ((0, 8.0), (28, 8.03), (38, 7.96), (47, 7.78), (56, 7.60), (65, 7.40), (72, 7.15), (80, 7.00), (88, 7.02),
       (100, 7.2), *_NAPE)  # fmt: skip
RECEDING = ((0, 8.12), (25, 8.25), (36, 8.20), (45, 7.95), (54, 7.68), (63, 7.42), (70, 7.15), (78, 7.00), (88, 7.02),
            (100, 7.2), *_NAPE)  # fmt: skip

Hairline = tuple[tuple[float, float], ...]
Comb = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class HairStyle:
    """One style.

    `length` gives strand lengths in dm for root rest positions (n, 3); `comb` the wish for a direction (n, 3) from
    present and root position; `lift` the wished height over the scalp in dm at half length; `stand` how steeply
    hair leaves the skin (0 flat - 1 upright); `fall` how much it hangs; `wave` amplitude in dm and waves per dm;
    `coil` radius in dm and turns; `clump` 0-1; `ends_at` the height (dm) where falling hair is cut, or None;
    `clear_face` leaves out what would hang over brows and eyes; `soft_temples` thins the hairline out as far where
    it is steep.
    """

    hairline: Hairline
    length: Callable[[Floats], Floats]
    comb: Comb
    lift: float
    stand: float = 0.25
    fall: float = 0.0
    wave: tuple[float, float] = (0.012, 2.0)
    coil: tuple[float, float] = (0.0, 0.0)
    clump: float = 0.5
    steps: int = 14
    count: int = 55_000
    ends_at: float | None = None
    turn_in: float = 0.0
    radius_mm: float = 0.36
    rough: float = 0.40
    frizz: float = 0.0
    clear_face: bool = False
    soft_temples: bool = False


def _top(rest: Floats) -> Floats:
    """0 at the sides, 1 on top of the head."""
    return smooth_step(rest[:, 1], 7.45, 8.25)


def _stack(x: Floats, y: Floats, z: Floats) -> Floats:
    return np.stack(np.broadcast_arrays(x, y, z), 1).astype(float)


def _parted(part: float, width: float, back: float, down: float) -> Comb:
    """Backwards and down, to either side of x = `part`; a narrow `width` makes hair radiate from one point."""

    def comb(p: Floats, root: Floats) -> Floats:
        side = np.tanh((root[:, 0] - part) / width)
        front = smooth_step(root[:, 2], 0.2, 1.0)
        return _stack(side, np.full(len(p), -down), -back * (0.35 + 0.65 * front))

    return comb


def _swept(sideways: float, back: float, up: float = 0.0) -> Comb:
    """Backwards from the forehead, to one side on top; down at the sides and the back."""

    def comb(p: Floats, root: Floats) -> Floats:
        top = _top(root)
        return _stack(sideways * top, up * top - 1.1 * (1 - top), -back * (0.35 + 0.65 * top))

    return comb


def _aside(part: float, width: float, aside: float, back: float) -> Comb:
    """Short hair combed back from the forehead, to either side of x = `part`; down at the sides."""

    def comb(p: Floats, root: Floats) -> Floats:
        top = _top(root)
        side = np.tanh((root[:, 0] - part) / width)
        return _stack(aside * side * top, -1.2 * (1 - top), -back * (0.4 + 0.6 * top))

    return comb


def _forward(sideways: float) -> Comb:
    """A crop: from the whorl forwards, aslant; down at the sides."""

    def comb(p: Floats, root: Floats) -> Floats:
        top = _top(root)
        front = smooth_step(root[:, 2], 0.0, 0.6)
        return _stack(
            sideways * top, -1.1 * (1 - top) + 0.15 * front * top, 0.9 * top - 0.25 * (1 - top)
        )

    return comb


def _outward(p: Floats, root: Floats) -> Floats:
    return root - (0.0, 7.55, 0.35)


def _short(side: float, top: float) -> Callable[[Floats], Floats]:
    return lambda rest: side + (top - side) * _top(rest)


def _constant(length: float) -> Callable[[Floats], Floats]:
    return lambda rest: np.full(len(rest), length)


def _afro(rest: Floats) -> Floats:
    return 0.17 + 0.20 * smooth_step(rest[:, 1], 7.0, 7.9)


STYLES: dict[str, HairStyle] = {
    "lob": HairStyle(
        WOMEN, _constant(2.5), _parted(0.20, 0.45, 1.10, 0.30), 0.20, stand=0.30, fall=1.0, wave=(0.030, 0.9),
        clump=0.55, steps=26, ends_at=6.02, turn_in=0.10, clear_face=True, count=64_000,
    ),
    "bob": HairStyle(
        WOMEN, _constant(2.1), _parted(-0.12, 0.55, 1.20, 0.35), 0.15, stand=0.25, fall=1.0, wave=(0.008, 0.8),
        clump=0.35, steps=24, ends_at=6.45, turn_in=0.16, clear_face=True, count=64_000,
    ),
    "swept": HairStyle(
        WOMEN, _short(0.18, 0.95), _aside(0.30, 0.70, 0.45, 0.95), 0.12, stand=0.35, wave=(0.024, 1.3), clump=0.6,
        clear_face=True,
        steps=18, count=56_000,
    ),
    "afro": HairStyle(
        WOMEN, _afro, _outward, 0.30, stand=1.0, wave=(0.0, 1.0), coil=(0.042, 3.2), clump=0.25, steps=22,
        count=52_000, rough=0.60, frizz=0.02,
    ),
    "buzz": HairStyle(
        MEN, _short(0.045, 0.085), _outward, 0.07, stand=0.9, wave=(0.0, 1.0), coil=(0.014, 1.2), clump=0.15,
        steps=8, count=62_000, rough=0.60, soft_temples=True,
    ),
    "receding": HairStyle(
        RECEDING, _short(0.12, 0.55), _swept(0.45, 0.9), 0.09, stand=0.35, wave=(0.014, 1.6), clump=0.30,
        steps=14, count=56_000,
    ),
    "crop": HairStyle(
        MEN, _short(0.06, 0.55), _forward(0.2), 0.16, stand=0.5, wave=(0.014, 1.6), clump=0.75, steps=16,
        count=56_000,
    ),
    "side part": HairStyle(
        MEN, _short(0.07, 0.80), _aside(0.34, 0.40, 0.90, 0.80), 0.16, stand=0.5, wave=(0.012, 1.4), clump=0.55,
        steps=18,
        count=56_000,
    ),
}  # fmt: skip
