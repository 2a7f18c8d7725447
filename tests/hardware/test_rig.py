"""Rig files: the shipped ones, and a corpus of broken ones that are refused in a sentence."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hardware.rig import KeyScannerSection, Rig, SerialScannerSection

RIGS = Path(__file__).parents[2] / "hardware" / "rigs"
Slip = Callable[[dict[str, Any]], Any]


def loaded(name: str) -> Rig:
    return Rig.model_validate(tomllib.loads((RIGS / f"{name}.toml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", sorted(RIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_each_shipped_rig_is_valid_and_named_after_its_file(path: Path) -> None:
    rig = loaded(path.stem)
    assert rig.name == path.stem
    assert Rig.model_validate_json(rig.model_dump_json()) == rig


def test_the_laptop_is_emulated_and_the_scanner_room_is_not() -> None:
    assert loaded("laptop").emulated_devices() == ("thermode", "scanner", "markers")
    assert loaded("mri_tcs").emulated_devices() == ()
    assert loaded("mri_tcs").ports() == {"thermode": "COM3", "scanner": "COM4"}


def test_shipped_limits_are_those_of_the_fact_sheet() -> None:
    for name in ("laptop", "mri_tcs"):
        assert list(loaded(name).limits.model_dump().values()) == [
            *(49.0, 10.0, 20.0, 35.0, 75.0, 15.0, 10.0, 150.0, 30, 140, 0.5, 0.2)
        ]


def key_scanner(key: str) -> dict[str, Any]:
    return {"kind": "key", "key": key, "dummies_stored": 6, "dummies_pulsed_not_stored": 0}


def test_a_key_scanner_has_no_port(laptop: dict[str, Any]) -> None:
    laptop["scanner"] = key_scanner("5")
    rig = Rig.model_validate(laptop)
    assert isinstance(rig.scanner, KeyScannerSection)
    assert rig.emulated_devices() == ("thermode", "markers")


@pytest.mark.parametrize(
    ("pulse", "byte"), [("5", 0x35), ("t", 0x74), (0, 0), (255, 255), (53, 53)]
)
def test_a_pulse_is_a_character_or_a_byte(
    laptop: dict[str, Any], pulse: str | int, byte: int
) -> None:
    laptop["scanner"]["pulse"] = pulse
    scanner = Rig.model_validate(laptop).scanner
    assert isinstance(scanner, SerialScannerSection)
    assert scanner.pulse_byte == byte


def put(section: str, **values: Any) -> Slip:
    def change(rig: dict[str, Any]) -> None:
        for part in section.split("."):
            rig = rig[part]
        rig.update(values)

    return change


def drop(section: str, key: str) -> Slip:
    def change(rig: dict[str, Any]) -> None:
        for part in section.split(".") if section else ():
            rig = rig[part]
        del rig[key]

    return change


CORPUS: list[tuple[Slip, str]] = [
    (drop("", "name"), "Field required"),
    (drop("", "screen"), "Field required"),
    (drop("", "response"), "Field required"),
    (drop("screen", "distance_cm"), "Field required"),
    (drop("thermode", "baseline"), "Field required"),
    (drop("scanner", "dummies_stored"), "Field required"),
    (drop("response.keys", "stop"), "Field required"),
    (lambda rig: rig.update(thermod={}), "Extra inputs"),
    (lambda rig: rig.update(name="My Lab"), "pattern"),
    (lambda rig: rig.update(description=""), "at least 1"),
    (lambda rig: rig.update(thermode="emulated"), "dictionary"),
    (put("screen", width_px="1280"), "valid integer"),
    (put("screen", width_px=1280.5), "valid integer"),
    (put("screen", width_cm=float("nan")), "finite"),
    (put("screen", distance_cm=-60.0), "greater than 1"),
    (put("screen", refresh_hz=True), "valid number"),
    (put("screen", full_screen=1), "valid boolean"),
    (put("screen", photodiode={"corner": "middle", "size_cm": 1.0}), "top_left"),
    (put("thermode", kind="tcs2"), "'tcs'"),
    (put("thermode", port=""), "a port is a name"),
    (put("thermode", port=3), "a port is a name"),
    (put("thermode", port=" COM3"), "a port is a name"),
    (put("thermode", port="emulated://tsc"), "'emulated://tcs'"),
    (put("thermode", port="emulated://scanner"), "'emulated://tcs'"),
    (put("thermode", port="loop://"), "can't be opened|isn't a port"),
    (put("thermode", port="tcp://host:1"), "isn't a port"),
    (put("thermode", baud=0), "greater than"),
    (put("thermode", baud="115200"), "valid integer"),
    (put("thermode", baseline=36.0), "above limits.highest_baseline, 35 C"),
    (put("thermode", baseline=float("inf")), "finite"),
    (put("thermode", rise_rate=80.0), "above limits.highest_rate, 75 C/s"),
    (put("thermode", return_rate=0.0), "greater than"),
    (put("thermode", readback="p"), "'P' or 'none'"),
    (put("thermode", poll_hz=10.0), "greater than or equal to 50"),
    (put("thermode", zones=[]), "names no zone"),
    (put("thermode", zones=[1, 6]), "less than or equal to 5"),
    (put("thermode", zones=[1, 1]), "one zone twice"),
    (put("thermode", zones=[True]), "valid integer"),
    (put("thermode", trigger_out=256), "less than or equal to 255"),
    (put("scanner", kind="usb"), "'serial', 'key'"),
    (put("scanner", pulse="55"), "one character"),
    (put("scanner", pulse=256), "one character"),
    (put("scanner", pulse=True), "one character"),
    (put("scanner", pulse="ü"), "one character"),
    (put("scanner", dummies_stored=-1), "greater than or equal to 0"),
    (put("scanner", give_up_s=0.0), "greater than 0"),
    (put("scanner", key="5"), "Extra inputs"),
    (put("scanner", port="emulated://tcs"), "emulated://scanner"),
    (put("markers", pulse_width_s=0.0), "greater than"),
    (put("markers", port="COM3", baud=1.5), "valid integer"),
    (put("response", kind="mouse"), "'keyboard'"),
    (put("response", mouse="yes"), "valid boolean"),
    (put("response.keys", left="left"), "valid tuple"),
    (put("response.keys", left=["a b"]), "pattern"),
    (put("response.keys", stop=[]), "names no key"),
    (put("response.keys", stop=[True]), "valid string"),
    (put("response.keys", right=["left"]), "can't mean both left and right"),
    (put("response.keys", yes=["n"]), "can't mean both yes and no"),
    (put("response.keys", next=["escape"]), "'escape' means stop, so it can't also mean next"),
    (put("response.keys", participant_stop=["escape"]), "can't also mean"),
    (put("response.keys", yes=["5"]), "'5' means yes, but it is also the scanner's pulse"),
    (put("response.keys", yes=["num_5"]), "'num_5' means yes, but it is also the scanner's"),
    (lambda rig: rig.update(scanner=key_scanner("space")), "'space' means confirm"),
    (put("limits", highest_target=50.1), "less than or equal to 50"),
    (put("limits", highest_target="49"), "valid number"),
    (put("limits", shortest_pause_s=5.0), "greater than or equal to 10"),
    (put("limits", tolerance=float("nan")), "finite"),
    (put("limits", higest_target=49.0), "Extra inputs"),
]


@pytest.mark.parametrize(("slip", "says"), CORPUS)
def test_a_broken_rig_is_refused_with_one_error(
    laptop: dict[str, Any], slip: Slip, says: str
) -> None:
    slip(laptop)
    with pytest.raises(ValidationError, match=says) as error:
        Rig.model_validate(laptop)
    assert error.value.error_count() == 1


def test_two_devices_cannot_share_a_port(laptop: dict[str, Any]) -> None:
    laptop["thermode"]["port"] = "COM3"
    laptop["markers"]["port"] = "com3"
    with pytest.raises(ValidationError, match="thermode and markers can't both use"):
        Rig.model_validate(laptop)


def test_a_rig_without_devices_is_a_rig(laptop: dict[str, Any]) -> None:
    for section in ("thermode", "scanner", "markers", "limits"):
        del laptop[section]
    rig = Rig.model_validate(laptop)
    assert rig.ports() == {}
    assert rig.limits.highest_target == 49.0
