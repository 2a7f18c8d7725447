"""What makes a picture be rendered anew: all that decides its pixels, and nothing else."""

from __future__ import annotations

import ast
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stimuli.pipeline import fingerprint as module
from stimuli.pipeline import packages
from stimuli.pipeline.fingerprint import code, digest, fingerprint, imported, pipeline_version
from stimuli.pipeline.identity import identity

PIPELINE = Path(module.__file__).parent
DECIDES_NOTHING = {
    "build", "feature_table", "features", "fingerprint", "new_identity", "portrait_set", "repeat", "set_up_env",
    "sources", "sources_page", "__init__",
}  # fmt: skip
"""Who calls the pictures' code, measures, fetches or writes tables; a new module must be put somewhere."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The pipeline's code and the renderer's lock, to be changed."""
    for path in PIPELINE.glob("*.py"):
        shutil.copy(path, tmp_path)
    shutil.copy(module.LOCK, tmp_path / "lock.txt")
    return tmp_path


def of(folder: Path, pins: tuple[packages.Package, ...] = packages.PACKAGES) -> str:
    return digest(folder, folder / "lock.txt", pins)


def test_every_module_decides_pixels_or_is_known_not_to() -> None:
    there = {path.stem for path in PIPELINE.glob("*.py")}
    decides = set(code(PIPELINE))
    assert decides | DECIDES_NOTHING | set(module.BY_VALUE) == there
    assert not decides & (DECIDES_NOTHING | set(module.BY_VALUE))


def test_nothing_that_decides_pixels_comes_from_elsewhere() -> None:
    """What the pictures' code imports is itself digested, in the lock, or Python's own."""
    for tree in code(PIPELINE).values():
        for name in imported(tree):
            top = name.partition(".")[0]
            assert (
                name.startswith(module.ROOM)
                or top in module.RENDERER
                or top in sys.stdlib_module_names
            ), name
    assert {name for name, _ in module.locked(module.LOCK)} == set(module.RENDERER.values())


@pytest.mark.parametrize("name", sorted(code(PIPELINE)))
def test_a_change_to_what_decides_pixels_changes_it(copy: Path, name: str) -> None:
    before, path = of(copy), copy / f"{name}.py"
    path.write_text(path.read_text() + "\nANOTHER = 0.5\n")
    assert of(copy) != before


@pytest.mark.parametrize("name", sorted(DECIDES_NOTHING | set(module.BY_VALUE)))
def test_a_change_to_what_decides_none_leaves_it(copy: Path, name: str) -> None:
    before, path = of(copy), copy / f"{name}.py"
    path.write_text(path.read_text() + "\nANOTHER = 0.5\n")
    assert of(copy) == before


def test_a_number_changes_it_and_prose_does_not(copy: Path) -> None:
    before, path = of(copy), copy / "light_camera.py"
    text = path.read_text()
    path.write_text("# A comment.\n" + text.replace('"""Light, camera', '"""Lamps, camera', 1))
    assert path.read_text().count("Lamps") == 1
    assert of(copy) == before
    path.write_text(text.replace("WORLD_STRENGTH = 0.30", "WORLD_STRENGTH = 0.31"))
    assert path.read_text() != text
    assert of(copy) != before


@pytest.mark.parametrize("name", ["bpy", "numpy", "pillow", "scipy"])
def test_another_renderer_changes_it(copy: Path, name: str) -> None:
    before, lock = of(copy), copy / "lock.txt"
    text = lock.read_text()
    lock.write_text(text.replace(f"\n{name}==", f"\n{name}==9", 1) if name != "bpy" else "bpy==6\n")
    assert lock.read_text() != text
    assert of(copy) != before


def test_tools_beside_the_renderer_leave_it(copy: Path) -> None:
    before, lock = of(copy), copy / "lock.txt"
    text = lock.read_text()
    lock.write_text("# A comment.\n" + text.replace("\npip==", "\npip==9", 1))
    assert "pip==9" in lock.read_text()
    assert of(copy) == before


@pytest.mark.parametrize("which", range(len(packages.PACKAGES)))
def test_another_package_changes_it(copy: Path, which: int) -> None:
    pins = list(packages.PACKAGES)
    pins[which] = replace(pins[which], sha256="0" * 64)
    assert of(copy, tuple(pins)) != of(copy)


def test_a_person_is_nothing_but_values() -> None:
    """Else the code that makes something of them would have to be digested."""
    tree = ast.parse((PIPELINE / "identity.py").read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert functions == {"identity"}  # which looks a person up by name


def test_it_is_of_one_person_size_and_number_of_samples() -> None:
    person = identity("F1")
    marks = {
        fingerprint(person, 80, 100, 2),
        fingerprint(identity("F2"), 80, 100, 2),
        fingerprint(replace(person, age=person.age + 0.01), 80, 100, 2),
        fingerprint(person, 160, 200, 2),
        fingerprint(person, 80, 100, 3),
    }
    assert len(marks) == 5


def test_the_version_says_by_itself_that_the_code_is_another() -> None:
    by_hand, _, digits = pipeline_version().partition("+")
    assert by_hand == module.PIPELINE_VERSION
    assert digest(PIPELINE, module.LOCK, packages.PACKAGES).startswith(digits)
    assert len(digits) == 8
