"""From the stop key to the abort byte, 200 times in a real window: `python -m benchmarks.stop_latency`.

xdotool presses Escape; the display draws, the keyboard's thread hears, the thermode's abort goes
out through a pseudo-terminal to the emulator in a process of its own, whose log says when it came.
Every third try falls into heat, every third into a rating whose cursor is drawn in each frame.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.real_kill import emulator
from experiment.clocks import RealClock
from experiment.display.virtual_screen import needed_screen
from experiment.display.window import WindowDisplay
from experiment.inputs.files import RIGS, load_rig
from experiment.places import ROOT
from experiment.plan.scene import CursorState, Fixation, RatingScale, ScaleLabel
from experiment.responses.keyboard import KeyboardResponses
from experiment.running.hub import ResponseHub
from experiment.running.stop import EmergencyStop
from experiment.session.experimenter import SimulatedExperimenter
from hardware.devices import DeviceError, Response, Stimulus
from hardware.guard import GuardedThermode
from hardware.opening import open_devices

RESULTS = ROOT / "docs" / "figures" / "stop_latency.json"
SETTLE_S = 0.6  # between two tries: the abort's repeats are over, the probe is down
SCALE = RatingScale("vas", "How?", (ScaleLabel(0.0, "low"), ScaleLabel(100.0, "high")))


def rig_with(port: str, folder: Path) -> Path:
    text = (RIGS / "laptop.toml").read_text(encoding="utf-8")
    parts = text.replace("emulated://tcs", port).split("\n[")
    kept = [part for part in parts if not part.startswith(("scanner]", "markers]"))]
    path = folder / "rig.toml"
    path.write_text("\n[".join(kept), encoding="utf-8")
    return path


def measure(tries: int, say: Callable[[str], None]) -> list[dict[str, float | str]]:
    """Key event and abort byte of each try, in seconds of `time.perf_counter`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = folder / "log"
        _, port = stack.enter_context(emulator("tcs", "--log", str(log)))
        rig = load_rig(rig_with(port, folder)).model
        stack.enter_context(needed_screen())
        clock = RealClock()
        stack.callback(clock.close)
        devices = stack.enter_context(open_devices(rig, clock))
        thermode = devices.thermode
        assert thermode is not None
        display = WindowDisplay(rig.screen, clock)
        stack.callback(display.close)
        keyboard = KeyboardResponses(clock, {"stop": ("escape",)}, display.window)
        stack.callback(keyboard.close)
        presses: list[float] = []
        hub = _hub(clock, thermode)

        def heard(response: Response) -> None:
            hub(response)
            if response.pressed:
                presses.append(response.time)

        keyboard.listen(heard)
        chance = random.Random(1)
        origin = time.perf_counter() - clock.now()
        found: list[dict[str, float | str]] = []
        for number in range(tries):
            state = ("fixation", "rating", "heat")[number % 3]
            if state == "rating":
                display.show(SCALE, lambda flip: None, lambda now: CursorState(50 + 40 * (now % 1)))
            else:
                display.show(Fixation(), lambda flip: None)
            if state == "heat" and not _heat(thermode, clock, number):
                state = "fixation"
            clock.wait(lambda: False, clock.now() + chance.uniform(0.25, 0.6))
            handed = time.perf_counter()
            presses.clear()
            hub = _hub(clock, thermode)
            with subprocess.Popen(["xdotool", "key", "Escape"]):
                clock.wait(lambda: bool(presses), clock.now() + 5.0)
            clock.wait(lambda: False, clock.now() + SETTLE_S)
            clock.wait(thermode.at_baseline, clock.now() + 5.0)
            found.append({"state": state, "handed": handed, "key": presses[0] + origin})
            if number % 20 == 19:
                say(f"{number + 1} of {tries}")
        aborts = _aborts(log)
    for one in found:
        one["byte"] = min(at for at in aborts if at >= float(one["handed"]))
    return found


def _hub(clock: RealClock, thermode: GuardedThermode) -> ResponseHub:
    """A stop that nobody has asked for yet, behind what all responses go through."""
    return ResponseHub(
        EmergencyStop(clock, thermode.abort, lambda event: None),
        SimulatedExperimenter(clock),
        write=lambda event: None,
        answer=lambda response: None,
        letters=lambda: False,
    )


def _heat(guard: GuardedThermode, clock: RealClock, number: int) -> bool:
    """Some harmless heat, on one site after the other; False if the guard doesn't give it."""
    stimulus = Stimulus(number + 1, 40.0, 5.0, 32.0, 70.0, 70.0, 1 + number // 3 % 8)
    try:
        guard.prepare(stimulus)
        clock.wait(lambda: guard.ready().ok, clock.now() + 2.0)
        guard.trigger()
    except DeviceError:
        return False
    return True


def _aborts(log: Path) -> list[float]:
    rows = [line.split("\t") for line in log.read_text(encoding="utf-8").splitlines()]
    origin = next(float(text) for _, kind, text in rows if kind == "perf_counter")
    return [float(at) + origin for at, kind, text in rows if kind == "command" and text == "A"]


def in_milliseconds(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(1000 * one for one in seconds)
    return {
        "median": round(statistics.median(ordered), 2),
        "p99": round(statistics.quantiles(ordered, n=100, method="inclusive")[98], 2),
        "max": round(ordered[-1], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    before = os.getloadavg()[0]
    found = measure(asked.tries, lambda said: print(said, flush=True))
    delays = [float(one["byte"]) - float(one["key"]) for one in found]
    result = {
        "made_by": "python -m benchmarks.stop_latency",
        "tries": len(found),
        "key_event_to_abort_byte_ms": in_milliseconds(delays),
        "xdotool_started_to_abort_byte_ms": in_milliseconds(
            [float(one["byte"]) - float(one["handed"]) for one in found]
        ),
        "during": {
            state: in_milliseconds(
                [d for d, one in zip(delays, found, strict=True) if one["state"] == state]
            )
            for state in ("fixation", "rating", "heat")
        },
        "screen": "virtual (Xvfb, software)",
        "load_before": round(before, 1),
        "processors": os.cpu_count(),
        "delays_ms": [round(1000 * delay, 2) for delay in delays],
    }
    asked.results.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({k: v for k, v in result.items() if k != "delays_ms"}, indent=1))


if __name__ == "__main__":
    main()
