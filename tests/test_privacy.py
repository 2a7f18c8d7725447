"""Nothing in a dataset says who ran it, where, or (outside its journals) when."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from experiment.inputs.files import RIGS, STUDIES
from experiment.places import ROOT

USER, HOST, FOLDER = "mustermann", "zimmer17", "paingroupkiel"
WALL_DATE = re.compile(r"(?<!\d)20\d\d-?[01]\d-?[0-3]\d(?!\d)")
HEADER_BYTES = 4096
# A session as a laboratory would run it, but for its virtual time: by the computer's own clock,
# on a study and a rig file of its own, with all that is made of it afterwards.
SESSION = """
import sys
from pathlib import Path
from rich.console import Console
from experiment.session.finish import finish
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting

folder = Path(sys.argv[1])
setting = virtual_setting()
setting.virtual = False
request = Request(
    str(folder / "study.toml"), str(folder / "rig.toml"), out=folder / "data", simulated=True
)
finish(play(prepare(request), setting), Console(quiet=True))
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset by a user, on a computer and in a folder whose names stand out."""
    folder = tmp_path_factory.mktemp(FOLDER)
    shutil.copy(STUDIES / "pilot_short.toml", folder / "study.toml")
    shutil.copy(RIGS / "laptop.toml", folder / "rig.toml")
    named = ("unshare", "--uts", "sh", "-c", f'hostname {HOST} && exec "$@"', "sh")
    can_name = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("unshare")
    identity = {"USER": USER, "LOGNAME": USER, "HOME": str(folder), "HOSTNAME": HOST}
    done = subprocess.run(
        [*(named if can_name else ()), sys.executable, "-c", SESSION, str(folder)],
        cwd=ROOT,
        env=os.environ | identity,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "data" / "pilot_short-sim"


def contents(dataset: Path) -> dict[str, str]:
    """Name and text of every file, unpacked; of pictures (copies of the shipped ones) the head."""
    found = {}
    for path in sorted(dataset.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.suffix == ".gz":
                data = gzip.decompress(data)
            if path.suffix == ".png":
                data = data[:HEADER_BYTES].split(b"IDAT")[0]  # pixels spell any short word
            found[path.relative_to(dataset).as_posix()] = data.decode("utf-8", "replace")
    return found


def test_a_whole_dataset_names_no_person_computer_or_folder(dataset: Path) -> None:
    words = [USER, HOST, socket.gethostname()]
    paths = [FOLDER, str(ROOT), str(Path.home()), sys.prefix]
    files = contents(dataset)
    assert len(files) > 12
    for name, text in files.items():
        for word in words:
            found = re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text, re.I)
            assert found is None, f"{name}: {text[max(0, found.start() - 60) : found.end() + 20]}"
        for path in paths:
            # A home of "/" or the like would be in any text.
            assert len(path) < 4 or path not in text, f"{name} holds {path}"


def test_only_journals_and_reports_say_when(dataset: Path) -> None:
    """So there is no date in the tables and sidecars to be shifted before they are shared."""
    files = contents(dataset)
    dated = {
        name
        for name, text in files.items()
        if name.endswith(("tsv", "json", "README", "tsv.gz")) and WALL_DATE.search(text)
    }
    assert dated == set()
    journals = [text for name, text in files.items() if name.endswith(".jsonl")]
    assert WALL_DATE.search(journals[0])  # which the dose of the last 24 h is counted by


def test_the_eyes_of_these_tests_are_open(dataset: Path) -> None:
    assert WALL_DATE.search("2026-11-23T12:00")
    assert any("trustpain" in text for text in contents(dataset).values())
