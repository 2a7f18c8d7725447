"""The summary at a session's end: what it counts, and that it keeps the experimenter blind."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from experiment.journal import read_journal
from experiment.summary.page import print_summary, summary_html, write_summary
from experiment.summary.summary import Summary, summarise
from tests.factory import Session, replace, torn, write_session

PLAN = Session(runs=2, trials=4, hz=5, skip_heat=(1, 2), no_answer=(2, 1))


def made(tmp_path: Path, *plans: Session) -> Summary:
    paths = [write_session(tmp_path / "ds", plan, tmp_path / "pictures") for plan in plans]
    return summarise([read_journal(path) for path in paths])


def printed(summary: Summary) -> str:
    console = Console(file=StringIO(), width=160)
    print_summary(console, summary, Path("data/trust_pain"))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_what_was_done(tmp_path: Path) -> None:
    summary = made(tmp_path, PLAN)
    first, second = summary.runs
    assert (first.trials_done, first.heats, first.heats_skipped) == (4, 4, 1)  # with the lead-in
    assert (first.ratings, first.ratings_asked) == (8, 8)
    assert (second.ratings, second.ratings_asked) == (6, 8)
    assert first.pulses == first.pulses_expected
    assert summary.verdict == "good"
    text = printed(summary)
    assert "2 of 2 runs and 8 trials done, 14 of 16 ratings given" in text
    assert "1 skipped" in text
    assert "data/trust_pain" in text


@pytest.mark.parametrize("kind", ["participant", "pilot"])
def test_a_persons_summary_is_blind(kind: str, tmp_path: Path) -> None:
    summary = made(tmp_path, replace(PLAN, kind=kind))  # type: ignore[arg-type]
    assert summary.cells == ()
    for text in (printed(summary), summary_html(summary)):
        for revealing in ("low", "high", "46.5", "47.5", "F1", "M1", "mean", "Mean"):
            assert revealing not in text.replace("yellow", ""), revealing
    assert ("pilot" in printed(summary)) == (kind == "pilot")


def test_a_simulated_ones_has_means_by_condition(tmp_path: Path) -> None:
    summary = made(tmp_path, replace(PLAN, kind="simulated", participant="sim01"))
    assert len(summary.cells) == 8  # 2 trust levels, 2 temperatures, 2 questions
    assert sum(cell.n for cell in summary.cells) == 12  # without trials without heat or answer
    assert all(cell.mean == pytest.approx(79.7) for cell in summary.cells)
    for text in (printed(summary), summary_html(summary)):
        assert "never evidence about people" in text
        assert "79.7" in text


def test_a_session_that_was_stopped_and_taken_up_again(tmp_path: Path) -> None:
    again = Session(
        number=2, runs=1, trials=4, hz=5, first_run=3, design_runs=(2,), segments={3: 2}
    )
    summary = made(tmp_path, replace(PLAN, stop_in=(2, 3)), again)
    assert [(r.run, r.design_run, r.segment, r.status) for r in summary.runs] == [
        (1, 1, 1, "completed"),
        (2, 2, 1, "aborted"),
        (3, 2, 2, "completed"),
    ]
    assert "2, part 2" in printed(summary)


def test_a_journal_that_was_cut_off(tmp_path: Path) -> None:
    path = write_session(tmp_path / "ds", replace(PLAN, ends=False), tmp_path / "pictures")
    torn(path, path.stat().st_size // 2)
    summary = summarise([read_journal(path)])
    assert (summary.status, summary.verdict) == ("interrupted", "unknown")
    assert "the program ended without closing its journal" in printed(summary)
    assert "timing unknown" in printed(summary)


def test_the_page_is_one_file_without_links(tmp_path: Path) -> None:
    path = write_summary(tmp_path / "ds", made(tmp_path, PLAN))
    assert path.relative_to(tmp_path / "ds").as_posix() == (
        "derivatives/trustpain/sub-01_summary.html"
    )
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert "<script" not in text
