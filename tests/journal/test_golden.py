"""Journals of every schema version that was ever written must stay readable, word for word.

The files in tests/golden are never changed: a new schema version gets files of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from experiment.bids import export_session
from experiment.journal import events, read_journal
from experiment.summary.summary import summarise

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*_journal-*.jsonl"))
EVERY_KIND = next(path for path in GOLDEN if path.name == "sub-01_ses-02_journal-002.jsonl")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_a_golden_journal_is_read_word_for_word(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    journal = read_journal(path)
    assert len(journal.events) == len(lines)
    for event, line in zip(journal.events, lines, strict=True):
        written, read = json.loads(line), json.loads(event.model_dump_json())
        assert written.items() <= read.items()  # a field may have been added since


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_a_golden_journal_still_makes_a_dataset(path: Path, tmp_path: Path) -> None:
    assert export_session(tmp_path, [path])
    assert summarise([read_journal(path)]).runs
    for table in tmp_path.rglob("*_events.tsv"):
        assert not pd.read_csv(table, sep="\t", na_values="n/a").empty


def test_every_kind_of_event_of_the_first_version_is_in_it() -> None:
    version_1 = {event.event for event in read_journal(EVERY_KIND).events}
    known = {kind.model_fields["event"].default for kind in get_args(events.Event)}
    assert version_1 <= known
    assert len(version_1) == 26
