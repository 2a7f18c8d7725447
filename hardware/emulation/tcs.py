"""An emulated TCS II: strict about its commands, true about its temperatures.

Its core is independent of what carries the bytes. Where the public sources say nothing (power-on
values, the texts of H, B and P, what a start during a stimulation does) it does something plain,
marked "ours".
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from hardware.clock import Clock, Timer
from hardware.emulation import probe
from hardware.emulation.tcs_grammar import Grammar
from hardware.emulation.tcs_profiles import Profiles

ZONES = range(5)
BYTE_S = 10 / 115_200  # start bit, eight data bits, stop bit
THINKING_S = 0.00003  # with 25 bytes on the line, an E round trip comes to 2.2 ms
MOST_KEPT = 10_000

Log = Callable[[float, str, str], None]


def _nowhere(_: bytes) -> None:
    """What is transmitted while nothing is connected."""


class EmulatedTcs:
    """A TCS II on `clock`. Temperatures in degrees Celsius inside, in tenths on the line.

    For tests and rehearsals: `errors`, `volts`, `percent` can be set; `overshoot` (C, per zone)
    is added to the target, `stuck` fixes zones at a temperature, `ignores_abort` and `never_ends`
    make a faulty device. `commands` holds what was understood (without the polls E and Q),
    `malformed` what wasn't, `heats` the times of the start commands, `peak` the hottest ever.
    """

    def __init__(self, clock: Clock, log: Log | None = None) -> None:
        self._clock, self._log = clock, log
        self._lock = threading.RLock()
        self._grammar = Grammar()
        self._outgoing: deque[bytes] = deque()
        self._line_free = 0.0
        self._lines: Timer | None = None
        self._said, self._said_until = b"", -1.0
        self.transmit: Callable[[bytes], None] = _nowhere
        self.firmware, self.probe_id, self.probe_type = (
            "TCS2 emulated 1.0",
            "00000042",
            "T11 emulated",
        )
        self.volts, self.percent = 12.6, 95
        self.errors = [0, 0, 0, 0, 0, 0]  # neutral, zones 1-5
        self.buttons = [0, 0]
        self.overshoot = [0.0] * 5
        self.stuck: dict[int, float] = {}
        self.ignores_abort = False
        self.never_ends = False
        self.commands: deque[tuple[float, bytes]] = deque(maxlen=MOST_KEPT)
        self.malformed: deque[tuple[float, bytes]] = deque(maxlen=MOST_KEPT)
        self.heats: list[float] = []
        self.polls = 0
        self._peak = 0.0
        self._paths: list[probe.Path] = []
        self._power_on()

    # --- the line -------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take bytes in pieces of any size."""
        now = self._clock.now()
        with self._lock:
            if data == b"E" and not self._grammar.partial:
                self.polls += 1
                self._say(self._temperatures(now), now)
                return
            for command, understood in self._grammar.feed(data, now):
                if understood:
                    self._execute(command, now)
                else:
                    self._malformed(command, now)

    def close(self) -> None:
        """Switch off."""
        with self._lock:
            if self._lines is not None:
                self._lines.cancel()

    def _say(self, reply: bytes, now: float) -> None:
        start = self._line_free if self._line_free > now else now
        # The command's own last byte took its time on the line, too.
        self._line_free = start + (len(reply) + 1) * BYTE_S + THINKING_S
        self._outgoing.append(reply)
        self._clock.call_at(self._line_free, self._deliver)

    def _deliver(self) -> None:
        self.transmit(self._outgoing.popleft())

    # --- temperatures ---------------------------------------------------------------------

    def zones(self, now: float | None = None) -> tuple[float, ...]:
        """Temperatures of the zones 1-5 in degrees Celsius."""
        if now is None:
            now = self._clock.now()
        first = self._paths[0]
        if self._alike:
            return (first.at(now),) * 5
        return tuple(path.at(now) for path in self._paths)

    @property
    def peak(self) -> float:
        """Hottest that any zone has ever been, in degrees Celsius."""
        now = self._clock.now()
        return max(self._peak, *(path.peak_until(now) for path in self._paths))

    @property
    def neutral(self) -> float:
        """Neutral (baseline) temperature in degrees Celsius."""
        return self._neutral / 10

    def _temperatures(self, now: float) -> bytes:
        if now < self._said_until:
            return self._said
        zones = self.zones(now)
        figures = [b"%+04d" % round(zone * 10) for zone in zones]
        self._said = b"\r%03d" % self._neutral + b"".join(figures)
        # Most polls fall on a plateau or on baseline, where the line stays the same.
        self._said_until = min(path.flat_until(now) for path in self._paths)
        return self._said

    def _fine(self, now: float) -> bytes:
        figures = [b"%+05d" % round(zone * 100) for zone in self.zones(now)]
        return b"\r%04d" % (self._neutral * 10) + b"".join(figures)

    def _move(self, paths: list[probe.Path], now: float) -> None:
        self._peak = max(self._peak, *(path.peak_until(now) for path in self._paths))
        for zone, temperature in self.stuck.items():
            paths[zone - 1] = probe.resting(now, temperature)
        self._paths = paths
        self._alike = all(path == paths[0] for path in paths)
        self._said_until = -1.0

    def _to_neutral(self, now: float) -> None:
        goal = self.neutral
        self._move(
            [
                probe.going(now, path.at(now), goal, rate / 10)
                for path, rate in zip(self._paths, self._return, strict=True)
            ],
            now,
        )
        self._until = now

    def _start(self, now: float) -> None:
        self.heats.append(now)
        paths = []
        for zone in ZONES:
            at = self._paths[zone].at(now)
            if not self._enabled[zone]:
                paths.append(probe.going(now, at, self.neutral, self._return[zone] / 10))
                continue
            fall = self._return[zone] / 10
            own = self._profiles.path(zone, now, at, self._highest, self.neutral, fall)
            if own is not None and not self._follow:
                paths.append(own)
                continue
            goal = self._target[zone] / 10 + self.overshoot[zone]
            rise = self._rise[zone] / 10
            if self._follow or self.never_ends:
                paths.append(probe.going(now, at, goal, rise))
            else:
                seconds = self._duration[zone] / 1000
                paths.append(probe.stimulating(now, at, goal, rise, fall, seconds, self.neutral))
        self._move(paths, now)
        self._until = max(path.times[-1] for path in paths)
        self._book_line(now)

    def _stimulating(self, now: float) -> bool:
        return now < self._until

    # --- commands -------------------------------------------------------------------------

    def _power_on(self) -> None:
        """Ours: 30 C, all zones, targets equal to neutral, 100 C/s, 1 s, quiet not set."""
        now = self._clock.now()
        self._neutral = 300
        self._highest = 600
        self._enabled = [True] * 5
        self._target, self._duration = [300] * 5, [1000] * 5
        self._rise, self._return = [1000] * 5, [1000] * 5
        self._trigger_out = (255, 300)
        self._trigger_in = False
        self._follow = False
        self._filter = 1
        self._profiles = Profiles()
        self._idle_lines = self._heat_lines = True
        self._until = now
        self._paths = [probe.resting(now, 30.0)] * 5
        self._alike = True
        self._said_until = -1.0
        self._book_line(now)

    def _execute(self, command: bytes, now: float) -> None:
        if command not in (b"E", b"Q"):
            self.commands.append((now, command))
            self._note(now, "command", command)
        letter, digits = command[:1], command[1:]
        if letter in b"CVRD":
            lists = {b"C": self._target, b"V": self._rise, b"R": self._return, b"D": self._duration}
            number = int(digits[1:])
            if letter == b"C":
                number = min(number, self._highest)
            for zone in ZONES if digits[:1] == b"0" else (int(digits[:1]) - 1,):
                lists[letter][zone] = number
            if letter == b"C" and self._follow:
                self._start(now)
        elif letter == b"N":
            self._neutral = int(digits)
            self._said_until = -1.0
            if not self._stimulating(now) and not self._follow:
                self._to_neutral(now)
        elif letter == b"S":
            self._enabled = [digit == ord("1") for digit in digits]
        elif letter == b"T":
            self._trigger_out = (int(digits[:3]), int(digits[3:]))
        elif command == b"L":
            # Ours: a start during a stimulation is ignored.
            if self._stimulating(now):
                self._malformed(command, now)
            else:
                self._start(now)
        elif command == b"A":
            if not self.ignores_abort:
                self._follow = False
                self._to_neutral(now)
        elif command[:1] == b"O":
            self._option(command, now)
        elif letter == b"U":
            self._profile(command, now)
        elif command == b"F":
            self._idle_lines = self._heat_lines = False
        elif letter in b"H?EKQBP":
            self._say(self._answer(command, now), now)

    def _option(self, command: bytes, now: float) -> None:
        if command == b"Oa":
            self._idle_lines = True
            self._book_line(now)
        elif command == b"Ob":
            self._heat_lines = True
            self._book_line(now)
        elif command == b"Od":
            self._follow = True
        elif command == b"Oe":
            self._say(self._fine(now), now)
        elif command == b"Oc":
            reached, self._peak = self.zones(now), self.peak
            self._power_on()
            self._move([probe.going(now, at, self.neutral, 100.0) for at in reached], now)
        elif command in (b"Ose", b"Osd"):
            self._trigger_in = command == b"Ose"
        elif command[:2] == b"Om":
            self._highest = int(command[2:])
        elif command[:2] == b"Of":
            self._filter = int(command[2:])

    def _profile(self, command: bytes, now: float) -> None:
        if command == b"Ur":
            self._say(self._profiles.text(), now)
        elif command[:2] == b"Uw":
            self._profiles.write(command[2:])
        else:
            self._profiles.enable(command[2:])

    def _answer(self, command: bytes, now: float) -> bytes:
        if command == b"E":
            self.polls += 1
            return self._temperatures(now)
        if command == b"?":
            return b"TCS\r"
        if command == b"Q":
            return b"%d%d%d%d%d%d" % tuple(self.errors)
        if command == b"K":
            return b"\r%d%d" % tuple(self.buttons)
        if command == b"B":
            return b"\r%05.1fV %3d%%\r\n" % (self.volts, self.percent)
        if command == b"H":
            lines = (self.firmware, self.probe_id, self.probe_type, "H: this help", "L: start")
            return b"".join(line.encode("ascii") + b"\r" for line in lines)
        return self._parameters()

    def _parameters(self) -> bytes:
        """Ours: each setting as the command that sets it, one a line."""
        settings = [b"N%03d" % self._neutral]
        settings.append(b"S" + bytes(ord("1" if enabled else "0") for enabled in self._enabled))
        for zone in ZONES:
            settings += [
                b"C%d%03d" % (zone + 1, self._target[zone]),
                b"V%d%04d" % (zone + 1, self._rise[zone]),
                b"R%d%04d" % (zone + 1, self._return[zone]),
                b"D%d%05d" % (zone + 1, self._duration[zone]),
            ]
        settings.append(b"T%03d%03d" % self._trigger_out)
        return b"\r" + b"\r".join(settings) + b"\r"

    # --- lines that nobody asked for ------------------------------------------------------

    def _book_line(self, now: float) -> None:
        if self._lines is not None:
            self._lines.cancel()
        if not self._idle_lines and not self._heat_lines:
            return
        self._lines = self._clock.call_at(now + 0.01, self._unasked)

    def _unasked(self) -> None:
        with self._lock:
            if not self._idle_lines and not self._heat_lines:
                return
            now = self._clock.now()
            hot = self._stimulating(now)
            if self._heat_lines if hot else self._idle_lines:
                self._say(self._temperatures(now), now)
            self._lines = self._clock.call_at(now + (0.01 if hot else 1.0), self._unasked)

    def _malformed(self, data: bytes, now: float) -> None:
        self.malformed.append((now, data))
        self._note(now, "malformed", data)

    def _note(self, now: float, kind: str, data: bytes) -> None:
        if self._log is not None:
            self._log(now, kind, data.decode("ascii", "backslashreplace"))
