"""What the TCS driver writes, byte by byte, and what it makes of what it hears."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import serial

from hardware.devices import DeviceError, Stimulus
from tests.hardware.benches import Bench, make_bench

Heat = Callable[..., Stimulus]


def rates(bench: Bench) -> list[float]:
    times = [at for at, data in bench.written if data == b"E"]
    return [round(1 / (later - at), 3) for at, later in pairwise(times)]


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """The driver by itself: the guard would take heat that it didn't ask for as a fault."""
    bench.device.watch(bench.samples.append)
    return bench


def load(bench: Bench, stimulus: Stimulus) -> None:
    bench.device.prepare(stimulus)
    assert bench.clock.wait(lambda: bench.device.ready().ok, bench.clock.now() + 3)


def give(bench: Bench, stimulus: Stimulus) -> None:
    load(bench, stimulus)
    bench.device.trigger()
    bench.pass_time(stimulus.length_s + 0.1)


def test_the_first_words_are_those_written_by_hand(bench: Bench) -> None:
    assert bench.since(0) == b"F?HAQBOsdOm490N320"
    assert bench.device.info.firmware == "TCS2 emulated 1.0"
    assert bench.device.info.serial_number == "00000042"
    assert bench.device.info.details["battery"] == "12.6 V 95 %"
    assert not bench.world.tcs.malformed


def test_a_stimulus_on_the_wire(bench: Bench, heat: Heat) -> None:
    before = bench.clock.now()
    bench.device.prepare(heat(target=47.5, plateau_s=8.0))
    assert bench.since(before) == b"Om490N320S11111C0475V00700R00700D008221P"
    assert not bench.device.ready().ok
    bench.pass_time(0.2)
    assert bench.device.ready().ok
    before = bench.clock.now()
    stamp = bench.device.trigger()
    assert (stamp.before, stamp.after) == (before, before)
    bench.pass_time(8.4)
    assert bench.since(before) == b"L"
    assert not bench.world.tcs.malformed


def test_enabled_zones_and_trigger_out_are_the_rigs(laptop: dict[str, Any], heat: Heat) -> None:
    laptop["thermode"].update(zones=[2, 3], trigger_out=17, trigger_out_s=0.05)
    with make_bench(laptop) as bench:
        bench.device.watch(None)
        before = bench.clock.now()
        bench.device.prepare(heat())
        assert bench.since(before).startswith(b"Om490N320S01100C0475")
        assert b"T017050" in bench.since(before)
        bench.pass_time(0.2)
        bench.device.trigger()
        bench.pass_time(2)
        assert bench.world.tcs.zones() == (32.0, 47.5, 47.5, 32.0, 32.0)


def test_follow_mode_and_profiles_are_never_sent(bench: Bench, heat: Heat) -> None:
    give(bench, heat())
    bench.device.abort()
    bench.device.close()
    everything = b"".join(data for _, data in bench.written)
    assert b"Od" not in everything
    assert b"U" not in everything


def test_it_polls_fast_in_heat_and_slowly_between(bench: Bench, heat: Heat) -> None:
    load(bench, heat())
    bench.written.clear()
    bench.device.trigger()
    bench.pass_time(8.4)
    assert set(rates(bench)) == {50.0}
    bench.pass_time(1)
    bench.written.clear()
    bench.pass_time(30)
    assert set(rates(bench)) == {1.0, 0.5}  # every fifth poll asks for the error state instead


def test_nothing_starts_twice(bench: Bench, heat: Heat) -> None:
    bench.device.prepare(heat())
    bench.pass_time(0.2)
    bench.device.trigger()
    bench.pass_time(15)
    with pytest.raises(DeviceError, match="triggered already"):
        bench.device.trigger()
    assert len(bench.world.tcs.heats) == 1


def test_an_abort_disarms_and_is_sent_twice(bench: Bench, heat: Heat) -> None:
    bench.device.prepare(heat())
    bench.pass_time(0.2)
    before = bench.clock.now()
    bench.device.abort()
    assert bench.written[-1] == (before, b"A")
    with pytest.raises(DeviceError, match="aborted before it started"):
        bench.device.trigger()
    bench.pass_time(5)
    assert bench.since(before).replace(b"Q", b"") == b"AA"
    assert bench.world.tcs.heats == []


def test_an_abort_that_overtakes_a_start_keeps_its_repeats(bench: Bench, heat: Heat) -> None:
    """A stop on another thread, after the trigger's last look and before its byte."""
    bench.load(heat())
    began = bench.clock.now()
    bench.device._talk.hush = bench.device.abort  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match="aborted before it started"):
        bench.guard.trigger()
    bench.pass_time(1)
    assert bench.since(began) == b"AA"
    assert bench.world.tcs.heats == []


