"""Rendering itself, where its environment is installed; and what a wrong call is told."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stimuli.manifest import LEVELS, load_manifest
from stimuli.pipeline import packages, pictures, portrait_set, set_up_env
from stimuli.pipeline.errors import PipelineError
from stimuli.pipeline.identity import identity
from stimuli.pipeline.repeat import difference

ROOT = Path(__file__).parents[2]
needs_renderer = pytest.mark.skipif(
    not set_up_env.python().is_file()
    or not all((packages.CACHE / p.archive).is_file() for p in packages.PACKAGES),
    reason="`trustpain portraits build` hasn't made .venv-portraits here",
)


def trustpain(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from experiment.cli.portraits import app; from experiment.errors import UserError\n"
    code += "try: sys.exit(app(sys.argv[1:], standalone_mode=False) or 0)\n"
    code += "except UserError as e: print(e, file=sys.stderr); sys.exit(int(e.exit_code))\n"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True
    )


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"), float)


@needs_renderer
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_small_picture_renders_and_renders_again_the_same(tmp_path: Path) -> None:
    command = [
        str(set_up_env.python()),
        "-m",
        "stimuli.pipeline.portrait_set",
        "--identity",
        "M1",
        "--trust",
        "1.5",
    ]
    for name, threads in (
        ("one.png", "1"),
        ("two.png", "2"),
    ):  # as `build --processes` shares them out
        options = ["--out", str(tmp_path / name), "--width", "80", "--samples", "2"]
        options += ["--threads", threads]
        subprocess.run([*command, *options], cwd=ROOT, check=True, capture_output=True)
    one = picture(tmp_path / "one.png")
    assert one.shape == (100, 80, 3)
    assert one[:8].std(axis=(0, 1)).max() < 20 < one[40:60, 30:50].std()  # a plain backdrop, a face
    assert difference(tmp_path / "one.png", tmp_path / "two.png").tolerated
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.png", "two.png"]


@needs_renderer
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_ninth_doctor_can_be_used(tmp_path: Path) -> None:
    options = ("--levels", "--out", str(tmp_path), "--width", "80", "--samples", "2")
    done = trustpain("render", "--seed", "9", *options)
    assert done.returncode == 0, done.stderr
    assert trustpain("manifest", str(tmp_path)).returncode == 0
    done = trustpain("check", str(tmp_path))
    assert done.stdout.strip() == "3 portraits of 1 clinicians are as their manifest says."
    high = load_manifest(tmp_path).portrait("S9", "high")
    assert (high.axis_value, high.licence) == (2.0, "CC0-1.0")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--identity", "Q9"), "No identity 'Q9'"),
        (("--identity", "3", "--trust", "3.5"), "outside the axis"),
        ((), "either --identity or --seed"),
        (("--identity", "1", "--seed", "4"), "either --identity or --seed"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], word: str
) -> None:
    done = trustpain("render", *arguments, "--out", str(tmp_path / "x.png"))
    assert done.returncode == 2
    assert word in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_check_tells_exit_codes(tmp_path: Path) -> None:
    assert trustpain("check", "stimuli").returncode == 0
    assert trustpain("check", str(tmp_path)).returncode == 2
    for name in ("clinicians.tsv", "clinicians.json"):
        (tmp_path / name).write_bytes((ROOT / "stimuli" / name).read_bytes())
    done = trustpain("check", str(tmp_path))
    assert done.returncode == 5
    assert done.stdout.count("is missing.") == 24


def test_a_picture_cut_short_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "neutral.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 70, 3), np.uint8)).save(path)
    pictures.whole(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(PipelineError, match=r"neutral\.png wasn't written to its end"):
        pictures.whole(path)
    assert not path.exists()


def test_a_finished_identity_is_not_rendered_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a record whose fingerprint and hashes fit; the renderer itself isn't even imported."""
    person = identity("F1")
    levels = {}
    for level in LEVELS:
        path = tmp_path / f"F1_{level}.png"
        path.write_bytes(level.encode())
        levels[level] = {"sha256": hashlib.sha256(level.encode()).hexdigest()}
    mark = portrait_set.fingerprint(person, 80, 100, 2)
    record = {"fingerprint": mark, "identity": {"id": "F1"}, "levels": levels}
    (tmp_path / "F1.json").write_text(json.dumps(record))
    portrait_set.render_levels(person, tmp_path, tmp_path, pictures.Wanted(80, 100, 2))
    assert capsys.readouterr().out == "F1: already there\n"
    assert portrait_set.fingerprint(person, 80, 100, 3) != mark
    (tmp_path / "F1_low.png").write_bytes(b"another")
    assert not portrait_set.is_done(tmp_path / "F1.json", tmp_path, mark)
