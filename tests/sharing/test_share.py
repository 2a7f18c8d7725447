"""`trustpain share`: a copy that tells no true date, and is valid BIDS."""

from __future__ import annotations

import hashlib
import json
import os
import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from experiment.bids.validate import validate_dataset
from experiment.errors import UserError
from experiment.report.session import write_session_report
from experiment.sharing.copying import FIXED_TIME, share
from experiment.sharing.dates import LIMIT
from tests.commands import trustpain
from tests.sharing.datasets import PEOPLE, journals, shift_of, texts, told, true_days

YEARS_400 = (date(2001, 1, 1) - date(1601, 1, 1)).days  # then a day has the same name again


def test_the_eyes_of_these_tests_are_open(original: Path) -> None:
    found = told(original, true_days(original))
    for what in ("journal", "unblinding", "report.html"):
        assert any(what in each for each in found)
    assert len({each.rpartition(" ")[2] for each in found if "ses-01_journal" in each}) >= 6


def test_a_shifted_copy_tells_no_true_date(original: Path, shifted: Path) -> None:
    assert len(journals(shifted)) == 3
    assert told(shifted, true_days(original)) == []
    assert not list(shifted.rglob("date_shifts*"))
    assert not list(shifted.rglob("*.html"))
    said = "".join(text for _, text in texts(shifted))
    assert "1990-05-17" not in said
    came = re.search(r"came on (\S+),", "".join(text for _, text in texts(original)))
    assert came is not None
    by = shift_of(original, shifted)
    assert f"born {date(1990, 5, 17) + by}" in said
    assert f"again {date.fromisoformat(came[1]) + by:%d.%m.}" in said
    for path in [shifted, *shifted.rglob("*")]:
        assert path.stat().st_mtime == FIXED_TIME


def test_a_copy_without_shifts_tells_no_true_date(original: Path, undated: Path) -> None:
    assert told(undated, true_days(original)) == []
    assert journals(undated) == []
    assert not (undated / "sourcedata").exists()
    assert not (undated / "derivatives").exists()
    assert {p.name for p in undated.rglob("*_events.tsv")} == {
        p.name for p in original.rglob("*_events.tsv")
    }


@pytest.mark.parametrize("kind", ["shifted", "undated"])
def test_no_hash_of_a_true_journal_is_left(
    kind: str, original: Path, request: pytest.FixtureRequest
) -> None:
    """One would try every shift until the hash fits."""
    said = "".join(text for _, text in texts(request.getfixturevalue(kind)))
    for journal in journals(original):
        assert journal.sha256[:10] not in said


@pytest.mark.parametrize("kind", ["shifted", "undated"])
def test_the_official_validator_finds_no_errors(kind: str, request: pytest.FixtureRequest) -> None:
    assert validate_dataset(request.getfixturevalue(kind)).of("error") == []


def test_each_participant_has_one_shift_and_keeps_intervals(original: Path, shifted: Path) -> None:
    moved: dict[str, set[timedelta]] = {}
    for true, other in zip(journals(original), journals(shifted), strict=True):
        at = datetime.fromisoformat(other.head.started_utc)
        by = at - datetime.fromisoformat(true.head.started_utc)
        moved.setdefault(true.head.participant, set()).add(by)
        assert by % timedelta(days=1) == timedelta(0)
        assert at.date() < LIMIT
        assert other.head.dates_shifted
        assert [e.t for e in other.events] == [e.t for e in true.events]
    assert {who: len(shifts) for who, shifts in moved.items()} == dict.fromkeys(PEOPLE, 1)
    kept = (original / "sourcedata" / "date_shifts.tsv").read_text().splitlines()
    assert {tuple(line.split("\t")) for line in kept[1:]} == {
        (who, str(next(iter(shifts)).days)) for who, shifts in moved.items()
    }
    scans = next(shifted.rglob("*_scans.tsv")).read_text()
    nine_days = datetime.fromisoformat(scans.split()[-1]).date() + timedelta(days=9)
    assert nine_days == datetime.fromisoformat(journals(shifted)[0].head.started_utc).date()


