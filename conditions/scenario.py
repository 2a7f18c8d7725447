"""A rehearsal as a file: which fault happens when in which session, and what must come of it.

The faults are models here; `experiment.faults` makes them happen. Times are seconds,
temperatures degrees Celsius.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, model_validator

from conditions.strict import Celsius, FromList, Label, ScalePosition, StrictModel

Device = Literal["thermode", "scanner", "markers"]
Ending = Literal["completed", "stopped", "failed", "refused"]
Text = Annotated[str, Field(min_length=1, max_length=1500)]
Lasting = Annotated[float, Field(gt=0, le=86_400, description="seconds")]
Count = Annotated[int, Field(ge=0, le=100_000)]
Zone = Annotated[int, Field(ge=1, le=5)]
Zones = Annotated[tuple[Zone, ...], FromList, Field(min_length=1, max_length=5)]


class Moment(StrictModel):
    """So long after the first beginning of a phase: of this trial, of this run (by its index).

    Trial 0 is a run's lead-in. Segments of a run count as runs of their own, as in BIDS.
    """

    run: Annotated[int, Field(ge=1, le=1000)] = 1
    trial: Annotated[int, Field(ge=0, le=10_000)]
    phase: Label
    after_s: Annotated[float, Field(ge=0, le=600, description="seconds")] = 0.0


class _Fault(StrictModel):
    """Without `at` it's there from before the devices are opened; without `for_s`, to the end."""

    at: Moment | None = None
    for_s: Lasting | None = None

    @model_validator(mode="after")
    def _lasts_from_a_moment(self) -> _Fault:
        if self.for_s is not None and self.at is None:
            raise ValueError("needs at, since it has for_s: from when is it counted?")
        return self


class _LineFault(_Fault):
    device: Device = "thermode"


class Unplugged(_LineFault):
    """The cable is pulled out, and after `for_s` put back."""

    kind: Literal["unplugged"]


class Silent(_LineFault):
    """The device hears, but says nothing."""

    kind: Literal["silent"]


class Garbled(_LineFault):
    """So large a share of the bytes from the device are others than it sent."""

    kind: Literal["garbled"]
    share: Annotated[float, Field(gt=0, le=1)] = 1.0


class HalfReplies(_LineFault):
    """Only the first half of each reply arrives."""

    kind: Literal["half_replies"]


class LateReplies(_LineFault):
    """Each reply arrives so much later."""

    kind: Literal["late_replies"]
    delay_s: Lasting


class LostBytes(_LineFault):
    """Every so manieth byte *to* the device is lost."""

    kind: Literal["lost_bytes"]
    every: Annotated[int, Field(ge=1, le=10_000)]


class WrongDevice(_Fault):
    """Another device is at the thermode's port."""

    kind: Literal["wrong_device"]


class ErrorState(_Fault):
    """The thermode reports an error of a zone (0: of the neutral temperature)."""

    kind: Literal["error_state"]
    zone: Annotated[int, Field(ge=0, le=5)]


class LowBattery(_Fault):
    """The thermode's battery is at so many percent."""

    kind: Literal["low_battery"]
    percent: Annotated[int, Field(ge=0, le=100)]


class Overshoot(_Fault):
    """Heat that starts goes so far beyond what was asked for."""

    kind: Literal["overshoot"]
    by: Annotated[float, Field(gt=0, le=15, description="degrees Celsius")]
    zones: Zones = (1, 2, 3, 4, 5)


class StuckZone(_Fault):
    """A zone doesn't leave a temperature, whatever it's told."""

    kind: Literal["stuck_zone"]
    zone: Zone
    temperature: Celsius


class StopIgnored(_Fault):
    """The thermode doesn't obey an abort."""

    kind: Literal["stop_ignored"]


class NeverStarts(_Fault):
    """The scanner sends no pulses in its first so many scans (left out: in none)."""

    kind: Literal["scanner_never_starts"]
    scans: Annotated[int, Field(ge=1, le=100)] | None = None


