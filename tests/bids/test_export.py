"""Journals to BIDS: what the tables say, that they are the same each time, that they are valid."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.bids import export_session
from experiment.bids.columns import EVENT_COLUMNS
from experiment.bids.validate import validate_dataset
from experiment.journal import find_journals
from experiment.journal.events import Kind
from tests.factory import DUMMIES, FLAGSHIP, TR_S, Session, replace, torn, write_session

WHOLE = {"trial", "skin_site", "design_run", "segment", "marker"}
NUMBERS = {
    *("onset", "duration", "temperature", "temperature_measured", "plateau_onset", "plateau_end"),
    *("overshoot", "cem43", "rating", "response_time", "first_movement", "start_position"),
    *("planned_onset", "onset_raw", "lateness"),
}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "trust_pain"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


def export(dataset: Path, plan: Session, pictures: Path) -> list[Path]:
    journal = write_session(dataset, plan, pictures)
    return export_session(dataset, find_journals(journal.parent), pictures)


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", na_values="n/a")


def events(dataset: Path, run: int = 1, folder: str = "sub-01/func") -> pd.DataFrame:
    (path,) = (dataset / folder).glob(f"*_run-{run:02d}_events.tsv")
    return table(path)


def recording(dataset: Path, label: str) -> tuple[dict[str, Any], pd.DataFrame]:
    path = next(dataset.rglob(f"*_recording-{label}_stim.tsv.gz"))
    sidecar = json.loads(path.with_name(path.name.replace(".tsv.gz", ".json")).read_text())
    data = BytesIO(gzip.decompress(path.read_bytes()))
    return sidecar, pd.read_csv(data, sep="\t", na_values="n/a", names=sidecar["Columns"])


def every_byte(dataset: Path) -> dict[str, bytes]:
    return {
        p.relative_to(dataset).as_posix(): p.read_bytes() for p in dataset.rglob("*") if p.is_file()
    }


def test_columns_are_of_the_right_types(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(), pictures)
    frame = events(dataset)
    assert list(frame.columns)[:3] == ["onset", "duration", "trial_type"]
    for name in frame:
        kind = frame[name].dropna().infer_objects().dtype.kind
        if name in WHOLE:
            assert frame[name].dtype.kind == "i", name
        elif name in NUMBERS:
            assert frame[name].dtype.kind == "f", name
        elif name == "confirmed":
            assert kind == "b"
        elif frame[name].notna().any():
            assert pd.api.types.is_string_dtype(frame[name].dropna()), name
    assert frame["trial"].notna().all()
    assert frame["onset"].is_monotonic_increasing


def test_onsets_count_from_the_first_stored_volume_in_func(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(), pictures)
    frame = events(dataset)
    assert frame["planned_onset"][0] == pytest.approx(DUMMIES * TR_S, abs=1e-4)
    assert frame["lateness"].to_numpy() == pytest.approx(
        frame["onset"] - frame["planned_onset"], abs=2e-4
    )
    sidecar = json.loads(next((dataset / "sub-01/func").glob("*run-01_events.json")).read_text())
    assert sidecar["FirstAnalysedVolume"] == DUMMIES
    assert sidecar["FirstAnalysedVolumeOnset"] == pytest.approx(DUMMIES * TR_S, abs=1e-4)
    assert sidecar["RepetitionTime"] == TR_S
    assert sidecar["Volumes"] > DUMMIES


def test_onsets_count_from_the_runs_start_in_beh(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(scanned=False), pictures)
    assert events(dataset, folder="sub-01/beh")["planned_onset"][0] == 0.0
    assert not (dataset / "sub-01" / "func").exists()


def test_the_heats_row_is_about_the_heat_not_the_flip(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(), pictures)
    frame = events(dataset)
    heat = frame[frame.trial_type == "heat"]
    assert len(heat) == 4
    assert heat["lateness"].to_numpy() == pytest.approx(0.0032, abs=1e-6)
    assert set(heat["temperature"]) == {46.5, 47.5}
    assert (heat["temperature"] - heat["temperature_measured"]).abs().max() < 0.02
    rise = (heat["temperature"] - 32.0) / 70.0
    assert (heat["plateau_onset"] - heat["onset"] - rise).abs().max() < 2e-4
    assert (heat["plateau_end"] - heat["plateau_onset"] - 8.0).abs().max() < 2e-4
    assert (heat["duration"] - 8.0 - 2 * rise).abs().max() < 2e-4
    assert frame[frame.trial_type != "heat"]["temperature"].count() == 1  # the lead-in's
    assert len(frame[frame.trial_type == "heat_leadin"]) == 1


def test_a_skipped_heat_is_no_heat(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(skip_heat=(1, 2)), pictures)
    frame = events(dataset)
    assert len(frame[frame.trial_type == "heat"]) == 3
    row = frame[frame.trial_type == "heat_skipped"].iloc[0]
    assert (row.trial, row.status) == (2, "heat_skipped")
    assert pd.isna(row.temperature_measured)
    sidecar = json.loads(next((dataset / "sub-01/func").glob("*run-01_events.json")).read_text())
    assert sidecar["SkippedHeats"] == [{"trial": 2, "reason": "not ready at its deadline"}]


def test_a_missing_answer_is_missing(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(no_answer=(1, 2)), pictures)
    frame = events(dataset)
    silent = frame[frame.trial_type.str.startswith("rating") & (frame.trial == 2)]
    assert silent["rating"].isna().all()
    assert (silent["confirmed"] == False).all()  # noqa: E712
    answered = frame[frame.trial_type.str.startswith("rating") & (frame.trial != 2)]
    assert answered["rating"].notna().all()


def test_an_emergency_stop_leaves_an_aborted_trial(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(stop_in=(2, 3)), pictures)
    frame = events(dataset, run=2)
    assert frame.groupby("trial").status.agg(set).to_dict() == {
        0: {"completed"},
        1: {"completed"},
        2: {"completed"},
        3: {"aborted"},
    }
    sidecar = json.loads(next((dataset / "sub-01/func").glob("*run-02_events.json")).read_text())
    assert (sidecar["RunStatus"], sidecar["AbortedTrials"]) == ("aborted", [3])


def test_a_torn_journal_exports_what_there_is(dataset: Path, pictures: Path) -> None:
    journal = write_session(dataset, Session(ends=False), pictures)
    size = journal.stat().st_size
    torn(journal, size // 4)
    export_session(dataset, [journal], pictures)
    frame = events(dataset)
    assert frame["status"].iloc[-1] == "interrupted"
    assert set(frame["status"].iloc[:3]) == {"completed"}
    sidecar = json.loads(next((dataset / "sub-01/func").glob("*run-01_events.json")).read_text())
    assert sidecar["RunStatus"] == "interrupted"
    assert len(sidecar["InterruptedTrials"]) == 1
    assert sidecar["JournalEndsTorn"] is True


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, pd.DataFrame]:
    """A small session's journal, and the table that comes of it."""
    root = tmp_path_factory.mktemp("small")
    plan = Session(runs=1, trials=3, hz=5, skip_heat=(1, 2), no_answer=(1, 1))
    journal = write_session(root / "ds", plan, root / "pictures")
    export_session(root / "ds", [journal], root / "pictures")
    return journal.read_bytes(), events(root / "ds")


