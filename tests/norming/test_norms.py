"""What raters' judgements say of a set of portraits, held against what is known to be true."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from experiment.cli.app import app
from experiment.errors import ExitCode, UserError
from experiment.norming.agreement import agreement
from experiment.norming.axis import clinician_slopes, explained, slope_over_all
from experiment.norming.judgements import read_judgements
from experiment.norming.norms import into_manifest, norms_of, verdict
from experiment.norming.norms_page import write
from experiment.participant.faces import FaceParameters
from experiment.session.dry import dry_runs
from experiment.session.preparation import Request, prepare
from experiment.session.settings import simulated_parameters
from stimuli.manifest import SHIPPED, load_manifest, verify
from tests.norming.small import judged, small_study

TRUTH = simulated_parameters().faces
RATERS = 6


def of(table: pd.DataFrame, question: str) -> pd.DataFrame:
    return table[table["question"] == question]


# --- the figures --------------------------------------------------------------------------------


def test_agreement_is_that_of_the_published_example() -> None:
    """Six targets, four judges: Shrout & Fleiss (1979), tables 2 to 4."""
    judges = [
        [9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7],
    ]  # fmt: skip
    rows = [
        {"rater": r, "clinician": str(c), "level": "low", "rating": float(value)}
        for c, values in enumerate(judges)
        for r, value in enumerate(values)
    ]
    found = agreement(pd.DataFrame(rows))
    assert found.raters == 4
    assert (round(found.single, 2), round(found.mean, 2), round(found.alpha, 2)) == (
        0.29,
        0.62,
        0.91,
    )


def test_who_left_a_portrait_out_does_not_count_for_agreement() -> None:
    table = of(judged(TRUTH, 5, clinicians=3), "trustworthy").reset_index(drop=True)
    table.loc[0, "rating"] = np.nan
    assert agreement(table).raters == 4
    assert np.isnan(agreement(table[table["rater"] == "sub-01"]).mean)


def test_the_slope_is_found_for_other_raters_and_clinicians() -> None:
    """Over 40 studies: 95 % intervals hold the truth in about so many, and no bias is left."""
    estimates, held = [], []
    for seed in range(40):
        found = slope_over_all(of(judged(TRUTH, 12, seed=seed), "trustworthy"))
        assert found.mixed is not None
        estimates.append(found.mixed.estimate)
        held.append(found.mixed.low <= TRUTH.whole_trust_slope <= found.mixed.high)
    assert np.mean(estimates) == pytest.approx(TRUTH.whole_trust_slope, abs=0.3)
    assert sum(held) >= 34  # of 40 with 95 %, 34 or fewer come in 1 of 70


def test_happy_and_angry_leave_what_the_axis_has_of_its_own() -> None:
    partial, alone = [], []
    for seed in range(20):
        table = judged(TRUTH, 20, seed=seed)
        found = explained(*(of(table, name) for name in ("trustworthy", "happy", "angry")))
        partial.append(found.partial.estimate)
        alone.append(found.alone.estimate)
        assert 0 <= found.added == found.by_all - found.by_judgements
        assert found.by_all >= max(found.by_axis, found.by_judgements)
    # Happy and angry are measured with error, so that a little of theirs stays with the axis.
    assert TRUTH.trust_slope - 0.1 <= np.mean(partial) <= TRUTH.trust_slope + 0.6
    assert np.mean(alone) == pytest.approx(TRUTH.whole_trust_slope, abs=0.3)


def test_trust_that_is_nothing_but_a_smile_is_told() -> None:
    smile = {
        "trust_slope": 0.0,
        "trust_slope_sd": 0.3,
        "trust_by_happy": 0.8,
        "trust_by_angry": -0.8,
    }
    table = judged(TRUTH.model_copy(update=smile), 30)
    found = explained(*(of(table, name) for name in ("trustworthy", "happy", "angry")))
    assert found.alone.low > 3
    assert found.left < 0.3
    assert found.partial.low < 0.5


def test_without_an_effect_none_is_found() -> None:
    none = TRUTH.model_copy(
        update={"trust_slope": 0.0, "trust_by_happy": 0.0, "trust_by_angry": 0.0}
    )
    found = slope_over_all(of(judged(none, 20), "trustworthy"))
    assert found.raters.low < 0 < found.raters.high


def test_clinicians_that_do_not_rise_are_told() -> None:
    table = of(judged(TRUTH, 10, clinicians=3), "trustworthy").reset_index(drop=True)
    one = table["clinician"] == "1C1"
    table.loc[one & (table["level"] == "high"), "rating"] -= 60
    found = {each.clinician: each for each in clinician_slopes(table, ["low", "neutral", "high"])}
    assert [found[name].rises for name in ("1C0", "1C1", "1C2")] == [True, False, True]
    assert found["1C1"].slope.estimate < found["1C0"].slope.estimate


def test_too_few_portraits_are_a_sentence() -> None:
    table = judged(TRUTH, 5, clinicians=1)
    with pytest.raises(ValueError, match="3 portrait"):
        explained(*(of(table, name) for name in ("trustworthy", "happy", "angry")))
    with pytest.raises(ValueError, match="needs two"):
        slope_over_all(of(judged(TRUTH, 1), "trustworthy"))


def test_answers_that_are_missing_are_left_out() -> None:
    table = judged(TRUTH, 8)
    table.loc[::17, "rating"] = np.nan
    found = explained(*(of(table, name) for name in ("trustworthy", "happy", "angry")))
    assert found.portraits == 24
    assert found.partial.low < found.partial.estimate < found.partial.high
    assert slope_over_all(of(table, "trustworthy")).mixed is not None


def test_the_shipped_parameters_say_what_their_comments_say() -> None:
    assert isinstance(TRUTH, FaceParameters)
    assert TRUTH.whole_trust_slope == pytest.approx(6.3)


# --- from a dataset -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the dataset of a few simulated raters."""
    folder = tmp_path_factory.mktemp("raters")
    study = str(small_study(folder))
    assert dry_runs(study, "laptop", "01", RATERS, None, None, folder) == ExitCode.DONE
    return folder


