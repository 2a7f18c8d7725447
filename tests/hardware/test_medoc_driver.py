"""The Medoc as a thermode, with its emulator in virtual time, whole and faulty."""

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from experiment.clocks import VirtualClock
from hardware.devices import DeviceError, Stimulus
from hardware.dose import cem43_of_stimulus
from hardware.emulation import EmulatedWorld
from hardware.emulation.medoc import EmulatedMedoc
from hardware.guard import GuardedThermode, HeatRefused
from hardware.history import Delivery
from hardware.medoc import requests
from hardware.medoc.requests import Command
from hardware.opening import open_devices
from hardware.rig import Rig
from tests.hardware.benches import stimulus

RIG = Path(__file__).parents[2] / "hardware" / "rigs" / "mri_medoc.toml"
ABORT, TRIGGER = 6, 4


def rig_data() -> dict[str, Any]:
    data = tomllib.loads(RIG.read_text(encoding="utf-8"))
    data["thermode"]["port"] = "emulated://medoc"
    data.pop("scanner")
    return data


def heat(**changes: Any) -> Stimulus:
    """The flagship's, at a Medoc's rates."""
    return stimulus(**{"rise_rate": 8.0, "return_rate": 8.0, **changes})


@dataclass
class Room:
    clock: VirtualClock
    world: EmulatedWorld
    guard: GuardedThermode
    deliveries: list[Delivery] = field(default_factory=list)
    asked: list[tuple[float, int]] = field(default_factory=list)  # every request, by its command

    @property
    def medoc(self) -> EmulatedMedoc:
        return self.world.medoc

    def pass_time(self, seconds: float) -> None:
        self.clock.wait(lambda: False, self.clock.now() + seconds)

    def arm(self, stimulus: Stimulus) -> None:
        self.guard.prepare(stimulus)
        within = self.medoc.pretest_s + 3
        assert self.clock.wait(lambda: self.guard.ready().ok, self.clock.now() + within), (
            self.guard.ready()
        )

    def heat(self, stimulus: Stimulus) -> Delivery:
        self.arm(stimulus)
        number = len(self.deliveries)
        self.guard.trigger()
        assert self.clock.wait(lambda: len(self.deliveries) > number, self.clock.now() + 60)
        return self.deliveries[-1]


@contextmanager
def opened(
    spoil: Callable[[EmulatedWorld], None] = lambda world: None,
    rig: dict[str, Any] | None = None,
) -> Iterator[Room]:
    clock = VirtualClock()
    with EmulatedWorld(clock) as world:
        asked: list[tuple[float, int]] = []

        def record(data: bytes) -> bytes:
            asked.append((clock.now(), data[8]))
            return data

        world.lines["medoc"].to_device = record
        spoil(world)
        made = Rig.model_validate(rig or rig_data())
        with open_devices(made, clock, world) as devices:
            assert devices.thermode is not None
            room = Room(clock, world, devices.thermode, asked=asked)
            devices.thermode.on_delivery = room.deliveries.append
            yield room


@pytest.fixture
def room() -> Iterator[Room]:
    with opened() as made:
        yield made


def test_a_whole_stimulus(room: Room) -> None:
    delivery = room.heat(heat(skin_site=3))
    assert delivery.problem == ""
    assert not delivery.aborted
    assert delivery.peak == pytest.approx(47.5)
    assert delivery.mean_plateau == pytest.approx(47.5, abs=0.1)
    # Rise and return take 1.94 s each; samples are 0.2 s apart.
    assert delivery.ended - delivery.started == pytest.approx(11.9, abs=0.3)
    assert delivery.plateau_onset == pytest.approx(delivery.started + 1.88, abs=0.2)
    planned = cem43_of_stimulus(heat())
    assert planned <= delivery.cem43 <= planned * 1.05
    assert room.medoc.malformed == room.medoc.missed == type(room.medoc.missed)([], 10_000)
    room.pass_time(3)
    assert room.asked[-1][1] == 0  # at rest it is only polled


def test_the_sequence_is_the_usual_one(room: Room) -> None:
    room.heat(heat())
    room.pass_time(2)
    assert [(command, number) for _, command, number in room.medoc.commands] == [
        (1, 71),
        (2, None),
        (4, None),
        (5, None),
    ]


def test_the_gap_is_kept_and_nothing_goes_out_before_a_trigger(room: Room) -> None:
    room.arm(heat())
    armed_at = room.clock.now()
    room.pass_time(30)
    assert all(at <= armed_at for at, _ in room.asked)
    assert room.guard.at_baseline()
    room.guard.trigger()
    room.pass_time(20)
    times = [at for at, _ in room.asked]
    assert min(later - at for at, later in pairwise(times)) >= 0.2 - 1e-9
    triggered = next(at for at, command in room.asked if command == TRIGGER)
    in_heat = [at for at in times if triggered < at < triggered + 11]
    assert len(in_heat) >= 50


