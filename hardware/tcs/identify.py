"""The first words with a TCS: quiet, who are you, are you well, and never hotter than this."""

from __future__ import annotations

from collections.abc import Callable

from hardware.clock import Clock
from hardware.devices import DeviceError, DeviceInfo
from hardware.rig import EMULATED, TcsSection
from hardware.tcs import commands, replies
from hardware.tcs.conversation import Conversation, Question

QUIET_S = 0.15  # lines that were under way when F was sent have arrived by then
ANSWER_S = 0.4
HELP_S = 0.3  # the help text's end isn't marked, so this long is waited for all of it
EMPTY_PERCENT = 10  # below this heat might not be held: refused (ours, not the maker's figure)


def identify(
    talk: Conversation, clock: Clock, section: TcsSection, highest_target: float
) -> DeviceInfo:
    """Open the conversation and give what the device says of itself. Waits up to 2 s.

    Nothing but F, ? and H is sent before the device is known to be a TCS. Raises `DeviceError`.
    """
    where = f"The thermode at {section.port}"
    talk.write(commands.QUIET)
    clock.wait(lambda: False, clock.now() + QUIET_S)
    answer = _ask(talk, clock, commands.IDENTIFY, ANSWER_S, replies.identification)
    text = _ask(talk, clock, commands.HELP, HELP_S)
    if not answer and not text:
        raise DeviceError(
            f"{where} doesn't answer at {section.baud} baud: is it switched on, and is this its port?"
        )
    lines = replies.help_lines(text)
    # Only some sources know '?', so a help text that names the device will do.
    if not replies.identification(answer) and not replies.identification(text[:200]):
        raise DeviceError(
            f"{where} isn't a TCS: asked who it is, it said '{replies.readable(answer or text)}'."
        )
    # A program that died may have left heat, or follow mode, behind.
    talk.write(commands.ABORT)
    state = _ask(talk, clock, commands.ERRORS, ANSWER_S, lambda r: replies.errors(r) is not None)
    digits = replies.errors(state)
    if digits is None:
        raise DeviceError(
            f"{where} didn't say whether it is well: it answered Q with "
            f"'{replies.readable(state)}' instead of six digits."
        )
    if any(digits):
        raise DeviceError(
            f"{where} reports the error state {''.join(map(str, digits))} (neutral, zones 1-5)."
        )
    power = _ask(talk, clock, commands.BATTERY, ANSWER_S, _battery_complete)
    battery = replies.battery(power)
    if battery is not None and battery.percent is not None and battery.percent < EMPTY_PERCENT:
        raise DeviceError(f"{where} has {battery.percent} % battery left: charge it first.")
    talk.write(
        commands.FORBID_TRIGGER_IN
        + commands.highest_target(highest_target)
        + commands.neutral(section.baseline)
    )
    firmware = lines.firmware if lines else ""
    return DeviceInfo(
        role="thermode",
        kind="tcs",
        port=section.port,
        # An emulator in a process of its own is behind a port that looks real.
        emulated=section.port.startswith(EMULATED) or "emulated" in firmware.lower(),
        firmware=firmware,
        serial_number=lines.probe_id if lines else "",
        details={
            "probe_type": lines.probe_type if lines else "",
            "battery": _battery_text(battery),
            "zones": ",".join(map(str, section.zones)),
            "readback": section.readback,
            "poll_hz": f"{section.poll_hz:g}",
        },
    )


def _ask(
    talk: Conversation,
    clock: Clock,
    query: bytes,
    patience_s: float,
    enough: Callable[[bytes], bool] | None = None,
) -> bytes:
    answers: list[bytes] = []
    talk.ask(Question(query, patience_s, answers.append, enough))
    clock.wait(lambda: bool(answers), clock.now() + patience_s + 1.0)
    return answers[0] if answers else b""


def _battery_complete(reply: bytes) -> bool:
    battery = replies.battery(reply)
    return battery is not None and battery.volts is not None and battery.percent is not None


def _battery_text(battery: replies.Battery | None) -> str:
    if battery is None:
        return "not understood"
    volts = "" if battery.volts is None else f"{battery.volts:g} V"
    percent = "" if battery.percent is None else f"{battery.percent} %"
    return " ".join(part for part in (volts, percent) if part)