@pytest.fixture(scope="module")
def dataset(out: Path) -> Path:
    return out / "norming-sim"


def as_people(dataset: Path, folder: Path) -> Path:
    """The same judgements as if people had given them: for what is refused of simulated ones."""
    copy = folder / "norming"
    shutil.copytree(dataset / "sourcedata", copy / "sourcedata")
    for path in copy.rglob("*.jsonl"):
        text = path.read_text(encoding="utf-8")
        assert text.count('"kind":"simulated"') >= 1
        path.write_text(text.replace('"kind":"simulated"', '"kind":"participant"', 1))
    return copy


@pytest.fixture
def judged_set(tmp_path: Path) -> Path:
    """A folder with the portraits that the small study shows, and their manifest."""
    (tmp_path / "set" / "clinicians").mkdir(parents=True)
    keep = ("F1", "M2", "F2", "M3")
    manifest = load_manifest()
    for portrait in manifest.portraits:
        if portrait.clinician in keep:
            shutil.copy(manifest.path(portrait), tmp_path / "set" / portrait.file)
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    own = [lines[0], *(line for line in lines[1:] if line.split("\t")[1] in keep)]
    (tmp_path / "set" / "clinicians.tsv").write_text("\n".join(own) + "\n", encoding="utf-8")
    shutil.copy(SHIPPED.with_suffix(".json"), tmp_path / "set" / "clinicians.json")
    return tmp_path / "set"


def test_judgements_are_those_of_the_tables(dataset: Path) -> None:
    found = read_judgements(dataset)
    assert (len(found.raters), found.kind, found.axis_unit) == (RATERS, "simulated", "unit")
    assert len(found.table) == RATERS * 36
    sums = []
    for path in dataset.rglob("*_events.tsv"):
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        sums += [float(row["rating"]) for row in rows if row["rating"] != "n/a"]
    assert found.table["rating"].sum() == pytest.approx(sum(sums))
    assert set(found.table["axis"]) == {-2.0, 0.0, 2.0}


