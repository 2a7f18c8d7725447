"""Row 5: what an event costs the frame loop, against writing and syncing it there.

The events of a run as a dry session wrote them, one each 2 ms or so; ours and the other in alternation, in a
process that is set up as a session's.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.measure import Row, in_ms, p99
from experiment.display.machine import Machine
from experiment.journal import JournalWriter, events, read_journal
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting

GOAL_MS = 0.2


def events_of_a_run(out: Path) -> list[events.Event]:
    """All that stands in the journal between the schedule's zero and the run's end."""
    play(prepare(Request("demo", "laptop", out=out, simulated=True)), virtual_setting())
    [path] = out.rglob("*_journal-001.jsonl")
    written = read_journal(path).events
    first = next(n for n, event in enumerate(written) if isinstance(event, events.RunZero))
    last = next(n for n, event in enumerate(written) if isinstance(event, events.RunEnd))
    return written[first : last + 1]


def run(count: int = 1000, rounds: int = 5) -> Row:
    """`count` events in each of the rounds; judged is the middle one of their 99th percentiles."""
    ours: list[float] = []
    synced: list[float] = []
    with tempfile.TemporaryDirectory(dir=Path("data")) as folder:
        mixture = events_of_a_run(Path(folder, "played"))
        machine = Machine()  # a session's priority, and no garbage collected within a run
        machine.all_imported()
        path = Path(folder) / "sub-01_journal-001.jsonl"
        other = os.open(Path(folder) / "other.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with JournalWriter(path, durable=True) as journal:
            for number in range(count * rounds):
                event = mixture[number % len(mixture)]
                begin = time.perf_counter()
                journal.write(event)
                ours.append(time.perf_counter() - begin)
                time.sleep(0.002)
                begin = time.perf_counter()
                os.write(other, event.model_dump_json().encode() + b"\n")
                os.fsync(other)
                synced.append(time.perf_counter() - begin)
                time.sleep(0.002)
        os.close(other)
        machine.restore()
    parts = [slice(n * count, (n + 1) * count) for n in range(rounds)]
    each = sorted(1000 * p99(ours[part]) for part in parts)
    return Row(
        5,
        f"An event in the frame loop, those of a whole run in their order (median / p99 of {rounds} times {count})",
        in_ms(ours),
        f"write and fsync in the loop: {in_ms(synced)}",
        p99(ours) / p99(synced),
        f"p99 at most {GOAL_MS} ms",
        median(each) <= GOAL_MS,
        notes=(
            f"The rounds' 99th percentiles were {', '.join(f'{value:.3f}' for value in each)} ms; judged is the "
            "middle one.",
            "Ours hands each event to the operating system at once and syncs to disk on a thread of its own, at "
            "least once a trial: a crash of the program costs nothing, a power cut at most the trial in progress.",
        ),
    )
