"""A Medoc as a `Thermode`: programs chosen, started and triggered by their codes.

It goes from stage to stage, one command a turn. A program that waits for its trigger is asked once
a second, so that heat which nobody asked for is seen; but nothing is sent any more in the last
moments before the trigger, so that it never falls into the gap after a poll.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from enum import Enum, auto

from hardware.clock import Clock
from hardware.devices import (
    DeviceError,
    DeviceInfo,
    Readiness,
    Stimulus,
    TemperatureSample,
    TriggerStamp,
)
from hardware.medoc.replies import (
    SYSTEM_READY,
    TEST_READY,
    TEST_RUNNING,
    Status,
)
from hardware.medoc.requests import Command
from hardware.medoc.talk import Talk
from hardware.medoc.transport import PATIENCE_S, Transport
from hardware.sections.base import EMULATED
from hardware.sections.thermode import MedocProgram, MedocSection

SLOW_POLL_S = 1.0  # between stimuli
FRESH_S = 2.5  # a temperature older than this says nothing about the skin now
AT_BASELINE = 1.0  # C above baseline that still counts as baseline
SAME = 1e-6
MOST_UNANSWERED = 3  # so many in a row mean that the device has failed
MOST_ABORTS = 60
MISSED_S = 2.0  # a command without effect for so long was missed, and is sent again
OPENING_S = 4.0
CLOSING_S = 3.0

NOTHING = "No stimulus has been prepared."
CLEARING = "Medoc hasn't ended the program before yet."
LOADING = "Medoc hasn't loaded the program yet."
PRETEST = "Medoc's pre-test isn't over yet."


class _Stage(Enum):
    REST = auto()  # nothing is wanted; a test that still goes on is stopped
    CLEAR = auto()  # a program is wanted, but another isn't over
    SELECT = auto()  # SELECT_TP, until the test is ready
    START = auto()  # START, until the pre-test is over and the test runs
    ARMED = auto()  # waits for its trigger
    HEAT = auto()
    ABORT = auto()


class MedocThermode:
    """A Medoc Pathway or TSA-2 behind `transport`, which it closes at its end.

    `highest_target` in degrees Celsius; `wall_origin` is the wall time (s) of the clock's zero.
    Opening waits for the first answer, and until a program that somebody left behind is over.
    Raises `DeviceError` if it can't be reached, is something else, or isn't well.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        section: MedocSection,
        highest_target: float,
        wall_origin: float = 0.0,
    ) -> None:
        self._clock, self._section, self._highest = clock, section, highest_target
        self._lock = threading.RLock()
        self._watcher: Callable[[TemperatureSample], None] | None = None
        self._latest: TemperatureSample | None = None
        self._status: Status | None = None  # the last one that was asked for in this stage
        self._program: MedocProgram | None = None
        self._current: Stimulus | None = None
        self._not_before: float | None = None  # of the trigger; None: it may come at any moment
        self._loaded: Stimulus | None = None
        self._reason = NOTHING
        self._failure = ""
        self._closed = False
        self._heated = False  # a trigger may have gone out since the last baseline
        self._return_at = 0.0
        self._unanswered, self._why = 0, ""
        self._aborts_left = 0
        self._again_at = 0.0
        self._stage, self._since = _Stage.REST, clock.now()
        self._poll_s = max(1.0 / section.poll_hz, section.gap_s)
        # An answer may take its time, and then the gap has to pass.
        self._quiet_s = PATIENCE_S + 2 * section.gap_s
        self._where = f"The thermode at {section.port}"
        self._talk = Talk(
            transport, clock, section.gap_s, wall_origin, self._turn, self._heard, self._unheard
        )
        self.info = DeviceInfo("thermode", "medoc", section.port, section.port.startswith(EMULATED))
        try:
            self._open()
        except BaseException:
            self._closed = True
            self._talk.close()
            raise

    # --- what the runner calls ------------------------------------------------------------

    def prepare(self, stimulus: Stimulus) -> None:
        """Begin to load a program. Raises `ValueError` if there is none for this stimulus."""
        section = self._section
        if stimulus.target > self._highest + SAME:
            raise ValueError(
                f"a target of {stimulus.target:g} C is above the highest, {self._highest:g} C"
            )
        program = section.program(stimulus.target, stimulus.plateau_s)
        if program is None:
            raise ValueError(section.cannot(stimulus.target, stimulus.plateau_s))
        for name in ("baseline", "rise_rate", "return_rate"):
            if abs(getattr(stimulus, name) - getattr(section, name)) > SAME:
                raise ValueError(
                    f"the {name.replace('_', ' ')} is {getattr(stimulus, name):g}, but Medoc's "
                    f"programs have {getattr(section, name):g}"
                )
        with self._lock:
            if self._heated and not self._down():
                raise DeviceError("The thermode hasn't come back to baseline yet.")
            self._unload(CLEARING)
            if self._failure or self._closed:
                return
            self._program, self._current, self._not_before = program, stimulus, None
            self._enter(_Stage.CLEAR)
            self._talk.book(self._clock.now())

    def expect(self, not_before: float) -> None:
        """Until shortly before this time it may be asked for its state."""
        with self._lock:
            self._not_before = not_before
            if self._stage is _Stage.ARMED:
                self._talk.book(self._clock.now() + SLOW_POLL_S)

    def ready(self) -> Readiness:
        """Say whether the stimulus prepared last waits for its trigger."""
        if self._failure:
            return Readiness(False, self._failure)
        if self._loaded is None:
            return Readiness(False, self._reason)
        if self._clock.now() < self._talk.free_at:
            return Readiness(False, "Medoc's gap after the last command isn't over yet.")
        if not self.at_baseline():
            return Readiness(False, "The thermode doesn't report that it is at baseline.")
        return Readiness(True)

    def trigger(self) -> TriggerStamp:
        """Hand over the trigger, once for each preparation; the network is waited for by nobody."""
        with self._lock:
            readiness = self.ready()
            if not readiness.ok:
                raise DeviceError(readiness.reason)
            stimulus = self._loaded
            assert stimulus is not None
            self._unload("The stimulus has been triggered already.")
            before = self._clock.now()
            self._enter(_Stage.HEAT)
            self._heated = True
            self._return_at = before + stimulus.rise_s + stimulus.plateau_s
            # An abort that comes before it has left takes it back.
            self._talk.say(Command.TRIGGER, still=lambda: self._stage is _Stage.HEAT)
            self._talk.book(before + self._poll_s)
            return TriggerStamp(before, self._clock.now())

    def abort(self) -> None:
        """Disarm and send ABORT at once; again after each gap until the status says idle."""
        with self._lock:
            self._unload("The stimulus was aborted before it started.")
            self._enter(_Stage.ABORT)
            self._aborts_left = MOST_ABORTS
            self._return_at = min(self._return_at, self._clock.now())
            self._talk.say(Command.ABORT, urgent=True)
            self._talk.book(self._clock.now())

    def watch(self, callback: Callable[[TemperatureSample], None] | None) -> None:
        """Hand every temperature to `callback`, on the clock's callbacks."""
        self._watcher = callback

    def at_baseline(self) -> bool:
        """Whether the latest temperature is at baseline and fresh.

        One from when it was armed has to do where the trigger may come at any moment: then a
        program that waits for it isn't asked.
        """
        latest = self._latest
        if latest is None or latest.zones[0] > self._section.baseline + AT_BASELINE:
            return False
        unasked = self._stage is _Stage.ARMED and self._not_before is None
        return unasked or self._clock.now() - latest.time <= FRESH_S + self._quiet_s

    def failure(self) -> str:
        """What has failed, in a sentence, or ''."""
        return self._failure

    def close(self) -> None:
        """Abort unless the device is known to be idle and down; wait, but not long, for that."""
        if self._closed:
            return
        if self._status is None or not self._status.idle or self._heated:
            self.abort()
            deadline = self._clock.now() + CLOSING_S
            for _ in range(2):  # the first may end with an exception that waited in the clock
                with contextlib.suppress(Exception):
                    self._clock.wait(lambda: self._stage is not _Stage.ABORT, deadline)
        self._closed = True
        self._talk.close()

    # --- one command a turn ---------------------------------------------------------------

    def _turn(self) -> None:
        with self._lock:
            now = self._clock.now()
            aborting = self._stage is _Stage.ABORT
            if self._closed or (self._stage is _Stage.ARMED and not self._may_ask(now)):
                return
            if self._talk.busy and not aborting:
                self._talk.book(now + self._section.gap_s)
                return
            if aborting:
                self._aborts_left -= 1
                if self._aborts_left < 0:
                    self._enter(_Stage.REST)
                    return
            command, number = self._next_command(now)
            self._talk.say(command, number, urgent=aborting)
            self._talk.book(now + self._pause_s(command))

    def _may_ask(self, now: float) -> bool:
        """Whether an armed program may be asked for its state, long enough before its trigger."""
        return self._not_before is not None and now + self._quiet_s <= self._not_before

    def _next_command(self, now: float) -> tuple[Command, int | None]:
        stage, status = self._stage, self._status
        if stage is _Stage.ABORT:
            return Command.ABORT, None
        if stage in (_Stage.REST, _Stage.CLEAR) and status is not None and not status.idle:
            return Command.STOP, None
        if stage is _Stage.SELECT and now >= self._again_at:
            assert self._program is not None
            self._again_at = now + MISSED_S
            return Command.SELECT_TP, self._program.id
        if stage is _Stage.START and now >= self._again_at:
            self._again_at = now + MISSED_S
            return Command.START, None
        return Command.GET_STATUS, None

    def _pause_s(self, command: Command) -> float:
        resting = self._stage in (_Stage.REST, _Stage.ARMED) and not self._heated
        if resting and command is Command.GET_STATUS:
            latest = self._latest
            warm = latest is not None and latest.zones[0] > self._section.baseline + AT_BASELINE
            return self._poll_s if warm else SLOW_POLL_S
        return self._poll_s if self._stage is _Stage.HEAT or self._heated else self._section.gap_s

    def _enter(self, stage: _Stage) -> None:
        """From now on only what was asked later says anything about the stage."""
        self._stage, self._since, self._again_at = stage, self._clock.now(), 0.0
        if stage is not _Stage.REST:
            self._status = None

    # --- answers --------------------------------------------------------------------------

    def _heard(self, status: Status, sent: float, time: float) -> None:
        with self._lock:
            self._unanswered = 0
            sample = TemperatureSample(time, self._section.baseline, (status.temperature,))
            self._latest = sample
            if self._heated and self._down():
                self._heated = False
                if self._stage is _Stage.HEAT:
                    self._enter(_Stage.REST)
            if alarm := status.alarm:
                self._fail(f"reports {alarm}")
            elif sent >= self._since:
                self._status = status
                self._proceed(status)
        # Without the lock: the guard has one of its own, and takes ours with it.
        if self._watcher is not None:
            self._watcher(sample)

    def _proceed(self, status: Status) -> None:
        """What this answer means for the stage."""
        stage = self._stage
        if stage is _Stage.ABORT:
            if status.idle:
                self._enter(_Stage.REST)
                self._talk.book(self._clock.now() + self._pause_s(Command.GET_STATUS))
        elif stage is _Stage.CLEAR and status.idle:
            self._enter(_Stage.SELECT)
            self._reason = LOADING
        elif stage is _Stage.SELECT:
            if status.command == Command.SELECT_TP and status.refusal:
                assert self._program is not None
                self._give_up(
                    f"Medoc refuses program {self._program.id} ({status.refusal}): is it stored "
                    f"under this code?"
                )
            elif status.test == TEST_READY:
                self._enter(_Stage.START)
                self._reason = PRETEST
        elif stage is _Stage.START:
            self._await_running(status)
        elif stage is _Stage.ARMED and status.idle:
            self._give_up("Medoc ended the program while it waited for its trigger.")
        # A trigger that was refused or missed needs nothing: no heat comes, which the guard tells.

    def _await_running(self, status: Status) -> None:
        """START was sent, or is to be: pre-test, then the test runs and waits for its trigger."""
        at_baseline = status.temperature <= self._section.baseline + AT_BASELINE
        if status.test == TEST_RUNNING and at_baseline:
            self._enter(_Stage.ARMED)
            self._loaded = self._current
            self._talk.book(self._clock.now() + SLOW_POLL_S)
        elif status.idle:
            self._give_up("Medoc ended the program before its heat.")
        elif status.system == SYSTEM_READY and status.command == Command.START and status.refusal:
            self._give_up(f"Medoc refuses to start the program ({status.refusal}).")
        elif status.system != SYSTEM_READY:
            self._again_at = float("inf")  # it has begun, however long it takes

    def _give_up(self, reason: str) -> None:
        self._unload(reason)
        self._enter(_Stage.REST)

    def _unheard(self, why: str) -> None:
        with self._lock:
            self._unanswered += 1
            self._why = why
            if self._unanswered >= MOST_UNANSWERED:
                self._fail(f"has stopped answering ({why})")

    def _unload(self, reason: str) -> None:
        self._current = self._loaded = self._program = None
        self._reason = reason

    def _down(self) -> bool:
        latest = self._latest
        return (
            latest is not None
            and latest.time >= self._return_at
            and latest.zones[0] <= self._section.baseline + AT_BASELINE
        )

    def _fail(self, what: str) -> None:
        """Latch the first failure, and abort: the device may still hear it."""
        if self._failure or self._closed:
            return
        self._failure = f"{self._where} {what}."
        self.abort()

    # --- opening --------------------------------------------------------------------------

    def _open(self) -> None:
        clock, section = self._clock, self._section
        self._talk.book(clock.now())
        clock.wait(lambda: bool(self._status or self._failure), clock.now() + OPENING_S)
        if self._latest is None:
            raise DeviceError(
                f"{self._where} can't be reached ({self._why or 'no answer'}): is Medoc's program "
                f"running there, with its external control switched on?"
            )
        status = self._status
        if status is not None and not status.idle:
            # A program of ours that died may have left it so.
            self.abort()
            clock.wait(lambda: self._stage is _Stage.REST, clock.now() + OPENING_S)
            if self._status is None or not self._status.idle:
                raise DeviceError(f"{self._where} is in a test that it doesn't end: end it there.")
        if self._failure or status is None:
            raise DeviceError(self._failure)
        self.info = DeviceInfo(
            role="thermode",
            kind="medoc",
            port=section.port,
            # An emulator in a process of its own is behind an address that looks real.
            emulated=section.port.startswith(EMULATED) or "emulated" in status.message.lower(),
            details={
                "message": status.message[:100],
                "programs": ", ".join(
                    f"{p.id}: {p.temperature:g} C, {p.plateau_s:g} s" for p in section.programs
                ),
                "gap_s": f"{section.gap_s:g}",
                "poll_hz": f"{section.poll_hz:g}",
            },
        )
