"""The session report: it says what the journal says, keeps blind, and comes from any journal."""

from __future__ import annotations

import json
import re
import warnings
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from experiment.bids import export_session
from experiment.bids.records import records_of
from experiment.bids.validate import validate_dataset
from experiment.blinding import UNBLINDING
from experiment.cli.app import app
from experiment.errors import UserError
from experiment.journal import events, read_journal
from experiment.report.session import session_journals, write_session_report
from experiment.report.session_facts import facts_of
from experiment.report.session_plots import rating_paths, temperature_traces
from experiment.report.session_timing import pulse_residuals, timing_of
from experiment.report.tables import read_visit
from experiment.report.visits import find_visits
from experiment.summary.deviations import deviation_of
from tests.factory import Session, replace, torn, write_session

PLAN = Session(runs=2, trials=4, hz=5)
GOLDEN = Path(__file__).parent.parent / "golden" / "sub-sim01_ses-01_journal-001.jsonl"
REVEALING = (r"\blow\b", r"\bhigh\b", r"[FM][12]\b", r"[FM][12]_", r"trust level(?!, portrait)")


def report(tmp_path: Path, *plans: Session, unblind: bool = False) -> str:
    for plan in plans:
        write_session(tmp_path / "ds", plan, tmp_path / "pictures")
    path = write_session_report(tmp_path / "ds", unblind)
    assert path.parent == tmp_path / "ds" / "derivatives" / "trustpain"
    return path.read_text(encoding="utf-8")


def words(html: str) -> str:
    """What a reader sees, pictures included, without tags and style."""
    return " ".join(unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.S)).split())


@pytest.mark.parametrize("kind", ["participant", "pilot"])
def test_a_persons_report_is_blind(kind: events.Kind, tmp_path: Path) -> None:
    html = report(tmp_path, replace(PLAN, kind=kind, stop_in=(2, 2), skip_heat=(1, 2)))
    said = html[html.index("<h1>") :]  # attributes too: what a screen reader says, names of shapes
    for pattern in REVEALING:
        assert not re.search(pattern, said), pattern
    assert "Blinded" in said
    assert not (tmp_path / "ds/derivatives/trustpain" / UNBLINDING).exists()


def test_the_same_ratings_give_the_same_blind_pictures_whatever_the_trust(tmp_path: Path) -> None:
    """Not even a colour or an order may depend on it."""
    pages = []
    for name, swap in (("one", False), ("two", True)):
        path = write_session(tmp_path / name, PLAN, tmp_path / "pictures")
        if swap:
            text = path.read_text().replace('"low"', '"?"').replace('"high"', '"low"')
            path.write_text(text.replace('"?"', '"high"'))
        html = write_session_report(tmp_path / name, False).read_text()
        pages.append(re.sub(r"SHA-256 \w+", "", html[html.index("<h1>") :]))
    assert pages[0] == pages[1]


def test_free_text_cannot_unblind(tmp_path: Path) -> None:
    path = write_session(tmp_path / "ds", replace(PLAN, ends=False), tmp_path / "pictures")
    told = "portrait clinicians/F1_low.png is missing; M1 was shown as a low-trust clinician"
    with path.open("a") as file:
        file.write(events.Warned(t=500.0, message=told).model_dump_json() + "\n")
        note = events.Note(t=501.0, kind="<script>alert(1)</script>", text="fainted")
        file.write(note.model_dump_json() + "\n")
    html = write_session_report(path, False).read_text()
    assert "[blinded]" in html
    assert "F1_low" not in html
    assert "low-trust" not in html
    assert "<script" not in html
    assert "fainted" not in html  # words about health stay in the journal
    assert "F1_low.png" in write_session_report(path, True).read_text()


