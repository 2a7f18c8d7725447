"""Which runs may be repeated, until when, on which sites; and what isn't gone on with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conditions.trials import spare_sites
from experiment.errors import ExitCode, UserError
from experiment.journal import events, read_journal
from experiment.recovery.resume import Repeat, prepare_resume
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from tests.experiment.virtual import play_virtually


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of a whole short session of two runs."""
    played, _ = play_virtually(tmp_path_factory.mktemp("whole"))
    return played.prepared.place.dataset


def copied(whole: Path, folder: Path) -> tuple[Path, Path]:
    """A copy of the dataset, and its journal."""
    dataset = folder / whole.name
    shutil.copytree(whole, dataset)
    [journal] = dataset.rglob("*_journal-001.jsonl")
    return dataset, journal


def test_from_a_run_on_all_later_ones_are_repeated_each_on_a_spare_site(
    whole: Path, tmp_path: Path
) -> None:
    dataset, first = copied(whole, tmp_path)
    prepared, _ = prepare_resume(dataset, Repeat(1, and_later=True))
    played = play(prepared, virtual_setting())
    assert played.ending.exit_code == ExitCode.DONE
    starts = read_journal(played.journal).of(events.RunStart)
    assert [(s.run, s.design_run, s.acquisition) for s in starts] == [(3, 1, 1), (4, 2, 1)]
    used = {start.skin_site for start in read_journal(first).of(events.RunStart)}
    assert len({start.skin_site for start in starts} | used) == 4


def test_no_run_is_repeated_when_no_site_is_spare_any_more(whole: Path, tmp_path: Path) -> None:
    dataset, _ = copied(whole, tmp_path)
    prepared, _ = prepare_resume(dataset, Repeat(1, and_later=False))
    used = {run.skin_site for run in prepared.past.runs}
    spare = [s for s in spare_sites(prepared.pain_study, None) if s not in used]
    for _ in spare:
        prepared, _ = prepare_resume(dataset, Repeat(1, and_later=False))
        assert play(prepared, virtual_setting()).ending.exit_code == ExitCode.DONE
    with pytest.raises(UserError, match=r"only 0 skin site\(s\) are spare"):
        prepare_resume(dataset, Repeat(1, and_later=False))


def test_a_day_after_its_end_no_run_is_repeated(whole: Path, tmp_path: Path) -> None:
    dataset, journal = copied(whole, tmp_path)
    text = journal.read_text(encoding="utf-8")
    # In real time, since a virtual session goes on a minute after its end; it began in 2000.
    journal.write_text(
        text.replace('"virtual_time":true', '"virtual_time":false', 1), encoding="utf-8"
    )
    with pytest.raises(UserError, match="ended more than 24 h ago"):
        prepare_resume(dataset, Repeat(1, and_later=False))


@pytest.mark.parametrize(("status", "refused"), [("done", True), ("interrupted", False)])
def test_a_visit_that_is_closed_repeats_no_run(
    whole: Path, tmp_path: Path, status: str, refused: bool
) -> None:
    dataset, journal = copied(whole, tmp_path)
    lines = journal.read_text(encoding="utf-8").splitlines()
    last = read_journal(journal).events[-1].t
    step = events.StepEnd.model_validate(
        {"t": last, "step": "debrief", "attempt": 1, "status": status}
    )
    lines.insert(-1, step.model_dump_json())
    journal.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if refused:
        with pytest.raises(UserError, match="is closed, so no run of it can be repeated"):
            prepare_resume(dataset, Repeat(1, and_later=False))
    else:
        assert prepare_resume(dataset, Repeat(1, and_later=False))[0].rows


def test_a_journal_that_was_carried_elsewhere_is_not_gone_on_with(
    whole: Path, tmp_path: Path
) -> None:
    [journal] = whole.rglob("*_journal-001.jsonl")
    shutil.copy(journal, tmp_path / journal.name)
    with pytest.raises(UserError, match="doesn't lie in the sourcedata folder"):
        prepare_resume(tmp_path / journal.name)