@settings(max_examples=40)
@given(st.data())
def test_whatever_byte_it_is_cut_at_no_whole_trial_is_lost_or_changed(
    small: tuple[bytes, pd.DataFrame], data: st.DataObject
) -> None:
    journal, whole = small
    keep = data.draw(st.integers(journal.index(b"\n") + 1, len(journal)))
    ended = journal[: journal.rfind(b"\n", 0, keep)].count(b'"event":"trial_end"')
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sub-01_journal-001.jsonl"
        path.write_bytes(journal[:keep])
        export_session(Path(folder), [path])
        if not list(Path(folder).rglob("*_events.tsv")):
            assert b'"event":"phase_start"' not in journal[:keep].rsplit(b"\n", 1)[0]
            return
        cut = events(Path(folder))
    done = [trial for trial in range(4) if trial < ended]
    columns = [name for name in whole if name != "stim_file"]  # no pictures to copy from
    pd.testing.assert_frame_equal(
        cut[cut.trial.isin(done)][columns].reset_index(drop=True),
        whole[whole.trial.isin(done)][columns].reset_index(drop=True),
        check_dtype=False,
    )
    rest = cut[~cut.trial.isin([*done, -1])]
    assert (rest["status"] == "interrupted").all()


def test_a_heat_that_was_given_has_a_row_even_if_its_phase_was_lost(
    dataset: Path, pictures: Path
) -> None:
    """The command's line comes before the phase's: the program may die between the two."""
    journal = write_session(dataset, Session(runs=1, trials=1, hz=5, scanned=False), pictures)
    lines = journal.read_bytes().splitlines(keepends=True)
    lost = next(n for n, line in enumerate(lines) if b'"trial_type":"heat"' in line)
    heat = next(n for n, line in enumerate(lines) if n > lost and b"heat_triggered" in line)
    journal.write_bytes(b"".join([*lines[:lost], lines[heat]]))
    export_session(dataset, [journal], pictures)
    row = events(dataset, folder="sub-01/beh").query("trial_type == 'heat'").iloc[0]
    assert (row.trial, row.temperature, row.status) == (1, 46.5, "interrupted")
    assert pd.isna(row.duration)


