"""Broken study files: each gives one sentence that names file, key, value and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.errors import ExitCode, UserError
from experiment.inputs.files import STUDIES, load_calibration, load_rig, load_study, load_texts

TEXT = (STUDIES / "trust_pain.toml").read_text(encoding="utf-8")
FIRST_JITTER = "{ jitter = [3.0, 6.0], mean = 4.5, step = 0.1 }"

# What is replaced, by what, and what the sentence must say (all of it).
BROKEN = [
    # top-level keys
    ("runs = 4", 'runs = "4"', ["runs is", '"4"', "whole number without quotes"]),
    ("runs = 4", "runs = true", ["runs is true", "whole number"]),
    ("runs = 4", "runs = 4.0", ["runs is 4.0", "whole number"]),
    ("runs = 4", "runs = nan", ["runs is nan"]),
    ("runs = 4", "runs = 0", ["runs is 0", "at least 1"]),
    ("runs = 4", "runs = 1000", ["runs is 1000", "at most 50"]),
    ("runs = 4", "runs = 99999999999999999999", ["runs is 99999999999999999999", "at most 50"]),
    ("runs = 4", "runs = " + "9" * 5000, ["too many digits"]),
    ("runs = 4", "run = 4", ['unknown key "run"', 'did you mean "runs"?']),
    ("runs = 4", "Runs = 4", ['unknown key "Runs"', 'did you mean "runs"?']),
    ("runs = 4", "", ['"runs" is missing']),
    ("runs = 4", "runs = 4\ncolour = 1", ['unknown key "colour"', "known here are", "run_end_s"]),
    ("runs = 4", "runs = 3", ["skin_sites.for_runs is 4", "runs (3)"]),
    ('task = "trustpain"', 'task = "trust-pain"', ["task is", '"trust-pain"']),
    ('name = "trust_pain"', 'name = "Trust pain"', ["name is", "small letters, digits and _"]),
    ('"repeat_at_end"', '"repeat"', ["interrupted_trials is", 'did you mean "repeat_at_end"?']),
    ("run_end_s = 10.0", "run_end_s = 0", ["run_end_s is 0", "more than 0 (seconds)"]),
    ("run_end_s = 10.0", "run_end_s = 0.0005", ["run_end_s is 0.0005", "milliseconds"]),
    ("run_end_s = 10.0", "run_end_s = inf", ["run_end_s is inf", "finite"]),
    # sections
    ("[scan]", "[scn]", ['unknown key "scn"', 'did you mean "scan"?']),
    ("[design]", "[design", ["isn't valid TOML", "line"]),
    ("[design]", "[desing]", ['unknown key "desing"', 'did you mean "design"?']),
    ("tr_s = 0.46", 'tr_s = "0.46"', ["scan.tr_s is", "number without quotes (seconds)"]),
    ("tr_s = 0.46", "tr_s = nan", ["scan.tr_s is nan", "finite"]),
    ("tr_s = 0.46", "tr_s = 460", ["scan.tr_s is 460", "at most 20"]),
    ("tr_s = 0.46", "tr_s = 1" + "0" * 400, ["scan.tr_s is 1000", "..."]),
    ("tr_s = 0.46", "TR = 0.46", ['scan has an unknown key "TR"', 'did you mean "tr_s"?']),
    ("tr_s = 0.46", "", ['scan lacks the key "tr_s"']),
    ("fixed = [46.5, 47.5]", "fixed = [47.5, 46.5]", ["temperatures.fixed is [47.5, 46.5]"]),
    ("fixed = [46.5, 47.5]", "fixed = [46.5]", ["temperatures.fixed has 1 value"]),
    ("fixed = [46.5, 47.5]", "fixed = 46.5", ["temperatures.fixed is 46.5", "list in square"]),
    ("fixed = [46.5, 47.5]", 'fixed = [46.5, "47.5"]', ["temperatures.fixed[2] is", '"47.5"']),
    ("fixed = [46.5, 47.5]", "fixed = [46.5, 475]", ["temperatures.fixed[2] is 475", "at most 60"]),
    ('levels = ["lower", "higher"]', 'levels = ["low", "low"]', ["levels must all be different"]),
    ('sex = "female", skin_tone = "tan"', 'sex = "f", skin_tone = "tan"', ["identities[3].sex"]),
    ('id = "M2"', 'id = "F1"', ["clinicians.identities has the id 'F1' twice"]),
    ('    { id = "M2", sex = "male", skin_tone = "light" },\n', "", ["7 clinicians", "even"]),
    ('skin_tone = "dark" },\n]', 'skin_ton = "dark" },\n]', ["identities[8]", '"skin_tone"?']),
    ('kind = "trust_by_temperature"', 'kind = "trust"', ["design.kind is", "trust_by_temperature"]),
    ("max_same_trust = 2", "max_same_trust = 0", ["design.max_same_trust is 0", "at least 1"]),
    ("max_same_trust = 2", "max_same_trst = 2", ["unknown key", 'did you mean "max_same_trust"?']),
    (
        "min_other_clinicians = 2",
        "min_other_clinicians = 8",
        ["min_other_clinicians is 8", "8 clin"],
    ),
    ("balance_by_half = true", 'balance_by_half = "yes"', ["design.balance_by_half is", "true or"]),
    ('"at_each_temperature"', '"at_each_temp"', ["each_clinician", '"at_each_temperature"?']),
    ('["skin_tone", "sex"]', '["skin_tone", "age"]', ["balance_assignment[2] is", '"age"']),
    ("count = 8", "count = 2", ["skin_sites.for_runs is 4", "skin_sites.count (2)"]),
    ("high_rating = 90.0", "high_rating = 190.0", ["ratings.high_rating is 190", "at most 100"]),
    ('when = "both"', 'when = "never"', ["face_ratings.when is", '"before" or "after" or "both"']),
    # phases
    (
        'phase = "clinician"',
        'phase = "clinican"',
        ["trial[2].phase is", 'did you mean "clinician"?'],
    ),
    ('phase = "clinician"', "", ['trial[2] lacks the key "phase"']),
    ('phase = "clinician"', "phase = 2", ["trial[2].phase is"]),
    ('phase = "clinician"', 'phase = "fixation"\nname = "x"', ["trial[2]", '"fade_in_s"']),
    ('phase = "anticipation"\n', 'phase = "heat"\nplateau_s = 1.0\n', ["trial[3]", '"duration"']),
    ("plateau_s = 8.0", "plateau = 8.0", ["lead_in[2]", 'did you mean "plateau_s"?']),
    (
        "plateau_s = 8.0",
        "plateau_s = -8.0",
        ["lead_in[2].plateau_s is -8", "more than 0 (seconds)"],
    ),
    ("plateau_s = 8.0", "plateau_s = 31", ["lead_in[2].plateau_s is 31", "at most 30"]),
    ("plateau_s = 8.0", "", ['lead_in[2] lacks the key "plateau_s" (seconds)']),
    (
        'name = "leadin_rest"\nduration = 15.0',
        f'name = "leadin_rest"\nduration = {FIRST_JITTER}',
        ["lead_in[3].duration"],
    ),
    (FIRST_JITTER, '"4.5"', ["trial[1].duration is", '"4.5"', "number"]),
    (FIRST_JITTER, "-1", ["trial[1].duration is -1", "more than 0"]),
    (FIRST_JITTER, "true", ["trial[1].duration is true", "number"]),
    ("mean = 4.5", "mean = 7.5", ["trial[1].duration.mean is 7.5", "3 to 6"]),
    ("mean = 4.5", "mean = 4.53", ["trial[1].duration.mean is 4.53", "16 durations"]),
    ("mean = 4.5", "men = 4.5", ["trial[1].duration has", 'did you mean "mean"?']),
    ("mean = 4.5", "mean = nan", ["trial[1].duration.mean is nan", "finite"]),
    (
        "jitter = [3.0, 6.0]",
        "jitter = [6.0, 3.0]",
        ["trial[1].duration.jitter is [6, 3]", "larger"],
    ),
    ("jitter = [3.0, 6.0]", "jitter = [3.0]", ["trial[1].duration.jitter", "2 values"]),
    ("jitter = [3.0, 6.0]", "jitter = [1.0, 2.0, 3.0]", ["trial[1].duration.jitter", "2 values"]),
    ("jitter = [3.0, 6.0]", "jitter = 3.0", ["trial[1].duration.jitter is 3.0", "list"]),
    ("step = 0.1", "step = 0.7", ["trial[1].duration.step is 0.7", "whole number of steps"]),
    ('question = "intensity"', 'question = "intensty"', ["trial[6].question", '"intensity"?']),
    (
        'question = "unpleasantness"',
        'question = "intensity"',
        ["trial[7].name", "trial[6]", "unique"],
    ),
    ('scale = "vas"', 'scale = "VAS"', ["trial[6].scale is", 'did you mean "vas"?']),
    ('start = "random"', 'start = "rnd"', ["trial[6].start is", "random"]),
    ('start = "random"', "start = 101", ["trial[6].start is 101", "at most 100"]),
    (
        "duration = 6.0",
        "until_response = true",
        ["trial[6].until_response is true", "scan section"],
    ),
    ("duration = 6.0", "", ["trial[6] needs either duration"]),
    ("duration = 6.0", "duration = 6.0\nuntil_response = true", ["trial[6] needs either", "both"]),
    ("marker = 30", "marker = 300", ["trial[3].marker is 300", "at most 255"]),
    ("marker = 30", "marker = 0", ["trial[3].marker is 0", "at least 1"]),
    ("marker = 30", "marker = 20", ["trial[3].marker is 20", "trial[2]", "unique"]),
    ('name = "fixation_after_heat"', 'name = "fixation"', ["trial[5].name", "trial[1]", "unique"]),
    ('name = "fixation_after_heat"', 'name = "onset"', ["trial[5].name is 'onset'", "column"]),
    ('name = "fixation_after_heat"', 'name = "a b"', ["trial[5].name is", "small letters"]),
    # the file itself
    (TEXT, "", ["is missing"]),
    (TEXT, "[[[[", ["isn't valid TOML"]),
    (TEXT, "a = " + "[" * 100_000, ["isn't valid TOML", "nested too deeply"]),
    ("runs = 4", "runs = 4\nruns = 4", ["isn't valid TOML"]),
    (TEXT, "trial = 3\n" + TEXT.split("[[lead_in]]")[0], ["trial is 3", "list"]),
    (TEXT, TEXT.split("[[trial]]")[0], ['"trial" is missing']),
    (TEXT, "PK\x03\x04\x00", ["isn't valid TOML"]),
]


def sentence_about(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_study(path)
    assert caught.value.exit_code == ExitCode.BAD_INPUT == 2
    return str(caught.value)


@pytest.mark.parametrize(("old", "new", "said"), BROKEN, ids=range(len(BROKEN)))
def test_one_sentence(tmp_path: Path, old: str, new: str, said: list[str]) -> None:
    assert TEXT.count(old) >= 1
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    sentence = sentence_about(path)
    assert sentence.startswith("the study file mine.toml")
    assert len(sentence) < 600
    assert "\n" not in sentence
    for words in said:
        assert words in sentence


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (TEXT.encode("utf-16"), "UTF-16"),
        (TEXT.replace("ours", "\xfc", 1).encode("latin-1"), "line 9 that isn't UTF-8"),
        (b"\x00" * 100, "isn't valid TOML"),
        (b"#" * 2_000_000, "larger than 1 MB"),
    ],
)
def test_bytes_that_are_no_study(tmp_path: Path, raw: bytes, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(raw)
    assert said in sentence_about(path)


def test_windows_editors_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    loaded = load_study(path)
    assert loaded.model == load_study("trust_pain").model
    assert loaded.sha256 != load_study("trust_pain").sha256


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("trust_pian", 'did you mean "trust_pain"?'),
        ("nothing_like_it", "shipped are demo, norming, pilot_short, trust_pain"),
        ("mine.toml", 'there is no study "mine.toml"'),
        ("", 'there is no study ""'),
        (str(STUDIES), "is a folder"),
    ],
)
def test_studies_that_are_not_there(source: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load_study(source)
    assert said in str(caught.value)


def test_what_goes_into_the_journal() -> None:
    loaded = load_study("trust_pain")
    assert loaded.as_dict()["runs"] == 4
    assert len(loaded.sha256) == 64
    assert loaded.path.read_text(encoding="utf-8") == loaded.text


def test_the_other_kinds_of_file() -> None:
    assert load_rig("laptop").model.name == "laptop"
    assert load_texts("en").model.language == "en"
    with pytest.raises(UserError, match='there is no rig "lptop": did you mean "laptop"'):
        load_rig("lptop")


CALIBRATION = """
{"study": "trust_pain", "scale": "vas", "method": "fixed", "sites": [3, 1, 8, 5],
 "spare_sites": [2, 4], "residuals": [{"site": 3, "residual": 4.5}],
 "targets": [{"rating": 40.0, "temperature": 45.83, "low": 45.5, "high": 46.1},
             {"rating": 65.0, "temperature": 46.99, "low": 46.5, "high": 47.4}]}
