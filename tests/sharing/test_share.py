"""`trustpain share`: a copy that tells no true date, is valid BIDS, and runs no session."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from experiment.bids.validate import validate_dataset
from experiment.blinding import record_unblinding
from experiment.dataset import SessionPlace, session_lock
from experiment.errors import UserError
from experiment.journal import Journal, read_journal
from experiment.places import ROOT
from experiment.recovery.past import heat_of, heat_of_calibration, heat_of_participant
from experiment.report.session import write_session_report
from experiment.session.finish import finish
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from experiment.sharing.copying import FIXED_TIME, share
from experiment.sharing.dates import LIMIT

PEOPLE = {"sim01": ("01", "02"), "sim02": ("01",)}
FIRST_PAGE_BYTES = 4096
YEARS_400 = (date(2001, 1, 1) - date(1601, 1, 1)).days  # then a day has the same name again
BEFORE = -1_000_000_000  # seconds since 1970: 1938, later than any shifted date


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sessions by the computer's own clock, with all that tells when they were."""
    out = tmp_path_factory.mktemp("original")
    for participant, sessions in PEOPLE.items():
        for session in sessions:
            setting = virtual_setting()
            setting.virtual = False
            request = Request(
                "pilot_short", "laptop", participant, session, out=out, simulated=True
            )
            played = play(prepare(request), setting)
            finish(played, None, with_report=False)
    dataset = out / "pilot_short-sim"
    today = datetime.now(UTC)
    notes = [
        f"came on {today:%Y-%m-%d}, consent of {today:%d.%m.%Y}, {today:%d.%m.%y}",
        f"scan {today:%Y%m%d}T1200, {today:%m/%d/%Y}, at {int(today.timestamp())} s",
        f"born 1990-05-17, again {today:%d.%m.}",
    ]
    lines = [json.dumps({"t": 2.0, "event": "note", "kind": "note", "text": n}) for n in notes]
    offset = {"t": 2.5, "event": "clock_offset", "role": "keyboard", "uncertainty_s": 1e-5}
    lines.append(json.dumps(offset | {"seconds": 2.5 - today.timestamp()}))
    first = journals(dataset)[0].path
    head, *rest = first.read_text().splitlines()
    first.write_text("\n".join([head, *lines, *rest]) + "\n")
    record_unblinding(dataset / "derivatives" / "trustpain", "sub-sim01_ses-01", "page.html")
    write_session_report(dataset / "sub-sim02")
    scans = dataset / "sub-sim01" / "ses-01" / "sub-sim01_ses-01_scans.tsv"
    name = next((dataset / "sub-sim01" / "ses-01").rglob("*_stim.tsv.gz"))
    scans.write_text(
        f"filename\tacq_time\n{name.relative_to(scans.parent).as_posix()}\t"
        f"{today - timedelta(days=9):%Y-%m-%dT%H:%M:%S}\n"
    )
    return dataset


