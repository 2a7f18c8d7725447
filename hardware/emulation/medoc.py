"""An emulated Medoc: its "external control", and a thermode that follows the stored programs.

Where the public sources say nothing (how long loading and the pre-test take, what a command does
in the wrong state, what the device does between programs) it does something plain, marked "ours".
"""

from __future__ import annotations

import struct
import threading
from collections import deque
from collections.abc import Callable

from hardware.clock import Clock
from hardware.emulation import probe
from hardware.sections.thermode import MedocProgram, MedocSection

THINKING_S = 0.004  # ours: from the request to its answer
LOADING_S = 0.3  # ours: from SELECT_TP to the test state ready
UNFINISHED_S = 0.1  # ours: the rest of a request that hasn't come by then belongs to none
GAP_S = 0.1  # a command that follows another sooner is missed; the sources say 0.1 to 0.5 s
GRADIENT = 1.0  # ours: C/s while YES or NO raises or lowers
LOWEST, HIGHEST = 0.0, 50.0  # ours: no command by hand goes beyond
MOST_KEPT = 10_000

SYSTEM_IDLE, SYSTEM_READY, SYSTEM_IN_TEST = 0, 1, 2
TEST_IDLE, TEST_RUNNING, TEST_PAUSED, TEST_READY = 0, 1, 2, 3
OK, ILLEGAL_ARGUMENT, ILLEGAL_STATE, WRONG_TEST_STATE = 0, 1, 2, 3
DEVICE_ERROR, SAFETY_ERROR = 4096, 16384

(GET_STATUS, SELECT_TP, START, PAUSE, TRIGGER, STOP, ABORT, YES, NO, COVAS, VAS, SPECIFY_NEXT,
 T_UP, T_DOWN, KEYUP) = range(15)  # fmt: skip
# Of the other commands some clients may send a number, too.
NUMBERED = (SELECT_TP, T_UP, T_DOWN)

Log = Callable[[float, str, str], None]


def _nowhere(_: bytes) -> None:
    """What is answered while nothing is connected."""


