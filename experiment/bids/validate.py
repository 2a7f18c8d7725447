"""The official BIDS validator, run on this computer: nothing leaves it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Severity = Literal["error", "warning"]

TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Issue:
    """One kind of finding, with every file that it was found in (paths from the dataset's root)."""

    severity: Severity
    code: str
    detail: str  # the key, column or value that it's about; '' for none
    message: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Validation:
    """What the validator said of a dataset."""

    dataset: Path
    schema: str  # version of the BIDS schema that was checked against
    issues: tuple[Issue, ...] = field(repr=False)

    def of(self, severity: Severity) -> list[Issue]:
        """The issues of one severity."""
        return [issue for issue in self.issues if issue.severity == severity]

    @property
    def ok(self) -> bool:
        """Whether there are no errors; warnings are allowed."""
        return not self.of("error")


def find_dataset(path: Path) -> Path:
    """The dataset that `path` (itself, a folder or a journal in it) belongs to.

    Raises `ValueError`, in one sentence, if there is none; it names datasets just below, since
    sessions are given that folder with --out.
    """
    if not path.exists():
        raise ValueError(f"{path} doesn't exist")
    for folder in (path.absolute(), *path.absolute().parents):
        if (folder / "dataset_description.json").is_file():
            return folder
    below = sorted(found.parent for found in path.glob("*/dataset_description.json"))
    hint = f" (did you mean {' or '.join(map(str, below))}?)" if below else ""
    raise ValueError(
        f"{path} isn't in a BIDS dataset: there is no dataset_description.json in it or above it"
        f"{hint}"
    )


def validate_dataset(dataset: Path) -> Validation:
    """Run the validator on every row of every table of a dataset.

    Raises `RuntimeError`, in one sentence, if the validator isn't installed, doesn't end or says
    nothing that can be understood.
    """
    command = [str(_program()), "--format", "json", "--max-rows", "-1", str(dataset)]
    # Its schema is in the package. What would still go out is its runtime's search for updates.
    ours = {"NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1"}
    environment = {k: v for k, v in os.environ.items() if k != "BIDS_SCHEMA"} | ours
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=TIMEOUT_S, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"the BIDS validator didn't end within {TIMEOUT_S:g} s") from None
    try:
        answer = json.loads(done.stdout)
        return Validation(dataset, answer["summary"]["schemaVersion"], _issues(answer["issues"]))
    except (ValueError, KeyError, TypeError):
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise RuntimeError(f"the BIDS validator failed: {lines[-1]}") from None


def _program() -> Path:
    """The validator's command, which pip puts beside this Python or where scripts go."""
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        for name in ("bids-validator-deno", "bids-validator-deno.exe"):
            if (folder / name).is_file():
                return folder / name
    raise RuntimeError("the BIDS validator isn't installed: run `make setup`, or install trustpain")


def _issues(answer: dict[str, Any]) -> tuple[Issue, ...]:
    """The answer's findings, joined by kind: errors first, then by code."""
    kinds: dict[tuple[bool, str, str], list[dict[str, Any]]] = {}
    for found in answer["issues"]:
        warning = found.get("severity") != "error"
        kinds.setdefault((warning, found["code"], found.get("subCode", "")), []).append(found)
    issues = []
    for (warning, code, detail), same in sorted(kinds.items()):
        explained = answer["codeMessages"].get(code, "") or same[0].get("issueMessage", "")
        files = {str(found.get("location", "")).removeprefix("/") for found in same}
        message = " ".join(explained.split())
        if not warning and (special := same[0].get("issueMessage")):
            message = f"{message} {special.splitlines()[0].strip()}"
        severity: Severity = "warning" if warning else "error"
        issues.append(Issue(severity, code, detail, message, tuple(sorted(files - {""}))))
    return tuple(issues)