def test_the_command_writes_a_table_and_a_page(dataset: Path) -> None:
    done = CliRunner().invoke(app, ["portraits", "norms", str(dataset)])
    assert done.exit_code == 0
    assert "rises along the axis" in done.output
    assert "SIMULATED" in done.output
    pages = dataset / "derivatives" / "trustpain"
    with (pages / "desc-norms_portraits.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 36
    assert {row["n"] for row in rows} == {str(RATERS)}
    described = json.loads((pages / "desc-norms_portraits.json").read_text())
    assert set(described) == set(rows[0])
    page = (pages / "desc-norms_report.html").read_text(encoding="utf-8")
    assert "SIMULATED, NOT DATA OF PEOPLE" in page
    assert "by clinician" in page


def test_one_journal_or_session_is_one_rater(dataset: Path) -> None:
    [journal] = (dataset / "sourcedata" / "sub-sim01").glob("*.jsonl")
    for path in (journal, dataset / "sub-sim01"):
        with pytest.raises(UserError, match="at least 2 raters") as caught:
            norms_of(path)
        assert caught.value.exit_code == ExitCode.BAD_INPUT


def test_norms_go_into_the_manifest_and_the_set_stays_sound(
    dataset: Path, judged_set: Path, tmp_path: Path
) -> None:
    norms = norms_of(as_people(dataset, tmp_path))
    before = load_manifest(judged_set)
    for _ in range(2):  # a second time replaces, and doubles nothing
        table = into_manifest(norms, judged_set)
    manifest = load_manifest(judged_set)
    assert verify(manifest) == []
    assert all(portrait.validated for portrait in manifest.portraits)
    assert [p.sha256 for p in manifest.portraits] == [p.sha256 for p in before.portraits]
    assert manifest.notes["validated"] == f"by {RATERS} raters"
    assert manifest.notes["pipeline_version"] == before.notes["pipeline_version"]
    assert "nobody has judged" not in json.dumps(manifest.notes)
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    columns = [name for name in rows[0] if name.startswith("norm_")]
    assert len(columns) == 9 == len(set(columns))
    assert set(manifest.notes["norms"]["columns"]) == set(columns)
    assert manifest.notes["norms"]["columns"]["norm_happy_mean"]["Units"] == "points"
    own = norms.table.set_index(["clinician", "level", "question"])["mean"]
    for row in rows:
        wanted = own[row["clinician"], row["level"], "angry"]
        assert float(row["norm_angry_mean"]) == pytest.approx(wanted, rel=1e-3)
    shown = CliRunner().invoke(app, ["portraits", "check", str(judged_set)])
    assert shown.exit_code == 0
    # A session checks the hashes of a set with norms as of any other, and journals its line.
    study = small_study(judged_set, ('set = "shipped"', 'set = "clinicians.tsv"'))
    prepared = prepare(Request(str(study), "laptop", out=tmp_path / "data", simulated=True))
    assert {portrait.validated for portrait in prepared.portraits()} == {True}


def test_only_peoples_judgements_of_these_very_pictures_become_norms(
    dataset: Path, judged_set: Path, tmp_path: Path
) -> None:
    table = (judged_set / "clinicians.tsv").read_bytes()
    with pytest.raises(UserError, match="simulated, so they can't"):
        into_manifest(norms_of(dataset), judged_set)
    norms = norms_of(as_people(dataset, tmp_path))
    with pytest.raises(UserError, match=r"M1_low\.png wasn't judged"):
        into_manifest(norms, SHIPPED)
    with pytest.raises(UserError, match="there is no manifest"):
        into_manifest(norms, tmp_path)
    assert (judged_set / "clinicians.tsv").read_bytes() == table
    text = table.decode().replace(load_manifest(judged_set).portraits[0].sha256, "0" * 64)
    (judged_set / "clinicians.tsv").write_text(text)
    with pytest.raises(UserError, match="isn't the picture that was judged"):
        into_manifest(norms, judged_set)


def test_sessions_that_do_not_belong_together_are_refused(
    dataset: Path, out: Path, tmp_path: Path
) -> None:
    as_people(dataset, tmp_path)
    shutil.copytree(dataset, tmp_path / "norming-sim")
    with pytest.raises(UserError, match="differ in whose data they are"):
        read_judgements(tmp_path)
    other = small_study(tmp_path, ('{ name = "angry" },', ""))
    dry_runs(str(other), "laptop", "99", None, None, None, tmp_path / "other")
    shutil.copytree(
        tmp_path / "other" / "norming-sim" / "sourcedata" / "sub-sim99",
        tmp_path / "norming-sim" / "sourcedata" / "sub-sim99",
    )
    with pytest.raises(UserError, match="asked different questions"):
        read_judgements(tmp_path / "norming-sim")
    dry_runs("demo", "laptop", "01", None, None, None, tmp_path / "pain")
    with pytest.raises(UserError, match="norms no portraits"):
        read_judgements(tmp_path / "pain")
    with pytest.raises(UserError, match="doesn't exist"):
        read_judgements(tmp_path / "nowhere")


def test_another_picture_under_the_same_name_is_refused(dataset: Path, tmp_path: Path) -> None:
    copy = as_people(dataset, tmp_path)
    [path] = (copy / "sourcedata" / "sub-sim02").glob("*.jsonl")
    sha256 = load_manifest().portrait("F1", "low").sha256
    path.write_text(path.read_text().replace(sha256, "f" * 64))
    with pytest.raises(UserError, match=r"another picture clinicians/F1_low\.png"):
        read_judgements(copy)


def test_who_has_not_finished_is_left_out_and_named(dataset: Path, tmp_path: Path) -> None:
    copy = as_people(dataset, tmp_path)
    [path] = (copy / "sourcedata" / "sub-sim03").glob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-2000])
    norms = norms_of(copy)
    assert len(norms.judgements.raters) == RATERS - 1
    assert any("sub-sim03 is left out" in line for line in verdict(norms))
    assert "sub-sim03 is left out" in write(norms).read_text(encoding="utf-8")
