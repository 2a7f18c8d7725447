"""The pages' code runs one way: from facts to page, never back, not even for a type's name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("experiment/report", "experiment/monitor", "experiment/norming")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for folder in FOLDERS for path in (ROOT / folder).glob("*.py")}


def imported(path: Path) -> set[str]:
    """The modules among these that a file names in any import, a deferred or a type's one too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & MODULES.keys()


IMPORTS = {module: imported(path) for module, path in MODULES.items()}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_module_comes_back_to_itself(module: str) -> None:
    seen: set[str] = set()
    left = list(IMPORTS[module])
    while left:
        if (name := left.pop()) not in seen:
            seen.add(name)
            left += IMPORTS[name]
    assert module not in seen
