"""Whatever is asked of a Medoc, whenever, over whatever network: no program hotter or longer than
its own, no heat after an abort, and the gap is kept."""

import random
from itertools import pairwise
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from hardware.devices import DeviceError, Stimulus
from tests.hardware.test_medoc_driver import ABORT, Room, heat, opened

stimuli = st.builds(
    heat,
    number=st.integers(1, 99),
    target=st.one_of(st.sampled_from([44.0, 46.5, 47.5, 48.5, 47.2, 49.0]), st.floats(30, 52)),
    plateau_s=st.sampled_from([8.0, 8.0, 8.0, 3.0, 20.0]),
    skin_site=st.integers(1, 3),
)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("prepare"), stimuli),
        st.tuples(st.just("heat"), stimuli),
        st.tuples(st.just("trigger"), st.none()),
        st.tuples(st.just("abort"), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 0.05, 0.3, 1.0, 4.0, 12.0, 40.0])),
    ),
    min_size=5,
    max_size=20,
)


class Hot:
    """How long the emulated thermode was above 36 C at a time, and when, looked at every 50 ms."""

    def __init__(self, room: Room) -> None:
        self.longest, self._since = 0.0, -1.0
        medoc, clock = room.medoc, room.clock

        def look() -> None:
            now = clock.now()
            if medoc.temperature(now) <= 36.0:
                self._since = -1.0
            else:
                self._since = now if self._since < 0 else self._since
                self.longest = max(self.longest, now - self._since)
            clock.call_at(now + 0.05, look)

        look()


def do(room: Room, deed: str, what: Any) -> None:
    try:
        if deed == "prepare":
            room.guard.prepare(what)
        elif deed == "heat":
            room.guard.prepare(what)
            room.clock.wait(lambda: room.guard.ready().ok, room.clock.now() + 8)
            room.guard.trigger()
        elif deed == "trigger":
            room.guard.trigger()
        elif deed == "abort":
            room.guard.abort()
        else:
            room.pass_time(what)
    except DeviceError as error:
        event(f"refused: {str(error)[:30]}")


@given(deeds, st.floats(0, 6))
@settings(max_examples=40)
def test_no_request_takes_it_above_a_program(
    acts: list[tuple[str, Stimulus | float | None]], pretest_s: float
) -> None:
    with opened() as room:
        room.medoc.pretest_s = pretest_s
        hot = Hot(room)
        for deed, what in acts:
            do(room, deed, what)
        room.pass_time(15)
        assert room.medoc.peak <= 48.5
        # The hottest program's plateau, and what lies above 36 C of its ramps.
        assert hot.longest <= 8.0 + 2 * 12.5 / 8 + 0.1
        assert room.medoc.malformed == type(room.medoc.malformed)([], room.medoc.malformed.maxlen)
        ordinary = [at for at, command in room.asked if command != ABORT]
        assert all(later - at >= 0.2 - 1e-9 for at, later in pairwise(ordinary))
        assert {number for _, command, number in room.medoc.commands if command == 1} <= set(
            range(64, 74)
        )
        if room.guard.failure() == "":
            assert room.guard.at_baseline()


@given(deeds, st.integers(0, 2**32), st.sampled_from([0.02, 0.2, 0.6]))
@settings(max_examples=40)
def test_no_damage_on_the_network_does_either(
    acts: list[tuple[str, Stimulus | float | None]], seed: int, share: float
) -> None:
    """Lost, doubled and changed bytes, both ways, from the moment that the device is open."""
    chance = random.Random(seed)

    def damage(data: bytes) -> bytes:
        if chance.random() >= share:
            return data
        kind = chance.randrange(4)
        if kind == 0:
            return b""
        if kind == 1:
            return data + data
        at = chance.randrange(len(data))
        if kind == 2:
            return data[:at] + data[at + 1 :]
        return data[:at] + bytes((chance.randrange(256),)) + data[at + 1 :]

    with opened() as room:
        hot = Hot(room)
        room.world.lines["medoc"].to_device = damage
        room.world.lines["medoc"].to_host = damage
        for deed, what in acts:
            do(room, deed, what)
        room.pass_time(15)
        assert room.medoc.peak <= 48.5
        assert hot.longest <= 8.0 + 2 * 12.5 / 8 + 0.1
        for delivery in room.deliveries:
            assert delivery.cem43 >= 0


@given(stimuli, st.floats(0, 14), st.floats(0, 0.4))
@settings(max_examples=40)
def test_after_an_abort_it_comes_down_within_two_gaps(
    stimulus: Stimulus, after_s: float, again_s: float
) -> None:
    with opened() as room:
        do(room, "heat", stimulus)
        room.pass_time(after_s)
        room.guard.abort()
        at = room.clock.now()
        before = room.medoc.temperature()
        room.pass_time(again_s)
        room.guard.abort()
        room.pass_time(0.41 + (before - 32.0) / 8 - again_s + 0.2)
        assert room.medoc.temperature() <= 32.0 + 1e-6
        assert not [heat for heat in room.medoc.heats if heat > at]
        room.pass_time(1.0)  # what is known of it comes with the next temperatures
        assert room.guard.at_baseline()