def test_segments_and_repeats_are_acquisitions_of_their_own(dataset: Path, pictures: Path) -> None:
    write_session(dataset, Session(runs=2, stop_in=(2, 3)), pictures)
    again = Session(number=2, acquisition=1, first_run=3, design_runs=(2, 2), segments={3: 2, 4: 1})
    export(dataset, again, pictures)
    found = [
        events(dataset, run)[["design_run", "segment"]].iloc[0].tolist() for run in (1, 2, 3, 4)
    ]
    assert found == [[1, 1], [2, 1], [2, 2], [2, 1]]
    assert table(dataset / "participants.tsv")["n_runs"].tolist() == [4]


def test_one_run_index_in_two_journals_is_refused(dataset: Path, pictures: Path) -> None:
    write_session(dataset, Session(), pictures)
    with pytest.raises(ValueError, match="both hold a run with index 1"):
        export(dataset, Session(number=2), pictures)
    assert not (dataset / "sub-01").exists()


def test_every_column_is_described(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(), pictures)
    for path in dataset.rglob("*_events.tsv"):
        sidecar = json.loads(path.with_suffix(".json").read_text())
        for column in table(path):
            assert {"LongName", "Description"} <= sidecar[column].keys(), column
    for label in ("thermode", "rating"):
        sidecar, _ = recording(dataset, label)
        assert all("Units" in sidecar[column] for column in sidecar["Columns"])
    about = json.loads((dataset / "participants.json").read_text())
    assert list(table(dataset / "participants.tsv")) == list(about)
    assert all("Units" in EVENT_COLUMNS[name] for name in NUMBERS)


def test_the_thermode_recording_follows_the_samples(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(), pictures)
    sidecar, frame = recording(dataset, "thermode")
    assert sidecar["SamplingFrequency"] == 50
    heat = events(dataset).query("trial_type == 'heat'").iloc[0]
    time = sidecar["StartTime"] + frame.index / sidecar["SamplingFrequency"]
    plateau = frame[(time > heat.plateau_onset + 0.05) & (time < heat.plateau_end - 0.05)]
    assert plateau["temperature"].to_numpy() == pytest.approx(heat.temperature)
    assert plateau["temperature_highest"].to_numpy() == pytest.approx(heat.temperature + 0.1)
    between = frame[(time > heat.onset + 10) & (time < heat.onset + 20)]
    assert between["temperature"].isna().all()


def test_the_rating_recording_ends_where_the_rating_is(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(), pictures)
    sidecar, frame = recording(dataset, "rating")
    rating = events(dataset).query("trial_type == 'rating_intensity'").iloc[0]
    time = sidecar["StartTime"] + frame.index / sidecar["SamplingFrequency"]
    during = frame["cursor"][(time >= rating.onset) & (time < rating.onset + rating.duration)]
    assert during.notna().all()
    assert (during.iloc[0], during.iloc[-1]) == (50.0, rating.rating)
    assert frame["cursor"][(time > rating.onset + 13) & (time < rating.onset + 30)].isna().all()


