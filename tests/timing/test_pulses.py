"""Pulses against the TR: what is found, what is corrected, and what is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import siegelslopes

from experiment.bids import export_session
from experiment.faults.lines import FaultyLine, doubling, until_pulse, without_pulses
from experiment.journal import Journal, events, read_journal
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from experiment.timing.pulses import PulseFit, correction, doubts, findings, fit_pulses
from hardware.emulation import EmulatedWorld

TR, N, DUMMIES = 0.46, 200, 6


def pulses(*, missed: tuple[int, ...] = (), tr: float = TR, jitter_s: float = 0.001) -> list[float]:
    """Times of N pulses, stamped late by some jitter; `missed` counts from 1."""
    late = np.random.default_rng(7).exponential(jitter_s, N) if jitter_s else np.zeros(N)
    return [10.0 + k * tr + late[k] for k in range(N) if k + 1 not in missed]


def fitted(times: list[float], expected: int | None = N) -> PulseFit:
    fit = fit_pulses(times, TR, expected)
    assert fit is not None
    return fit


def test_good_pulses_give_no_finding_and_no_correction() -> None:
    times = pulses()
    fit = fitted(times)
    assert findings(fit) == []
    assert fit.tr_fitted_s == pytest.approx(TR, abs=1e-5)
    assert correction(fit, times[0], 0).seconds == 0.0


def test_the_line_is_that_of_siegel() -> None:
    times = pulses(missed=(3, 50, 51))
    fit = fitted(times)
    slope, _ = siegelslopes(times, fit.volumes)
    assert fit.tr_fitted_s == pytest.approx(slope, abs=1e-12)


@pytest.mark.parametrize("missed", [(2,), (7,), (100, 101, 150)])
def test_a_gap_is_numbered(missed: tuple[int, ...]) -> None:
    fit = fitted(pulses(missed=missed))
    assert [volume + 1 for volume in fit.missing] == list(missed)
    assert fit.missing_at_an_end == 0
    assert doubts(fit) == []


@pytest.mark.parametrize("missed", [1, N], ids=["the first", "the last"])
def test_one_missing_at_an_end_is_told_but_nothing_is_moved(missed: int) -> None:
    """Whether it was the first, the last, or a console set to one fewer, only the images tell."""
    times = pulses(missed=(missed,))
    fit = fitted(times)
    assert fit.first_perhaps_missed
    assert any("add one TR" in sentence for sentence in doubts(fit))
    assert correction(fit, times[0], 0).seconds == 0.0


@pytest.mark.parametrize(
    "missed",
    [(1, 2), (1, 60), tuple(range(150, N + 1))],
    ids=["two at an end", "one at an end, one between", "the scan stopped"],
)
def test_where_it_is_not_clear_which_are_missing_nothing_is_moved(missed: tuple[int, ...]) -> None:
    times = pulses(missed=missed)
    fit = fitted(times)
    assert doubts(fit)
    assert correction(fit, times[0], 0).seconds == 0.0


def test_one_missed_among_the_dummies_is_clear_without_the_number_of_volumes() -> None:
    times = pulses(missed=(3,))
    fit = fitted(times, expected=None)
    # The program takes the fifth pulse for volume 5, where 4 dummies aren't stored; it is volume 6.
    fix = correction(fit, times[4], 4)
    assert fix.seconds == pytest.approx(TR, abs=0.003)
    assert "among the dummies" in fix.reason


def test_a_late_stamp_is_mended_by_the_others() -> None:
    times = pulses()
    times[0] += 0.030
    fix = correction(fitted(times), times[0], 0)
    assert fix.seconds == pytest.approx(0.030, abs=0.003)
    assert "ms late" in fix.reason


def test_doubled_ones_are_counted_once() -> None:
    times = [t + apart for t in pulses() for apart in (0.0, 0.05)]
    fit = fitted(times)
    assert (len(fit.times), len(fit.doubled)) == (N, N)
    assert fit.missing_at_an_end == fit.surplus == 0


@pytest.mark.parametrize("tr", [0.4, 0.5, 0.8, 0.4610])
def test_another_tr_is_told_and_nothing_corrected(tr: float) -> None:
    times = pulses(tr=tr)
    fit = fitted(times)
    assert fit.other_tr
    assert fit.tr_fitted_s == pytest.approx(tr, rel=1e-4)
    assert correction(fit, times[0] + 0.1, 0).seconds == 0.0


def test_a_clock_that_is_a_tenth_of_a_per_mille_off_is_no_other_tr() -> None:
    assert not fitted(pulses(tr=TR * 1.0001)).other_tr


def test_many_outliers_do_not_move_the_line() -> None:
    times = pulses()
    for k in range(20, 50):
        times[k] += 0.1
    fit = fitted(times)
    assert fit.time_of(0) == pytest.approx(10.0, abs=0.003)
    assert fit.jitter_s > 0.09


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 1.1]])
def test_too_few_pulses_say_nothing(times: list[float]) -> None:
    assert fit_pulses(times, TR, None) is None


# --- whole sessions with an emulated scanner that has a fault ------------------------------------


def played(out: Path, arrange: Callable[[EmulatedWorld, FaultyLine], object]) -> Journal:
    setting = virtual_setting()

    def arrange_world(world: EmulatedWorld) -> None:
        arrange(world, FaultyLine(world.lines["scanner"], setting.clock))

    setting.arrange_world = arrange_world
    session = play(prepare(Request("pilot_short", "laptop", out=out, simulated=True)), setting)
    return read_journal(session.journal)


def exported(journal: Journal) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The first run's table and sidecar."""
    dataset = journal.path.parents[2]
    export_session(dataset, [journal.path])
    path = next(dataset.rglob("*run-01_events.tsv"))
    sidecar = json.loads(path.with_suffix(".json").read_text())
    return pd.read_csv(path, sep="\t", na_values="n/a"), sidecar


