"""What row 4 compares, each in a process of its own: `python -m benchmarks.frame_loops KIND SECONDS`.

`flagship`: our session in a real window with emulated devices, a simulated participant, journal, pulses
and heat polling; `empty`: a PsychoPy window that only flips; `builder`: the loop that PsychoPy's Builder
writes (each frame draws its stimulus and asks for keys), `iohub`: the same with ioHub's keyboard. `monitored`:
`flagship` with the live page beside it, whose address is printed. Where flips don't wait for a screen, all
are paced by the same grid as ours, and all have its priority and no garbage collection. Prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks.iohub_peer import io_hub
from experiment.clocks import RealClock
from experiment.display.frames import FrameLog, Grid, measure_refresh
from experiment.display.machine import Machine
from experiment.display.opening import open_window
from experiment.display.virtual_screen import needed_screen
from experiment.inputs.files import load_rig
from experiment.monitor.process import monitor_beside

BACKENDS = {"builder": "event", "iohub": "iohub"}  # of PsychoPy's Keyboard


class _Over(Exception):
    """The time is up."""


def _result(log: FrameLog, cpu: dict[str, float], wall: dict[str, float]) -> dict[str, Any]:
    return {
        "frames": sum(log.take_counts().tenths),
        "dropped": [frame.interval_s for frame in log.take()],
        "cpu_share": {kind: cpu[kind] / wall[kind] for kind in cpu if wall[kind] > 0}
        | {"whole": sum(cpu.values()) / sum(wall.values())},
    }


def flagship(seconds: float, *, monitor: bool = False) -> dict[str, Any]:
    from rich.console import Console

    from experiment.session.preparation import Request, prepare
    from experiment.session.session import play
    from experiment.session.settings import visual_setting

    clock, console = RealClock(), Console(quiet=True)
    # Static is what lies between two flips without anything drawn for the second.
    cpu: dict[str, float] = {"static": 0.0, "drawing": 0.0}
    wall = dict(cpu)
    state: dict[str, Any] = {"log": None, "cpu": None, "wall": 0.0, "until": None}
    with tempfile.TemporaryDirectory() as out, needed_screen():
        request = Request("trust_pain", "laptop", "01", out=Path(out), simulated=True)
        setting = visual_setting(clock, console)
        opened = setting.open_display

        def open_display(prepared: Any) -> Any:
            display: Any = opened(prepared)
            state["log"] = FrameLog(1 / display.info.refresh_hz)

            def flipped() -> None:
                if state["until"] is None:
                    return
                state["log"].flipped(clock.now())
                now, used = time.perf_counter(), time.process_time()
                if state["cpu"] is not None:
                    kind = "drawing" if display.drew else "static"
                    cpu[kind] += used - state["cpu"]
                    wall[kind] += now - state["wall"]
                state.update(cpu=used, wall=now)

            display.on_frame.append(flipped)
            return display

        def progress(segment: Any, phase: Any, flip: float) -> None:
            now = time.perf_counter()
            if state["until"] is None:
                state["until"] = now + seconds
            elif now > state["until"]:
                raise _Over

        setting.open_display, setting.show_progress = open_display, progress
        prepared = prepare(request)
        with monitor_beside(prepared.place.journals) if monitor else nullcontext():
            play(prepared, setting)
    clock.close()
    return _result(state["log"], cpu, wall)


def peer(seconds: float, kind: str) -> dict[str, Any]:
    screen = load_rig("laptop").model.screen
    with needed_screen(), io_hub() if kind == "iohub" else nullcontext():
        machine = Machine()  # garbage collection and priority as ours: the loop is what differs
        window = open_window(screen)
        refresh = measure_refresh(window.flip, time.perf_counter, time.sleep)
        hz = refresh.hz if refresh.synchronised else screen.refresh_hz
        window.waitBlanking = refresh.synchronised  # as ours
        grid = None if refresh.synchronised else Grid(time.perf_counter(), 1 / hz)
        log = FrameLog(1 / hz)
        draw = (
            (lambda: None)
            if kind == "empty"
            else _builder_frame(window, BACKENDS[kind], finish=grid is not None)
        )
        begin, used = time.perf_counter(), time.process_time()
        while time.perf_counter() < begin + seconds:
            draw()
            if grid is not None:
                due = grid.next(time.perf_counter())
                while (left := due - time.perf_counter()) > 0:
                    time.sleep(left)
                grid.took(due)
            window.flip()
            log.flipped(time.perf_counter())
        share = {"static": time.process_time() - used}
        return_value = _result(log, share, {"static": time.perf_counter() - begin})
        window.close()
        machine.restore()
    return return_value


def _builder_frame(window: Any, backend: str, *, finish: bool) -> Any:
    """A frame's work; `finish`: rendered before the wait for the grid, as ours is, not after it."""
    from psychopy import visual
    from psychopy.hardware import keyboard
    from pyglet import gl

    cross = visual.TextStim(window, text="+", height=60)
    keys = keyboard.Keyboard(backend=backend)

    def frame() -> None:
        cross.draw()
        keys.getKeys(["space", "escape"])
        if finish:
            gl.glFinish()

    return frame


if __name__ == "__main__":
    kind, length = sys.argv[1], float(sys.argv[2])
    ours = kind in ("flagship", "monitored")
    found = flagship(length, monitor=kind == "monitored") if ours else peer(length, kind)
    print("RESULT " + json.dumps(found))
