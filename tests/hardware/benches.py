"""An emulated TCS on a bench in virtual time, for the tests of the devices."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import serial

from experiment.clocks import VirtualClock
from hardware.devices import Stimulus, TemperatureSample
from hardware.emulation import EmulatedWorld, protocol_emulated
from hardware.guard import GuardedThermode
from hardware.history import Delivery, SiteHistory
from hardware.rig import Rig, TcsSection
from hardware.tcs import TcsThermode


def stimulus(**changes: Any) -> Stimulus:
    """The flagship's: 47.5 C for 8 s on site 1."""
    figures: dict[str, Any] = {
        "number": 1,
        "target": 47.5,
        "plateau_s": 8.0,
        "baseline": 32.0,
        "rise_rate": 70.0,
        "return_rate": 70.0,
        "skin_site": 1,
    }
    return Stimulus(**{**figures, **changes})


@dataclass
class Bench:
    """An emulated TCS with its driver and a guard in virtual time."""

    clock: VirtualClock
    world: EmulatedWorld
    device: TcsThermode
    guard: GuardedThermode
    history: SiteHistory
    written: list[tuple[float, bytes]]
    deliveries: list[Delivery] = field(default_factory=list)
    samples: list[TemperatureSample] = field(default_factory=list)

    def pass_time(self, seconds: float) -> None:
        self.clock.wait(lambda: False, self.clock.now() + seconds)

    def load(self, stimulus: Stimulus) -> None:
        self.guard.prepare(stimulus)
        assert self.clock.wait(lambda: self.guard.ready().ok, self.clock.now() + 3), (
            self.guard.ready()
        )

    def heat(self, stimulus: Stimulus) -> Delivery:
        """One whole stimulus."""
        self.load(stimulus)
        number = len(self.deliveries)
        self.guard.trigger()
        assert self.clock.wait(lambda: len(self.deliveries) > number, self.clock.now() + 60)
        return self.deliveries[-1]

    def since(self, time: float) -> bytes:
        """What the driver wrote from `time` on, polls apart."""
        return b"".join(data for at, data in self.written if at >= time and data != b"E")


@contextmanager
def make_bench(laptop: dict[str, Any], past: tuple[Any, ...] = ()) -> Iterator[Bench]:
    rig = Rig.model_validate(laptop)
    assert isinstance(rig.thermode, TcsSection)
    protocol_emulated.register()
    clock = VirtualClock()
    with EmulatedWorld(clock) as world:
        written: list[tuple[float, bytes]] = []

        def record(data: bytes) -> bytes:
            written.append((clock.now(), data))
            return data

        world.lines["tcs"].to_device = record
        port = serial.serial_for_url(world.resolve("emulated://tcs"))
        device = TcsThermode(port, clock, rig.thermode, rig.limits.highest_target)
        history = SiteHistory(past, now=clock.now())
        guard = GuardedThermode(device, clock, rig.limits, history, zones=rig.thermode.zones)
        bench = Bench(clock, world, device, guard, history, written)
        guard.on_delivery = bench.deliveries.append
        guard.watch(bench.samples.append)
        # The probe comes from its power-on 30 C.
        bench.pass_time(1.5)
        try:
            yield bench
        finally:
            guard.close()