def test_the_same_journal_gives_the_same_bytes(
    dataset: Path, pictures: Path, tmp_path: Path
) -> None:
    export(dataset, Session(), pictures)
    first = every_byte(dataset)
    export_session(dataset, find_journals(dataset), pictures)
    assert every_byte(dataset) == first
    other = tmp_path / "other"
    export(other, Session(), pictures)
    assert every_byte(other) == first
    assert not [name for name in first if "part" in Path(name).name.split(".")]


@pytest.mark.parametrize("kind", ["participant", "pilot", "simulated"])
def test_where_data_come_from_is_said_everywhere(kind: Kind, dataset: Path, pictures: Path) -> None:
    plan = replace(Session(runs=1), kind=kind)
    export(dataset, plan, pictures)
    label = "sub-sim01" if kind == "simulated" else "sub-01"
    sidecars = list((dataset / label).rglob("*.json"))
    assert len(sidecars) == 3
    for path in [*sidecars, dataset / "dataset_description.json"]:
        assert json.loads(path.read_text())["DataOrigin"] == kind
    assert table(dataset / "participants.tsv")["data_origin"].tolist() == [kind]
    description = json.loads((dataset / "dataset_description.json").read_text())
    texts = [
        description["Name"] + (dataset / "README").read_text(),
        description["GeneratedBy"][0]["Description"],
    ]
    for text in texts:
        assert ("simulated participant" in text) == (kind == "simulated")
        assert ("pilot" in text.lower()) == (kind == "pilot")


def test_pictures_are_kept_and_checked(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(), pictures)
    frame = events(dataset)
    shown = frame[frame.trial_type == "clinician"]
    assert shown["stim_file"].notna().all()
    for name in frame["stim_file"].dropna():
        assert (dataset / "stimuli" / name).read_bytes() == (pictures / name).read_bytes()


def test_a_changed_picture_is_not_passed_off_as_the_one_shown(
    dataset: Path, pictures: Path
) -> None:
    journal = write_session(dataset, Session(runs=1), pictures)
    (pictures / "clinicians" / "M1_high.png").write_bytes(b"another")
    export_session(dataset, [journal], pictures)
    assert not (dataset / "stimuli/clinicians/M1_high.png").exists()
    sidecar = json.loads(next((dataset / "sub-01/func").glob("*run-01_events.json")).read_text())
    assert sidecar["MissingPictures"] == ["M1_high.png"]


def test_portraits_made_anew_stand_beside_the_old_ones(dataset: Path, pictures: Path) -> None:
    old = dataset / "stimuli/clinicians/M1_high.png"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"what an earlier participant saw")
    export(dataset, Session(runs=1), pictures)
    names = set(events(dataset)["stim_file"].dropna())
    assert any(name.startswith("clinicians/M1_high_") for name in names)
    assert old.read_bytes() == b"what an earlier participant saw"


def test_what_a_laboratory_added_stays(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(), pictures)
    description = dataset / "dataset_description.json"
    content = json.loads(description.read_text()) | {"Authors": ["A", "B"], "Name": "Ours"}
    description.write_text(json.dumps(content))
    people = table(dataset / "participants.tsv").assign(age=30)
    people.to_csv(dataset / "participants.tsv", sep="\t", index=False)
    (dataset / "README").write_text("our own words")
    export(dataset, Session(participant="02", allocation=4), pictures)
    content = json.loads(description.read_text())
    assert (content["Authors"], content["Name"]) == (["A", "B"], "Ours")
    assert table(dataset / "participants.tsv")["age"].tolist()[0] == 30
    assert table(dataset / "participants.tsv")["participant_id"].tolist() == ["sub-01", "sub-02"]
    assert (dataset / "README").read_text() == "our own words"


def test_sessions_that_end_at_the_same_moment_are_all_listed(dataset: Path, pictures: Path) -> None:
    plans = [Session(participant=f"{n:02d}", runs=1, trials=1, hz=5) for n in range(1, 5)]
    journals = [write_session(dataset, plan, pictures) for plan in plans]
    # Spawned, since a fork would share the very lock that is tried here.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for made in [pool.submit(export_session, dataset, [path], pictures) for path in journals]:
            made.result()
    people = table(dataset / "participants.tsv")["participant_id"].tolist()
    assert people == [f"sub-{plan.participant}" for plan in plans]