def test_an_abort_in_heat_is_repeated_until_the_probe_is_down(bench: Bench, heat: Heat) -> None:
    load(bench, heat())
    bench.device.trigger()
    bench.pass_time(3)
    bench.world.tcs.ignores_abort = True
    before = bench.clock.now()
    bench.device.abort()
    bench.pass_time(3)
    assert 10 <= bench.since(before).count(b"A") <= 20
    bench.world.tcs.ignores_abort = False
    bench.pass_time(1)
    assert bench.device.at_baseline()
    before = bench.clock.now()
    bench.pass_time(20)
    assert b"A" not in bench.since(before)


def test_a_lost_byte_is_noticed_and_set_again(bench: Bench, heat: Heat) -> None:
    """A set command has no reply: without the read-back the last target would stay in place."""
    pieces = iter([lambda data: data.replace(b"C0480", b"C080")])
    record = bench.world.lines["tcs"].to_device
    assert record is not None

    def spoil(data: bytes) -> bytes:
        data = record(data)
        return next(pieces, lambda d: d)(data) if b"C0480" in data else data

    give(bench, heat(target=40.0))
    bench.world.lines["tcs"].to_device = spoil
    before = bench.clock.now()
    load(bench, heat(number=2, target=48.0, skin_site=2))
    assert bench.since(before).count(b"C0480") == 2
    assert b"C0480" in b"".join(command for _, command in bench.world.tcs.commands)
    assert bench.world.tcs.malformed


def test_without_agreement_nothing_starts_and_the_reason_is_said(bench: Bench, heat: Heat) -> None:
    bench.world.lines["tcs"].to_device = lambda data: data.replace(b"C0475", b"C0470")
    bench.device.prepare(heat())
    bench.pass_time(3)
    assert "C1 is 470 instead of 475" in bench.device.ready().reason
    with pytest.raises(DeviceError, match="didn't take what was set"):
        bench.device.trigger()
    assert bench.world.tcs.heats == []


def test_parameters_that_are_not_understood_are_shown(bench: Bench, heat: Heat) -> None:
    def foreign(reply: bytes) -> bytes:
        return b"Neutral=32.0 Target=47.5\r" if reply.startswith(b"\rN") else reply

    bench.world.lines["tcs"].to_host = foreign
    bench.device.prepare(heat())
    bench.pass_time(3)
    assert "weren't understood" in bench.device.ready().reason
    assert "Neutral=32.0 Target=47.5" in bench.device.ready().reason


def test_silence_to_p_is_said(bench: Bench, heat: Heat) -> None:
    bench.world.lines["tcs"].to_host = lambda reply: b"" if reply.startswith(b"\rN") else reply
    bench.device.prepare(heat())
    bench.pass_time(3)
    assert "didn't answer" in bench.device.ready().reason


