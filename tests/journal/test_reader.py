"""Reading journals: whole, cut at any byte, damaged, foreign."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.journal import find_journals, parse_journal, read_journal
from experiment.journal.events import SCHEMA_VERSION, Note, RunStart, SessionStart, Temperatures
from tests.factory import Session, write_session
from tests.journal.fuzz import fuzz_reader
from tests.memory import most_memory

NAME = Path("sub-01_journal-001.jsonl")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("journal")
    return write_session(root / "trust_pain", Session(runs=1, trials=2, hz=5), root / "pictures")


def test_a_whole_journal(path: Path) -> None:
    journal = read_journal(path)
    assert isinstance(journal.head, SessionStart)
    assert journal.torn == b""
    assert journal.sound_bytes == path.stat().st_size
    assert len(journal.events) == path.read_bytes().count(b"\n")
    assert [event.run for event in journal.of(RunStart)] == [1]
    assert journal.as_previous().name == path.name


@given(st.data())
def test_cut_at_any_byte_every_whole_line_is_kept(path: Path, data: st.DataObject) -> None:
    whole = path.read_bytes()
    head = whole.index(b"\n") + 1
    cut = whole[: data.draw(st.integers(head, len(whole)))]
    journal = parse_journal(NAME, cut)
    assert cut[: journal.sound_bytes] + journal.torn == cut
    assert journal.sound_bytes == cut.rfind(b"\n") + 1
    assert journal.events == parse_journal(NAME, whole).events[: cut.count(b"\n")]


def test_cut_in_its_head_it_is_no_journal(path: Path) -> None:
    head = path.read_bytes().splitlines(keepends=True)[0]
    for cut in (b"", head[:1], head[: len(head) // 2], head[:-1]):
        with pytest.raises(ValueError, match="has no head"):
            parse_journal(NAME, cut)


@given(st.data())
def test_damage_at_the_end_costs_the_last_line_at_most(path: Path, data: st.DataObject) -> None:
    """A power cut can leave blocks of zeros where the last line should be."""
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    begin = data.draw(st.integers(last, len(whole) - 1))
    journal = parse_journal(NAME, whole[:begin] + b"\0" * (len(whole) - begin))
    assert journal.sound_bytes == last
    journal = parse_journal(NAME, whole[:begin] + b"\0" * (len(whole) - begin - 1) + b"\n")
    assert journal.sound_bytes in (last, len(whole))  # cut right before the newline: nothing lost


def test_damage_in_the_middle_is_refused_in_one_sentence(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3][: len(lines[3]) // 2] + b"\n"
    with pytest.raises(ValueError, match=r"^sub-01_journal-001.jsonl is damaged at line 4 \("):
        parse_journal(NAME, b"".join(lines))


def test_a_hole_in_what_was_never_synced_costs_what_follows_it(path: Path) -> None:
    """A power cut may keep a later line and lose an earlier one, but none from before a sync.

    Two synced lines after it prove the sync: the last one may still have been under way.
    """
    lines = path.read_bytes().splitlines(keepends=True)
    last = max(n for n, line in enumerate(lines) if b'"event":"trial_end"' in line)
    pulses = [b'{"t":%d,"event":"pulse","run":1,"number":%d}\n' % (500 + n, n) for n in range(1, 4)]
    hole = b"\0" * (len(pulses[1]) - 1) + b"\n"
    whole = b"".join(lines[: last + 1])
    journal = parse_journal(NAME, whole + pulses[0] + hole + pulses[2])
    assert journal.sound_bytes == len(whole + pulses[0])
    assert journal.torn == hole + pulses[2]
    with pytest.raises(ValueError, match="is damaged at line"):
        parse_journal(NAME, whole + pulses[0] + hole + 2 * lines[last])


@pytest.mark.parametrize(
    "content",
    [
        b"PNG\r\n\x1a\n\0\0",
        b'{"event": "note", "t": 1.0, "kind": "note", "text": ""}\n',
        b'{"onset": 1}\n{"onset": 2}\n',
        b"[1, 2]\n",
        b"\n\n\n",
        b'{"event": "session_start", "schema_version": 1, "t": 0}\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_a_foreign_file_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(ValueError, match="isn't a trustpain journal"):
        parse_journal(NAME, content)


def test_two_journals_in_one_file_are_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="a second head at line"):
        parse_journal(NAME, path.read_bytes() * 2)


def test_a_newer_journal_is_named_as_such_even_if_it_has_unknown_events(path: Path) -> None:
    head, rest = path.read_bytes().split(b"\n", 1)
    newer = json.loads(head) | {"schema_version": SCHEMA_VERSION + 1}
    data = json.dumps(newer).encode() + b'\n{"event": "telepathy", "t": 1}\n' + rest
    with pytest.raises(ValueError, match="update trustpain"):
        parse_journal(NAME, data)


def test_fields_that_a_newer_program_added_are_passed_over(path: Path) -> None:
    head, rest = path.read_bytes().split(b"\n", 1)
    data = json.dumps(json.loads(head) | {"weather": "fine"}).encode() + b"\n" + rest
    assert parse_journal(NAME, data).events == read_journal(path).events


def test_what_is_not_a_number_reads_back_as_such(path: Path) -> None:
    nan, inf = float("nan"), float("inf")
    event = Temperatures(t=1, run=1, trial=1, times=[1, 2], mean=[nan, 1], highest=[inf, -inf])
    head = path.read_bytes().split(b"\n", 1)[0]
    line = event.model_dump_json().encode()
    json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} isn't JSON"))
    back = parse_journal(NAME, head + b"\n" + line + b"\n").of(Temperatures)[0]
    assert repr(back) == repr(event)


def test_notes_keep_every_letter(path: Path) -> None:
    head = path.read_bytes().split(b"\n", 1)[0]
    note = Note(t=1, kind="note", text='äß\n\t"\\ 痛い 😖 \u2028 \0')
    line = note.model_dump_json().encode()
    assert parse_journal(NAME, head + b"\n" + line + b"\n").of(Note) == [note]


def test_fuzzed_lines_are_read_or_refused(path: Path) -> None:
    outcome = fuzz_reader(path.read_bytes(), count=1000, seed=1)
    assert outcome["read"] > 20
    assert outcome["refused"] > 500


@pytest.mark.figures
def test_figure_100_000_fuzzed_lines(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal, count = path.read_bytes(), 100_000
    outcome, peak_mib = most_memory(lambda: fuzz_reader(journal, count, seed=7))
    with capsys.disabled():
        print(
            f"\nfuzzed journal lines: {count} inputs, {outcome['read']} read, "
            f"{outcome['refused']} refused, 0 crashes, at most {peak_mib:.1f} MiB held"
        )


def test_journals_are_found_from_any_path_of_a_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, pictures = tmp_path / "trust_pain", tmp_path / "pictures"
    small = {"runs": 1, "trials": 1, "hz": 5.0}
    for participant, session, number in (("01", "01", 1), ("01", "01", 2), ("01", "02", 1)):
        plan = Session(participant=participant, session=session, number=number, **small)  # type: ignore[arg-type]
        write_session(dataset, plan, pictures)
    other = write_session(dataset, Session(participant="02", **small), pictures)  # type: ignore[arg-type]
    (dataset / "sub-01" / "ses-01").mkdir(parents=True)
    (dataset / "sourcedata" / "other.jsonl").write_text("{}")
    assert len(find_journals(dataset)) == 4
    assert len(find_journals(dataset / "sub-01")) == 3
    assert len(find_journals(dataset / "sub-01" / "ses-01")) == 2
    assert len(find_journals(dataset / "sourcedata" / "sub-01" / "ses-02")) == 1
    assert find_journals(other) == [other]
    monkeypatch.chdir(dataset)
    assert len(find_journals(Path("sub-01/ses-01"))) == 2
    assert len(find_journals(Path("."))) == 4
    for nothing in (tmp_path / "nowhere", pictures):
        with pytest.raises(ValueError, match=r"doesn't exist|there is no journal"):
            find_journals(nothing)
