"""The audit's page: what stands on it, what doesn't, and what it says to bad input."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from experiment.bids import export_session
from experiment.cli.app import app
from experiment.errors import ExitCode, UserError
from experiment.journal import events, find_journals, read_journal
from experiment.report.session_facts import facts_of as session_facts_of
from experiment.report.session_timing import timing_plots
from experiment.responses.emulated import EmulatedResponses
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from experiment.timing.audit import HEADER, TOPICS, write_audit
from experiment.timing.facts import facts_of
from experiment.timing.plots import pictures
from tests.factory import Session, torn, write_session

SMALL = Session(runs=2, trials=2, hz=10)


def made(root: Path, *plans: Session) -> Path:
    """A dataset with these sessions."""
    for plan in plans:
        journal = write_session(root / "trust_pain", plan, root / "pictures")
        export_session(root / "trust_pain", [journal], root / "pictures")
    return root / "trust_pain"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(
        tmp_path_factory.mktemp("audit"), SMALL, Session(participant="02", runs=1, trials=2, hz=10)
    )


def words(page: Path) -> str:
    return unescape(page.read_text(encoding="utf-8"))


def test_a_session_has_one_page_that_needs_nothing_else(dataset: Path) -> None:
    page = write_audit(dataset / "sub-01")
    assert page == dataset / "derivatives" / "trustpain" / "sub-01_audit.html"
    text = words(page)
    for heading, *_ in TOPICS.values():
        assert f"<h2>{heading}</h2>" in text
    assert text.count("<svg") == 5  # the factory has neither frame counts nor key events
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", text)


def test_it_is_blind(dataset: Path) -> None:
    text = words(write_audit(dataset / "sub-01")).lower()
    assert not re.search(r"\b(f1|m1|f2|m2)\b|low trust|high trust|_low|_high", text)


@pytest.mark.parametrize(
    ("path", "name", "rows"),
    [
        (".", "dataset_audit.html", 3),
        ("sourcedata/sub-02", "sub-02_audit.html", 1),
        ("sourcedata/sub-01/sub-01_journal-001.jsonl", "sub-01_audit.html", 2),
        (
            "sub-01/func/sub-01_task-trustpain_run-02_events.tsv",
            "sub-01_run-02_audit.html",
            1,
        ),
    ],
)
def test_dataset_session_journal_and_run_each_give_a_page(
    dataset: Path, path: str, name: str, rows: int
) -> None:
    page = write_audit(dataset / path)
    assert page.name == name
    assert words(page).count("<tr>") == 1 + rows


def test_a_run_without_pulses_says_so(tmp_path: Path) -> None:
    dataset = made(tmp_path, Session(runs=1, trials=1, hz=10, scanned=False))
    assert "No scanner pulses" in words(write_audit(dataset))


def test_a_run_that_broke_off_is_shown_and_marked(tmp_path: Path) -> None:
    journal = write_session(tmp_path / "d", SMALL, tmp_path / "pictures")
    torn(journal, journal.stat().st_size // 3)
    result = CliRunner().invoke(app, ["audit", str(journal)])
    assert result.exit_code == 0
    told = (
        "sub-01_journal-001.jsonl has no end and stops within run 1: the program ended or is "
        "still running; planned runs that weren't begun: 2."
    )
    assert told in result.output
    assert told in words(next(tmp_path.rglob("*_audit.html")))


def test_a_journal_with_its_end_has_nothing_to_tell(dataset: Path) -> None:
    result = CliRunner().invoke(app, ["audit", str(dataset / "sub-01")])
    assert result.exit_code == 0
    assert "no end" not in result.output
    assert "no end" not in words(dataset / "derivatives" / "trustpain" / "sub-01_audit.html")


def test_it_states_criteria_and_stamps_and_leaves_out_what_was_not_measured(tmp_path: Path) -> None:
    setting = virtual_setting()
    setting.open_responses = lambda prepared, display: _FrameStamped()
    request = Request("demo", "laptop", out=tmp_path, simulated=True)
    journal = play(prepare(request), setting).journal
    text = words(write_audit(journal))
    assert f"Stamps, as the program said at the start: {_FrameStamped.warning}." in text
    assert "its intervals say nothing of stamps" in text
    criteria = read_journal(journal).head.study["verdict"]
    assert (
        "The study's criteria: an onset, a marker or a heat command off its time: at most 17 ms; "
        "dropped frames: at most 20 a run; missing pulses: at most 2 a run; doubled pulses: at "
        "most 2 a run; 99 of 100 pulses off the scanner's rhythm: at most 10 ms."
    ) in text
    cells = re.findall(r"<td>(.*?)</td>", text)
    assert cells[HEADER.index("frames dropped")] == "–"  # there was no window
    export_session(journal.parents[2], [journal])
    sidecar = next(journal.parents[2].rglob("*_events.json"))
    assert json.loads(sidecar.read_text())["TimingCriteria"] == criteria


def legend(picture: str) -> dict[str, str]:
    """Colours by label, of the legend below a picture."""
    name = "{http://www.w3.org/2000/svg}"
    below = ElementTree.fromstring(picture).find(f".//{name}g[@id='legend_1']")
    assert below is not None
    labels = [str(text.text) for text in below.iter(f"{name}text")]
    marks = [mark.attrib["style"] for mark in below.iter(f"{name}use")]
    return {
        label: re.findall(r"fill: (#\w+)", mark)[0]
        for label, mark in zip(labels, marks, strict=True)
    }


def test_a_run_has_one_colour_on_every_page(dataset: Path) -> None:
    journals = [read_journal(path) for path in find_journals(dataset / "sub-01")]
    both = legend(timing_plots(session_facts_of(journals, shown=False)))
    assert list(both) == ["run 1", "run 2"]
    for topic in ("onsets", "pulses", "markers", "heat_commands"):
        assert legend(pictures(facts_of(journals))[topic]) == both
        alone = legend(pictures(facts_of(journals, run=2))[topic])
        assert alone == {"run 2": both["run 2"]}


def test_a_key_with_two_roles_is_one_event(tmp_path: Path) -> None:
    """Two keys in the same moment stay two: that's what stamps by frames look like."""
    path = write_session(tmp_path / "d", SMALL, tmp_path / "pictures")
    zero = read_journal(path).of(events.RunZero)[0].t
    presses: list[tuple[float, str, tuple[str, ...]]] = [
        (1.0, "right", ("right", "next")),
        (1.5, "right", ("right", "next")),
    ]
    presses += [(2.25, "left", ("left",)), (2.25, "down", ("confirm",))]
    with path.open("a") as file:
        for after, name, roles in presses:
            for role in roles:
                press = events.ResponseGiven(t=zero + after, role=role, name=name)
                file.write(press.model_dump_json() + "\n")
    run = facts_of([read_journal(path)], run=1)[0]
    assert run.response_intervals_s == pytest.approx((0.5, 0.75, 0.0))


