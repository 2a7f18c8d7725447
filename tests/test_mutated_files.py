"""Whatever somebody makes of a file by mistake: it is read, or refused in one sentence."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from experiment.errors import UserError
from experiment.faults.scenario import load_scenario
from experiment.inputs.files import RIGS, SCENARIOS, STUDIES, load_rig, load_study
from hardware import limits
from stimuli.manifest import SHIPPED, load_manifest

WRONG = (
    *("nan", "inf", "-1", "0", "1e999", "99999", '""', "true", "[]", "{}", "''", '"\u00e9"'),
    *("\n", "\t", "=", "[", "]", '"', "#", "\0", "\ud800", "[limits]", "9" * 400),
)
places = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(WRONG)), min_size=1, max_size=3
)


def mutated(text: str, changes: list[tuple[float, int, str]]) -> bytes:
    """The text with some of it replaced, mostly figures and words as a whole."""
    for share, length, new in changes:
        at = round(share * len(text))
        begin = text.find("= ", at) + 2 if length > 6 else at
        end = text.find("\n", begin) if length > 6 else begin + length
        text = text[:begin] + new + text[max(begin, end) :]
    return text.encode("utf-8", "surrogatepass")


def read_or_refused(load: Callable[[Path], object], data: bytes, name: str) -> object | None:
    """What was read; None if it was refused, which must be in one sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        expected = ValueError if load is load_manifest else UserError
        try:
            found = load(path)
        except expected as error:
            said = str(error)
        else:
            event("read")
            return found
    event("refused")
    assert "\n" not in said
    assert len(said) < 1000  # it quotes what it found, here up to 400 figures
    return None


@pytest.mark.parametrize("name", ["laptop", "mri_medoc"])
@given(changes=places)
@settings(max_examples=60, deadline=None)
def test_a_rig_is_within_the_ceilings_or_refused(
    name: str, changes: list[tuple[float, int, str]]
) -> None:
    text = (RIGS / f"{name}.toml").read_text(encoding="utf-8")
    found = read_or_refused(load_rig, mutated(text, changes), "rig.toml")
    if found is not None:
        kept = found.model.limits  # type: ignore[attr-defined]
        assert kept.highest_target <= limits.HIGHEST_TARGET
        assert kept.longest_plateau_s <= limits.LONGEST_PLATEAU_S
        assert kept.highest_baseline <= limits.HIGHEST_BASELINE
        assert kept.highest_dose_site <= limits.HIGHEST_DOSE_SITE
        assert kept.shortest_pause_s >= limits.SHORTEST_PAUSE_S


@given(changes=places)
@settings(max_examples=40, deadline=None)
def test_a_study_is_read_or_refused(changes: list[tuple[float, int, str]]) -> None:
    text = (STUDIES / "pilot_short.toml").read_text(encoding="utf-8")
    read_or_refused(load_study, mutated(text, changes), "study.toml")


@given(changes=places)
@settings(max_examples=40, deadline=None)
def test_a_scenario_is_read_or_refused(changes: list[tuple[float, int, str]]) -> None:
    text = (SCENARIOS / "zone_stuck_hot.toml").read_text(encoding="utf-8")
    read_or_refused(load_scenario, mutated(text, changes), "scenario.toml")


@given(changes=places)
@settings(max_examples=40, deadline=None)
def test_a_manifest_is_read_or_refused(changes: list[tuple[float, int, str]]) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    read_or_refused(load_manifest, mutated(text, changes), "clinicians.tsv")
