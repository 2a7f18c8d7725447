"""Measures the five published features along the axis for each clinician: `stimuli/features.tsv`.

`python -m stimuli.pipeline.feature_table` needs only numpy and the geometry package.
"""

from __future__ import annotations

from pathlib import Path

from stimuli.pipeline.face import vertices
from stimuli.pipeline.features import FEATURES
from stimuli.pipeline.identity import EIGHT, Identity

TABLE = Path(__file__).parents[1] / "features.tsv"
VALUES = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)


def along_the_axis(person: Identity) -> dict[str, list[float]]:
    """Each feature in mm at the axis values `VALUES`."""
    shapes = [vertices(person, value) for value in VALUES]
    return {
        name: [round(measure(shape), 3) for shape in shapes] for name, measure in FEATURES.items()
    }


def main() -> None:
    """Write the table."""
    lines = ["\t".join(["clinician", "feature", *(f"{value:+g}" for value in VALUES)])]
    for person in EIGHT:
        for name, row in along_the_axis(person).items():
            lines.append("\t".join([person.id, name, *(f"{x:.3f}" for x in row)]))
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
