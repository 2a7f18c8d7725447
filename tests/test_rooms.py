"""The walls of the house: which room may import what, and where PsychoPy may be imported."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = {"conditions", "stimuli", "hardware", "experiment"}
MAY_IMPORT = {
    "conditions": set(),
    "stimuli": set(),
    "hardware": set(),
    "experiment": {"conditions", "stimuli", "hardware"},
}


def imports(nodes: Iterator[ast.AST] | list[ast.stmt]) -> set[str]:
    """Top-level names of the modules that these statements import."""
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    forbidden = ROOMS - {room} - MAY_IMPORT[room] | {"tests", "benchmarks"}
    for path in sources(room):
        found = imports(ast.walk(ast.parse(path.read_text("utf-8")))) & forbidden
        assert not found, f"{path.relative_to(ROOT)} imports {sorted(found)}"


@pytest.mark.parametrize("folder", ["experiment/running", "experiment/visit"])
def test_no_module_needs_one_that_needs_it(folder: str) -> None:
    """Wherever the import stands: one for types alone, or inside a function, ties just as well."""
    package, needs = folder.replace("/", "."), {}
    every = {f"{package}.{path.stem}" for path in (ROOT / folder).glob("*.py")}
    for path in (ROOT / folder).glob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        found = [node for node in nodes if isinstance(node, ast.ImportFrom)]
        modules = {node.module for node in found}
        modules |= {f"{node.module}.{alias.name}" for node in found for alias in node.names}
        needs[f"{package}.{path.stem}"] = modules & every
    assert any(needs.values())
    TopologicalSorter(needs).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_psychopy_is_loaded_only_by_the_display(room: str) -> None:
    display = ROOT / "experiment" / "display"
    for path in sources(room):
        if display not in path.parents:
            at_import = imports(ast.parse(path.read_text("utf-8")).body)
            assert "psychopy" not in at_import, path.relative_to(ROOT)
