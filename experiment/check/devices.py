"""A rig's devices: each is opened by itself, so that one that's missing hides no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from experiment.check.findings import Finding, spread_ms
from experiment.check.lines import latency_timer, medoc_round_trip, round_trip
from experiment.clocks import RealClock
from experiment.timing.pulses import fit_pulses
from hardware.devices import DeviceError, DeviceInfo, ResponseDevice, Stimulus
from hardware.emulation import EmulatedWorld
from hardware.guard import GuardedThermode
from hardware.history import Delivery
from hardware.opening import Devices, open_devices
from hardware.rig import EMULATED, MedocSection, Rig, TcsSection

ROLES = ("thermode", "scanner", "markers")
ABOVE_BASELINE = 1.0  # C of the test stimulus: warm at most
MOST_ABOVE = 2.0  # C; a stored program up to here serves as well
PLATEAU_S = 2.0
CLOSE_ENOUGH = 0.3  # C, ours: mean of the plateau against what was asked for
LONGEST_TEST_S = 30.0
PULSES = 10
EMULATED_TR_S = 0.46
STEADY_MS = 5.0  # ours: pulses further off their rhythm than this
SLOW_WRITE_MS = 2.0  # ours
NAMES = {"thermode": "thermode", "scanner": "scanner line", "markers": "marker box"}


@dataclass
class DeviceCheck:
    """Checks the devices of one rig, drawing going on meanwhile if the clock has a display.

    `listen_s`: how long the scanner's pulses are waited for.
    """

    rig: Rig
    clock: RealClock
    world: EmulatedWorld | None
    responses: ResponseDevice | None
    listen_s: float = 10.0

    def findings(self) -> Iterator[Finding]:
        """One after the other, each as soon as it's known."""
        for role in ROLES:
            if getattr(self.rig, role) is None:
                continue
            port = self.rig.ports().get(role, "")
            if port and (timer := latency_timer(NAMES[role], port)) is not None:
                yield timer
            yield from self._one(role)

    def _one(self, role: str) -> Iterator[Finding]:
        others: dict[str, Any] = {other: None for other in ROLES if other != role}
        alone = self.rig.model_copy(update=others)
        try:
            with open_devices(alone, self.clock, self.world, responses=self.responses) as devices:
                yield Finding(NAMES[role], "green", _described(devices.infos[0]))
                if devices.thermode is not None:
                    yield self._stimulus(devices.thermode)
                elif devices.scanner is not None:
                    yield self._pulses(devices)
                elif devices.markers is not None:
                    yield self._marker(devices)
        except DeviceError as error:
            yield Finding(NAMES[role], "red", str(error), _advice(role))
            return
        section = alone.thermode
        if isinstance(section, TcsSection):
            yield round_trip(section.port, section.baud, self.world)
        elif isinstance(section, MedocSection):
            yield medoc_round_trip(section, self.clock, self.world)

    def _stimulus(self, thermode: GuardedThermode) -> Finding:
        """Baseline and one degree more, through the guard like any other heat."""
        subject, section = "test stimulus", self.rig.thermode
        assert section is not None
        target, plateau_s = section.baseline + ABOVE_BASELINE, PLATEAU_S
        if (programs := getattr(section, "programs", None)) is not None:
            # A Medoc gives what is stored on it and nothing else.
            harmless = [p for p in programs if 0 < p.temperature - section.baseline <= MOST_ABOVE]
            if not harmless:
                advice = "To test the heat, store a program one degree above baseline."
                return Finding(subject, "amber", "no harmless program is stored", advice)
            target, plateau_s = harmless[0].temperature, harmless[0].plateau_s
        deliveries: list[Delivery] = []
        samples: list[float] = []
        thermode.on_delivery = deliveries.append
        thermode.watch(lambda sample: samples.append(sample.time))
        stimulus = Stimulus(
            number=1,
            target=target,
            plateau_s=plateau_s,
            baseline=section.baseline,
            rise_rate=section.rise_rate,
            return_rate=section.return_rate,
            skin_site=1,
        )
        asked = f"{target:.1f} °C for {plateau_s:g} s"
        until = self.clock.now() + LONGEST_TEST_S
        try:
            thermode.prepare(stimulus)
            if not self.clock.wait(lambda: thermode.ready().ok, until):
                return Finding(subject, "red", thermode.ready().reason, _advice("thermode"))
            began = thermode.trigger().after
            self.clock.wait(lambda: bool(deliveries) or thermode.failure() != "", until)
        except DeviceError as error:
            return Finding(subject, "red", str(error), _advice("thermode"))
        if not deliveries or deliveries[0].mean_plateau is None or deliveries[0].problem:
            why = thermode.failure() or (deliveries[0].problem if deliveries else "it never ended")
            return Finding(subject, "red", f"{asked}: {why}", _advice("thermode"))
        measured = deliveries[0].mean_plateau
        assert measured is not None
        hot = [time for time in samples if time >= began]
        intervals = [after - before for before, after in pairwise(hot)]
        figures: dict[str, float | str] = {"asked_c": target, "measured_c": round(measured, 3)}
        if intervals:
            figures |= {f"sample_{k}": v for k, v in spread_ms(intervals).items()}
        found = f"asked for {asked}, measured {measured:.2f} °C"
        if abs(measured - target) > CLOSE_ENOUGH:
            advice = (
                "Don't use the thermode: let it warm up, then check again or have it calibrated."
            )
            return Finding(subject, "red", found, advice, figures)
        return Finding(subject, "green", found, figures=figures)

    def _pulses(self, devices: Devices) -> Finding:
        subject, scanner = "pulses", devices.scanner
        assert scanner is not None
        times: list[float] = []
        scanner.start(times.append)
        emulated = self.world is not None and self.rig.ports().get("scanner", "").startswith(
            EMULATED
        )
        if emulated and self.world is not None:
            self.world.scanner.start(EMULATED_TR_S, volumes=PULSES)
        self.clock.wait(lambda: len(times) >= PULSES, self.clock.now() + self.listen_s)
        scanner.stop()
        if len(times) < 3:
            strays, others = getattr(scanner, "strays", {}), getattr(scanner, "others", {})
            if others:
                text = max(others, key=others.__getitem__)
                found = f"no pulse, but {sum(others.values())} other samples, mostly {text!r}"
                advice = f"If that is the pulse, set pulse = {text!r} in the rig file."
                return Finding(subject, "red", found, advice)
            if strays:
                byte = max(strays, key=strays.__getitem__)
                found = f"no pulse, but {sum(strays.values())} other bytes, mostly 0x{byte:02x}"
                advice = (
                    f"If that is the converter's pulse, set pulse = 0x{byte:02x} in the rig file."
                )
                return Finding(subject, "red", found, advice)
            found = f"{len(times)} pulses in {self.listen_s:g} s: the scanner isn't running"
            return Finding(subject, "amber", found, "Check again while a scan runs.")
        tr_s = median(after - before for before, after in pairwise(times))
        fit = fit_pulses(times, tr_s, None)
        assert fit is not None
        jitter_ms = 1000 * max(map(abs, fit.residuals_s))  # of ten the worst says most
        figures: dict[str, float | str] = {
            "pulses": len(times),
            "tr_s": round(fit.tr_fitted_s, 4),
            "jitter_ms": round(jitter_ms, 3),
        }
        found = f"{len(times)} pulses every {fit.tr_fitted_s:.4f} s, at most {jitter_ms:.1f} ms off"
        if fit.doubled or fit.missing:
            found += f", {len(fit.doubled)} doubled, {len(fit.missing)} missing"
            advice = "Set the converter to one edge a volume, and look at its cable."
            return Finding(subject, "red", found, advice, figures)
        if jitter_ms > STEADY_MS:
            advice = "Close other programs, and set an FTDI adapter's latency timer to 1 ms."
            return Finding(subject, "amber", found, advice, figures)
        return Finding(subject, "green", found, figures=figures)

    def _marker(self, devices: Devices) -> Finding:
        assert devices.markers is not None
        assert self.rig.markers is not None
        code = self.rig.markers.highest_code  # all lines
        stamp = devices.markers.send(code)
        if stamp is None:
            return Finding("test marker", "red", devices.markers.failure(), _advice("markers"))
        self.clock.wait(lambda: False, self.clock.now() + 0.1)  # until the lines are clear again
        took_ms = 1000 * (stamp.after - stamp.before)
        found = f"code {code} sent, written in {took_ms:.2f} ms (no box says when it came)"
        figures: dict[str, float | str] = {"write_ms": round(took_ms, 3)}
        if failure := devices.markers.failure():
            return Finding("test marker", "red", failure, _advice("markers"))
        advice = f"Look whether the recording shows {code}, once."
        if took_ms > SLOW_WRITE_MS:
            return Finding("test marker", "amber", found, "Close other programs.", figures)
        return Finding("test marker", "green", found, advice, figures)


def _described(info: DeviceInfo) -> str:
    details = (f"{name} {value}" for name, value in info.details.items() if value)
    known = [info.firmware, info.serial_number, *details]
    kind = f"{'emulated ' if info.emulated else ''}{info.kind}"
    return f"{kind} at {info.port}: {', '.join(filter(None, known))}" if info.port else kind


def _advice(role: str) -> str:
    return {
        "thermode": "Is it switched on and plugged in, and is its port the one in the rig file?",
        "scanner": "Is the converter plugged in, and are port and baud those of the rig file?",
        "markers": "Is the box plugged in, and is its port the one in the rig file?",
    }[role]
