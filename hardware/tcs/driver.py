"""The TCS II as a `Thermode`: asynchronous, on any port that pyserial opens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from hardware.clock import Clock, Timer
from hardware.devices import (
    DeviceError,
    DeviceInfo,
    Readiness,
    Stimulus,
    TemperatureSample,
    TriggerStamp,
)
from hardware.rig import EMULATED, TcsSection
from hardware.tcs import commands, replies
from hardware.tcs.conversation import Conversation
from hardware.tcs.identify import identify
from hardware.tcs.loading import Loading

SLOW_POLL_S = 1.0  # between stimuli
FRESH_S = 2.5  # a temperature older than this says nothing about the skin now
UNANSWERED_S = 0.1  # a temperature that hasn't come by then is asked for again
# So many in a row mean that the device has failed: 0.5 s of heat, 3 s otherwise. They are counted,
# not timed, so that a suspended computer doesn't blame the device.
MOST_UNANSWERED_HOT = 5
MOST_UNANSWERED = 3
AGAIN_S = 0.05  # after this an abort is sent a second time, in case its byte was lost
AGAIN_HOT_S = 0.25  # and then as often as this, as long as the probe isn't down
MOST_ABORTS = 60
FAST_AFTER_S = 15.0  # polling stays fast for at most this long after the planned end
AT_BASELINE = 1.0  # C above baseline that still counts as baseline
ERRORS_EVERY_S = 5.0  # between stimuli it is asked for its error state, too


class TcsThermode:
    """A TCS II on an open port.

    `section` is the rig's; `highest_target` (C) is set as the device's own maximum (`Om`).
    Opening waits, about a second: quiet, identification, abort, error state, battery, maximum,
    neutral. Raises `DeviceError` if the device is silent, another one, or in an error state. The
    port is the caller's to close if the constructor raises, the thermode's afterwards.
    """

    def __init__(self, port: Any, clock: Clock, section: TcsSection, highest_target: float) -> None:
        self._port, self._clock, self._section = port, clock, section
        self._baseline = section.baseline
        self._watcher: Callable[[TemperatureSample], None] | None = None
        self._latest: TemperatureSample | None = None
        self._buffer = bytearray()
        self._heard = b""
        self._understood: replies.Temperatures | None = None
        self._failure = ""
        self._closed = False
        self._heated = False  # a start command may have gone out since the last baseline
        self._return_at = 0.0
        self._fast_until = 0.0
        self._fast_s = 1.0 / section.poll_hz
        self._waiting_since: float | None = None  # when the E that isn't answered yet was sent
        self._unanswered = 0
        self._aborts_left = 0
        self._timer: Timer | None = None
        self._due = 0.0
        self._polling = threading.RLock()
        self._errors_at = clock.now() + ERRORS_EVERY_S  # opening asks for it
        self.info = DeviceInfo("thermode", "tcs", section.port, section.port.startswith(EMULATED))
        self._talk = Conversation(port, clock, self._temperatures, self._fail, self._lost)
        self._loading = Loading(self._talk, clock, section, highest_target)
        self._talk.start()
        try:
            self.info = identify(self._talk, clock, section, highest_target)
            if self._failure:
                raise DeviceError(self._failure)
            self._poll_now()
            if not clock.wait(lambda: self._latest is not None, clock.now() + 1.0):
                raise DeviceError(f"The thermode at {section.port} reports no temperatures.")
        except BaseException:
            self._closed = True
            self._talk.close()
            raise

    # --- what the runner calls ------------------------------------------------------------

    def prepare(self, stimulus: Stimulus) -> None:
        """Begin to load a stimulus. Raises `ValueError` for one that a TCS can't do."""
        if self._heated and not self._down():
            raise DeviceError("The thermode hasn't come back to baseline yet.")
        self._loading.begin(stimulus)
        self._baseline = stimulus.baseline

    def expect(self, not_before: float) -> None:
        """A start command never waits for an answer, so nothing has to be kept free for it."""

    def ready(self) -> Readiness:
        """Say whether the stimulus prepared last may be triggered."""
        if self._failure:
            return Readiness(False, self._failure)
        if self._loading.loaded is None:
            return Readiness(False, self._loading.reason)
        if not self.at_baseline():
            return Readiness(False, f"The thermode isn't at baseline: {self._state()}.")
        return Readiness(True)

    def trigger(self) -> TriggerStamp:
        """Send the start command, once for each preparation."""
        readiness = self.ready()
        if not readiness.ok:
            raise DeviceError(readiness.reason)
        self._talk.hush()
        stimulus = self._loading.loaded
        stamp = self._talk.write_if(lambda: self._disarm(stimulus), commands.START)
        if stamp is None:
            raise DeviceError("The stimulus was aborted before it started.")
        if self._failure:
            raise DeviceError(self._failure)
        self._poll_now()
        return TriggerStamp(*stamp)

    def abort(self) -> None:
        """Disarm, and send the device to baseline; again until the temperature is down."""
        self._loading.unload("The stimulus was aborted before it started.")
        self._aborts_left = MOST_ABORTS
        self._talk.write_urgently(commands.ABORT)
        self._return_at = min(self._return_at, self._clock.now())
        self._clock.call_at(self._clock.now() + AGAIN_S, self._abort_again)

    def watch(self, callback: Callable[[TemperatureSample], None] | None) -> None:
        """Hand every temperature to `callback`, on the clock's callbacks."""
        self._watcher = callback

    def at_baseline(self) -> bool:
        """Whether a temperature of the last 2.5 s has all zones at most 1 C above baseline."""
        latest = self._latest
        return (
            latest is not None
            and self._clock.now() - latest.time <= FRESH_S
            and max(latest.zones) <= self._baseline + AT_BASELINE
        )

    def failure(self) -> str:
        """What has failed, in a sentence, or ''."""
        return self._failure

    def close(self) -> None:
        """Abort, then release the port.

        Always: what was known of the probe may be seconds old, and nobody looks after this.
        """
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._loading.unload("The thermode is closed.")
        self._talk.write_urgently(commands.ABORT)
        self._talk.write_urgently(commands.ABORT)
        self._talk.close()
        try:
            self._port.close()
        except Exception as error:
            self._failure = self._failure or f"The thermode's port couldn't be closed ({error})."

    # --- callbacks ------------------------------------------------------------------------

    def _disarm(self, stimulus: Stimulus | None) -> bool:
        """With the line to itself: whether this stimulus may still start; it then may not again."""
        # An abort unloads first and counts afterwards: where this takes its repeats away, it
        # finds that nothing is loaded any more, and gives them back.
        repeats, self._aborts_left = self._aborts_left, 0
        loaded = stimulus is not None and self._loading.loaded is stimulus
        if stimulus is None or not loaded or self._failure or self._closed:
            self._aborts_left = max(self._aborts_left, repeats)
            return False
        self._return_at = self._clock.now() + stimulus.rise_s + stimulus.plateau_s
        self._fast_until = self._return_at + stimulus.return_s + FAST_AFTER_S
        self._loading.unload("The stimulus has been triggered already.")
        self._heated = True
        return True

    def _poll_now(self) -> None:
        with self._polling:
            if self._timer is not None:
                self._timer.cancel()
            self._waiting_since = None
            self._unanswered = 0
            self._due = self._clock.now()
            self._poll()

    def _poll_soon(self, time: float) -> None:
        """Warm without a stimulus: whether it stays so mustn't take another second to be known."""
        with self._polling:
            if self._timer is not None and self._due > time + self._fast_s:
                self._timer.cancel()
                self._due = time + self._fast_s
                self._timer = self._clock.call_at(self._due, self._poll)

    def _poll(self) -> None:
        with self._polling:
            now = self._clock.now()
            # A callback that was already under way when `_poll_now` took its place comes early.
            if self._closed or now < self._due:
                return
            hot = self._heated
            if hot and now > self._return_at and (self._down() or now > self._fast_until):
                hot = self._heated = False
            if self._failure and not hot:
                return
            step = self._fast_s if hot else SLOW_POLL_S
            due = self._due + step
            # Polls keep to their grid, but don't pile up after a suspend.
            self._due = due if due > now else now + step
            self._timer = self._clock.call_at(self._due, self._poll)
            if self._talk.open is None:
                self._ask_temperatures(now, hot)

    def _ask_temperatures(self, now: float, hot: bool) -> None:
        if self._waiting_since is not None:
            if now - self._waiting_since < UNANSWERED_S:
                return
            self._unanswered += 1
            if self._unanswered >= (MOST_UNANSWERED_HOT if hot else MOST_UNANSWERED):
                self._fail("has stopped answering")
        elif not hot and now >= self._errors_at:
            self._errors_at = now + ERRORS_EVERY_S
            self._loading.ask_errors(self._fail)
            return
        self._waiting_since = now
        self._talk.write(commands.TEMPERATURES)

    def _temperatures(self, data: bytes, time: float) -> None:
        buffer = self._buffer
        if buffer:
            found = None
        elif data == self._heard:
            found = self._understood  # on a plateau the same line comes again and again
        else:
            found = self._understood = replies.temperatures(data)
            self._heard = data
        if found is None:
            buffer += data[-replies.MOST_KEPT :]
            found = replies.find_temperatures(buffer)
            if found is None:
                return
        self._waiting_since = None
        self._unanswered = 0
        sample = self._latest = TemperatureSample(time, *found)
        if not self._heated and self._warm():
            self._poll_soon(time)
        if self._watcher is not None:
            self._watcher(sample)

    def _abort_again(self) -> None:
        second = self._aborts_left == MOST_ABORTS
        if self._closed or self._aborts_left <= 0 or (self._down() and not second):
            return
        self._aborts_left -= 1
        # A trigger that came meanwhile has set the number to 0: its heat isn't ours to end.
        self._talk.write_if(lambda: self._aborts_left > 0, commands.ABORT)
        self._clock.call_at(self._clock.now() + AGAIN_HOT_S, self._abort_again)

    def _down(self) -> bool:
        latest = self._latest
        return (
            latest is not None
            and latest.time >= self._return_at
            and max(latest.zones) <= self._baseline + AT_BASELINE
        )

    def _warm(self) -> bool:
        latest = self._latest
        return latest is not None and max(latest.zones) > self._baseline + AT_BASELINE

    def _lost(self, error: Exception) -> None:
        self._fail(f"was lost: its port failed ({error})")

    def _fail(self, what: str) -> None:
        """Latch the first failure, and abort: the device may still hear it."""
        if self._failure or self._closed:
            return
        self._failure = f"The thermode at {self._section.port} {what}."
        self.abort()

    def _state(self) -> str:
        latest = self._latest
        if latest is None or self._clock.now() - latest.time > FRESH_S:
            return "it has reported no temperature lately"
        return (
            f"its hottest zone is at {max(latest.zones):.1f} C, baseline is {self._baseline:.1f} C"
        )