"""


def test_a_calibration_is_read_and_used(tmp_path: Path) -> None:
    from conditions.stimulation import spare_sites
    from conditions.trials import trial_rows
    from tests.conditions.make import TCS, flagship

    path = tmp_path / "calibration.json"
    path.write_text(CALIBRATION, encoding="utf-8")
    calibration = load_calibration(path).model
    rows = trial_rows(flagship(), TCS, allocation=1, calibration=calibration)
    assert {row["temperature"] for row in rows} == {45.8, 46.9}
    assert [row["skin_site"] for row in rows if row["trial"] == 0] == [3, 1, 8, 5]
    assert spare_sites(flagship(), calibration) == (2, 4)
    trial = [
        {**phase, "scale": "glms"} if phase["phase"] == "rating" else phase
        for phase in flagship().model_dump()["trial"]
    ]
    with pytest.raises(ValueError, match="aimed at ratings of 40, 65, but the study needs 17"):
        trial_rows(flagship(trial=trial), TCS, allocation=1, calibration=calibration)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"scale": "vas"', '"scale": "vsa"', 'scale is "vsa"'),
        ("[3, 1, 8, 5]", "[3, 1, 8, 2]", "sites and spare_sites name a site twice"),
        ("[3, 1, 8, 5]", '[3, 1, "8", 5]', 'sites[3] is "8"'),
        ("45.83", "NaN", "targets[1].temperature is nan"),
        ("45.83", "458.3", "targets[1].temperature is 458.3"),
        ("{", "[", "isn't valid JSON"),
        (CALIBRATION, "[1, 2]", "must hold one object"),
        (CALIBRATION, "", "isn't valid JSON"),
    ],
)
def test_broken_calibrations(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(CALIBRATION.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_calibration(path)
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


@given(
    place=st.integers(0, len(TEXT) - 1),
    length=st.integers(0, 60),
    text=st.one_of(st.text(max_size=12), st.sampled_from(["[", "]]", '"', "=", "nan", "\n[a]\n"])),
)
def test_any_slip_of_the_editor_gives_a_sentence_or_a_study(
    tmp_path_factory: pytest.TempPathFactory, place: int, length: int, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "mine.toml"
    broken = TEXT[:place] + text + TEXT[place + length :]
    path.write_bytes(broken.encode("utf-8", errors="surrogatepass"))
    sentence = ""
    try:
        load_study(path)
    except UserError as error:
        sentence = str(error)
    assert "\n" not in sentence
