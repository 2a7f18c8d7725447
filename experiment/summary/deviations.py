"""What didn't go as planned, a sentence for each event that says so.

One event is judged by itself, so that the live page can tell it at once; the session report adds
what only shows in the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from experiment.journal import events
from experiment.journal.events import Event

Weight = Literal["serious", "notable", "note"]
WEIGHTS: tuple[Weight, ...] = ("serious", "notable", "note")

PART_OF_STEP = "part_of_step"  # in a decision's details: asked in every visit
_AS_PLANNED = ("begin", "accept")
_NOTES: dict[str, Weight] = {"note": "note", "adverse event": "serious"}

_STOPS = {
    "stop": "the stop key",
    "participant_stop": "the participant's stop key",
    "signal": "a signal to the program",
    "window": "the window was closed",
    "exception": "an error in the program",
    "thermode": "the thermode",
    "journal": "the journal couldn't be written",
}


@dataclass(frozen=True)
class Deviation:
    """What happened, how much it weighs, and where: session time, run index, trial."""

    t: float
    weight: Weight
    text: str
    run: int | None = None
    trial: int | None = None
    kept: bool = False  # however little room there is


def deviation_of(event: Event) -> Deviation | None:
    """The deviation that an event tells of; None for what is as planned."""
    found = _judge(event)
    if found is None:
        return None
    weight, text = found
    run, trial = getattr(event, "run", None), getattr(event, "trial", None)
    kept = isinstance(event, events.Note) and event.kind == "adverse event"
    return Deviation(event.t, weight, text, run or None, trial, kept)


def _judge(event: Event) -> tuple[Weight, str] | None:
    match event:
        case events.Stop():
            return "serious", _stop(event)
        case events.DeviceFailed():
            return "serious", f"{event.role} failed: {event.reason}"
        case events.HeatSkipped():
            return "serious", f"heat not given ({event.temperature:.1f} °C): {event.reason}"
        case events.HeatDelivered(aborted=True):
            because = f": {event.reason}" if event.reason else ""
            return "serious", f"heat of {event.temperature:.1f} °C aborted{because}"
        case events.HeatUnasked(over=True):
            return "serious", (
                f"the thermode was at up to {event.highest:.1f} °C although no heat was asked for"
            )
        case events.TrialEnd(status="aborted"):
            return "serious", "trial aborted"
        case events.RunEnd():
            return _run_end(event)
        case events.SessionEnd(exit_code=0):
            return None  # completed, or continued in the visit's next journal
        case events.SessionEnd():
            told = f": {event.message}" if event.message else ""
            return "serious", f"session {event.status}{told}"
        case events.StepEnd(status="skipped"):
            # Typed by the experimenter, as a note's words are: see there.
            return "notable", f"step “{event.step}” skipped (the reason is in the journal)"
        case events.StepEnd() if event.status != "done":
            because = f": {event.reason}" if event.reason else ""
            return "notable", f"step “{event.step}” {event.status}{because}"
        case events.Decision():
            return _decision(event)
        case events.Warned():
            return "notable", event.message
        case events.Note():
            # Its words may be about somebody's health: they stay in the journal.
            return _NOTES.get(event.kind, "notable"), (
                f"{event.kind} (its words are in the journal)"
            )
        case events.Rating(rating=None):
            return "note", f"no {event.question} rating given"
        case _:
            return None


def _stop(event: events.Stop) -> str:
    who = _STOPS.get(event.source, event.source)
    again = f", press {event.press}" if event.press > 1 else ""
    # How soon can't be told: the event's time is that of its line, written once abort was sent.
    sent = "no abort was sent" if event.abort_sent is None else "abort was sent"
    return f"stop asked for ({who}{again}); {sent}"


def _run_end(event: events.RunEnd) -> tuple[Weight, str] | None:
    reasons = "; ".join(event.reasons)
    if event.status != "completed":
        return "serious", f"run {event.status}" + (f"; {reasons}" if reasons else "")
    if event.verdict == "good":
        return None
    word = "not good" if event.verdict == "not_good" else "to be looked at"
    return "notable", f"timing {word}: {reasons or 'no reason given'}"


def _decision(event: events.Decision) -> tuple[Weight, str] | None:
    lowered = event.details.get("lowered_by_c")
    if lowered is not None:
        return "serious", f"all temperatures from here on {float(lowered):g} °C lower than planned"
    meaning = str(event.details.get("meaning") or event.answer)
    if event.details.get(PART_OF_STEP) or meaning in _AS_PLANNED:
        return None
    if event.details.get("refused") == []:  # a calibration that's fit for use
        return None
    return "note", f"asked “{event.question}”, the experimenter chose: {meaning}"
