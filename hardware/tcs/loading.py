"""Loading one stimulus into a TCS: set it, read it back, and only then call it loaded.

Set commands have no reply, so a lost byte would leave the last target in place; hence `P`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hardware.clock import Clock
from hardware.devices import Stimulus
from hardware.rig import TcsSection
from hardware.tcs import commands, replies
from hardware.tcs.conversation import Conversation, Question

TRIES = 3
SAY_AGAIN_S = 0.6  # longer than the emulator takes half a command for one that goes on
READ_BACK_S = 0.5  # longest that the answer to P is waited for
ERRORS_S = 0.3  # likewise to Q


def settings(stimulus: Stimulus, section: TcsSection, highest_target: float) -> list[bytes]:
    """The commands that set a stimulus, in order. Raises `ValueError` for what a TCS can't do."""
    if stimulus.target < stimulus.baseline:
        raise ValueError(
            f"a target of {stimulus.target:g} C lies below the baseline, {stimulus.baseline:g} C"
        )
    sent = [
        # Again each time, since a byte of it may have been lost at opening.
        commands.highest_target(highest_target),
        commands.neutral(stimulus.baseline),
        commands.enable(section.zones),
        commands.target(stimulus.target),
        commands.rise_rate(stimulus.rise_rate),
        commands.return_rate(stimulus.return_rate),
        commands.duration(stimulus.rise_s + stimulus.plateau_s),
    ]
    if section.trigger_out is not None:
        sent.append(commands.trigger_out(section.trigger_out, section.trigger_out_s))
    return sent


def expected(stimulus: Stimulus, section: TcsSection) -> dict[bytes, bytes]:
    """What `replies.parameters` must find after these settings, for the enabled zones."""
    wanted = {
        b"N": commands.neutral(stimulus.baseline)[1:],
        b"S": commands.enable(section.zones)[1:],
    }
    for zone in section.zones:
        for command in (
            commands.target(stimulus.target, zone),
            commands.rise_rate(stimulus.rise_rate, zone),
            commands.return_rate(stimulus.return_rate, zone),
            commands.duration(stimulus.rise_s + stimulus.plateau_s, zone),
        ):
            wanted[command[:2]] = command[2:]
    return wanted


class Loading:
    """The stimulus that is being loaded, or is (`loaded`); `reason` says why it isn't yet."""

    def __init__(
        self, talk: Conversation, clock: Clock, section: TcsSection, highest_target: float
    ) -> None:
        self._talk, self._clock = talk, clock
        self._section, self._highest = section, highest_target
        self._current: Stimulus | None = None
        self.loaded: Stimulus | None = None
        self.reason = "No stimulus has been prepared."

    def begin(self, stimulus: Stimulus) -> None:
        """Send the settings and ask for them; returns at once."""
        self.unload("The thermode hasn't confirmed the stimulus yet.")
        if commands.tenths(stimulus.target) > self._highest * 10 + 1e-6:
            raise ValueError(
                f"a target of {stimulus.target:g} C is above the thermode's maximum, "
                f"set to {self._highest:g} C"
            )
        sent = b"".join(settings(stimulus, self._section, self._highest))
        # A fresh object: an answer that belongs to an earlier preparation is told by identity.
        stimulus = self._current = replace(stimulus)
        self._attempt(stimulus, sent, TRIES)

    def unload(self, reason: str) -> None:
        """From now on nothing is loaded."""
        self._current = self.loaded = None
        self.reason = reason

    def ask_errors(self, failed: Callable[[str], None]) -> None:
        """Ask for the error state; a digit other than 0 is a failure."""

        def judge(reply: bytes) -> None:
            digits = replies.errors(reply)
            if digits is not None and any(digits):
                failed(f"reports the error state {''.join(map(str, digits))}")

        self._talk.ask(
            Question(
                commands.ERRORS, ERRORS_S, judge, lambda reply: replies.errors(reply) is not None
            )
        )

    def _attempt(self, stimulus: Stimulus, sent: bytes, tries: int) -> None:
        self._talk.write(sent)
        if self._section.readback == "none":
            # Nobody tells of a lost byte, such as one of the duration, by which the device ends the
            # heat itself; so everything is said twice, with a pause that ends half a command.
            self._clock.call_at(
                self._clock.now() + SAY_AGAIN_S, lambda: self._again(stimulus, sent)
            )
            return
        wanted = expected(stimulus, self._section)

        def agrees(reply: bytes) -> bool:
            found = replies.parameters(reply)
            return all(found.get(name) == value for name, value in wanted.items())

        def judge(reply: bytes) -> None:
            if self._current is not stimulus:
                return
            if agrees(reply):
                self._confirm(stimulus)
            elif tries > 1:
                self._attempt(stimulus, sent, tries - 1)
            else:
                self.reason = _complaint(reply, wanted)

        self._talk.ask(Question(commands.PARAMETERS, READ_BACK_S, judge, agrees))

    def _again(self, stimulus: Stimulus, sent: bytes) -> None:
        if self._current is stimulus:
            self._talk.write(sent)
            self._confirm(stimulus)

    def _confirm(self, stimulus: Stimulus) -> None:
        self.loaded = stimulus
        # An abort that came between has taken `_current` away and means it.
        if self._current is not stimulus:
            self.loaded = None


def _complaint(reply: bytes, wanted: dict[bytes, bytes]) -> str:
    found = replies.parameters(reply)
    if not reply:
        return "The thermode didn't answer when asked for its parameters (P)."
    if missing := sorted(name.decode() for name in wanted if name not in found):
        return (
            f"The thermode's parameters (P) weren't understood: no {', '.join(missing)} in "
            f"'{replies.readable(reply)}'. If yours writes them differently, see docs/devices.md."
        )
    differing = [
        f"{name.decode()} is {found[name].decode()} instead of {value.decode()}"
        for name, value in wanted.items()
        if found[name] != value
    ]
    return f"The thermode didn't take what was set: {'; '.join(differing[:3])}."
