"""What computers really do: a full disk, lost permissions, a clock set back, two at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiment.errors import ExitCode, UserError
from experiment.journal import events, read_journal, read_journals
from experiment.places import ROOT
from experiment.recovery.past import DONE
from experiment.recovery.resume import prepare_resume
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from tests.experiment.virtual import play_virtually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mount, setpriv, faketime: Linux")
# Root may write into anything; without this right its own files are like anybody's.
WITHOUT_ROOTS_RIGHT = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-all",
)


def program(text: str, *arguments: str, before: tuple[str, ...] = ()) -> tuple[int, str]:
    """Run a few lines of Python in a process of its own: its exit code, and what it said."""
    done = subprocess.run(
        [*before, sys.executable, "-c", text, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"},
    )
    return done.returncode, done.stdout + done.stderr


def trials_done(folder: Path) -> list[tuple[int, int]]:
    """Planned run and trial of what all journals below a folder say was done, in order."""
    found = []
    for journal in read_journals(folder.rglob("*_journal-*.jsonl")):
        runs = {start.run: start.design_run for start in journal.of(events.RunStart)}
        ends = journal.of(events.TrialEnd)
        found += [(runs[e.run], e.trial) for e in ends if e.trial > 0 and e.status in DONE]
    return found


ALL = [(run, trial) for run in (1, 2) for trial in range(1, 5)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for half a journal."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", str(disk))
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield disk
    finally:
        subprocess.run(("umount", str(disk)), check=True)


def test_a_full_disk_stops_the_session_and_costs_nothing_written(small_disk: Path) -> None:
    played = play(
        prepare(Request("pilot_short", out=small_disk, simulated=True)), virtual_setting()
    )
    assert played.ending.exit_code == ExitCode.PROGRAM_FAILED
    assert "No space left on device" in played.ending.message
    before = played.journal.read_bytes()
    journal = read_journal(played.journal)
    done = trials_done(small_disk)
    assert 0 < len(done) < 8
    # Heat that was on when the disk was found full was aborted.
    assert not [e for e in journal.of(events.HeatTriggered) if e.t > journal.events[-1].t]
    subprocess.run(("mount", "-o", "remount,size=50m", str(small_disk)), check=True)
    prepared, _ = prepare_resume(played.journal)
    assert play(prepared, virtual_setting()).ending.exit_code == ExitCode.DONE
    assert played.journal.read_bytes() == before
    assert sorted(trials_done(small_disk)) == ALL


def test_a_folder_without_permission_is_refused_before_anything(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o555)
    code, said = program(
        "from experiment.cli import main; main()",
        *("dry-run", "--study", "pilot_short", "--out", str(folder)),
        before=WITHOUT_ROOTS_RIGHT if os.geteuid() == 0 else (),
    )
    assert code == ExitCode.BAD_INPUT, said
    assert "nothing can be written to" in said
    assert "Traceback" not in said
    assert list(folder.iterdir()) == []


LOSES_PERMISSION = """
import sys
from pathlib import Path
from experiment.cli import main
from experiment.session.preparation import Request, prepare
from experiment.session.finish import finish
from experiment.session.session import play
from experiment.session.settings import virtual_setting

def lose():
    for folder in (dataset, *dataset.rglob("*")):
        folder.chmod(0o555 if folder.is_dir() else 0o444)

setting = virtual_setting()
prepared = prepare(Request("pilot_short", out=Path(sys.argv[1]), simulated=True))
dataset = prepared.place.dataset
setting.clock.call_at(100.0, lose)
sys.exit(finish(play(prepared, setting), None))
"""


def test_a_folder_that_loses_its_permission_costs_only_what_is_made_anew(tmp_path: Path) -> None:
    code, said = program(
        LOSES_PERMISSION, str(tmp_path), before=WITHOUT_ROOTS_RIGHT if os.geteuid() == 0 else ()
    )
    for path in [tmp_path, *tmp_path.rglob("*")]:
        path.chmod(0o755)
    assert code == ExitCode.PROGRAM_FAILED, said
    assert "couldn't be written" in said
    assert "Traceback" not in said
    assert trials_done(tmp_path) == ALL  # an open journal can still be written


WITH_WALL_CLOCK = """
import sys
from pathlib import Path
from experiment.journal import events, read_journal
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting

setting = virtual_setting()
setting.virtual = False  # the computer's own clock says when it was
out, session = sys.argv[1:]
played = play(prepare(Request(
    "pilot_short", out=Path(out), rig=f"{out}/rig.toml", session=session, simulated=True
)), setting)
journal = read_journal(played.journal)
print(len(journal.of(events.HeatTriggered)), len(journal.of(events.HeatSkipped)))
"""


@pytest.mark.skipif(not shutil.which("faketime"), reason="needs faketime (make setup as root)")
def test_a_clock_that_was_set_back_forgets_no_heat(tmp_path: Path) -> None:
    text = (ROOT / "hardware" / "rigs" / "laptop.toml").read_text(encoding="utf-8")
    text = text.replace("most_stimuli_visit = 140", "most_stimuli_visit = 12")
    (tmp_path / "rig.toml").write_text(text, encoding="utf-8")
    sessions = {
        "first": (),
        "setback": ("faketime", "-f", "-3h"),  # the first one's heat lies in its future
        "nextday": ("faketime", "-f", "+25h"),  # and here it's forgotten
    }
    said = {
        name: program(WITH_WALL_CLOCK, str(tmp_path), name, before=before)[1]
        for name, before in sessions.items()
    }
    assert said["first"].split()[-2:] == said["nextday"].split()[-2:] == ["10", "0"]
    # The 10 of the first session and 2 of this one: refused before anything opens.
    assert "12 stimuli were given in 24 h, most_stimuli_visit is 12" in said["setback"]


TWO_AT_ONCE = """
import sys, time
from pathlib import Path
from experiment.errors import UserError
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting

out, participant = sys.argv[1:]
setting = virtual_setting()
request = Request("pilot_short", participant=participant, out=Path(out), simulated=True)
prepared = prepare(request)
print("ready", flush=True)
sys.stdin.readline()
try:
    print(play(prepared, setting).prepared.allocation)
except UserError as error:
    print(error)
    sys.exit(int(error.exit_code))
"""


def at_once(out: Path, *participants: str) -> list[tuple[int, str]]:
    """Let several programs begin a session at the same moment."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", TWO_AT_ONCE, str(out), participant],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for participant in participants
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return [(process.wait(60), process.communicate()[0].strip()) for process in started]


def test_two_programs_never_run_one_session(tmp_path: Path) -> None:
    outcomes = at_once(tmp_path, "01", "01")
    assert sorted(code for code, _ in outcomes) == [ExitCode.DONE, ExitCode.BAD_INPUT]
    said = next(said for code, said in outcomes if code)
    assert "just being run" in said or "just been started" in said
    assert trials_done(tmp_path) == ALL


def test_two_sessions_at_once_in_one_dataset_get_numbers_of_their_own(tmp_path: Path) -> None:
    outcomes = at_once(tmp_path, "01", "02")
    assert sorted(outcomes) == [(0, "1"), (0, "2")]
    assert sorted(trials_done(tmp_path)) == sorted(ALL * 2)


def test_a_session_that_is_being_run_is_not_resumed(tmp_path: Path) -> None:
    refused: list[str] = []

    def resume_too() -> None:
        [journal] = tmp_path.rglob("*_journal-001.jsonl")
        try:
            play(prepare_resume(journal)[0], virtual_setting())
        except UserError as error:
            refused.append(str(error))

    played, _ = play_virtually(tmp_path, happens={100.0: lambda room: resume_too()})
    assert played.ending.exit_code == ExitCode.DONE
    assert len(refused) == 1
    assert "just being run by another program" in refused[0]