def test_readback_none_starts_without_asking(laptop: dict[str, Any], heat: Heat) -> None:
    laptop["thermode"]["readback"] = "none"
    with make_bench(laptop) as bench:
        before = bench.clock.now()
        load(bench, heat())
        sent = bench.since(before)
        assert sent == 2 * sent[: len(sent) // 2]  # a lost byte wouldn't be noticed
        bench.device.trigger()
        assert b"P" not in bench.since(0)


def test_without_readback_a_lost_byte_of_the_duration_ends_no_heat_late(
    laptop: dict[str, Any], heat: Heat
) -> None:
    """The device's own end mustn't hang on one byte: nobody is there to end it after a crash."""
    laptop["thermode"]["readback"] = "none"
    with make_bench(laptop) as bench:
        load(bench, heat(plateau_s=8.0))
        bench.device.trigger()
        bench.pass_time(10)
        lost = list[bytes]()

        def lose(data: bytes) -> bytes:
            if not lost and (at := data.find(b"D0")) >= 0:
                lost.append(data)
                return data[: at + 2] + data[at + 3 :]
            return data

        bench.world.lines["tcs"].to_device = lose
        load(bench, heat(plateau_s=2.0))
        assert lost
        bench.device.trigger()
        bench.device._closed = True  # as good as killed: nothing is sent any more
        bench.pass_time(2.0 + 2 * 15.5 / 70 + 0.2)
        assert bench.world.tcs.zones() == (32.0,) * 5


def test_a_target_above_the_maximum_is_refused_before_a_byte(bench: Bench, heat: Heat) -> None:
    before = bench.clock.now()
    with pytest.raises(ValueError, match="above the thermode's maximum"):
        bench.device.prepare(heat(target=49.1))
    with pytest.raises(ValueError, match="below the baseline"):
        bench.device.prepare(heat(target=30.0))
    with pytest.raises(ValueError, match="duration"):
        bench.device.prepare(heat(plateau_s=120.0))
    assert bench.since(before) == b""
    assert not bench.device.ready().ok


def test_silence_in_heat_is_a_failure_within_a_second_and_aborts(bench: Bench, heat: Heat) -> None:
    load(bench, heat())
    bench.device.trigger()
    bench.pass_time(2)
    bench.world.lines["tcs"].to_host = lambda reply: b""
    before = bench.clock.now()
    assert bench.clock.wait(lambda: bool(bench.device.failure()), before + 1)
    assert "stopped answering" in bench.device.failure()
    assert b"A" in bench.since(before)
    bench.pass_time(1)
    assert bench.world.tcs.zones() == (32.0,) * 5


def test_silence_between_stimuli_is_a_failure(bench: Bench) -> None:
    bench.world.lines["tcs"].to_host = lambda reply: b""
    bench.pass_time(5)
    assert "stopped answering" in bench.device.failure()
    assert not bench.device.at_baseline()


def test_an_error_state_is_noticed_between_stimuli(bench: Bench, heat: Heat) -> None:
    bench.world.tcs.errors[2] = 1
    bench.pass_time(7)
    assert "error state 001000" in bench.device.failure()
    bench.device.prepare(heat())
    bench.pass_time(1)
    assert not bench.device.ready().ok


def test_a_pulled_cable_is_a_failure(bench: Bench, heat: Heat) -> None:
    load(bench, heat())
    bench.device.trigger()
    bench.pass_time(2)
    bench.world.lines["tcs"].unplug()
    bench.pass_time(0.1)
    assert "was lost" in bench.device.failure()
    bench.device.abort()
    bench.device.close()
    bench.pass_time(8)
    assert bench.world.tcs.zones() == (32.0,) * 5  # it ends by itself


def test_half_a_reply_and_garbage_cost_single_samples(bench: Bench, heat: Heat) -> None:
    spoiled = {20: lambda d: d[:11], 40: lambda d: b"\xff" + d, 60: lambda d: d[:5] + b"?" + d[6:]}
    count = 0

    def spoil(data: bytes) -> bytes:
        nonlocal count
        count += 1
        return spoiled.get(count, lambda d: d)(data)

    load(bench, heat())
    bench.world.lines["tcs"].to_host = spoil
    bench.samples.clear()
    bench.device.trigger()
    bench.pass_time(8.4)
    assert not bench.device.failure()
    assert 405 <= len(bench.samples) <= 420
    assert all(31.9 < min(s.zones) <= max(s.zones) <= 47.5 for s in bench.samples)


def test_late_replies_do_not_pile_up(bench: Bench, heat: Heat) -> None:
    line = bench.world.lines["tcs"]

    def late(data: bytes) -> bytes:
        if data.startswith(b"\r3") or data.startswith(b"\r4"):
            port = line._port
            bench.clock.call_at(bench.clock.now() + 0.06, lambda: port.arrived(data))
            return b""
        return data

    load(bench, heat())
    line.to_host = late
    bench.samples.clear()
    bench.device.trigger()
    bench.pass_time(8.4)
    assert not bench.device.failure()
    assert len(bench.samples) > 90


@pytest.mark.parametrize(("stood_still_s", "lost"), [(3.0, False), (0.2, True)])
def test_a_write_that_was_held_up_with_the_program_blames_nobody(
    bench: Bench, heat: Heat, stood_still_s: float, lost: bool
) -> None:
    """pyserial's time-out comes after the bytes have gone; one as long as its limit is a hang."""
    load(bench, heat())
    bench.device.trigger()
    bench.pass_time(1)
    port, write = bench.device._port, bench.device._port.write

    def held_up(data: bytes) -> int:
        port.write = write
        written = write(data)
        bench.clock.stall(stood_still_s)
        raise serial.SerialTimeoutException(f"Write timeout after {written} bytes")

    port.write = held_up
    bench.pass_time(stood_still_s + 2)
    assert ("can't be written to" in bench.device.failure()) is lost
    if not lost:
        assert bench.device.failure() == ""
        assert bench.since(0).count(b"A") == 1  # the one on opening


def test_closing_in_heat_aborts_and_closing_twice_does_no_harm(bench: Bench, heat: Heat) -> None:
    load(bench, heat())
    bench.device.trigger()
    bench.pass_time(3)
    before = bench.clock.now()
    bench.device.close()
    bench.device.close()
    assert bench.since(before) == b"AA"
    bench.pass_time(1)
    assert bench.world.tcs.zones() == (32.0,) * 5


def test_another_heat_before_the_probe_is_down_is_refused(bench: Bench, heat: Heat) -> None:
    load(bench, heat())
    bench.device.trigger()
    bench.pass_time(3)
    with pytest.raises(DeviceError, match="hasn't come back"):
        bench.device.prepare(heat(number=2))
