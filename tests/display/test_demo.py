"""The demo itself: `trustpain demo` without a screen, in real time, and what it showed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiment.bids.validate import validate_dataset
from experiment.display import look
from experiment.display.drawing import compose
from experiment.display.field import field_of
from experiment.display.scales import scale_line
from experiment.inputs.files import load_rig
from experiment.journal import Journal, events, read_journal
from experiment.phases.registry import BUILDERS
from experiment.plan.materials import materials_of
from experiment.plan.scene import RatingScale, Scene
from experiment.plan.segment import phases_of
from experiment.session.preparation import Request, prepare

ROOT = Path(__file__).parent.parent.parent
PHASES = ["fixation", "clinician", "anticipation", "heat", "fixation_after_heat",
          "rating_intensity", "rating_unpleasantness"]  # fmt: skip


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, display: str) -> Path:
    """What a whole demo left behind (the fixture `display` only keeps other windows away)."""
    folder = tmp_path_factory.mktemp("demo")
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-c", "from experiment.cli import main; main()", "demo"],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "virtual one was started" in done.stdout
    assert "Traceback" not in done.stderr
    return folder / "data" / "demo-001" / "demo-sim"


@pytest.fixture(scope="module")
def journal(dataset: Path) -> Journal:
    [path] = dataset.rglob("*_journal-001.jsonl")
    return read_journal(path)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scene]:
    """The scenes of the demo's first trial, by phase."""
    prepared = prepare(Request("demo", out=tmp_path_factory.mktemp("plan"), simulated=True))
    materials = materials_of(
        prepared.study.model,
        prepared.texts,
        prepared.thermode,
        lambda clinician, level: prepared.manifest.path(prepared.portrait(clinician, level)),
        hand=prepared.rig.model.response.hand,
    )
    row = next(dict(row, stimulus=1) for row in prepared.rows if row["trial"] == 1)
    phases = phases_of(prepared.study.model, row)
    return {spec.name: BUILDERS[spec.phase](spec, row, materials)[0] for spec in phases}


def shot_of(dataset: Path, phase: str) -> np.ndarray:
    [path] = dataset.rglob(f"[0-9][0-9]_{phase}.png")
    return np.asarray(Image.open(path).convert("RGB"), dtype=int)


def field():
    screen = load_rig("laptop").model.screen
    return field_of(screen, screen.width_px, screen.height_px)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("phase", PHASES)
def test_each_screen_shows_what_it_should(
    dataset: Path, scenes: dict[str, Scene], phase: str
) -> None:
    shot, wanted = shot_of(dataset, phase), np.asarray(compose(scenes[phase], field()), dtype=int)
    assert shot.shape == wanted.shape
    assert len(np.unique(shot.reshape(-1, 3), axis=0)) > 1  # not blank
    different = (np.abs(shot - wanted).max(axis=2) > 24).mean()
    # A cursor covers less than 1 % of the screen; anything else that differs is a fault.
    assert different < (0.01 if phase.startswith("rating") else 0.001)


@pytest.mark.parametrize("phase", ["rating_intensity", "rating_unpleasantness"])
def test_the_cursor_stands_where_it_was_put(
    dataset: Path, journal: Journal, scenes: dict[str, Scene], phase: str
) -> None:
    shot, scale = shot_of(dataset, phase), scenes[phase]
    assert isinstance(scale, RatingScale)
    rating = next(r for r in journal.of(events.Rating) if r.trial == 1 and r.phase == phase)
    colours = (look.CURSOR, look.CURSOR_LOCKED)
    rows, columns = np.nonzero(
        np.min([np.abs(shot - colour).max(axis=2) for colour in colours], axis=0) < 8
    )
    assert len(columns) > 20
    found = 100 * scale_line(field(), scale).along(float(np.median(columns)), float(rows.mean()))
    # The picture was taken some time in the last 1.3 s of the phase's 4 s.
    path = list(zip(rating.path_t, rating.path, strict=True))
    before = [p for t, p in path if t <= rating.onset + 2.7]
    during = [p for t, p in path if rating.onset + 2.7 < t <= rating.onset + 4.0]
    possible = [before[-1] if before else rating.start, *during]
    assert min(possible) - 1.0 <= found <= max(possible) + 1.0


def test_heat_pulses_and_markers_were_real_bytes_and_all_of_it_is_in_the_data(
    dataset: Path, journal: Journal
) -> None:
    heats = journal.of(events.HeatDelivered)
    assert len(heats) == 5  # the lead-in and four trials
    for heat in heats:
        assert heat.temperature_measured == pytest.approx(heat.temperature, abs=0.2)
    [end] = journal.of(events.RunEnd)
    assert end.pulses == end.pulses_expected
    assert len(journal.of(events.Rating)) == 8
    display = journal.head.display
    assert display["kind"] == "window"
    assert display["synchronised"] is False  # Xvfb has no vertical sync, and the data say so
    sidecar = next(dataset.rglob("*_run-01_events.json"))
    assert json.loads(sidecar.read_text(encoding="utf-8"))
    assert validate_dataset(dataset).ok
