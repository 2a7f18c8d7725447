"""Whole calibrations in virtual time: the journal, the file, and what comes after."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from conditions.calibration import Calibration
from experiment.bids import export_session
from experiment.calibration.play import play_calibration
from experiment.calibration.procedure import MethodName
from experiment.errors import ExitCode, UserError
from experiment.inputs.files import last_calibration, load_calibration
from experiment.journal import Journal, events, read_journal
from experiment.participant.model import PainModel, stream
from experiment.participant.simulated import SimulatedParticipant
from experiment.recovery.past import heat_of_calibration, heat_of_participant, past_of
from experiment.recovery.resume import prepare_resume
from experiment.responses.emulated import EmulatedResponses
from experiment.session.experimenter import SimulatedExperimenter
from experiment.session.preparation import Request, prepare
from experiment.session.session import Played, play
from experiment.session.settings import simulated_parameters, virtual_setting
from hardware.devices import Response

TYPICAL = {"threshold_sd_c": 0.0, "intercept_sd": 0.0, "trial_sd": 6.0, "missing_rate": 0.0}


def calibrate(
    out: Path,
    method: MethodName = "fixed",
    choose: Callable[[str, Mapping[str, str]], str] | None = None,
    at: Mapping[float, Callable[[EmulatedResponses, Any], None]] | None = None,
    simulated: bool = True,
    feels: Mapping[str, float] = TYPICAL,
) -> tuple[Played, Journal]:
    request = Request("pilot_short", "laptop", "01", out=out, simulated=simulated)
    prepared, setting = prepare(request, "calibration"), virtual_setting()
    clock, responses = setting.clock, EmulatedResponses()
    parameters = simulated_parameters().model_copy(update=dict(feels))
    setting.experimenter = SimulatedExperimenter(clock, choose=choose)
    setting.open_responses = lambda prepared, display: responses
    setting.participant = lambda prepared, device: SimulatedParticipant(
        clock, PainModel(parameters, stream(1, "test")), responses.emit
    )
    for time, action in (at or {}).items():
        clock.call_at(time, partial(action, responses, clock))
    played = play_calibration(prepared, setting, method)
    return played, read_journal(played.journal)


def decided(journal: Journal) -> list[tuple[str, str]]:
    """Question and answer of all decisions but 'put the thermode there'."""
    found = journal.of(events.Decision)
    return [(d.question, d.answer) for d in found if "skin site" not in d.question]


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Journal]:
    return calibrate(tmp_path_factory.mktemp("accepted"), "adaptive")


def test_an_accepted_one_is_written_where_run_looks(accepted: tuple[Played, Journal]) -> None:
    played, journal = accepted
    place = played.prepared.place
    path = last_calibration(place.dataset, place.participant)
    assert played.ending.exit_code == ExitCode.DONE
    assert path is not None
    assert path.name == "sub-sim01_calibration-001.toml"
    written = load_calibration(path).model
    told = journal.of(events.Decision)[-1].details
    assert written == Calibration.model_validate(told["calibration"])
    assert told["file"] == path.name
    assert written.method == "adaptive"
    # What such a person needs: 40 at 46.5 C, and about 65 a good degree above.
    assert written.targets[0].temperature == pytest.approx(46.5, abs=0.4)
    assert written.targets[1].temperature == pytest.approx(47.6, abs=0.45)


def test_every_stimulus_is_on_another_site_and_within_the_limits(
    accepted: tuple[Played, Journal],
) -> None:
    journal = accepted[1]
    heats = journal.of(events.HeatDelivered)
    assert journal.head.step == "calibration"
    assert 16 <= len(heats) <= 32
    assert all(a.skin_site != b.skin_site for a, b in pairwise(heats))
    assert all(h.temperature <= 49.0 and not h.aborted and h.run == 0 for h in heats)
    assert not journal.of(events.RunStart)
    assert not journal.of(events.HeatSkipped)


def test_it_is_no_run_but_counts_in_the_dose(accepted: tuple[Played, Journal]) -> None:
    played, journal = accepted
    place = played.prepared.place
    assert past_of([journal]).runs == ()
    heat = heat_of_participant(place.dataset, place.participant)
    assert len(heat) == len(journal.of(events.HeatDelivered))
    with pytest.raises(UserError, match="holds a calibration only"):
        prepare_resume(played.journal)


def test_the_table_for_bids(accepted: tuple[Played, Journal]) -> None:
    played, journal = accepted
    place = played.prepared.place
    export_session(place.dataset, [played.journal])
    path = place.dataset / "sub-sim01" / "beh" / "sub-sim01_task-calibration_beh.tsv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    ratings = [r.rating for r in journal.of(events.Rating)]
    assert [float(row["rating"]) for row in rows] == ratings
    assert [float(row["temperature"]) for row in rows] == [
        h.temperature for h in journal.of(events.HeatDelivered)
    ]
    assert path.with_suffix(".json").is_file()
    assert not list(place.dataset.rglob("*_events.tsv"))


def test_run_takes_it_and_resume_goes_on_with_the_runs(tmp_path: Path) -> None:
    """A person's calibration (a pilot's, as devices are emulated), then the runs, then another."""
    calibrated, _ = calibrate(tmp_path, simulated=False)
    written = load_calibration(
        calibrated.prepared.place.journals / "sub-01_calibration-001.toml"
    ).model
    prepared = prepare(Request("pilot_short", "laptop", "01", out=tmp_path))
    assert prepared.kind == "pilot"
    assert prepared.calibration == written
    assert {r["skin_site"] for r in prepared.rows} <= set(written.sites)
    hottest = max(r["temperature"] for r in prepared.rows)
    assert written.targets[1].temperature - 0.1 < hottest <= written.targets[1].temperature
    setting = virtual_setting()
    setting.experimenter = SimulatedExperimenter(
        setting.clock, choose=lambda q, options: "q" if "Run 2" in q else next(iter(options))
    )
    played = play(prepared, setting)
    assert played.journal.name == "sub-01_journal-002.jsonl"
    assert read_journal(played.journal).head.calibration is not None
    calibrate(tmp_path, simulated=False)
    resumed, _ = prepare_resume(calibrated.prepared.place.journals)
    assert resumed.previous is not None
    assert resumed.previous.name == "sub-01_journal-002.jsonl"
    assert resumed.journal_number == 4
    assert [run.design_run for run in resumed.past.runs] == [1]
    with pytest.raises(UserError, match="has been run already"):
        prepare(Request("pilot_short", "laptop", "01", out=tmp_path))


def test_who_feels_no_difference_is_repeated_once_then_set_by_hand(tmp_path: Path) -> None:
    flat = TYPICAL | {"slope_lowest": 0.1, "slope_highest": 0.2}
    played, journal = calibrate(tmp_path, feels=flat)
    answers = [answer for _, answer in decided(journal)]
    assert answers == ["no", "r", "no", "h", "g", "by_hand"]
    verdicts = [d for d in journal.of(events.Decision) if d.answer == "no"]
    assert all("don't rise" in d.details["refused"][0] for d in verdicts)
    place = played.prepared.place
    written = load_calibration(place.journals / "sub-sim01_calibration-001.toml").model
    assert written.method == "by_hand"
    study = played.prepared.study.model
    assert tuple(t.temperature for t in written.targets) == study.temperatures.fixed
    assert len(journal.of(events.HeatDelivered)) == 48


def test_by_hand_nothing_beyond_the_limits(tmp_path: Path) -> None:
    """Who asks for 49.2 C is told why not, and can only go back down."""
    asked = iter(["h", "n", *["+"] * 17, "g", *["-"] * 17, "g"])

    def choose(question: str, options: Mapping[str, str]) -> str:
        return "g" if "skin site" in question else next(asked)

    played, journal = calibrate(tmp_path, choose=choose)
    assert next(asked, None) is None
    assert played.ending.exit_code == ExitCode.DONE
    accepted = journal.of(events.Decision)[-1]
    assert accepted.answer == "by_hand"
    assert [t["temperature"] for t in accepted.details["calibration"]["targets"]] == [46.5, 47.5]


def test_targets_whose_runs_would_exceed_the_dose_are_refused(
    tmp_path: Path,
) -> None:
    from experiment.inputs.files import load_rig

    text = load_rig("laptop").text.replace("highest_dose_site = 150.0", "highest_dose_site = 30.0")
    rig = tmp_path / "careful.toml"
    rig.write_text(text, encoding="utf-8")
    request = Request("trust_pain", str(rig), "01", out=tmp_path, simulated=True)
    with pytest.raises(UserError, match="highest_dose_site"):  # even at the fixed temperatures
        prepare(request, "calibration")


def test_the_emergency_stop_ends_heat_and_may_end_the_calibration(tmp_path: Path) -> None:
    def stop(responses: EmulatedResponses, clock: Any) -> None:
        responses.emit(Response(clock.now(), "participant_stop", True))
        responses.emit(Response(clock.now(), "participant_stop", False))

    def choose(question: str, options: Mapping[str, str]) -> str:
        return "q" if "Paused" in question else next(iter(options))

    played, journal = calibrate(tmp_path, choose=choose, at={11.0: stop})
    assert played.ending.exit_code == ExitCode.EMERGENCY_STOP
    assert [h.aborted for h in journal.of(events.HeatDelivered)] == [True]
    assert last_calibration(played.prepared.place.dataset, "sim01") is None


def test_a_heat_that_was_cut_off_is_no_rating(tmp_path: Path) -> None:
    def stop(responses: EmulatedResponses, clock: Any) -> None:
        responses.emit(Response(clock.now(), "stop", True))
        responses.emit(Response(clock.now(), "stop", False))

    def choose(question: str, options: Mapping[str, str]) -> str:
        return "g" if "g" in options else next(iter(options))

    _, journal = calibrate(tmp_path, choose=choose, at={11.0: stop})
    first = journal.of(events.HeatDelivered)[0]
    assert first.aborted
    assert first.trial not in {r.trial for r in journal.of(events.Rating)}
    assert len(journal.of(events.HeatTriggered)) == 24


def test_two_high_ratings_in_a_row_offer_to_stay_cooler(tmp_path: Path) -> None:
    """Only with a person: of a simulated participant the rule is only logged."""
    seen: list[str] = []

    def choose(question: str, options: Mapping[str, str]) -> str:
        if "Paused" in question:
            seen.append(options["l"])
            return "l"
        return "g" if "skin site" in question else "q"

    tender = TYPICAL | {"threshold_c": 41.0, "trial_sd": 0.0}
    _, journal = calibrate(tmp_path, choose=choose, simulated=False, feels=tender)
    assert seen
    at_first = next(d for d in journal.of(events.Decision) if d.answer == "l")
    after = [h for h in journal.of(events.HeatTriggered) if h.t > at_first.t]
    before = [h for h in journal.of(events.HeatTriggered) if h.t < at_first.t]
    assert max(h.temperature for h in after) <= before[-1].temperature - 0.5


def test_one_given_by_its_path_counts_on_the_skin(
    accepted: tuple[Played, Journal], tmp_path: Path
) -> None:
    """Made into another dataset on the same day; away from its journal it can't be judged."""
    calibration = next(accepted[0].journal.parent.glob("*_calibration-001.toml"))
    given = len(accepted[1].of(events.HeatDelivered))
    own = tmp_path / "elsewhere" / "sub-sim01"
    assert len(heat_of_calibration(calibration, own)) == given > 0
    assert heat_of_calibration(calibration, calibration.parent) == []  # counted already
    alone = tmp_path / calibration.name
    alone.write_bytes(calibration.read_bytes())
    with pytest.raises(ValueError, match="journal doesn't lie beside it"):
        heat_of_calibration(alone, own)
    os.utime(alone, (0, 0))
    assert heat_of_calibration(alone, own) == []