def test_a_second_copy_agrees_and_the_list_only_grows(
    original: Path, shifted: Path, tmp_path: Path
) -> None:
    path = original / "sourcedata" / "date_shifts.tsv"
    before = path.read_bytes()
    share(original, tmp_path / "again", shift=True)
    assert path.read_bytes() == before
    assert list(texts(tmp_path / "again")) == list(texts(shifted))
    header, first, *_ = before.decode().splitlines()
    path.write_text(f"{header}\n{first}\n")  # as if the second participant had come later
    share(original, tmp_path / "third", shift=True)
    assert path.read_text().startswith(f"{header}\n{first}\nsim02\t-")
    path.write_bytes(before[:-1])  # cut off: the last number may be another one
    with pytest.raises(UserError, match=r"date_shifts\.tsv .* damaged"):
        share(original, tmp_path / "fourth", shift=True)
    assert path.read_bytes() == before[:-1]
    assert not (tmp_path / "fourth").exists()
    path.write_bytes(before)


def test_a_shifted_day_without_its_century_may_look_true(original: Path, tmp_path: Path) -> None:
    shifts, table = original / "sourcedata" / "date_shifts.tsv", original / "phenotype" / "a.tsv"
    day = datetime.fromisoformat(journals(original)[0].head.started_utc)
    before = shifts.read_bytes()
    shifts.write_text(f"participant\tshift_days\nsim01\t{-YEARS_400}\nsim02\t{-YEARS_400}\n")
    table.parent.mkdir()
    table.write_text(f"participant_id\tsaid\nsub-sim01\tagain {day:%d.%m.}\n")
    try:
        share(original, tmp_path / "copy", shift=True)
        assert shift_of(original, tmp_path / "copy").days == -YEARS_400
        with pytest.raises(UserError, match=re.escape(f"a.tsv ({day:%d.%m.})")):
            share(original, tmp_path / "undated", shift=False)
    finally:
        shifts.write_bytes(before)
        table.unlink()
        table.parent.rmdir()


def test_a_continued_journal_names_the_shifted_one_before(original: Path, tmp_path: Path) -> None:
    true = journals(original)[0]
    second = true.path.with_name(true.path.name.replace("001", "002"))
    head = json.loads(true.path.read_text().splitlines()[0])
    head["previous"] = true.as_previous().model_dump()
    second.write_text(json.dumps(head) + "\n")
    try:
        share(original, tmp_path / "copy", shift=True)
    finally:
        second.unlink()
    one, two = journals(tmp_path / "copy")[:2]
    assert two.head.previous == one.as_previous()
    assert one.sha256 == hashlib.sha256(one.path.read_bytes()).hexdigest() != true.sha256


def test_the_fixed_date_of_virtual_time_is_shifted_as_well(virtual: Path, tmp_path: Path) -> None:
    shifts = virtual / "sourcedata" / "date_shifts.tsv"
    shifts.write_text("")  # as a disk that was full leaves it
    share(virtual, tmp_path / "copy", shift=True)
    head = journals(tmp_path / "copy")[0].head
    assert head.virtual_time
    assert datetime.fromisoformat(head.started_utc).date() < LIMIT
    assert len(shifts.read_text().splitlines()) == 2


def test_a_report_is_made_from_a_copy(original: Path, shifted: Path) -> None:
    page = write_session_report(shifted / "sub-sim02").read_text()
    began = datetime.fromisoformat(journals(shifted)[-1].head.started_utc)
    assert f"{began:%Y-%m-%d %H:%M}" in page
    assert told(shifted, true_days(original)) == []
    # As it was, for the other tests.
    for path in sorted((shifted / "derivatives").rglob("*.html")):
        path.unlink()
    for folder in (shifted / "derivatives" / "trustpain", shifted / "derivatives"):
        os.utime(folder, (FIXED_TIME, FIXED_TIME))


def test_the_command_says_what_it_cannot_know(original: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()  # an empty folder will do
    words = ("share", str(original), "--out", "copy", "--date-shift")
    done = trustpain(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for said in ("sourcedata/date_shifts.tsv", "Free text", "3 note(s)", "2 participant(s)"):
        assert said in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
