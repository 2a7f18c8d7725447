"""Whatever is asked, whenever, over whatever line: a sound device never goes beyond the limits."""

import random
from collections.abc import Callable
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from hardware.devices import DeviceError, Stimulus
from tests.hardware.benches import Bench, make_bench

LAPTOP: dict[str, Any] = {
    "name": "bench",
    "description": "An emulated TCS",
    "screen": {
        "width_px": 1280,
        "height_px": 720,
        "width_cm": 34.5,
        "distance_cm": 60.0,
        "refresh_hz": 60.0,
        "full_screen": False,
    },
    "thermode": {
        "kind": "tcs",
        "port": "emulated://tcs",
        "baseline": 32.0,
        "rise_rate": 70.0,
        "return_rate": 70.0,
    },
    "response": {"kind": "keyboard", "mouse": True, "keys": {"stop": ["escape"]}},
}
HIGHEST = 49.0

anything = st.one_of(
    st.floats(),
    st.sampled_from([0.0, 32.0, 47.0, 47.1, 49.0, 49.04, 49.06, 50.0, 70.0, 8.0, 10.0, 20.0]),
)
wild = st.builds(
    Stimulus,
    number=st.integers(1, 99),
    target=st.one_of(st.floats(30, 52), anything),
    plateau_s=st.one_of(st.floats(0, 25), anything),
    baseline=st.one_of(st.just(32.0), st.floats(18, 40), anything),
    rise_rate=st.one_of(st.floats(5, 80), anything),
    return_rate=st.one_of(st.floats(5, 80), anything),
    skin_site=st.integers(1, 8),
)
plausible = st.builds(
    Stimulus,
    number=st.integers(1, 99),
    target=st.floats(44, 49.2),
    plateau_s=st.floats(3, 10.5),
    baseline=st.floats(31, 35.1),
    rise_rate=st.floats(8, 76),
    return_rate=st.floats(8, 76),
    skin_site=st.integers(1, 3),
)
stimuli = st.one_of(plausible, plausible, wild)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("prepare"), stimuli),
        st.tuples(st.just("heat"), stimuli),
        st.tuples(st.just("trigger"), st.none()),
        st.tuples(st.just("abort"), st.none()),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 0.01, 0.3, 1.0, 8.5, 30.0, 60.0])),
    ),
    min_size=5,
    max_size=25,
)


class Hot:
    """How long the emulated probe was above a temperature, looked at every 20 ms."""

    def __init__(self, bench: Bench, above: float) -> None:
        self.longest = 0.0
        self._since: float | None = None
        tcs, clock = bench.world.tcs, bench.clock

        def look() -> None:
            now = clock.now()
            if max(tcs.zones(now)) <= above:
                self._since = None
            else:
                self._since = now if self._since is None else self._since
                self.longest = max(self.longest, now - self._since)
            clock.call_at(now + 0.02, look)

        look()


def attempt(bench: Bench, deed: str, what: Any) -> None:
    try:
        if deed == "prepare":
            bench.guard.prepare(what)
        elif deed == "heat":
            bench.guard.prepare(what)
            bench.pass_time(0.3)
            bench.guard.trigger()
        elif deed == "trigger":
            bench.guard.trigger()
        elif deed == "abort":
            bench.guard.abort()
        else:
            bench.pass_time(what)
    except DeviceError:
        """Refused, which is what a guard is for."""


@settings(max_examples=60)
@given(deeds)
def test_no_request_takes_the_device_above_a_limit(done: list[tuple[str, Any]]) -> None:
    with make_bench(LAPTOP) as bench:
        hot = Hot(bench, 47.0)
        for deed, what in done:
            attempt(bench, deed, what)
        # The slowest return that a target can have here.
        bench.pass_time(250)
        event(f"{min(len(bench.world.tcs.heats), 3)} heats or more")
        assert bench.world.tcs.peak <= HIGHEST
        # One second at 47 C is 16 / 60 CEM43 min, of which a stimulus may have 10.
        assert hot.longest <= 10.0 / (16 / 60) + 0.1
        assert max(bench.world.tcs.zones()) <= 35.0
        assert len(bench.deliveries) == len(bench.world.tcs.heats)
        for site in range(1, 9):
            state = bench.history.site(site, bench.clock.now())
            assert state.cem43 <= 150.0
        planned = [d.target for d in bench.deliveries]
        assert all(
            d.peak is None or d.peak <= t + 0.051
            for d, t in zip(bench.deliveries, planned, strict=True)
        )
        assert not bench.world.tcs.malformed