def test_a_session_whose_first_pulse_was_missed_says_so_and_moves_nothing(tmp_path: Path) -> None:
    journal = played(
        tmp_path, lambda world, line: line.to_host.append(without_pulses(world.scanner, (1,)))
    )
    end = journal.of(events.RunEnd)[0]
    assert end.verdict == "look"
    assert "first pulse may have been missed" in end.reasons[0]
    table, sidecar = exported(journal)
    assert (table["onset"] == table["onset_raw"]).all()
    assert any("add one TR" in finding for finding in sidecar["PulseFindings"])


@pytest.mark.parametrize("fault", ["missed", "stops", "tr", "doubled"])
def test_other_faults_are_found_and_leave_the_onsets_alone(tmp_path: Path, fault: str) -> None:
    def arrange(world: EmulatedWorld, line: FaultyLine) -> None:
        scanner = world.scanner
        if fault == "missed":
            line.to_host.append(without_pulses(scanner, (30, 31)))
        elif fault == "stops":
            line.to_host.append(until_pulse(scanner, 150))
        elif fault == "tr":
            scanner.other_tr_s = 0.5
        else:
            line.to_host.append(doubling(line, 0.05))

    journal = played(tmp_path, arrange)
    verdict = journal.of(events.RunEnd)[0].verdict
    assert (
        verdict
        == {"missed": "good", "stops": "not_good", "tr": "look", "doubled": "not_good"}[fault]
    )
    table, sidecar = exported(journal)
    assert (table["onset"] == table["onset_raw"]).all()
    assert sidecar["OnsetCorrection"] == 0.0
    assert sidecar["PulseFindings"]
    if fault == "missed":
        assert sidecar["PulsesMissing"] == [30, 31]


def test_a_good_session_is_good(tmp_path: Path) -> None:
    journal = played(tmp_path, lambda world, line: None)
    assert {end.verdict for end in journal.of(events.RunEnd)} == {"good"}
    table, sidecar = exported(journal)
    assert (table["onset"] == table["onset_raw"]).all()
    assert sidecar["PulseFindings"] == []
    assert sidecar["RepetitionTimeMeasured"] == TR
