"""Going on after a crash at any moment: nothing lost, nothing doubled, nothing changed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiment.errors import ExitCode, UserError
from experiment.journal import Journal, events, read_journal
from experiment.recovery.past import DONE, heat_of, heat_of_participant, past_of
from experiment.recovery.resume import Repeat, prepare_resume
from experiment.session.lab import resume_session
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from tests.experiment.virtual import play_virtually


def after_run_1(whole: Path, folder: Path) -> Path:
    """A copy of the dataset whose program died when run 1 had ended."""
    dataset = folder / whole.name
    shutil.copytree(whole, dataset)
    [path] = dataset.rglob("*_journal-001.jsonl")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"\n", data.index(b'"event":"run_end"')) + 1])
    return dataset


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


def test_a_repeat_before_the_later_runs_loses_none_of_them(whole: Path, tmp_path: Path) -> None:
    dataset = after_run_1(whole, tmp_path)
    prepared, told = prepare_resume(dataset, Repeat(1, and_later=False))
    assert "run 2 is still to be done" in told[-1]
    assert play(prepared, virtual_setting()).ending.exit_code == ExitCode.DONE
    prepared, _ = prepare_resume(dataset)
    assert {row["run"] for row in prepared.rows_left()} == {2}
    played = play(prepared, virtual_setting())
    [start] = read_journal(played.journal).of(events.RunStart)
    assert (start.run, start.design_run, start.acquisition) == (3, 2, 0)
    with pytest.raises(UserError, match="is finished"):
        prepare_resume(dataset)


def test_a_session_killed_in_its_last_fixation_is_finished(whole: Path, tmp_path: Path) -> None:
    dataset = tmp_path / whole.name
    shutil.copytree(whole, dataset)
    [path] = dataset.rglob("*_journal-001.jsonl")
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b'{"t":', 0, data.rindex(b'"event":"run_end"'))])
    with pytest.raises(UserError, match="is finished"):
        prepare_resume(dataset)


def test_trials_of_a_calibration_in_between_are_none_of_the_runs(
    whole: Path, tmp_path: Path
) -> None:
    """Both count their trials from 1."""
    [path] = whole.rglob("*_journal-001.jsonl")
    journal = read_journal(path)
    half = [e for e in journal.events if e.t < journal.of(events.TrialEnd)[6].t]
    calibration: list[events.Event] = [
        events.TrialStart(t=1.0, run=0, trial=3),
        events.TrialEnd(t=2.0, run=0, trial=3, status="completed"),
    ]
    cut_off = replace(journal, events=half)
    between = replace(journal, events=[journal.head, *calibration])
    assert past_of([cut_off, between]).runs == past_of([cut_off]).runs


def test_what_the_skin_has_had_is_looked_at_before_anything_opens(
    whole: Path, tmp_path: Path
) -> None:
    """Another session on the same day, with the sites nearly used up."""
    dataset = tmp_path / whole.name
    shutil.copytree(whole, dataset)
    first = next(dataset.rglob("*_journal-001.jsonl"))
    lines = first.read_bytes().splitlines(keepends=True)
    heats = [line for line in lines if b'"event":"heat_delivered"' in line]
    first.write_bytes(b"".join([*lines[:-1], *heats * 6, lines[-1]]))
    with pytest.raises(UserError, match=r"still to be given breaks.*most_stimuli_site") as refused:
        play_virtually(tmp_path, session="02")
    assert refused.value.exit_code == ExitCode.BAD_INPUT
    assert not list(dataset.rglob("*ses-02*"))


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
