"""What the clinicians wear: a white coat over scrubs, a blouse or a shirt, all shaped here.

Each garment is a cut shell of the torso with bands and flaps laid over it; `+x` halves are made and mirrored.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stimuli.pipeline.base_mesh import Floats
from stimuli.pipeline.blender import add_mesh
from stimuli.pipeline.cloth_shell import Shell, cut, torso_shell
from stimuli.pipeline.coat import add_coat
from stimuli.pipeline.drape import add_sheet, band, mirrored, mitred
from stimuli.pipeline.fabric import cloth
from stimuli.pipeline.identity import Identity
from stimuli.pipeline.shirt import add_shirt

COAT_FROM_NECK_DM = {"female": 0.11, "male": 0.07}
OVER_A_COLLAR_DM = 0.22
"""How far the coat's collar stands off the neck at its side: over scrubs or a blouse, and over a shirt's collar."""


def dress(person: Identity, torso: Floats) -> None:
    """Adds the identity's clothes over the torso's vertices (19158, 3)."""
    inner = torso_shell(torso, 0.05, 12)
    if person.outfit == "scrubs":
        _scrubs(person, inner)
    elif person.outfit == "blouse":
        _blouse(person, inner)
    else:
        add_shirt(person, inner)
    collarless = person.outfit in ("scrubs", "blouse")
    clear = COAT_FROM_NECK_DM[person.sex] if collarless else OVER_A_COLLAR_DM
    add_coat(person.sex, torso_shell(torso, 0.15, 30), inner, clear)


def _scrubs(person: Identity, inner: Shell) -> None:
    """A V-neck with a sewn band, mitred at its point."""
    point, slope = (5.08, 0.92) if person.sex == "female" else (5.08, 1.10)
    _pullover("scrubs", person, inner, lambda x: point + x / slope, width=0.13, folds=0.9)


def _blouse(person: Identity, inner: Shell) -> None:
    """A round neckline with a fine band."""
    _pullover(
        "blouse", person, inner, lambda x: 5.42 + 0.50 * (x / 0.80) ** 2.2, width=0.085, folds=0.7
    )


def _pullover(
    name: str,
    person: Identity,
    inner: Shell,
    neckline: Callable[[Floats], Floats],
    *,
    width: float,
    folds: float,
) -> None:
    """Cloth below a neckline, a height for each distance from the middle; its sides pass under the coat's collar."""
    material = cloth(name, person.cloth, folds=folds, sheen=0.3 if name == "blouse" else 0.15)
    shell = cut(inner, lambda p: neckline(np.abs(p[:, 0])) - p[:, 1])
    add_mesh(name, shell.points, shell.triangles, material)
    across = np.linspace(0.0, 0.78, 120)
    line = inner.at_front(np.stack([across, neckline(across)], 1))
    placed, normal = inner.lie_on(line, 0.008)
    placed[:, 0] = np.maximum(placed[:, 0], 0.0)
    grid = mitred(band(placed, normal, width, 0.026))
    add_sheet(f"{name} band", grid, material, thick=0)
    add_sheet(f"{name} band", mirrored(grid), material, thick=0)
