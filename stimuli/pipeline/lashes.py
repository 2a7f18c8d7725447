"""Lashes as strands from the edges of the lids."""

from __future__ import annotations

import numpy as np

from stimuli.pipeline.brows import POINTS, Placed
from stimuli.pipeline.identity import Identity

# The left eye's lid edges on the base mesh, rest x, y in dm, from the inner to the outer corner.
UPPER_EDGE = ((0.212, 7.295), (0.235, 7.310), (0.272, 7.323), (0.311, 7.332), (0.349, 7.330), (0.384, 7.324),
              (0.410, 7.317), (0.428, 7.307), (0.437, 7.295))  # fmt: skip
LOWER_EDGE = ((0.224, 7.253), (0.241, 7.248), (0.276, 7.243), (0.311, 7.240), (0.352, 7.241), (0.386, 7.248),
              (0.409, 7.257), (0.425, 7.268), (0.434, 7.277))  # fmt: skip


def lash_strands(person: Identity, rng: np.random.Generator) -> Placed:
    """Upper and a few women's lower lashes from the lids' edges; height stands for how far they come forward."""
    per_side = 110 if person.sex == "female" else 70
    length_upper = 0.055 if person.sex == "female" else 0.032
    rows, heights = [], []
    for sign in (1, -1):
        for upper in (True, False) if person.sex == "female" else (True,):
            edge = np.array(UPPER_EDGE if upper else LOWER_EDGE) * (sign, 1)
            count = per_side if upper else per_side // 4
            t = np.sort(rng.uniform(0.06, 0.97, count))
            root = np.stack(
                [np.interp(t, np.linspace(0, 1, len(edge)), edge[:, i]) for i in range(2)], 1
            )
            fan = (t - 0.45) * (
                1.3 if upper else 0.9
            )  # inwards at the inner corner, outwards at the outer
            length = (length_upper if upper else 0.6 * length_upper) * rng.uniform(0.7, 1.05, count)
            length *= 0.6 + 0.4 * np.sin(np.pi * np.clip(t * 0.8 + 0.15, 0, 1))
            s = np.linspace(0, 1, POINTS)[None]
            up = (0.45 * s**1.8 if upper else -0.55 * s**1.4) * length[:, None]
            out = sign * fan[:, None] * 0.7 * s * length[:, None]
            rows.append(root[:, None] + np.stack([out, up], 2))
            heights.append(0.85 * length[:, None] * s ** (0.8 if upper else 0.9))
    return Placed(np.concatenate(rows), np.concatenate(heights))
