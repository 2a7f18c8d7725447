"""`trustpain trials` and `trustpain allocate`, as somebody types them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from conditions.trials import trial_table
from experiment.cli.allocate import allocate
from experiment.cli.trials import trials
from experiment.errors import ExitCode, UserError
from experiment.places import ROOT
from tests.conditions.make import TCS, flagship

app = typer.Typer()
app.command()(trials)
app.command()(allocate)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_the_table_is_readable_at_100_columns(here: Path) -> None:
    result = run("trials", "--allocation", "2")
    assert result.exit_code == 0, result.output
    *tables, about, temperatures, length, dose = result.stdout.splitlines()
    assert "allocation number 2, seed" in about
    assert temperatures == "Temperatures (fixed): lower 46.5 C, higher 47.5 C"
    assert "645.5 s" in length
    assert "1410, 6 of them dummies" in length
    assert dose.startswith("68 heat stimuli")
    assert dose.count("37.9") == 4
    assert max(map(len, tables)) <= 100
    assert "…" not in result.stdout
    assert sum(line.split()[:1] == ["16"] for line in tables) == 4
    assert list(here.iterdir()) == []


def test_a_narrow_terminal_loses_no_value(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiment.preview.trial_view.WIDTH", 80)
    words = run("trials").stdout.split()
    table = trial_table(flagship(), TCS, allocation=1)
    for value in table["fixation_after_heat_s"].dropna():
        assert f"{value:.1f}" in words


def test_tsv_reads_back_to_the_same_table(here: Path) -> None:
    assert run("trials", "--allocation", "4", "--out", "new/x.tsv").exit_code == 0
    table = trial_table(flagship(), TCS, allocation=4)
    read = pd.read_csv(here / "new" / "x.tsv", sep="\t", na_values="n/a").astype(table.dtypes)
    pd.testing.assert_frame_equal(read, table)


def test_nothing_is_overwritten(here: Path) -> None:
    for arguments in (("trials",), ("allocate", "--n", "6")):
        (here / "x.tsv").write_text("mine")
        result = run(*arguments, "--out", "x.tsv")
        assert isinstance(result.exception, UserError)
        assert "x.tsv exists already" in str(result.exception)
        assert (here / "x.tsv").read_text() == "mine"


def test_plot(here: Path) -> None:
    assert run("trials", "--study", "pilot_short", "--plot", "--session", "02").exit_code == 0
    with Image.open(here / "pilot_short_sub-01_ses-02_trials.png") as picture:
        assert picture.width > 1000
        colours = picture.convert("RGB").getcolors(1_000_000)
        assert colours is not None
        shown = {colour for number, colour in colours if number > 500}
    for colour in ("d55e00", "0072b2", "cc79a7", "882255"):  # both trust levels, both heats
        assert tuple(bytes.fromhex(colour)) in shown
    again = run("trials", "--study", "pilot_short", "--plot", "--session", "02")
    assert isinstance(again.exception, UserError)
    assert again.stdout == ""  # what is wrong doesn't stand below a long table


def test_number_and_calibration_come_from_the_dataset(here: Path) -> None:
    source = here / "ds" / "sourcedata"
    (source / "sub-07").mkdir(parents=True)
    (source / "allocation.tsv").write_text("allocation\tparticipant\n5\t07\n2\tn/a\n")
    assert "allocation number 5," in run("trials", "--participant", "07", "--data", "ds").stdout
    assert "allocation number 2," in run("trials", "--participant", "08", "--data", "ds").stdout
    (source / "sub-07" / "sub-07_calibration-001.toml").write_text(
        'study = "trust_pain"\nscale = "vas"\nmethod = "by_hand"\nresiduals = []\n'
        "sites = [6, 2, 7, 1]\nspare_sites = []\ntargets = [\n"
        "{ rating = 40.0, temperature = 45.0, low = 45.0, high = 45.0 },\n"
        "{ rating = 65.0, temperature = 46.0, low = 46.0, high = 46.0 } ]\n"
    )
    found = run("trials", "--participant", "07", "--data", "ds").stdout
    assert "calibration sub-07_calibration-001.toml): lower 45 C, higher 46 C" in found
    assert "Run 1, skin site 6" in found
    unused = run("trials", "--participant", "07", "--data", "ds", "--calibration", "none").stdout
    assert "(fixed): lower 46.5 C, higher 47.5 C" in unused


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--participant", "sub-01"], "participant label 'sub-01'"),
        (["--session", "a b"], "session label 'a b'"),
        (["--study", "trust_pian"], 'did you mean "trust_pain"?'),
        (["--rig", "nowhere"], 'there is no rig "nowhere"'),
        (["--data", "nowhere"], "there is no dataset nowhere"),
        (["--calibration", "nowhere.json"], "can't be read"),
    ],
)
def test_bad_input(here: Path, arguments: list[str], said: str) -> None:
    result = run("trials", *arguments, "--out", "x.tsv")
    assert isinstance(result.exception, UserError)
    assert result.exception.exit_code == 2
    assert said in str(result.exception)
    assert list(here.iterdir()) == []


def test_a_table_is_no_picture(here: Path) -> None:
    result = run("trials", "--plot", "--out", "x.png")
    assert isinstance(result.exception, UserError)
    assert "--out is the table's file" in str(result.exception)
    assert list(here.iterdir()) == []


def test_a_study_beyond_the_rigs_limits_is_refused(here: Path) -> None:
    text = (Path(__file__).parents[2] / "conditions/studies/trust_pain.toml").read_text()
    Path("hot.toml").write_text(text.replace("fixed = [46.5, 47.5]", "fixed = [46.5, 49.5]"))
    result = run("trials", "--study", "hot.toml")
    assert isinstance(result.exception, UserError)
    assert "49.5 C, but the rig's highest target is 49 C" in str(result.exception)


def test_allocate_writes_a_list_in_blocks(here: Path) -> None:
    result = run("allocate", "--n", "14", "--seed", "3", "--out", "allocation.tsv")
    assert "blocks of 6, seed 3" in result.stderr
    assert "18 would be" in result.stderr
    listed = pd.read_csv("allocation.tsv", sep="\t", na_values="n/a")
    assert list(listed.columns) == ["allocation", "participant"]
    assert sorted(listed["allocation"][:6]) == [1, 2, 3, 4, 5, 6]
    assert len(listed) == 14
    assert listed["participant"].isna().all()
    assert run("allocate", "--n", "14", "--seed", "3").stdout == Path("allocation.tsv").read_text()
    assert run("allocate", "--n", "14", "--seed", "4").stdout != Path("allocation.tsv").read_text()


@pytest.mark.parametrize(("lines", "fits"), [(8, True), (4, False)])
def test_a_code_that_the_rigs_box_has_too_few_lines_for_is_refused(
    here: Path, lines: int, fits: bool
) -> None:
    rig = (ROOT / "hardware" / "rigs" / "laptop.toml").read_text(encoding="utf-8")
    (here / "few.toml").write_text(
        rig.replace("pulse_width_s = 0.01", f"pulse_width_s = 0.01\nlines = {lines}")
    )
    result = run("trials", "--rig", "few.toml")
    if fits:
        assert result.exit_code == 0, result.output
        return
    assert isinstance(result.exception, UserError)
    assert result.exception.exit_code == ExitCode.BAD_INPUT
    said = result.exception.message
    assert "has the marker code" in said
    assert "shows 15 at most (4 lines)" in said
