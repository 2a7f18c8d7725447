"""`trustpain check --keys`: which key or button means what, tried out on the participant's screen."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from experiment.clocks import RealClock
from experiment.plan.scene import CursorState, KeyScreen, KeyTile
from experiment.responses.opening import hands_there, keys_of, open_hands
from experiment.running.hub import LETTER
from experiment.running.rating import Rating
from hardware.devices import Response, Scanner
from hardware.emulation import EmulatedWorld
from hardware.opening import open_devices
from hardware.rig import JoystickSection, Rig
from stimuli.texts import Texts

PULSE_LIT_S = 0.15  # a pulse has no length; so long its tile is lit
AT_REST_S = 0.3  # so long the cursor must stand still before its speed is told
EMULATED_TR_S = 2.0
LOOK_S = 0.2
MIDDLE = 50.0


@dataclass
class _Meaning:
    """What one tile stands for."""

    role: str
    keys: str
    came: bool = False
    held: set[str] = field(default_factory=set)  # names of what is down


class KeyTrial:
    """What has been tried so far. Takes responses from any thread; `scene()` is what to show.

    `over` is True once the experimenter's stop key was pressed twice. `strays` are the names of
    what came and has no meaning in the rig.
    """

    def __init__(self, rig: Rig, texts: Texts) -> None:
        self._texts = texts
        self._lock = threading.RLock()
        self._meanings = [_Meaning(role, keys) for role, keys in _meanings(rig).items()]
        self._by_role = {meaning.role: meaning for meaning in self._meanings}
        self._rating = Rating(MIDDLE)
        self._note = ""
        self._stops = 0
        self._moving: tuple[float, float, float, float] | None = None  # began, ended, path, at
        self._shown: KeyScreen | None = None
        self.strays: list[str] = []
        self.over = False

    def begin(self, onset: float) -> None:
        """The cursor may be moved from now on."""
        self._rating.begin(onset)

    def respond(self, response: Response) -> None:
        """Take a response."""
        with self._lock:
            if response.role not in ("confirm", "click") or response.x is not None:
                self._rating.respond(_without_click(response))
            if response.role == "unassigned":
                self.stray(response.name)
            meaning = self._by_role.get(_tile_of(response.role))
            if meaning is None:
                return
            meaning.came = True
            (meaning.held.add if response.pressed else meaning.held.discard)(response.name)
            if response.role == "stop" and response.pressed:
                self._stops += 1
                self.over = self._stops > 1

    def stray(self, name: str) -> None:
        """Something came that the rig gives no meaning."""
        with self._lock:
            if name not in self.strays:
                self.strays.append(name)
            self._note = self._texts.text("keys.unassigned", name=name)

    def cursor(self, now: float) -> CursorState:
        """Where the cursor is; once it rests, the note says how fast it was."""
        with self._lock:
            state = self._rating.state(now)
            self._follow(now, state.position)
            return state

    def scene(self) -> KeyScreen:
        """The screen as it should look now."""
        with self._lock:
            self._shown = self._made()
            return self._shown

    @property
    def changed(self) -> bool:
        """Whether the screen should look otherwise than when `scene` was asked for last."""
        with self._lock:
            return self._made() != self._shown

    def found(self) -> list[tuple[str, str, bool]]:
        """Meaning, keys, and whether it came."""
        text = self._texts.text
        return [(text(f"keys.{m.role}"), m.keys, m.came) for m in self._meanings]

    def _made(self) -> KeyScreen:
        with self._lock:
            text = self._texts.text
            tiles = tuple(
                KeyTile(
                    text(f"keys.{meaning.role}"),
                    meaning.keys,
                    "held" if meaning.held else "tried" if meaning.came else "untried",
                )
                for meaning in self._meanings
            )
            return KeyScreen(text("keys.title"), tiles, self._note, text("keys.hint"))

    def _follow(self, now: float, at: float) -> None:
        if self._moving is None:
            self._moving = (now, now, 0.0, at)
        began, ended, path, before = self._moving
        if at != before:
            # Counted from the frame before the first change, in which it still stood.
            self._moving = (began, now, path + abs(at - before), at)
        elif path and now - ended > AT_REST_S:
            self._note = self._texts.text(
                "keys.moved",
                points=f"{path:.1f}",
                seconds=f"{ended - began:.2f}",
                rate=f"{path / (ended - began):.0f}",
            )
            self._moving = (now, now, 0.0, at)
        elif not path:
            self._moving = (now, now, 0.0, at)


def try_keys(rig: Rig, texts: Texts, tell: Callable[[str], None]) -> KeyTrial:
    """Show the screen until it's ended by the stop key, Ctrl-C, or closing the window.

    `tell` gets a sentence once keys are taken.
    Raises `DeviceError`, a line for each device that is missing.
    """
    from experiment.display.virtual_screen import needed_screen
    from experiment.display.window import WindowDisplay

    trial = KeyTrial(rig, texts)
    clock = RealClock()
    with contextlib.ExitStack() as stack:
        stack.callback(clock.close)
        stack.enter_context(needed_screen())
        scanner = _scanner(rig, clock, stack)
        display = WindowDisplay(rig.screen, clock)
        stack.callback(display.close)
        for device in open_hands(rig, clock, display, pulses=True, strays=True):
            stack.callback(device.close)
            device.listen(trial.respond)
        if scanner is not None:
            scanner.start(lambda time: _pulse(trial, clock, time))
        display.show(trial.scene(), trial.begin, trial.cursor)
        tell("Keys and buttons can be tried now; the stop key, pressed twice, ends it.")
        with contextlib.suppress(KeyboardInterrupt):
            while not (trial.over or display.closed):
                clock.wait(lambda: trial.over or trial.changed, clock.now() + LOOK_S)
                _strays(trial, scanner)
                if trial.changed:
                    display.show(trial.scene(), lambda flip: None, trial.cursor)
    return trial


def _scanner(rig: Rig, clock: RealClock, stack: contextlib.ExitStack) -> Scanner | None:
    """The source of pulses, unless it types keys; and a word about what is missing."""
    alone = rig.model_copy(update={"thermode": None, "markers": None})
    if rig.scanner is not None and rig.scanner.kind == "key":
        alone = alone.model_copy(update={"scanner": None})
    world = None
    if alone.emulated_devices():
        world = stack.enter_context(EmulatedWorld(clock))

    devices = stack.enter_context(
        open_devices(alone, clock, world, also_there=lambda: hands_there(rig.response))
    )
    if world is not None:
        world.scanner.start(EMULATED_TR_S)
    return devices.scanner


def _pulse(trial: KeyTrial, clock: RealClock, time: float) -> None:
    trial.respond(Response(time, "pulse", True, "scanner"))
    end = time + PULSE_LIT_S
    clock.call_at(end, lambda: trial.respond(Response(end, "pulse", False, "scanner")))


def _strays(trial: KeyTrial, scanner: Any) -> None:
    """What the scanner's line brought besides pulses."""
    for byte in list(getattr(scanner, "strays", ())):
        _once(trial, f"scanner: 0x{byte:02x}")
    for text in list(getattr(scanner, "others", ())):
        _once(trial, f"scanner: {text}")


