"""One small study, played once; every test that changes it takes a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.report.studies import played


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played(tmp_path_factory.mktemp("study"), 6)


@pytest.fixture
def dataset(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / original.name))
