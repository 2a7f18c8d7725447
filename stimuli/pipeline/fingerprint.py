"""Says whether a picture must be rendered anew: a digest of all that decides its pixels, and of nothing else.

That is the code which `pictures.py` reaches by its imports, the pinned packages' hashes, the renderer's locked
versions, the identity, the size and the samples. Fetching, records, manifest and command line decide no pixel.
"""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import asdict
from functools import cache
from pathlib import Path

from stimuli.pipeline import packages
from stimuli.pipeline.identity import Identity
from stimuli.pipeline.set_up_env import LOCK

PIPELINE_VERSION = "1.2"
"""For people, raised by hand; `pipeline_version` adds what the code says by itself."""
ROOM = "stimuli.pipeline"
START = "pictures"
BY_VALUE = {
    "errors": "sentences only",
    "identity": "the person is digested, so that a change to one clinician leaves the others' pictures",
    "packages": "the packages' hashes are digested; how they are fetched decides nothing",
}
"""Modules that the pictures' code imports and that aren't digested as code, and why."""
RENDERER = {"bpy": "bpy", "mathutils": "bpy", "numpy": "numpy", "PIL": "pillow", "scipy": "scipy"}
"""Which distribution of the lock holds a module that the pictures' code imports."""


def fingerprint(person: Identity, width: int, height: int, samples: int) -> str:
    """16 hexadecimal digits that change with whatever changes the pictures of this person."""
    text = f"{asdict(person)} {width} {height} {samples} {_common()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def pipeline_version() -> str:
    """The version by hand and the digest of what all pictures have in common: `1.2+3f0c9a12`."""
    return f"{PIPELINE_VERSION}+{_common()[:8]}"


@cache
def _common() -> str:
    return digest(Path(__file__).parent, LOCK, packages.PACKAGES)


def digest(folder: Path, lock: Path, pins: tuple[packages.Package, ...]) -> str:
    """SHA-256 over the code in `folder` that decides pixels, a lock's renderer and the packages' hashes."""
    whole = hashlib.sha256()
    for name, tree in sorted(code(folder).items()):
        whole.update(f"{name} {_said(tree)}\n".encode())
    for name, version in locked(lock):
        whole.update(f"{name} {version}\n".encode())
    for pin in pins:
        whole.update(f"{pin.name} {pin.sha256}\n".encode())
    return whole.hexdigest()


def code(folder: Path) -> dict[str, ast.Module]:
    """The modules of the pipeline in `folder` that decide pixels, by name, as syntax trees."""
    found: dict[str, ast.Module] = {}
    waiting = [START]
    while waiting:
        name = waiting.pop()
        path = folder / f"{name}.py"
        if name in found or name in BY_VALUE or not path.is_file():
            continue
        found[name] = _tree(path.read_text(encoding="utf-8"))
        waiting += [
            module.removeprefix(f"{ROOM}.")
            for module in imported(found[name])
            if module.startswith(f"{ROOM}.")
        ]
    return found


def imported(tree: ast.Module) -> set[str]:
    """The full names that a module imports, wherever in it; of `from a.b import c` both `a.b` and `a.b.c`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError("the pipeline's modules import each other by their full names")
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def locked(lock: Path) -> list[tuple[str, str]]:
    """Name and version, as a requirements file pins them, of what the renderer is made of."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.M)
    return sorted((name, version) for name, version in pins if name in set(RENDERER.values()))


@cache
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def _said(tree: ast.Module) -> str:
    return ast.dump(_without_prose(tree))


def _without_prose(tree: ast.Module) -> ast.Module:
    """Takes strings that stand alone out of a tree (docstrings); comments and layout aren't in it anyway."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                one
                for one in body
                if not (
                    isinstance(one, ast.Expr)
                    and isinstance(one.value, ast.Constant)
                    and isinstance(one.value.value, str)
                )
            ]
    return tree