def test_heat_that_somebody_else_triggers_while_it_is_armed_is_seen(room: Room) -> None:
    room.arm(heat())
    room.guard.expect(float("inf"))
    asked = len(room.asked)
    room.pass_time(20)
    assert len(room.asked) - asked >= 18  # about once a second
    assert room.guard.at_baseline()
    assert room.guard.ready().ok or room.guard.ready().reason.startswith("Medoc's gap")
    polls = len(room.asked)
    assert room.clock.wait(lambda: len(room.asked) > polls, room.clock.now() + 2)
    room.pass_time(0.5)  # past the gap after the poll
    began = room.clock.now()
    room.medoc.receive(requests.request(Command.TRIGGER, 0.0))
    assert room.clock.wait(lambda: room.guard.failure() != "", began + 5)
    assert "although no heat was asked for" in room.guard.failure()
    room.pass_time(5)
    assert room.medoc.temperature() == 32.0
    # It was armed for site 1, so that is where it counts.
    sites = [room.guard.history.site(site, room.clock.now()) for site in (1, 2)]
    assert [site.stimuli for site in sites] == [1, 0]
    assert sites[0].cem43 > 0.0


def test_nothing_goes_out_in_the_moments_before_an_expected_trigger(room: Room) -> None:
    room.arm(heat())
    onset = room.clock.now() + 7.3
    room.guard.expect(onset)
    asked = len(room.asked)
    room.clock.wait(lambda: False, onset)
    times = [at for at, _ in room.asked[asked:]]
    assert len(times) >= 5
    assert times[-1] < onset - 2 * 0.2
    assert room.guard.ready().ok
    room.guard.trigger()
    assert room.clock.wait(lambda: bool(room.deliveries), onset + 20)
    assert room.deliveries[0].problem == ""


def test_a_program_that_ends_while_it_is_armed_is_not_ready(room: Room) -> None:
    room.arm(heat())
    room.guard.expect(float("inf"))
    room.medoc.receive(requests.request(Command.STOP, 0.0))
    room.pass_time(3)
    assert "ended the program while it waited" in room.guard.ready().reason


def test_the_gap_counts_from_the_answer_since_medoc_may_have_read_late(room: Room) -> None:
    line, answered = room.world.lines["medoc"], list[float]()
    asked_before = len(room.asked)

    def late(data: bytes) -> bytes:
        connection = line._port
        at = room.clock.now() + 0.15
        answered.append(at)
        room.clock.call_at(at, lambda: connection.arrived(data))
        return b""

    line.to_host = late
    room.heat(heat())
    asked = [at for at, _ in room.asked[asked_before:]]
    # Between a request and the one before, of which the answer came meanwhile.
    gaps = [at - max(a for a in answered if a <= at) for at in asked if at > answered[0]]
    assert len(gaps) > 20
    assert min(gaps) >= 0.2 - 1e-9


@pytest.mark.parametrize("pretest_s", [0.0, 0.7, 13.0])
def test_the_pre_test_takes_as_long_as_it_takes(room: Room, pretest_s: float) -> None:
    room.medoc.pretest_s = pretest_s
    room.guard.prepare(heat())
    room.pass_time(pretest_s / 2)
    assert not room.guard.ready().ok
    with pytest.raises(DeviceError, match=r"pre-test isn't over|hasn't"):
        room.guard.trigger()
    assert room.heat(heat()).problem == ""


def test_a_second_stimulus_may_be_prepared_while_the_first_returns(room: Room) -> None:
    room.arm(heat())
    room.guard.trigger()
    room.pass_time(10.5)
    room.guard.prepare(heat(number=2, skin_site=2, target=46.5))
    assert room.clock.wait(lambda: room.guard.ready().ok, room.clock.now() + 10)
    room.guard.trigger()
    room.pass_time(15)
    assert [delivery.target for delivery in room.deliveries] == [47.5, 46.5]
    assert room.deliveries[1].peak == pytest.approx(46.5)


def test_another_preparation_takes_the_place_of_the_first(room: Room) -> None:
    room.arm(heat())
    assert room.heat(heat(number=2, target=46.0)).peak == pytest.approx(46.0)
    assert len(room.medoc.heats) == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"target": 47.2}, r"47\.2 C with a plateau of 8 s is none of the programs"),
        ({"plateau_s": 7.0}, "plateau of 7 s is none of the programs"),
        ({"rise_rate": 7.0}, "the rise rate is 7, but Medoc's programs have 8"),
        ({"baseline": 33.0}, "the baseline is 33"),
    ],
)
def test_what_no_program_gives_is_refused(room: Room, changes: dict[str, Any], says: str) -> None:
    before = room.clock.now()
    with pytest.raises(HeatRefused, match=says):
        room.guard.prepare(heat(**changes))
    assert not any(at > before for at, _ in room.asked)