class _FrameStamped(EmulatedResponses):
    warning = "keys are stamped by the frame that notices them"

    def __init__(self) -> None:
        super().__init__()
        self.info.details["warning"] = self.warning


def _several_datasets(root: Path) -> Path:
    for name in ("one", "two"):
        write_session(root / name, SMALL, root / "pictures")
    return root


def _missing(root: Path) -> Path:
    return root / "nothing_here"


def _empty_folder(root: Path) -> Path:
    return root


def _foreign(root: Path) -> Path:
    path = root / "photo.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    return path


def _other_text(root: Path) -> Path:
    path = root / "notes.txt"
    path.write_text("nothing about time\n")
    return path


def _cut_off(root: Path) -> Path:
    return torn(write_session(root / "d", SMALL, root / "pictures"), 300)


def _before_any_run(root: Path) -> Path:
    journal = write_session(root / "d", SMALL, root / "pictures")
    return torn(journal, journal.read_bytes().index(b"\n") + 1)


def _damaged(root: Path) -> Path:
    journal = write_session(root / "d", SMALL, root / "pictures")
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[10] = b"{}\n"
    journal.write_bytes(b"".join(lines))
    return journal


@pytest.mark.parametrize(
    "bad",
    [
        *(_missing, _empty_folder, _foreign, _other_text, _cut_off, _before_any_run, _damaged),
        _several_datasets,
    ],
    ids=lambda make: make.__name__.strip("_"),
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    tmp_path: Path, bad: Callable[[Path], Path]
) -> None:
    path = bad(tmp_path)
    result = CliRunner().invoke(app, ["audit", str(path)], catch_exceptions=True)
    assert isinstance(result.exception, UserError)
    assert result.exception.exit_code == ExitCode.BAD_INPUT
    assert "\n" not in str(result.exception)
    assert not list(tmp_path.rglob("*_audit.html"))


def test_made_again_it_is_the_same(dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(dataset, tmp_path / "trust_pain")
    first, second = write_audit(dataset / "sub-02"), write_audit(tmp_path / "trust_pain" / "sub-02")
    assert first.read_bytes() == second.read_bytes()
