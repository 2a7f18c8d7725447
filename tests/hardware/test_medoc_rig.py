"""What a rig file may say of a Medoc, and what a study may ask of it."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from experiment.errors import UserError
from experiment.inputs.files import load_study
from experiment.journal import events, read_journal
from experiment.session.heat_limits import thermode_figures
from experiment.session.preparation import Request, all_emulated, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from hardware.rig import MedocSection, Rig
from tests.experiment.virtual import play_virtually

RIG = Path(__file__).parents[2] / "hardware" / "rigs" / "mri_medoc.toml"

TEXT = RIG.read_text(encoding="utf-8")


def first(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda rig: rig["thermode"]["programs"][0].update(values)


def put(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda rig: rig["thermode"].update(values)


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        (put(port="192.168.1.20:20121"), "an address is 'tcp://host:port'"),
        (put(port="tcp://host:0"), "an address is"),
        (put(port="tcp://host:65536"), "an address is"),
        (put(port="COM3"), "an address is"),
        (put(port=20121), "an address is"),
        (put(port="emulated://tcs"), "the emulated one is 'emulated://medoc'"),
        (put(rise_rate=70.0), "less than or equal to 10"),
        (put(poll_hz=20.0), "less than or equal to 10"),
        (put(poll_hz=1.0), "greater than or equal to 2"),
        (put(gap_s=0.05), "greater than or equal to 0.1"),
        (put(poll_hz=10.0), r"gap_s of 0\.2 s allows at most 5"),
        (put(programs=[]), "names no program"),
        (put(baud=115200), "Extra inputs"),
        (put(readback="P"), "Extra inputs"),
        (first(id=65), "the id 65 twice"),
        (first(id=0), "greater than or equal to 1"),
        (first(id=256), "less than or equal to 255"),
        (first(temperature=44.5), "44.5 C for 8 s twice"),
        (first(temperature=31.0), "not above the baseline, 32 C"),
        (first(temperature=49.5), "above limits.highest_target, 49 C"),
        (first(temperature=48.2, plateau_s=11.0), "the limits allow 10 s at 48.2 C"),
        (lambda rig: rig["thermode"]["programs"][0].pop("plateau_s"), "Field required"),
    ],
)
def test_a_broken_medoc_section_is_refused_with_one_error(
    slip: Callable[[dict[str, Any]], None], says: str
) -> None:
    data = tomllib.loads(TEXT)
    slip(data)
    with pytest.raises(ValidationError, match=says) as error:
        Rig.model_validate(data)
    assert error.value.error_count() == 1


def test_the_shipped_one() -> None:
    rig = Rig.model_validate(tomllib.loads(TEXT))
    assert isinstance(rig.thermode, MedocSection)
    assert rig.emulated_devices() == ()
    emulated = all_emulated(rig)
    assert emulated.ports() == {"thermode": "emulated://medoc", "scanner": "emulated://scanner"}
    assert Rig.model_validate(emulated.model_dump()) == emulated
    programs = thermode_figures(rig, "mri_medoc", load_study("trust_pain").model).programs
    assert programs == (44.0, 44.5, 45.0, 45.5, 46.0, 46.5, 47.0, 47.5, 48.0, 48.5)
    program = rig.thermode.program(47.5, 8.0)
    assert program is not None
    assert program.id == 0b01000111


def prepared(tmp_path: Path, rig_text: str) -> Any:
    rig = tmp_path / "room.toml"
    rig.write_text(rig_text, encoding="utf-8")
    return prepare(Request(rig=str(rig), out=tmp_path, simulated=True))


def test_a_study_takes_the_next_lower_program(tmp_path: Path) -> None:
    text = TEXT.replace("temperature = 47.5\n", "temperature = 47.3\n")
    table = prepared(tmp_path, text).rows
    assert {row["temperature"] for row in table} == {46.5, 47.3}


def test_a_plateau_that_no_program_has_is_said_beforehand(tmp_path: Path) -> None:
    text = TEXT.replace("plateau_s = 8.0", "plateau_s = 7.0")
    with pytest.raises(UserError, match=r"with a plateau of 8 s is none of") as error:
        prepared(tmp_path, text)
    assert error.value.exit_code == 2


def test_a_temperature_below_all_programs_is_said_beforehand(tmp_path: Path) -> None:
    head, _, rest = TEXT.partition("[[thermode.programs]]")
    program = "[[thermode.programs]]\nid = 1\ntemperature = 47.0\nplateau_s = 8.0\n\n"
    with pytest.raises(UserError, match=r"46\.5 C is needed.*lowest program is 47 C"):
        prepared(tmp_path, head + program + rest[rest.index("[scanner]") :])


def test_a_dry_run_with_a_medoc(tmp_path: Path) -> None:
    """Every heat of a session, over the emulated network."""
    request = Request(study="pilot_short", rig="mri_medoc", out=tmp_path, simulated=True)
    played = play(prepare(request), virtual_setting())
    assert played.ending.status == "completed"
    journal = read_journal(played.journal)
    heats = journal.of(events.HeatDelivered)
    assert (
        len(heats) == len(journal.of(events.HeatTriggered)) == len(journal.of(events.HeatPrepared))
    )
    assert {heat.reason for heat in heats} == {""}
    for heat in heats:
        assert heat.temperature_measured == pytest.approx(heat.temperature, abs=0.1)
    (device,) = [d for d in journal.of(events.DeviceOpened) if d.role == "thermode"]
    assert device.kind == "medoc"


def only_programs(tmp_path: Path, *temperatures: float) -> str:
    """A rig file whose programs are these, with the study's plateau."""
    head, _, rest = TEXT.partition("[[thermode.programs]]")
    programs = "".join(
        f"[[thermode.programs]]\nid = {number}\ntemperature = {t}\nplateau_s = 8.0\n\n"
        for number, t in enumerate(temperatures, start=1)
    )
    rig = tmp_path / "room.toml"
    rig.write_text(head + programs + rest[rest.index("[scanner]") :], encoding="utf-8")
    return str(rig)


@pytest.mark.parametrize(
    ("programs", "lower", "given"),
    [((45.5, 46.5, 47.5), True, {45.5, 46.5}), ((46.5, 47.5), False, {46.5, 47.5})],
)
def test_lower_is_the_next_lower_program_or_is_not_offered(
    programs: tuple[float, ...], lower: bool, given: set[float], tmp_path: Path
) -> None:
    offered: list[bool] = []

    def choose(question: str, options: Mapping[str, str]) -> str:
        if not question.startswith("Paused"):
            return next(iter(options))
        offered.append("l" in options)
        return "l" if "l" in options else "g"

    _, journal = play_virtually(
        tmp_path,
        rig=only_programs(tmp_path, *programs),
        happens={30.0: lambda room: room.press("stop")},
        choose=choose,
    )
    assert offered == [lower]
    assert journal.of(events.HeatSkipped) == []
    after = [e.temperature for e in journal.of(events.HeatTriggered) if e.t > 40]
    assert set(after) == given