def test_a_program_that_is_not_stored_is_said(room: Room) -> None:
    del room.medoc.programs[71]
    room.guard.prepare(heat())
    room.pass_time(2)
    assert "refuses program 71 (illegal argument)" in room.guard.ready().reason
    assert room.heat(heat(number=2, target=46.0)).problem == ""


@pytest.mark.parametrize("command", [1, 2])
def test_a_command_that_was_missed_is_sent_again(room: Room, command: int) -> None:
    lost: list[bytes] = []

    def lose_once(data: bytes) -> bytes:
        if data[8] == command and not lost:
            lost.append(data)
            return b"\0\0\0\x05" + data[4:8] + b"\0"  # a poll arrives instead
        return data

    room.world.lines["medoc"].to_device = lose_once
    room.guard.prepare(heat())
    assert room.clock.wait(lambda: room.guard.ready().ok, room.clock.now() + 8)
    assert lost


def test_a_missed_trigger_is_a_plateau_that_was_never_reached(room: Room) -> None:
    room.arm(heat())
    room.world.lines["medoc"].to_device = lambda data: b"" if data[8] == TRIGGER else data
    room.guard.trigger()
    room.pass_time(30)
    (delivery,) = room.deliveries
    assert delivery.problem == "The plateau of 47.5 C was never reached."
    assert room.guard.failure() == ""
    room.world.lines["medoc"].to_device = None
    assert room.heat(heat(number=2)).problem == ""


def test_a_refused_trigger_gives_no_heat(room: Room) -> None:
    room.arm(heat())
    room.medoc.receive(bytes.fromhex("00000005 00000000 05"))  # somebody stops it there
    room.pass_time(0.5)
    room.guard.trigger()
    room.pass_time(15)
    assert room.medoc.heats == []
    assert room.deliveries[0].problem == "The plateau of 47.5 C was never reached."
    assert room.guard.failure() == ""


def test_an_abort_is_sent_at_once_and_until_idle(room: Room) -> None:
    room.arm(heat())
    room.guard.trigger()
    room.pass_time(4)
    # Within the gap after a poll, so that the first one is missed.
    polls = len(room.asked)
    assert room.clock.wait(lambda: len(room.asked) > polls, room.clock.now() + 1)
    room.pass_time(0.05)
    before = room.clock.now()
    room.guard.abort()
    assert room.asked[-1] == (before, ABORT)
    room.pass_time(3)
    assert [command for at, command in room.asked if at >= before][:2] == [ABORT, ABORT]
    assert [command for _, command in room.medoc.missed] == [ABORT]
    assert room.medoc.temperature() == 32.0
    (delivery,) = room.deliveries
    assert delivery.aborted
    assert delivery.ended == pytest.approx(before + 2.1, abs=0.5)
    assert room.guard.failure() == ""
    room.pass_time(20)
    assert room.heat(heat(number=2)).problem == ""


def test_an_abort_before_the_trigger_disarms(room: Room) -> None:
    room.arm(heat())
    room.guard.abort()
    with pytest.raises(HeatRefused, match="no stimulus has been prepared"):
        room.guard.trigger()
    room.pass_time(10)
    assert room.medoc.heats == []
    assert room.guard.at_baseline()


def test_a_device_that_ignores_abort_is_told_again_and_locked_out(room: Room) -> None:
    room.medoc.ignores_abort = room.medoc.never_ends = True
    room.arm(heat())
    start = room.guard.trigger().before
    room.pass_time(30)
    # The return is due 9.94 s after the start; half a second of lag, tolerance and a poll follow.
    first = next(at for at, command in room.asked if command == ABORT and at > start)
    assert first - start < 9.94 + 0.5 + 0.2 + 3 * 0.2
    assert sum(command == ABORT for _, command in room.asked) > 30
    assert "doesn't come down" in room.guard.failure()
    assert room.deliveries[0].cem43 > cem43_of_stimulus(heat())
    with pytest.raises(HeatRefused, match="no further heat"):
        room.guard.prepare(heat(number=2, skin_site=2))


def test_overshoot_is_aborted_within_two_polls_after_the_tolerance(room: Room) -> None:
    room.medoc.overshoot = 1.0
    room.arm(heat())
    start = room.guard.trigger().before
    over = start + 16.0 / 8
    assert room.clock.wait(lambda: room.guard.failure() != "", start + 10)
    aborted = next(at for at, command in room.asked if command == ABORT)
    assert aborted - over <= 0.2 + 2 * 0.2 + 0.02
    room.pass_time(5)
    assert room.medoc.temperature() == 32.0


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (4096, "an error in talking to its thermode"),
        (8192, "a safety warning"),
        (16384, "a safety error"),
    ],
)
def test_what_the_device_complains_of_ends_the_heat(room: Room, flags: int, says: str) -> None:
    room.arm(heat())
    room.guard.trigger()
    room.pass_time(4)
    room.medoc.flags = flags
    room.pass_time(5)
    assert says in room.guard.failure()
    assert room.medoc.temperature() == 32.0
    assert room.deliveries[0].aborted