class MissedPulses(_Fault):
    """These pulses of each scan don't arrive, counted from 1."""

    kind: Literal["missed_pulses"]
    numbers: Annotated[tuple[Annotated[int, Field(ge=1)], ...], FromList, Field(min_length=1)]


class DoublePulses(_Fault):
    """Each pulse arrives twice, so much apart."""

    kind: Literal["double_pulses"]
    apart_s: Annotated[float, Field(gt=0, le=1, description="seconds")] = 0.03


class ScanStops(_Fault):
    """The scan ends after so many pulses."""

    kind: Literal["scan_stops"]
    after: Count


class WrongTr(_Fault):
    """The console runs another protocol, with this TR."""

    kind: Literal["wrong_tr"]
    tr_s: Annotated[float, Field(gt=0, le=20, description="seconds")]


class AnswersNothing(_Fault):
    """The participant gives no answers (any more)."""

    kind: Literal["answers_nothing"]


class AnswersAlways(_Fault):
    """The participant gives every rating this value."""

    kind: Literal["answers_always"]
    rating: ScalePosition


class PressesStop(_Fault):
    """Somebody presses a stop key: the participant's own or the experimenter's, so many times."""

    kind: Literal["presses_stop"]
    whose: Literal["participant", "experimenter"] = "participant"
    times: Annotated[int, Field(ge=1, le=10)] = 1


class KeepsKeyPressed(_Fault):
    """The participant keeps a key pressed."""

    kind: Literal["keeps_key_pressed"]
    key: Literal["left", "right", "confirm"]


class DiskFull(_Fault):
    """Nothing more can be written to the journal."""

    kind: Literal["disk_full"]


class FramesDropped(_Fault):
    """The computer draws no frames for `for_s`, as it searches for updates."""

    kind: Literal["frames_dropped"]

    @model_validator(mode="after")
    def _ends(self) -> FramesDropped:
        if self.for_s is None:
            raise ValueError("needs for_s: how long no frames are drawn")
        return self


Fault = Annotated[
    Unplugged
    | Silent
    | Garbled
    | HalfReplies
    | LateReplies
    | LostBytes
    | WrongDevice
    | ErrorState
    | LowBattery
    | Overshoot
    | StuckZone
    | StopIgnored
    | NeverStarts
    | MissedPulses
    | DoublePulses
    | ScanStops
    | WrongTr
    | AnswersNothing
    | AnswersAlways
    | PressesStop
    | KeepsKeyPressed
    | DiskFull
    | FramesDropped,
    Discriminator("kind"),
]


class Experimenter(StrictModel):
    """What the rehearsed experimenter answers to the two questions that a fault can lead to."""

    when_paused: Literal["go_on", "lower", "end"] | None = None  # None: the plain way on
    when_no_pulses: Literal["end", "wait_again"] = "end"


class Expect(StrictModel):
    """What must come of it. What isn't stated isn't compared.

    `trials_kept` and `heats` count trials (without lead-ins) and start commands that the device
    took; `highest_temperature` is the hottest that the probe ever was, to a tenth; `verdict` the
    worst of the segments; each of `message_contains` is in something that the experimenter is told.
    """

    ending: Ending
    exit_code: Annotated[int, Field(ge=0, le=4)]
    trials_kept: Count
    message_contains: Annotated[tuple[Text, ...], FromList] = ()
    highest_temperature: Celsius | None = None
    heats: Count | None = None
    heats_skipped: Count | None = None
    ratings: Count | None = None
    segments: Count | None = None
    verdict: Literal["good", "look", "not_good"] | None = None


class Scenario(StrictModel):
    """A scenario file. `seen` and `do` go into `docs/scenarios.md`, to train new staff."""

    title: Annotated[str, Field(min_length=1, max_length=100)]
    seen: Text  # what the experimenter sees
    do: Text  # what to do
    study: str = "pilot_short"
    rig: str = "laptop"
    seed: Annotated[int, Field(ge=0)] | None = None
    experimenter: Experimenter = Experimenter()
    fault: Annotated[tuple[Fault, ...], FromList, Field(min_length=1)]
    expect: Expect