def test_a_journal_without_a_head_is_passed_over(dataset: Path, pictures: Path) -> None:
    """The program was killed while it wrote its very first line, and was then started anew."""
    cut = write_session(dataset, Session(), pictures)
    torn(cut, 100)
    second = write_session(dataset, Session(number=2), pictures)
    export_session(dataset, [cut, second], pictures)
    assert len(events(dataset)) > 10
    with pytest.raises(ValueError, match="has no head"):
        export_session(dataset, [cut], pictures)


def test_a_damaged_list_of_participants_is_one_sentence(dataset: Path, pictures: Path) -> None:
    export(dataset, Session(), pictures)
    (dataset / "participants.tsv").write_text("who\nsub-01\n")
    with pytest.raises(ValueError, match=r"participants\.tsv .* no column participant_id"):
        export_session(dataset, find_journals(dataset), pictures)


def test_journals_of_two_sessions_are_refused(dataset: Path, pictures: Path) -> None:
    one = write_session(dataset, Session(session="01"), pictures)
    two = write_session(dataset, Session(session="02"), pictures)
    with pytest.raises(ValueError, match="different sessions"):
        export_session(dataset, [one, two], pictures)


def test_the_validator_finds_no_errors(tmp_path: Path, pictures: Path) -> None:
    """One dataset with everything in it: func and beh, torn, stopped, repeated."""
    dataset = tmp_path / "trust_pain"
    plans = [
        Session(participant="01", skip_heat=(1, 2), no_answer=(1, 3)),
        Session(participant="02", scanned=False),
        Session(participant="03", stop_in=(2, 3)),
    ]
    for plan in plans:
        export(dataset, plan, pictures)
    second = Session(
        participant="03", number=2, first_run=3, design_runs=(2,), runs=1, segments={3: 2}
    )
    export(dataset, second, pictures)
    cut = write_session(dataset, Session(participant="04", ends=False), pictures)
    export_session(dataset, [torn(cut, cut.stat().st_size // 3)], pictures)
    (dataset / "derivatives" / "trustpain").mkdir(parents=True)
    (dataset / "derivatives" / "trustpain" / "sub-01_summary.html").write_text("<html></html>")
    validation = validate_dataset(dataset)
    assert validation.of("error") == []
    assert {(i.code, i.detail) for i in validation.of("warning")} <= KNOWN_WARNINGS


@pytest.mark.parametrize("scanned", [True, False])
def test_the_validator_finds_no_errors_with_sessions(
    scanned: bool, tmp_path: Path, pictures: Path
) -> None:
    dataset = tmp_path / "trust_pain-sim"
    for session in ("01", "02"):
        plan = Session(participant="sim01", kind="simulated", session=session, scanned=scanned)
        export(dataset, plan, pictures)
    validation = validate_dataset(dataset)
    assert validation.of("error") == []
    assert {(i.code, i.detail) for i in validation.of("warning")} <= KNOWN_WARNINGS


@pytest.mark.figures
def test_figure_exporting_a_flagship_session(
    dataset: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = write_session(dataset, FLAGSHIP, pictures)
    costs = []
    for _ in range(5):  # the first pays for imports, and the machine is noisy
        begin = process_time()
        export_session(dataset, [journal], pictures)
        costs.append(process_time() - begin)
    cost = min(costs)
    with capsys.disabled():
        print(f"\nexport of a flagship session, journal read included: {cost:.2f} s of CPU")
    assert cost < 0.4


# docs/data.md says why each of these is left.
KNOWN_WARNINGS = {
    ("NO_AUTHORS", "Authors"),
    ("TOO_FEW_AUTHORS", ""),
    ("JSON_KEY_RECOMMENDED", "License"),
    ("JSON_KEY_RECOMMENDED", "HEDVersion"),
    ("SIDECAR_KEY_RECOMMENDED", "Instructions"),
    ("SIDECAR_KEY_RECOMMENDED", "CogAtlasID"),
    ("SIDECAR_KEY_RECOMMENDED", "CogPOID"),
    ("SIDECAR_KEY_RECOMMENDED", "InstitutionName"),
    ("SIDECAR_KEY_RECOMMENDED", "InstitutionAddress"),
    ("SIDECAR_KEY_RECOMMENDED", "InstitutionalDepartmentName"),
}
