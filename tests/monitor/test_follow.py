"""Following a journal: nothing twice, nothing lost, a torn line waits for its rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import experiment.monitor.follow as follow
from experiment.journal import events, read_journal
from experiment.monitor.follow import Follower
from tests.factory import Session, replace, write_session

PLAN = Session(runs=2, trials=2, hz=5)


@pytest.fixture(autouse=True)
def _search_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "SEARCH_S", 0.0)
    monkeypatch.setattr(follow, "SEARCH_SHARE", 0)


def journal(tmp_path: Path, plan: Session = PLAN) -> Path:
    return write_session(tmp_path / "ds", plan, tmp_path / "pictures")


@pytest.mark.parametrize("piece", [977, 50_000])
def test_growing_in_pieces_that_cut_lines(piece: int, tmp_path: Path) -> None:
    path = journal(tmp_path)
    whole, expected = path.read_bytes(), read_journal(path).events
    path.write_bytes(b"")
    follower, seen = Follower(tmp_path), []
    for end in range(0, len(whole) + piece, piece):
        with path.open("ab") as file:
            file.write(whole[max(0, end - piece) : end])
        news = follower.look()
        assert news.problem == ""
        seen += news.events
    assert seen == expected
    assert follower.look().events == []


def test_before_there_is_a_journal(tmp_path: Path) -> None:
    follower = Follower(tmp_path)
    news = follower.look()
    assert (news.events, news.problem) == ([], "")
    path = journal(tmp_path)
    news = follower.look()
    assert news.fresh
    assert news.journal == path
    assert isinstance(news.events[0], events.SessionStart)


def test_a_resumed_session_goes_on_with_what_was_before(tmp_path: Path) -> None:
    first = journal(tmp_path)
    follower = Follower(tmp_path / "ds")
    assert follower.look().journal == first
    second = journal(tmp_path, replace(PLAN, number=2, runs=1, first_run=3, design_runs=(2,)))
    os.utime(second, (2e9, 2e9))
    news = follower.look()
    assert news.fresh
    assert news.journal == second
    assert news.events == read_journal(first).events + read_journal(second).events


def test_the_session_written_last_is_shown(tmp_path: Path) -> None:
    paths = [journal(tmp_path, replace(PLAN, participant=label)) for label in ("01", "02")]
    os.utime(paths[0], (2e9, 2e9))
    follower = Follower(tmp_path)
    assert follower.look().journal == paths[0]
    os.utime(paths[1], (2.1e9, 2.1e9))
    assert follower.look().journal == paths[1]


def test_a_damaged_line_is_told_and_left_out(tmp_path: Path) -> None:
    path = journal(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:10], b"{not json\n", *lines[10:]]))
    news = Follower(path).look()
    assert "line 11 of sub-01_journal-001.jsonl can't be read" in news.problem
    assert len(news.events) == len(lines)


def test_a_foreign_file_and_one_that_is_replaced(tmp_path: Path) -> None:
    path = journal(tmp_path)
    follower = Follower(path)
    follower.look()
    path.write_bytes(b'{"hello": 1}\n')
    assert "shorter" in follower.look().problem
    assert "isn't a trustpain journal" in follower.look().problem