def spoiler(seed: int, rate: float, record: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A bad line: loses bytes, doubles them, changes digits, or makes them anything."""
    chance = random.Random(seed)

    def spoil(data: bytes) -> bytes:
        spoiled = bytearray()
        for byte in record(data):
            if chance.random() >= rate:
                spoiled.append(byte)
                continue
            kind = chance.randrange(4)
            if kind == 1:
                spoiled += bytes((byte, byte))
            elif kind == 2:
                spoiled.append(ord("0") + chance.randrange(10))
            elif kind == 3:
                spoiled.append(chance.randrange(256))
        return bytes(spoiled)

    return spoil


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    rate=st.sampled_from([0.005, 0.02, 0.1, 0.3]),
    targets=st.lists(st.floats(40, 49), min_size=1, max_size=6),
    abort_after=st.one_of(st.none(), st.floats(0, 9)),
)
def test_no_damage_on_the_line_takes_the_device_above_a_limit(
    seed: int, rate: float, targets: list[float], abort_after: float | None
) -> None:
    with make_bench(LAPTOP) as bench:
        line = bench.world.lines["tcs"]
        assert line.to_device is not None
        line.to_device = spoiler(seed, rate, line.to_device)
        hot = Hot(bench, 47.0)
        for number, target in enumerate(targets):
            asked = Stimulus(number, target, 8.0, 32.0, 70.0, 70.0, number + 1)
            attempt(bench, "prepare", asked)
            bench.pass_time(2.0)
            triggered = bench.clock.now()
            attempt(bench, "trigger", None)
            bench.pass_time(0.5 if abort_after is None else min(0.5, abort_after))
            if bench.world.tcs.heats[-1:] == [triggered]:
                # What started is what was asked for, to the tenth: it had been read back.
                assert max(bench.world.tcs.zones()) <= target + 0.051
            if abort_after is not None:
                bench.pass_time(abort_after)
                attempt(bench, "abort", None)
            bench.pass_time(20)
        bench.pass_time(30)
        event(f"{min(len(bench.world.tcs.heats), 3)} heats or more")
        # Om is sent again before each target, and a spurious start is seen within two slow polls.
        assert bench.world.tcs.peak <= HIGHEST
        assert hot.longest <= 10.2


@settings(max_examples=60)
@given(
    overshoot=st.floats(0.6, 3.0),
    zone=st.integers(0, 4),
    target=st.floats(44, 48.9),
    ignores_abort=st.booleans(),
)
def test_a_faulty_device_is_aborted_within_a_poll_and_gets_no_more_heat(
    overshoot: float, zone: int, target: float, ignores_abort: bool
) -> None:
    with make_bench(LAPTOP) as bench:
        bench.world.tcs.overshoot[zone] = overshoot
        bench.world.tcs.ignores_abort = ignores_abort
        bench.load(Stimulus(1, target, 8.0, 32.0, 70.0, 70.0, 1))
        start = bench.guard.trigger().before
        over_at = start + (target + 0.5 - 32.0) / 70.0
        bench.pass_time(9)
        aborts = [at for at, data in bench.written if data == b"A" and at > start]
        # The samples are tenths, so 0.5 C may be passed a tenth late; then a poll at either end.
        assert aborts
        assert aborts[0] - over_at <= 0.2 + 0.02 + 0.02 + 0.0025
        bench.pass_time(15)
        attempt(bench, "prepare", Stimulus(2, 45.0, 8.0, 32.0, 70.0, 70.0, 2))
        bench.pass_time(1)
        attempt(bench, "trigger", None)
        assert len(bench.world.tcs.heats) == 1