def test_unblinding_is_a_second_page_and_a_line(tmp_path: Path) -> None:
    blind = report(tmp_path, PLAN)
    html = report(tmp_path, unblind=True)
    pages = tmp_path / "ds" / "derivatives" / "trustpain"
    assert {p.name for p in pages.glob("*.html")} == {
        "sub-01_report.html",
        "sub-01_desc-unblinded_report.html",
    }
    assert (pages / "sub-01_report.html").read_text() == blind
    assert "low trust" in html
    assert "Unblinded" in html
    report(tmp_path, unblind=True)
    header, *lines = (pages / UNBLINDING).read_text().splitlines()
    assert header.split("\t") == ["time", "session", "page", "by", "version"]
    assert [line.split("\t")[1:4] for line in lines] == [
        ["sub-01", "sub-01_desc-unblinded_report.html", "command"]
    ] * 2


def test_unblinding_an_open_visit_is_marked(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_session(tmp_path / "ds", replace(PLAN, ends=False), tmp_path / "pictures")
    with pytest.raises(SystemExit) as ended:
        app(["report", str(tmp_path / "ds"), "--unblind"])
    assert ended.value.code == 0
    assert "The visit isn't closed" in capsys.readouterr().out
    _, line = (tmp_path / "ds/derivatives/trustpain" / UNBLINDING).read_text().splitlines()
    assert line.split("\t")[3] == "command, visit not closed"


def test_an_unblinded_mean_is_the_mean_of_the_journals_ratings(tmp_path: Path) -> None:
    path = write_session(tmp_path / "ds", PLAN, tmp_path / "pictures")
    journal = read_journal(path)
    rows = {(row["run"], row["trial"]): row for row in journal.head.trials}
    expected: dict[tuple[str, str], list[float]] = {}
    for rating in journal.of(events.Rating):
        row = rows[rating.run, rating.trial]
        if rating.rating is not None:
            expected.setdefault((rating.question, row["trust"]), []).append(rating.rating)
    answers = facts_of([journal], shown=True).answers
    for (question, trust), values in expected.items():
        found = [a.rating for a in answers if (a.question, a.trust) == (question, trust)]
        assert found == values


def test_a_simulated_report_is_marked_and_shows_conditions(tmp_path: Path) -> None:
    html = report(tmp_path, replace(PLAN, kind="simulated", participant="sim01"))
    pictures = re.findall(r"<svg.*?</svg>", html, flags=re.S)
    assert len(pictures) == 6
    assert all("SIMULATED" in picture for picture in pictures)
    assert "low trust" in html


def test_deviations_come_first_and_say_what_happened(tmp_path: Path) -> None:
    plan = replace(PLAN, skip_heat=(1, 2), no_answer=(1, 3), stop_in=(2, 2))
    text = words(report(tmp_path, plan))
    deviations = text[text.index("What didn't go as planned") : text.index("Runs run")]
    for told in ("heat not given", "no intensity rating given", "stop asked for", "trial aborted"):
        assert told in deviations, told
    assert "run 1, trial 2" in deviations
    assert "planned run(s) without an end: 2 of 2" in deviations
    assert text.index("didn't go") < text.index("Heat") < text.index("Made with")


def test_several_journals_make_one_report(tmp_path: Path) -> None:
    text = words(
        report(
            tmp_path,
            replace(PLAN, stop_in=(2, 2)),
            replace(PLAN, number=2, runs=1, first_run=3, design_runs=(2,), segments={3: 2}),
        )
    )
    assert "the program was started 2 times" in text
    assert "planned run 2 went on in segment 2 as run 3" in text
    assert "journal-001.jsonl" in text
    assert "journal-002.jsonl" in text
    journals = tmp_path / "ds" / "sourcedata" / "sub-01"
    by_file = session_journals(journals / "sub-01_journal-001.jsonl")
    assert by_file == session_journals(tmp_path / "ds" / "sub-01")


def tick_labels(picture: str) -> list[list[str]]:
    """What stands below each panel of a picture, from left to right."""
    name = "{http://www.w3.org/2000/svg}"
    panels = ElementTree.fromstring(picture).iterfind(f".//{name}g[@id]")
    return [
        [
            str(text.text)
            for tick in panel.iterfind(f"{name}g/{name}g[@id]")
            if tick.attrib["id"].startswith("xtick")
            for text in tick.iter(f"{name}text")
        ]
        for panel in panels
        if panel.attrib["id"].startswith("axes_")
    ]


def test_each_segments_panel_names_its_own_trials(tmp_path: Path) -> None:
    plans = (
        replace(PLAN, stop_in=(2, 3)),
        replace(PLAN, number=2, runs=1, first_run=3, first_trial=3, design_runs=(2,)),
    )
    journals = [read_journal(write_session(tmp_path / "ds", p, tmp_path / "x")) for p in plans]
    facts = facts_of(journals, shown=False)
    trials = [["1", "2", "3", "4"], ["1", "2", "3"], ["3", "4"]]
    assert tick_labels(rating_paths(facts)) == trials
    assert tick_labels(temperature_traces(facts)) == [["lead-in", *names] for names in trials]


def test_ratings_of_a_trial_that_was_stopped_are_told_and_in_no_mean(tmp_path: Path) -> None:
    """As in the group report, which reads the tables."""
    plan = replace(PLAN, kind="simulated", skip_heat=(1, 2))
    path = write_session(tmp_path / "ds", plan, tmp_path / "pictures")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["event"] == "trial_end" and (line["run"], line["trial"]) == (2, 4):
            line["status"] = "aborted"  # after both of its ratings
        elif line["event"] == "run_end" and line["run"] == 2:
            line["status"] = "aborted"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    journal = read_journal(path)
    export_session(tmp_path / "ds", [path], tmp_path / "pictures")
    visit = find_visits(tmp_path / "ds")[0]
    used = [row for s in read_visit(tmp_path / "ds", visit) for row in s.trials]
    facts = facts_of([journal], shown=True)
    counting = {(a.run, a.trial) for a in facts.answers if a.counts}
    assert counting == {(row["run"], row["trial"]) for row in used}
    assert len(used) == 6
    assert sum(cell.n for cell in facts.summary.cells) == 12
    text = words(write_session_report(tmp_path / "ds").read_text())
    told = "7 trials done, 16 of 16 ratings given (2 of them in trials that weren't completed)"
    assert told in text
    assert "n = 16 of 16 (2 of them in trials that weren't completed)." in text


def test_a_stop_says_nothing_of_milliseconds_that_nobody_measured(tmp_path: Path) -> None:
    """Its line is written once abort has gone out, and has the time of that."""
    stop = events.Stop(t=10.0004, source="stop", press=1, abort_sent=10.0)
    told = deviation_of(stop)
    assert told is not None
    assert told.text == "stop asked for (the stop key); abort was sent"


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_a_torn_journal_has_a_report(share: float, tmp_path: Path) -> None:
    path = write_session(tmp_path / "ds", PLAN, tmp_path / "pictures")
    torn(path, round(share * path.stat().st_size))
    while path.read_bytes().endswith(b"\n"):
        torn(path, path.stat().st_size - 1)
    text = words(write_session_report(path, False).read_text())
    assert "aren't whole lines and were left out" in text
    assert "the journal has no end" in text
    done = [e for e in read_journal(path).of(events.TrialEnd) if e.trial > 0]
    assert f"{len(done)} trials done" in text


def test_a_journal_with_a_head_alone(tmp_path: Path) -> None:
    path = write_session(tmp_path / "ds", PLAN, tmp_path / "pictures")
    torn(path, path.read_bytes().index(b"\n") + 1)
    text = words(write_session_report(path, False).read_text())
    assert "No run has begun" in text
    assert "No heat was given" in text


def test_without_a_scanner(tmp_path: Path) -> None:
    text = words(report(tmp_path, replace(PLAN, scanned=False)))
    assert "No scanner pulses" in text
    assert (
        timing_of(records_of(read_journal(next((tmp_path / "ds").rglob("*.jsonl"))))[0]).pulses == 0
    )


def test_a_missing_pulse_leaves_the_others_where_they_are(tmp_path: Path) -> None:
    path = write_session(tmp_path / "ds", PLAN, tmp_path / "pictures")
    run = records_of(read_journal(path))[0]
    whole = pulse_residuals(run)
    assert max(abs(ms) for _, ms in whole) < 0.01
    run = records_of(read_journal(path))[0]  # the fit is made once a record
    del run.pulses[50:53]
    run.pulses[80] += 0.010
    late = [ms for _, ms in pulse_residuals(run)]
    assert len(late) == len(whole) - 3
    assert late[80] == pytest.approx(10, abs=0.01)
    assert max(abs(ms) for ms in late[:80] + late[81:]) < 0.01


def test_a_calibrations_trials_are_not_the_runs(tmp_path: Path) -> None:
    calibration = write_session(tmp_path / "ds", replace(PLAN, runs=1), tmp_path / "pictures")
    text = calibration.read_text()
    calibration.write_text(text.replace('"step":"runs"', '"step":"calibration"', 1))
    runs = write_session(tmp_path / "ds", replace(PLAN, number=2), tmp_path / "pictures")
    journals = [read_journal(path) for path in (calibration, runs)]
    facts = facts_of(journals, shown=False)
    assert len(facts.answers) == len(journals[1].of(events.Rating))
    assert [record.journal.path for record in facts.records] == [runs, runs]
    assert sum(d.stimuli for d in facts.doses) == sum(
        len(journal.of(events.HeatDelivered)) for journal in journals
    )
    assert "2 of 2 runs" in words(write_session_report(tmp_path / "ds").read_text())


def test_a_real_dry_runs_figures(tmp_path: Path) -> None:
    """From the golden journal, whose dose and ratings are counted here anew."""
    journal = read_journal(GOLDEN)
    facts = facts_of([journal], shown=True)
    by_site: dict[int, float] = {}
    for heat in journal.of(events.HeatDelivered):
        by_site[heat.skin_site] = by_site.get(heat.skin_site, 0.0) + heat.cem43
    assert {dose.site: dose.cem43 for dose in facts.doses} == pytest.approx(by_site)
    assert len(facts.answers) == len(journal.of(events.Rating))


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no journal in"):
        write_session_report(tmp_path)
    for participant in ("01", "02"):
        write_session(tmp_path, replace(PLAN, participant=participant), tmp_path / "pictures")
    with pytest.raises(UserError, match=r"2 sessions \(sub-01, sub-02\): give the folder of one"):
        write_session_report(tmp_path)
    broken = tmp_path / "sub-09_journal-001.jsonl"
    broken.write_text('{"event": "note"}\n')
    with pytest.raises(UserError, match="isn't a trustpain journal"):
        write_session_report(broken)


def test_the_dataset_stays_valid(tmp_path: Path) -> None:
    paths = [write_session(tmp_path / "ds", PLAN, tmp_path / "pictures")]
    export_session(tmp_path / "ds", paths, tmp_path / "pictures")
    write_session_report(tmp_path / "ds", True)
    assert validate_dataset(tmp_path / "ds").of("error") == []


def test_without_any_rating_nothing_is_drawn_by_condition(tmp_path: Path) -> None:
    plan = replace(PLAN, kind="simulated")
    path = write_session(tmp_path / "ds", plan, tmp_path / "pictures")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["event"] == "rating":
            line.update(rating=None, confirmed=False, response_time=None)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # an empty axis would warn, on the experimenter's screen
        page = words(write_session_report(tmp_path / "ds").read_text(encoding="utf-8"))
    asked = sum(line["event"] == "rating" for line in lines)
    assert f"n = 0 of {asked}" in page
    assert "Ratings by trust" not in page
