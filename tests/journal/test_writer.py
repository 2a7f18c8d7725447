"""Writing journals: never over another, from any thread, whole lines also on a full disk."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from experiment.journal import JournalWriter, parse_journal, read_journal
from experiment.journal.events import Note, Pulse, TrialEnd, Warned
from tests.factory import Session, write_session


@pytest.fixture
def head(tmp_path: Path) -> bytes:
    plan = Session(runs=1, trials=1, hz=5)
    path = write_session(tmp_path / "made", plan, tmp_path / "pictures")
    return path.read_bytes().split(b"\n", 1)[0] + b"\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "sub-01" / "sub-01_journal-001.jsonl"


def events_in(path: Path, head: bytes) -> list[object]:
    return list(parse_journal(path, head + path.read_bytes()).events[1:])


def test_an_existing_journal_is_never_touched(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        JournalWriter(path, durable=True)
    assert path.read_bytes() == b"precious"


def test_in_a_session_an_event_is_out_of_our_hands_at_once(path: Path, head: bytes) -> None:
    with JournalWriter(path, durable=True) as writer:
        for number in range(1, 4):
            writer.write(Pulse(t=number, run=1, number=number))
            assert len(events_in(path, head)) == number


def test_in_a_dry_run_events_are_handed_over_at_a_trials_end(path: Path, head: bytes) -> None:
    with JournalWriter(path, durable=False) as writer:
        writer.write(Pulse(t=1, run=1, number=1))
        assert path.read_bytes() == b""
        writer.write(TrialEnd(t=2, run=1, trial=1, status="completed"))
        assert len(events_in(path, head)) == 2
        writer.write(Pulse(t=3, run=1, number=2))
    assert len(events_in(path, head)) == 3


def test_lines_of_many_threads_never_mix(path: Path, head: bytes) -> None:
    def write(kind: str) -> None:
        for number in range(200):
            writer.write(Note(t=number, kind=kind, text=kind * 500))

    with JournalWriter(path, durable=True) as writer:
        threads = [threading.Thread(target=write, args=(kind,)) for kind in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    notes = [event for event in events_in(path, head) if isinstance(event, Note)]
    assert len(notes) == 800
    for kind in "abcd":  # in its own order
        assert [n.t for n in notes if n.kind == kind] == list(range(200))


def test_a_late_event_after_closing_is_dropped(path: Path, head: bytes) -> None:
    writer = JournalWriter(path, durable=True)
    writer.close()
    writer.write(Pulse(t=1, run=1, number=1))
    writer.close()
    assert events_in(path, head) == []


def test_a_full_disk_is_told_and_leaves_no_damage_in_the_middle(
    path: Path, head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 100  # bytes

    def nearly_full(file: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = min(room, len(data))
        room -= taken
        return write(file, bytes(data[:taken]))

    write = os.write
    monkeypatch.setattr(os, "write", nearly_full)
    with JournalWriter(path, durable=True) as writer:
        writer.write(Warned(t=1, message="fits"))
        with pytest.raises(OSError, match="No space left"):
            writer.write(Warned(t=2, message="x" * 100))
        assert len(events_in(path, head)) == 1  # and the torn half of the second
        room = 10**6
        writer.write(Warned(t=3, message="room again"))
    assert [getattr(event, "t", None) for event in events_in(path, head)] == [1, 2, 3]


def test_a_failed_sync_is_told_with_the_next_event(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def fail(file: int) -> None:
        failed.set()
        raise OSError(errno.EIO, "Input/output error")

    with JournalWriter(path, durable=True) as writer:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            writer.write(TrialEnd(t=1, run=1, trial=1, status="completed"))
            assert failed.wait(5)
        with pytest.raises(OSError, match="Input/output error"):
            write_on(writer)


def write_on(writer: JournalWriter) -> None:
    """Events for up to a second: the thread that failed to sync needs a moment to say so."""
    for number in range(1000):
        writer.write(Pulse(t=2, run=1, number=number))
        time.sleep(0.001)


def test_text_that_is_no_text_is_written_all_the_same(path: Path, head: bytes) -> None:
    with JournalWriter(path, durable=True) as writer:
        writer.write(Note(t=1, kind="note", text="caf\udce9"))
    assert events_in(path, head) == [Note(t=1, kind="note", text="caf?")]


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from experiment.journal import JournalWriter
from experiment.journal.events import Pulse
sys.stdout.write("ready\\n"), sys.stdout.flush()
writer = JournalWriter(Path(sys.argv[1]), durable=True)
number = 0
while True:
    number += 1
    writer.write(Pulse(t=number, run=1, number=number))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def test_what_was_written_survives_the_death_of_the_process(path: Path, head: bytes) -> None:
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        told = 0
        while told < 500:
            line = child.stdout.readline().strip()
            told = int(line) if line.isdigit() else told
        child.kill()
        rest = child.stdout.read().splitlines(keepends=True)
    told += sum(line.endswith(b"\n") for line in rest)
    numbers = [getattr(event, "number", None) for event in events_in(path, head)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert told <= len(numbers) <= told + 1


def test_the_head_is_read_back_as_written(tmp_path: Path) -> None:
    path = write_session(tmp_path / "trust_pain", Session(), tmp_path / "pictures")
    head = read_journal(path).head
    assert head.trials[0] == {
        **{"run": 1, "trial": 0, "clinician": None, "trust": None},
        "temperature": 46.5,
    }
    assert (head.participant, head.allocation, head.seed) == ("01", 3, 12345)
