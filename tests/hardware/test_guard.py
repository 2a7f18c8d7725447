"""The guard: what it refuses, what it watches, and what it says was delivered."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from hardware.devices import DeviceError, Stimulus, TemperatureSample
from hardware.dose import cem43_of_stimulus, dose_rate
from hardware.guard import GuardedThermode, HeatRefused
from hardware.history import PastHeat
from hardware.unasked import UnaskedHeat
from tests.hardware.benches import Bench, make_bench

Heat = Callable[..., Stimulus]


def test_a_delivery_says_what_was_measured(bench: Bench, heat: Heat) -> None:
    bench.load(heat(number=7, skin_site=3))
    stamp = bench.guard.trigger()
    bench.pass_time(9)
    (delivery,) = bench.deliveries
    assert (delivery.number, delivery.skin_site, delivery.target) == (7, 3, 47.5)
    assert not delivery.aborted
    assert delivery.problem == ""
    assert delivery.started == stamp.before
    assert delivery.plateau_onset == pytest.approx(stamp.before + 0.22, abs=0.03)
    assert delivery.plateau_end == pytest.approx(stamp.before + 8.22, abs=0.03)
    assert delivery.ended == pytest.approx(stamp.before + 8.44, abs=0.05)
    assert delivery.peak == 47.5
    assert delivery.overshoot == 0.0
    assert delivery.mean_plateau == pytest.approx(47.5, abs=0.02)
    assert delivery.cem43 == pytest.approx(cem43_of_stimulus(heat()), rel=0.01)
    assert delivery.cem43 >= cem43_of_stimulus(heat())
    assert bench.history.site(3, bench.clock.now()).stimuli == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"target": 49.1}, "target 49.1 C is above highest_target, 49 C"),
        ({"target": 31.0}, "below the baseline"),
        ({"target": float("nan")}, "isn't a number"),
        ({"plateau_s": 10.1}, "above longest_plateau_hot_s, 10 s"),
        ({"target": 47.0, "plateau_s": 20.1}, "above longest_plateau_s, 20 s"),
        ({"baseline": 36.0}, "above highest_baseline, 35 C"),
        ({"baseline": 19.0}, "baseline 19 C is below 20 C"),
        ({"rise_rate": 76.0}, "above highest_rate, 75 C/s"),
        ({"return_rate": 80.0}, "above highest_rate, 75 C/s"),
        ({"return_rate": 0.0}, "isn't positive"),
        ({"target": 49.0, "plateau_s": 10.0}, "above highest_dose_stimulus, 10 CEM43 min"),
    ],
)
def test_it_refuses_before_a_byte(
    bench: Bench, heat: Heat, changes: dict[str, Any], says: str
) -> None:
    before = bench.clock.now()
    with pytest.raises(HeatRefused, match=says):
        bench.guard.prepare(heat(**changes))
    assert bench.since(before) == b""
    assert not bench.guard.ready().ok
    with pytest.raises(HeatRefused, match="no stimulus has been prepared"):
        bench.guard.trigger()


def test_a_figure_that_the_device_cannot_take_is_a_refusal(bench: Bench, heat: Heat) -> None:
    with pytest.raises(HeatRefused, match="rise rate"):
        bench.guard.prepare(heat(rise_rate=0.01, target=32.001))


def test_the_pause_counts_from_the_end_of_heat(bench: Bench, heat: Heat) -> None:
    delivery = bench.heat(heat())
    bench.load(heat(number=2))
    bench.clock.wait(lambda: False, delivery.ended + 14.9)
    with pytest.raises(HeatRefused, match=r"rested 14\.9 s, shortest_pause_s is 15 s"):
        bench.guard.trigger()
    bench.load(heat(number=3, skin_site=2))
    bench.guard.trigger()  # another site needs no pause
    bench.pass_time(30)
    bench.load(heat(number=4))
    bench.guard.trigger()


def test_a_pause_reaches_back_before_the_start_of_the_program(
    laptop: dict[str, Any], heat: Heat
) -> None:
    past = (PastHeat(site=1, time=-5.0, cem43=3.0, target=47.5),)
    with make_bench(laptop, past) as bench:
        bench.load(heat())
        with pytest.raises(HeatRefused, match="rested"):
            bench.guard.trigger()


@pytest.mark.parametrize(
    ("past", "says"),
    [
        ([PastHeat(1, -3600.0, 3.0, 47.5)] * 30, "most_stimuli_site is 30"),
        ([PastHeat(2, -3600.0, 0.5, 46.5)] * 140, "most_stimuli_visit is 140"),
        ([PastHeat(1, -3600.0, 29.5, 49.0)] * 5, "highest_dose_site is 150"),
    ],
)
def test_what_a_site_had_within_a_day_counts(
    laptop: dict[str, Any], heat: Heat, past: list[PastHeat], says: str
) -> None:
    with make_bench(laptop, tuple(past)) as bench, pytest.raises(HeatRefused, match=says):
        bench.guard.prepare(heat())
    older = [PastHeat(h.site, h.time - 24 * 3600, h.cem43, h.target) for h in past]
    with make_bench(laptop, tuple(older)) as bench:
        bench.guard.prepare(heat())


def test_it_refuses_at_the_trigger_what_became_too_much_since(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    bench.history.add(PastHeat(1, bench.clock.now() - 100, 149.0, 49.0))
    with pytest.raises(HeatRefused, match="highest_dose_site"):
        bench.guard.trigger()
    assert bench.world.tcs.heats == []


def test_a_preparation_during_the_return_waits_for_baseline(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    bench.guard.trigger()
    bench.pass_time(8.3)
    bench.guard.prepare(heat(number=2, skin_site=2))
    assert bench.guard.ready().reason == "The heat before hasn't come down yet."
    with pytest.raises(HeatRefused, match="hasn't come down"):
        bench.guard.trigger()
    bench.pass_time(0.5)
    assert bench.guard.ready().ok
    bench.guard.trigger()
    bench.pass_time(10)
    assert [d.number for d in bench.deliveries] == [1, 2]


def test_overshoot_is_aborted_within_one_poll_after_the_tolerance(bench: Bench, heat: Heat) -> None:
    bench.world.tcs.overshoot[3] = 0.8
    bench.load(heat())
    start = bench.guard.trigger().before
    assert bench.clock.wait(lambda: bool(bench.guard.failure()), start + 5)
    # 0.5 C above 47.5 C is passed at 16 / 70 s.
    over = start + 16.0 / 70
    aborted = next(at for at, data in bench.written if at > start and data == b"A")
    assert aborted - over <= 0.2 + 2 * 0.02 + 0.003
    assert "is too hot: 48.3 C where at most 47.5 C" in bench.guard.failure()
    bench.pass_time(2)
    (delivery,) = bench.deliveries
    assert delivery.aborted
    assert delivery.overshoot == pytest.approx(0.8)
    assert "too hot" in delivery.problem
    with pytest.raises(HeatRefused, match="no further heat"):
        bench.guard.prepare(heat(number=2, skin_site=2))


def test_a_little_overshoot_is_measured_and_left_alone(bench: Bench, heat: Heat) -> None:
    bench.world.tcs.overshoot = [0.4] * 5
    delivery = bench.heat(heat())
    assert delivery.overshoot == pytest.approx(0.4)
    assert bench.guard.failure() == ""


def test_a_probe_that_does_not_come_down_is_aborted(bench: Bench, heat: Heat) -> None:
    bench.world.tcs.never_ends = True
    bench.load(heat())
    start = bench.guard.trigger().before
    assert bench.clock.wait(lambda: bool(bench.guard.failure()), start + 20)
    assert "doesn't come down" in bench.guard.failure()
    # Return is due 8.22 s after the start; half a second of lag and the tolerance follow.
    assert bench.clock.now() - start < 8.22 + 0.5 + 0.2 + 0.06
    bench.pass_time(1)
    assert bench.world.tcs.zones() == (32.0,) * 5


def test_a_device_that_ignores_everything_is_counted_and_locked_out(
    bench: Bench, heat: Heat
) -> None:
    bench.world.tcs.never_ends = bench.world.tcs.ignores_abort = True
    bench.load(heat())
    start = bench.guard.trigger().before
    bench.pass_time(30)
    (delivery,) = bench.deliveries
    assert delivery.ended == pytest.approx(start + 18.5, abs=0.2)
    assert delivery.cem43 > 2 * cem43_of_stimulus(heat())
    assert "no further heat" in bench.guard.failure()
    assert sum(data == b"A" for at, data in bench.written if at > start) > 20


def test_an_ignored_abort_locks_out(bench: Bench, heat: Heat) -> None:
    bench.world.tcs.ignores_abort = True
    bench.load(heat())
    bench.guard.trigger()
    bench.pass_time(2)
    bench.guard.abort()
    bench.pass_time(1.5)
    assert "doesn't come down" in bench.guard.failure()


def test_a_stuck_cold_zone_is_told_in_the_delivery(bench: Bench, heat: Heat) -> None:
    bench.world.tcs.stuck = {4: 32.0}
    delivery = bench.heat(heat())
    assert delivery.problem == "On the plateau zone 4 was 15.5 C below target."
    assert delivery.zone_means[3] == pytest.approx(32.0)
    assert bench.guard.failure() == ""


def test_a_zone_stuck_hot_is_aborted(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    bench.world.tcs.stuck = {2: 47.5}
    bench.guard.trigger()
    bench.pass_time(10)
    assert "doesn't come down" in bench.guard.failure()


def test_heat_that_nobody_asked_for_is_aborted(bench: Bench) -> None:
    bench.world.tcs.receive(b"C0450V01000D060000L")
    bench.pass_time(4)
    assert "although no heat was asked for" in bench.guard.failure()
    assert max(bench.world.tcs.zones()) == 32.0


def test_an_abort_delivers_what_had_been_given(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    bench.guard.trigger()
    bench.pass_time(4)
    bench.guard.abort()
    bench.pass_time(1)
    (delivery,) = bench.deliveries
    assert delivery.aborted
    assert delivery.cem43 == pytest.approx(cem43_of_stimulus(heat()) * 3.78 / 8, rel=0.05)
    assert bench.guard.failure() == ""
    bench.pass_time(20)
    bench.heat(heat(number=2))  # an abort by a person isn't a fault of the device


def test_after_an_abort_a_prepared_stimulus_is_gone(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    bench.guard.abort()
    assert not bench.guard.ready().ok
    with pytest.raises(HeatRefused, match="no stimulus"):
        bench.guard.trigger()


def test_a_pulled_cable_counts_the_whole_plan(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    start = bench.guard.trigger().before
    bench.pass_time(2)
    bench.world.lines["tcs"].unplug()
    bench.pass_time(3)
    (delivery,) = bench.deliveries
    assert delivery.cem43 >= cem43_of_stimulus(heat())
    assert delivery.ended >= start + heat().length_s
    assert "was lost" in delivery.problem
    assert "no further heat" in bench.guard.failure()


def test_closing_in_heat_delivers_it(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    bench.guard.trigger()
    bench.pass_time(4)
    bench.guard.close()
    (delivery,) = bench.deliveries
    assert delivery.aborted
    assert delivery.cem43 >= cem43_of_stimulus(heat()) * 0.99
    bench.guard.close()
    assert len(bench.deliveries) == 1


def test_an_abort_waits_for_no_lock_of_the_guard(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    bench.guard.trigger()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with bench.guard._lock:
            held.set()
            done.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(5)
    bench.written.clear()
    bench.guard.abort()
    done.set()
    holder.join()
    assert bench.written[0][1] == b"A"


def test_a_watcher_gets_every_sample(bench: Bench, heat: Heat) -> None:
    bench.heat(heat())
    assert len(bench.samples) > 420
    bench.guard.watch(None)
    bench.samples.clear()
    bench.pass_time(3)
    assert bench.samples == []


def test_a_gap_counts_as_planned_and_is_told(bench: Bench, heat: Heat) -> None:
    """As after a suspend: the device has ended by itself, so the gap isn't all heat."""
    bench.load(heat())
    trace_start = bench.guard.trigger().before
    bench.pass_time(2)
    trace = bench.guard._trace
    assert trace is not None
    bench.device.watch(None)
    late = TemperatureSample(trace_start + 62.0, 32.0, (32.0,) * 5)
    bench.guard._sampled(late)
    (delivery,) = bench.deliveries
    assert delivery.problem == "No temperatures came for 60.0 s."
    assert delivery.cem43 == pytest.approx(cem43_of_stimulus(heat()), rel=0.15)
    assert delivery.cem43 >= cem43_of_stimulus(heat())