class EmulatedMedoc:
    """A Medoc on `clock`. One request, one answer; what carries them closes the connection after it.

    For tests and rehearsals: `pretest_s` (s), `gap_s` (s), `overshoot` (C, added to the target),
    `stuck` (a temperature that it doesn't leave), `ignores_abort` (STOP, too), `never_ends` (the
    plateau), `flags` (added to each result). `commands` holds what was executed (polls apart),
    `missed` what came too soon, `malformed` what wasn't a request, `heats` the times at which heat
    began, `peak` the hottest ever.
    """

    def __init__(self, clock: Clock, log: Log | None = None) -> None:
        self._clock, self._log = clock, log
        self._lock = threading.RLock()
        self._partial, self._partial_at = b"", 0.0
        self.transmit: Callable[[bytes], None] = _nowhere
        self.baseline, self.rise_rate, self.return_rate = 32.0, 8.0, 8.0
        self.programs: dict[int, MedocProgram] = {}
        self.message = "emulated"
        self.pretest_s, self.gap_s = 2.0, GAP_S
        self.overshoot = 0.0
        self.stuck: float | None = None
        self.ignores_abort = self.never_ends = False
        self.flags = 0
        self.commands: deque[tuple[float, int, int | None]] = deque(maxlen=MOST_KEPT)
        self.missed: deque[tuple[float, int]] = deque(maxlen=MOST_KEPT)
        self.malformed: deque[tuple[float, bytes]] = deque(maxlen=MOST_KEPT)
        self.heats: list[float] = []
        self.polls = 0
        self._heard_at = -1e9
        self._system, self._test = SYSTEM_IDLE, TEST_IDLE
        self._selected: MedocProgram | None = None
        self._test_began = 0.0
        self._turn = 0  # of what the device does next by itself: a later one undoes it
        self._path = probe.resting(clock.now(), self.baseline)
        self._peak = self.baseline

    # --- requests -------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take bytes in pieces of any size; a whole request is answered once."""
        now = self._clock.now()
        with self._lock:
            if self._partial and now - self._partial_at > UNFINISHED_S:
                self._malformed(self._partial, now)
                self._partial = b""
            self._partial, self._partial_at = self._partial + data, now
            length = _length(self._partial)
            if length is None:
                self._malformed(self._partial, now)
                self._partial = b""
            elif 0 < length <= len(self._partial):
                request, self._partial = self._partial[:length], b""
                reply = self._answer(request, now)
                self._clock.call_at(now + THINKING_S, lambda: self.transmit(reply))

    def store(self, section: MedocSection) -> None:
        """Store the programs that a rig names, as somebody did in Medoc's program editor."""
        self.baseline = section.baseline
        self.rise_rate, self.return_rate = section.rise_rate, section.return_rate
        self.programs = {program.id: program for program in section.programs}
        self._move(probe.resting(self._clock.now(), self.baseline), self._clock.now())

    def close(self) -> None:
        """Switch off."""
        self._next(None, 0.0)

    def _answer(self, request: bytes, now: float) -> bytes:
        command = request[8]
        number = int.from_bytes(request[9:13], "little") if len(request) > 9 else None
        result = OK
        if command == GET_STATUS:
            self.polls += 1
        elif now - self._heard_at < self.gap_s:
            self.missed.append((now, command))
            self._note(now, "missed", str(command))
        else:
            self.commands.append((now, command, number))
            self._note(now, "command", f"{command} {'' if number is None else number}".strip())
            result = self._execute(command, number, now)
        self._heard_at = now
        return self._state(command, result | self.flags, now)

    def _state(self, command: int, result: int, now: float) -> bytes:
        in_test = self._system == SYSTEM_IN_TEST
        body = struct.pack(
            "<IBBBHIhBBB",
            int(now) & 0xFFFFFFFF,
            command,
            self._system,
            self._test,
            result & 0xFFFF,
            int((now - self._test_began) * 1000) & 0xFFFFFFFF if in_test else 0,
            round(self.temperature(now) * 100),
            0,
            0,
            0,
        ) + self.message.encode("ascii")
        # Little-endian, as most public clients read it.
        return struct.pack("<I", len(body)) + body

    # --- temperature ----------------------------------------------------------------------

    def temperature(self, now: float | None = None) -> float:
        """Temperature of the thermode in degrees Celsius."""
        return self._path.at(self._clock.now() if now is None else now)

    def zones(self, now: float | None = None) -> tuple[float, ...]:
        """The same, as of a device with one zone."""
        return (self.temperature(now),)

    @property
    def peak(self) -> float:
        """Hottest that it has ever been, in degrees Celsius."""
        return max(self._peak, self._path.peak_until(self._clock.now()))

    def _move(self, path: probe.Path, now: float) -> None:
        self._peak = max(self._peak, self._path.peak_until(now))
        self._path = path if self.stuck is None else probe.resting(now, self.stuck)

    # --- what commands do -----------------------------------------------------------------

    def _execute(self, command: int, number: int | None, now: float) -> int:
        if command == SELECT_TP:
            return self._select(number, now)
        if command in (START, PAUSE, TRIGGER):
            return {START: self._start, PAUSE: self._pause, TRIGGER: self._trigger}[command](now)
        if command in (STOP, ABORT):
            if not self.ignores_abort:
                self._idle(now)
            return OK
        if command in (YES, NO, T_UP, T_DOWN, KEYUP):
            return self._by_hand(command, number, now)
        # COVAS, VAS, SPECIFY_NEXT: taken in a test, without an effect on the temperature.
        return OK if self._system == SYSTEM_IN_TEST else ILLEGAL_STATE

    def _select(self, number: int | None, now: float) -> int:
        if number not in self.programs:
            return ILLEGAL_ARGUMENT
        if self._system == SYSTEM_IN_TEST:
            return ILLEGAL_STATE
        self._selected = self.programs[number]
        self._system, self._test = SYSTEM_READY, TEST_IDLE
        self._next(self._loaded, now + LOADING_S)
        return OK

    def _loaded(self) -> None:
        self._test = TEST_READY

    def _start(self, now: float) -> int:
        if self._test == TEST_PAUSED:
            self._test = TEST_RUNNING
            return OK
        if self._system != SYSTEM_READY:
            return ILLEGAL_STATE
        if self._test != TEST_READY:
            return WRONG_TEST_STATE
        self._system, self._test_began = SYSTEM_IN_TEST, now
        self._next(self._running, now + self.pretest_s)
        return OK

    def _running(self) -> None:
        self._test = TEST_RUNNING

    def _pause(self, now: float) -> int:
        if self._test != TEST_RUNNING or self._heating(now):
            return WRONG_TEST_STATE
        self._test = TEST_PAUSED
        return OK

    def _trigger(self, now: float) -> int:
        program = self._selected
        if self._system != SYSTEM_IN_TEST or program is None:
            return ILLEGAL_STATE
        if self._test != TEST_RUNNING or self._heating(now):
            return WRONG_TEST_STATE
        self.heats.append(now)
        start, goal = self.temperature(now), program.temperature + self.overshoot
        if self.never_ends:
            self._move(probe.going(now, start, goal, self.rise_rate), now)
            return OK
        duration = (program.temperature - start) / self.rise_rate + program.plateau_s
        rates = (self.rise_rate, self.return_rate)
        self._move(probe.stimulating(now, start, goal, *rates, duration, self.baseline), now)
        # Ours: a program of one stimulus is over when its stimulus is.
        self._next(self._over, self._path.times[-1])
        return OK

    def _heating(self, now: float) -> bool:
        return now < self._path.times[-1]

    def _over(self) -> None:
        self._system, self._test = SYSTEM_IDLE, TEST_IDLE

    def _idle(self, now: float) -> None:
        self._next(None, 0.0)
        self._over()
        at = self.temperature(now)
        self._move(probe.going(now, at, self.baseline, self.return_rate), now)

    def _by_hand(self, command: int, number: int | None, now: float) -> int:
        if self._system != SYSTEM_IN_TEST or self._test != TEST_RUNNING:
            return WRONG_TEST_STATE
        at = self.temperature(now)
        if command == KEYUP:
            self._move(probe.resting(now, at), now)
        elif command in (YES, NO):
            goal = HIGHEST if command == YES else LOWEST
            self._move(probe.going(now, at, goal, GRADIENT), now)
        else:
            step = (number or 0) / (100 if command == T_UP else -100)
            goal = min(HIGHEST, max(LOWEST, at + step))
            self._move(probe.going(now, at, goal, GRADIENT), now)
        return OK

    def _next(self, step: Callable[[], None] | None, time: float) -> None:
        """Book what the device does by itself, in place of what was booked before."""
        self._turn += 1
        turn = self._turn

        def take() -> None:
            with self._lock:
                if self._turn == turn and step is not None:
                    step()

        if step is not None:
            self._clock.call_at(time, take)

    def _malformed(self, data: bytes, now: float) -> None:
        self.malformed.append((now, data))
        self._note(now, "malformed", data.hex(" "))

    def _note(self, now: float, kind: str, text: str) -> None:
        if self._log is not None:
            self._log(now, kind, text)


def _length(data: bytes) -> int | None:
    """Bytes of the request that `data` begins: 0 if that can't be told yet, None if it is none."""
    if len(data) < 9:
        return 0
    command = data[8]
    lengths = (int.from_bytes(data[:4], "big"), int.from_bytes(data[:4], "little"))
    for length in lengths:
        if length in (5, 9) and command <= KEYUP and (length == 9 or command not in NUMBERED):
            return 4 + length
    return None