def _once(trial: KeyTrial, name: str) -> None:
    if name not in trial.strays:
        trial.stray(name)


def _meanings(rig: Rig) -> dict[str, str]:
    """Tile to the keys and buttons that it stands for, in the order in which they are shown."""
    found: dict[str, list[str]] = {}
    section, scanner = rig.response, rig.scanner
    pulse = scanner.key if scanner is not None and scanner.kind == "key" else ""
    for role, names in section.keys.by_role().items():
        found.setdefault(role, []).extend(names)
    if section.buttons is not None:
        for role, values in section.buttons.by_role().items():
            found.setdefault(role, []).extend(f"box {_shown(value)}" for value in values)
    if (stick := section.joystick) is not None:
        _add_joystick(found, stick)
    if section.mouse:
        found["click"] = ["mouse"]
    if scanner is not None:
        source = pulse or getattr(scanner, "stream", "") or getattr(scanner, "port", "")
        found.setdefault("pulse", []).append(source)
    others = keys_of(section.keys.by_role(), pulse)
    if letters := [names[0] for role, names in others.items() if role.startswith(LETTER)]:
        found["answers"] = letters
    if digits := [role for role in others if role.isdigit()]:
        found["digits"] = [" ".join(digits)]
    return {role: ", ".join(names) for role, names in found.items() if names}


def _add_joystick(found: dict[str, list[str]], stick: JoystickSection) -> None:
    for role in ("left", "right"):
        found.setdefault(role, []).append(f"stick {stick.axis}")
    for role, numbers in stick.by_role().items():
        found.setdefault(role, []).extend(f"button {number}" for number in numbers)


def _shown(value: int) -> str:
    return chr(value) if 33 <= value < 127 else f"0x{value:02x}"


def _tile_of(role: str) -> str:
    if role.startswith(LETTER):
        return "answers"
    return "digits" if role.isdigit() else role


def _without_click(response: Response) -> Response:
    """A click puts the cursor there, but the trial of the keys goes on: nothing is confirmed."""
    if response.role != "click":
        return response
    return Response(response.time, "move", x=response.x)
