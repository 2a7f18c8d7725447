"""Going on after a crash at any moment: nothing lost, nothing doubled, nothing changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiment.errors import ExitCode, UserError
from experiment.journal import Journal, events, read_journal
from experiment.recovery.past import DONE, heat_of, heat_of_participant
from experiment.recovery.resume import Repeat, prepare_resume
from experiment.session.lab import resume_session
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from tests.experiment.virtual import play_virtually


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of a whole short session."""
    played, _ = play_virtually(tmp_path_factory.mktemp("whole"))
    return played.prepared.place.dataset


def cut(whole: Path, folder: Path, share: float) -> Path:
    """A copy of the dataset in which the journal breaks off after this share of its bytes."""
    dataset = folder / whole.name
    shutil.copytree(whole, dataset)
    [journal] = dataset.rglob("*_journal-001.jsonl")
    data = journal.read_bytes()
    head = data.index(b"\n") + 1
    journal.write_bytes(data[: head + round(share * (len(data) - head))])
    return dataset


def done_trials(journals: list[Journal]) -> list[tuple[int, int]]:
    """(planned run, trial) of every trial that was completed, in order."""
    found = []
    for journal in journals:
        runs = {start.run: start.design_run for start in journal.of(events.RunStart)}
        found += [
            (runs[end.run], end.trial)
            for end in journal.of(events.TrialEnd)
            if end.status in DONE and end.trial > 0
        ]
    return found


ALL_TRIALS = [(run, trial) for run in (1, 2) for trial in range(1, 5)]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 0.99))
def test_a_session_cut_at_any_byte_goes_on_and_has_every_trial_once(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    dataset = cut(whole, tmp_path_factory.mktemp("cut"), share)
    [first] = dataset.rglob("*_journal-001.jsonl")
    before = first.read_bytes()
    prepared, told = prepare_resume(dataset / "sub-sim01")
    assert bool(told) == (not before.endswith(b"\n"))
    played = play(prepared, virtual_setting())
    assert played.ending.exit_code == ExitCode.DONE
    assert first.read_bytes() == before
    journals = [read_journal(first), read_journal(played.journal)]
    assert sorted(done_trials(journals)) == ALL_TRIALS
    assert journals[1].head.previous == journals[0].as_previous()
    indices = [start.run for journal in journals for start in journal.of(events.RunStart)]
    assert indices == list(range(1, len(indices) + 1))


def test_the_trial_that_was_cut_off_comes_at_the_end_of_its_run(
    whole: Path, tmp_path: Path
) -> None:
    dataset = cut(whole, tmp_path, 0.2)
    [first] = dataset.rglob("*_journal-001.jsonl")
    cut_off = read_journal(first).of(events.TrialStart)[-1]
    prepared, _ = prepare_resume(dataset)
    played = play(prepared, virtual_setting())
    journal = read_journal(played.journal)
    segment = journal.of(events.RunStart)[0].run
    trials = [end.trial for end in journal.of(events.TrialEnd) if end.run == segment]
    assert cut_off.trial > 0
    assert trials[-1] == cut_off.trial


def test_a_finished_session_is_not_resumed(whole: Path) -> None:
    with pytest.raises(UserError, match="--repeat-run"):
        prepare_resume(whole / "sub-sim01")


def test_a_run_is_repeated_on_a_spare_site_with_a_fresh_order(whole: Path, tmp_path: Path) -> None:
    dataset = tmp_path / whole.name
    shutil.copytree(whole, dataset)
    first = read_journal(next(dataset.rglob("*_journal-001.jsonl")))
    prepared, _ = prepare_resume(dataset, Repeat(2, and_later=False))
    played = play(prepared, virtual_setting())
    assert played.ending.exit_code == ExitCode.DONE
    journal = read_journal(played.journal)
    [start] = journal.of(events.RunStart)
    assert (start.run, start.design_run, start.acquisition) == (3, 2, 1)
    assert start.skin_site not in {s.skin_site for s in first.of(events.RunStart)}
    order = [(r["clinician"], r["temperature"]) for r in journal.head.trials if r["trial"]]
    before = [
        (r["clinician"], r["temperature"])
        for r in first.head.trials
        if r["run"] == 2 and r["trial"]
    ]
    assert sorted(order) == sorted(before)
    with pytest.raises(UserError, match="no run 9"):
        prepare_resume(dataset, Repeat(9, and_later=False))


def test_what_a_resumed_session_counts_on_the_skin_is_all_that_was_given(
    whole: Path, tmp_path: Path
) -> None:
    everything = heat_of_participant(whole, "sim01")
    [journal] = whole.rglob("*_journal-001.jsonl")
    delivered = read_journal(journal).of(events.HeatDelivered)
    assert len(everything) == len(delivered) == 10
    assert sum(heat.cem43 for heat in everything) == pytest.approx(
        sum(heat.cem43 for heat in delivered)
    )


def test_heat_that_was_going_on_at_a_crash_counts_in_full(whole: Path, tmp_path: Path) -> None:
    [path] = whole.rglob("*_journal-001.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    begun = next(i for i, line in enumerate(lines) if b'"event":"heat_triggered"' in line)
    torn = tmp_path / path.name
    torn.write_bytes(b"".join(lines[: begun + 1]))
    [heat] = heat_of([read_journal(torn)])
    planned = read_journal(torn).of(events.HeatTriggered)[0]
    assert heat.cem43 == pytest.approx(planned.cem43_planned, abs=1e-3)
    # ... and so does one whose start command may just have gone out.
    torn.write_bytes(b"".join(lines[:begun]))
    [heat] = heat_of([read_journal(torn)])
    assert heat.cem43 == pytest.approx(planned.cem43_planned, abs=1e-3)


@pytest.mark.parametrize("content", [b"", b"not a journal\n", b'{"event": "pulse", "t": 1}\n'])
def test_what_is_no_journal_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "sourcedata" / "sub-01"
    folder.mkdir(parents=True)
    (folder / "sub-01_journal-001.jsonl").write_bytes(content)
    with pytest.raises(UserError) as refused:
        prepare_resume(folder)
    assert refused.value.exit_code == ExitCode.BAD_INPUT


def test_several_sessions_at_once_are_not_resumed(whole: Path, tmp_path: Path) -> None:
    dataset = tmp_path / whole.name
    shutil.copytree(whole, dataset)
    play_virtually(tmp_path, participant="02")
    with pytest.raises(UserError, match="several sessions"):
        prepare_resume(dataset)


def test_files_that_were_never_made_are_made_when_somebody_resumes(
    whole: Path, tmp_path: Path
) -> None:
    """The program was killed after its last trial, before it had made anything of its journal."""
    dataset = tmp_path / whole.name
    shutil.copytree(whole, dataset)
    assert not list(dataset.rglob("*_events.tsv"))
    with pytest.raises(UserError, match="--repeat-run"):
        resume_session(dataset, None)
    tables = sorted(dataset.rglob("*_events.tsv"))
    assert len(tables) == 2
    made = [table.stat().st_mtime_ns for table in tables]
    with pytest.raises(UserError, match="--repeat-run"):
        resume_session(dataset, None)
    assert [table.stat().st_mtime_ns for table in tables] == made