@pytest.fixture(scope="module")
def shifted(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shared") / "copy"
    share(original, out, shift=True)
    return out


@pytest.fixture(scope="module")
def undated(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy without journals; a scans.tsv with true dates isn't shared so."""
    out = tmp_path_factory.mktemp("shared") / "undated"
    scans = next(original.rglob("*_scans.tsv"))
    kept = scans.read_bytes()
    scans.unlink()
    try:
        share(original, out, shift=False)
    finally:
        scans.write_bytes(kept)
    return out


def journals(dataset: Path) -> list[Journal]:
    return [read_journal(path) for path in sorted(dataset.rglob("*_journal-*.jsonl"))]


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file's name and text, unpacked; of pictures what stands before the pixels."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.suffix == ".gz":
                data = gzip.decompress(data)
            if path.suffix == ".png":
                data = data[:FIRST_PAGE_BYTES].split(b"IDAT")[0]
            name = path.relative_to(folder).as_posix()
            yield name, f"{name}\n{data.decode('utf-8', 'replace')}"


def true_days(dataset: Path) -> set[date]:
    began = [datetime.fromisoformat(one.head.started_utc) for one in journals(dataset)]
    ended = [b + timedelta(seconds=j.events[-1].t) for b, j in zip(began, journals(dataset), strict=True)]  # fmt: skip
    return {time.date() for time in [*began, *ended, datetime.now(UTC)]}


def told(folder: Path, days: set[date]) -> list[str]:
    """Where a folder tells one of these days, in whatever spelling."""
    spelled = {
        f"{day:{form}}"
        for day in days
        for form in ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y")
    }
    epochs = {
        int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) // 86400 for day in days
    }
    found = []
    for name, text in texts(folder):
        found += [f"{name}: {each}" for each in spelled if each in text]
        found += [
            f"{name}: {match[0]}"
            for match in re.finditer(r"(?<![\da-f.])\d{10}(?![\da-f])", text)
            if int(match[0]) // 86400 in epochs
        ]
    return found


def shift_of(original: Path, copy: Path) -> timedelta:
    """That of the first participant."""
    true, other = journals(original)[0].head, journals(copy)[0].head
    return datetime.fromisoformat(other.started_utc) - datetime.fromisoformat(true.started_utc)


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


@pytest.fixture(scope="module")
def virtual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dry run, which begins at a fixed date."""
    out = tmp_path_factory.mktemp("virtual")
    prepared = prepare(Request("demo", "laptop", out=out, simulated=True))
    finish(play(prepared, virtual_setting()), None, with_report=False)
    return out / "demo-sim"


def test_the_fixed_date_of_virtual_time_is_shifted_as_well(virtual: Path, tmp_path: Path) -> None:
    shifts = virtual / "sourcedata" / "date_shifts.tsv"
    shifts.write_text("")  # as a disk that was full leaves it
    share(virtual, tmp_path / "copy", shift=True)
    head = journals(tmp_path / "copy")[0].head
    assert head.virtual_time
    assert datetime.fromisoformat(head.started_utc).date() < LIMIT
    assert len(shifts.read_text().splitlines()) == 2


def test_a_kept_shift_that_is_too_small_is_refused(virtual: Path, tmp_path: Path) -> None:
    (virtual / "sourcedata" / "date_shifts.tsv").write_text("participant\tshift_days\nsim01\t-9\n")
    with pytest.raises(UserError, match="in 1999, but shifted dates must lie before 1925"):
        share(virtual, tmp_path / "copy", shift=True)
    assert list(tmp_path.iterdir()) == []


def test_a_session_that_is_going_on_is_not_copied(virtual: Path, tmp_path: Path) -> None:
    with (
        session_lock(SessionPlace(virtual, "sim01", None)),
        pytest.raises(UserError, match="sub-sim01 is just being run"),
    ):
        share(virtual, tmp_path / "copy", shift=False)
    assert list(tmp_path.iterdir()) == []


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


def trustpain(*words: str, cwd: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    return subprocess.run(
        [sys.executable, "-c", f"{before}\nfrom experiment.cli import main; main()", *words],
        cwd=cwd,
        env=environment | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=110,
        check=False,
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("shifted", ("run", "--participant", "01", "--calibration", "none")),
        ("shifted", ("visit", "--participant", "sim01", "--session", "01", "--simulate")),
        ("shifted", ("visit", "--participant", "05", "--simulate")),
        ("shifted", ("calibrate", "--participant", "01", "--simulate")),
        ("shifted", ("dry-run", "--participant", "05")),
        ("shifted", ("resume",)),
        ("undated", ("run", "--participant", "01", "--calibration", "none")),
        ("undated", ("visit", "--participant", "05", "--simulate")),
        ("undated", ("resume",)),
    ],
)
def test_no_session_is_run_in_a_copy(
    kind: str, words: tuple[str, ...], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    copy: Path = request.getfixturevalue(kind)
    # Where a session of the study would be written: a copy that was renamed to the study's name.
    name = "pilot_short-pilot" if words[0] == "run" else "pilot_short-sim"
    place = tmp_path / "data" / name
    place.parent.mkdir()
    place.symlink_to(copy)
    where = ("--study", "pilot_short", "--out", "data")
    done = trustpain(
        *words, *((f"data/{name}/sub-sim01/ses-01",) if words[0] == "resume" else where), cwd=tmp_path
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(r"trustpain: \S+ is in a copy made for sharing, [^.]+\n", done.stderr), (
        done.stderr
    )


def test_journals_of_a_copy_count_for_no_guard(shifted: Path) -> None:
    """Wherever they were put: their heat is hidden in the nineteenth century."""
    assert min(heat.time for heat in heat_of(journals(shifted))) < BEFORE
    with pytest.raises(ValueError, match=r"dates of .* are shifted"):
        heat_of_participant(shifted, "sim01")
    beside = next(shifted.rglob("*_journal-001.jsonl"))
    calibration = beside.with_name(beside.name.replace("journal-001.jsonl", "calibration-001.toml"))
    with pytest.raises(ValueError, match=r"dates of .* are shifted"):
        heat_of_calibration(calibration, shifted.parent / "elsewhere" / "ses-01")


def test_what_is_refused_leaves_nothing(original: Path, shifted: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "dataset_description.json").write_text('{"Name": "x"}')
    for dataset, out, why in (
        (original, tmp_path / "full", "exists already"),
        (original, original / "copy", "in the dataset itself"),
        (tmp_path / "other", tmp_path / "new", "wasn't written by trustpain"),
        (tmp_path / "full", tmp_path / "new", "isn't a dataset"),
        (tmp_path / "nowhere", tmp_path / "new", "isn't a folder"),
        (shifted, tmp_path / "new", "share the original"),
    ):
        done = trustpain("share", str(dataset), "--out", str(out), "--date-shift", cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert why in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"full", "other"}
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_a_true_date_that_cannot_be_shifted_is_named(original: Path, tmp_path: Path) -> None:
    readme, day = original / "README", datetime.now(UTC)
    kept = readme.read_bytes()
    readme.write_bytes(kept + f"First session: {day:%d.%m.%Y}\n".encode())
    try:
        for words in ((), ("--date-shift",)):
            done = trustpain("share", str(original), "--out", "copy", *words, cwd=tmp_path)
            assert done.returncode == 2
            assert f"README ({day:%d.%m.%Y})" in done.stderr
    finally:
        readme.write_bytes(kept)
    done = trustpain("share", str(original), "--out", "copy", cwd=tmp_path)
    assert done.returncode == 2
    assert "_scans.tsv" in done.stderr
    assert "--date-shift" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_a_disk_that_takes_no_more_leaves_no_half_copy(original: Path, tmp_path: Path) -> None:
    largest = max(path.stat().st_size for path in original.rglob("*.jsonl"))
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest // 2},) * 2)"
    words = ("share", str(original), "--out", "copy", "--date-shift")
    done = trustpain(*words, cwd=tmp_path, before=limit)
    assert done.returncode == 1, done.stderr
    assert "nothing of it is left" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_cannot_know(original: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()  # an empty folder will do
    words = ("share", str(original), "--out", "copy", "--date-shift")
    done = trustpain(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for said in ("sourcedata/date_shifts.tsv", "Free text", "3 note(s)", "2 participant(s)"):
        assert said in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