def test_without_samples_the_plan_counts(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    bench.guard.trigger()
    bench.pass_time(2)
    bench.device.watch(None)  # the samples get lost on the way, although the device answers
    bench.pass_time(3)
    (delivery,) = bench.deliveries
    assert "gave no temperatures during heat" in delivery.problem
    assert delivery.cem43 >= cem43_of_stimulus(heat())
    assert "no further heat" in bench.guard.failure()


def test_a_plateau_that_was_never_reached_is_told(bench: Bench, heat: Heat) -> None:
    bench.world.tcs.overshoot = [-3.0] * 5
    delivery = bench.heat(heat())
    assert delivery.problem == "The plateau of 47.5 C was never reached."
    assert (delivery.plateau_onset, delivery.plateau_end, delivery.mean_plateau) == (None,) * 3
    assert delivery.zone_means == ()


def test_a_start_command_that_may_have_gone_out_counts(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    line = bench.world.lines["tcs"]

    def break_at_start(data: bytes) -> bytes:
        if data == b"L":
            line.unplug()
        return data

    line.to_device = break_at_start
    port_write = bench.device._port.write

    def write(data: bytes) -> int:
        count: int = port_write(data)
        if data == b"L":
            raise OSError("the cable went while L was being written")
        return count

    bench.device._port.write = write
    with pytest.raises(DeviceError, match=r"can't be written to|was lost"):
        bench.guard.trigger()
    bench.pass_time(3)
    (delivery,) = bench.deliveries
    assert delivery.cem43 >= cem43_of_stimulus(heat()) * 0.95
    assert bench.guard.failure()


def test_a_look_that_comes_late_aborts_without_blame(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    bench.guard.trigger()
    bench.pass_time(2)
    assert bench.guard._trace is not None
    bench.guard._tick(bench.guard._trace, bench.clock.now() - 3.0)
    bench.pass_time(1)
    (delivery,) = bench.deliveries
    assert delivery.aborted
    assert delivery.problem == "The computer stood still for 3.0 s during heat."
    assert bench.guard.failure() == ""


def test_a_waiting_stimulus_that_cannot_be_loaded_is_not_ready(bench: Bench, heat: Heat) -> None:
    bench.load(heat())
    bench.guard.trigger()
    bench.pass_time(8.3)
    bench.guard.prepare(heat(number=2, skin_site=2, target=32.0, rise_rate=0.01))
    bench.pass_time(1)
    assert len(bench.deliveries) == 1
    assert bench.guard.ready().reason == "No stimulus has been prepared."
    assert bench.guard.history.visit_stimuli(bench.clock.now()) == 1
    assert bench.guard.info.kind == "tcs"
    assert bench.guard.at_baseline()


def test_heat_that_nobody_asked_for_counts_where_the_probe_lies(bench: Bench, heat: Heat) -> None:
    told: list[UnaskedHeat] = []
    bench.guard.watch_unasked(told.append)
    bench.load(heat(skin_site=2))
    began = bench.clock.now()
    bench.world.tcs.never_ends = bench.world.tcs.ignores_abort = True
    bench.world.tcs.receive(b"C0450V01000D060000L")
    assert bench.clock.wait(lambda: bool(bench.guard.failure()), began + 5)
    # A poll a second finds it warm; from then on it is asked as often as during heat.
    assert bench.clock.now() - began < 1.0 + 0.2 + 3 * 0.02
    assert [one.over for one in told] == [False]
    bench.pass_time(9)
    bench.world.tcs.never_ends = bench.world.tcs.ignores_abort = False
    bench.pass_time(2)
    assert [one.over for one in told] == [False, True]
    assert {one.skin_site for one in told} == {2}
    assert told[1].peak == 45.0
    seconds = told[1].ended - told[1].began
    assert 9 < seconds < 12
    assert told[1].cem43 == pytest.approx(seconds * dose_rate(45.0), rel=0.05)
    site, other = (bench.history.site(number, bench.clock.now()) for number in (2, 1))
    assert (site.stimuli, site.cem43) == (1, told[1].cem43)
    assert site.last_end == told[1].ended
    assert (other.stimuli, other.cem43) == (0, 0.0)
    assert bench.history.visit_stimuli(bench.clock.now()) == 1


def test_where_nobody_knows_the_site_such_heat_counts_on_each(bench: Bench, heat: Heat) -> None:
    bench.heat(heat(skin_site=2))
    bench.pass_time(2)
    bench.world.tcs.receive(b"C0450V01000D060000L")
    bench.pass_time(4)
    now, dose = bench.clock.now(), bench.deliveries[0].cem43
    assert [bench.history.site(site, now).stimuli for site in (1, 2, 8)] == [1, 2, 1]
    assert bench.history.site(8, now).cem43 > 0
    assert bench.history.site(2, now).cem43 > dose
    assert bench.history.visit_stimuli(now) == 2
    told: list[UnaskedHeat] = []
    bench.guard.watch_unasked(told.append)  # the session's journal may begin later
    assert [one.over for one in told] == [False, True]
    bench.guard.watch_unasked(told.append)
    assert len(told) == 2


def test_one_damaged_answer_is_no_heat(bench: Bench) -> None:
    spoilt = iter([b"\r320+475+475+475+475+475"])
    bench.world.lines["tcs"].to_host = lambda data: next(spoilt, data)
    bench.pass_time(3)
    assert 47.5 in {max(sample.zones) for sample in bench.samples}
    assert bench.guard.failure() == ""
    assert bench.history.visit_stimuli(bench.clock.now()) == 0


def test_a_probe_that_is_hot_when_it_is_opened_counts_without_an_alarm(bench: Bench) -> None:
    """It may come down from what went before; but who stays hot is locked out."""
    told: list[UnaskedHeat] = []
    limits, clock = bench.guard._limits, bench.clock
    bench.world.tcs.stuck = {3: 45.0}
    bench.world.tcs.receive(b"A")
    guard = GuardedThermode(bench.device, clock, limits, bench.history, sample_s=0.02)
    guard.watch_unasked(told.append)
    bench.pass_time(5)
    assert [one.over for one in told] == [False]
    assert guard.failure() == ""
    bench.pass_time(6)
    assert "although no heat was asked for" in guard.failure()
    bench.world.tcs.stuck = {}
    bench.world.tcs.receive(b"A")
    bench.pass_time(2)
    assert [one.over for one in told] == [False, True]
    assert bench.history.site(1, clock.now()).cem43 == told[1].cem43 > 0.5