def test_a_network_that_is_gone_is_a_failure_and_the_heat_ends_by_itself(room: Room) -> None:
    room.arm(heat())
    start = room.guard.trigger().before
    room.pass_time(4)
    room.world.lines["medoc"].unplug()
    room.pass_time(10)
    assert "stopped answering" in room.guard.failure() or "no temperatures" in room.guard.failure()
    (delivery,) = room.deliveries
    assert delivery.cem43 >= cem43_of_stimulus(heat())
    assert delivery.ended >= start + heat().length_s - 1e-6
    assert room.medoc.temperature() == 32.0


def test_one_answer_that_is_late_or_garbled_is_no_failure(room: Room) -> None:
    room.arm(heat())
    line, spoilt = room.world.lines["medoc"], list[bytes]()
    room.guard.trigger()
    room.pass_time(4)

    def spoil(data: bytes) -> bytes:
        spoilt.append(data)
        return {1: b"", 5: b"garbage"}.get(len(spoilt), data)

    line.to_host = spoil
    room.pass_time(15)
    assert len(spoilt) > 20
    assert room.guard.failure() == ""
    assert room.deliveries[0].problem == ""


def test_closing_in_heat_aborts(room: Room) -> None:
    room.arm(heat())
    room.guard.trigger()
    room.pass_time(4.05)
    room.guard.close()
    assert room.medoc.commands[-1][1] == ABORT
    room.pass_time(3)
    assert room.medoc.temperature() == 32.0
    assert room.deliveries[0].aborted


def test_what_it_says_of_itself(room: Room) -> None:
    info = room.guard.info
    assert (info.role, info.kind, info.emulated) == ("thermode", "medoc", True)
    assert "71: 47.5 C, 8 s" in info.details["programs"]


def running(world: EmulatedWorld) -> None:
    """Somebody left a program behind, in the middle of its heat."""
    rig = Rig.model_validate(rig_data())
    assert rig.thermode is not None
    assert rig.thermode.kind == "medoc"
    world.medoc.store(rig.thermode)
    for request, seconds in (
        ("09 00000000 01 47000000", 1),
        ("05 00000000 02", 3),
        ("05 00000000 04", 2),
    ):
        world.medoc.receive(bytes.fromhex("000000" + request))
        world.medoc._clock.wait(lambda: False, world.medoc._clock.now() + seconds)


def test_heat_that_somebody_left_behind_is_ended() -> None:
    with opened(running) as room:
        assert ABORT in [command for _, command in room.asked]
        room.pass_time(4)
        assert room.guard.at_baseline()
        assert room.heat(heat()).problem == ""


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda w: w.lines["medoc"].unplug(), r"can't be reached .*unplugged.*external control"),
        (lambda w: setattr(w.lines["medoc"], "to_host", lambda d: b""), r"can't be reached \(timed out"),
        (lambda w: setattr(w.lines["medoc"], "to_host", lambda d: b"SSH-2.0"), "isn't understood: 53 53 48"),
        (lambda w: setattr(w.medoc, "flags", 16384), "reports a safety error"),
    ],
)  # fmt: skip
def test_a_device_that_is_not_fit_is_refused(
    spoil: Callable[[EmulatedWorld], None], says: str
) -> None:
    with pytest.raises(DeviceError, match=says), opened(spoil):
        pytest.fail("opened")


def test_a_test_that_does_not_end_is_refused() -> None:
    def stubborn(world: EmulatedWorld) -> None:
        running(world)
        world.medoc.ignores_abort = world.medoc.never_ends = True

    with pytest.raises(DeviceError, match="in a test that it doesn't end"), opened(stubborn):
        pytest.fail("opened")


def test_without_a_world_an_emulated_one_is_not_found() -> None:
    with (
        pytest.raises(DeviceError, match="there is no emulated world"),
        open_devices(Rig.model_validate(rig_data()), VirtualClock()),
    ):
        pytest.fail("opened")


def test_slow_polling_is_neither_silence_nor_a_gap() -> None:
    rig = rig_data()
    rig["thermode"] |= {"poll_hz": 2.0, "gap_s": 0.5}
    with opened(rig=rig) as room:
        delivery = room.heat(heat())
        assert delivery.problem == ""
        assert room.guard.failure() == ""
        assert cem43_of_stimulus(heat()) <= delivery.cem43 <= cem43_of_stimulus(heat()) * 1.15
