"""The journal's vocabulary: every kind of event that a session can write, in one closed set.

One event is one line of JSON with `event` (its kind) and `t` (seconds on the session clock, see
`SessionStart.started_utc` for its zero). Readers accept every older `SCHEMA_VERSION`; fields are
only ever added, with a default. Temperatures are degrees Celsius, `run` is the run *index* (it
counts acquisitions: a repeated run gets a new one), `design_run` the planned run it belongs to.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

SCHEMA_VERSION = 1

Kind = Literal["participant", "pilot", "simulated"]
Step = Literal["runs", "calibration"]  # what a journal was begun for


class _Event(BaseModel):
    # Extra fields are ignored, not refused: an older program may meet a newer minor addition.
    # A sample that isn't a number is written as "NaN", which reads back as one; null wouldn't,
    # and one such line would make the journal unreadable.
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")

    t: float


class PreviousJournal(BaseModel):
    """The journal that this one goes on from, and how much of it was sound."""

    model_config = ConfigDict(frozen=True)

    name: str
    sha256: str  # of its sound part
    sound_bytes: int


class SessionStart(_Event):
    """The head: all that is needed to repeat the session. Always the first line."""

    # Here NaN can only be a hole in a table.
    model_config = ConfigDict(ser_json_inf_nan="null")

    event: Literal["session_start"] = "session_start"
    schema_version: int = SCHEMA_VERSION
    kind: Kind
    step: Step = "runs"
    participant: str
    session: str | None
    allocation: int
    seed: int
    acquisition: int = 0
    acquisitions: dict[int, int] = Field(default_factory=dict)  # of a planned run, if another
    started_utc: str  # ISO 8601 of the clock's zero; a fixed date in virtual time
    virtual_time: bool
    language: str
    study: dict[str, Any]
    study_sha256: str
    rig: dict[str, Any]
    rig_sha256: str
    trials: list[dict[str, Any]]  # the whole table, one dict a row
    portraits: list[dict[str, Any]]  # file, clinician, level, sha256 ...
    calibration: dict[str, Any] | None = None
    simulation: dict[str, Any] | None = None  # the simulated participant's parameters
    scenario: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    commit: str | None = None
    dirty: bool | None = None
    system: dict[str, str] = Field(default_factory=dict)
    display: dict[str, Any] = Field(default_factory=dict)
    previous: PreviousJournal | None = None
    dates_shifted: bool = False  # in a copy for sharing: `started_utc` isn't the true time


class DeviceOpened(_Event):
    """A device was opened and has said who it is."""

    event: Literal["device_opened"] = "device_opened"
    role: str
    kind: str
    port: str
    emulated: bool
    firmware: str = ""
    serial_number: str = ""
    details: dict[str, str] = Field(default_factory=dict)


class DeviceFailed(_Event):
    """A device failed: lost port, error state, silence."""

    event: Literal["device_failed"] = "device_failed"
    role: str
    reason: str


class RunStart(_Event):
    """A segment of a run begins to wait for its pulse (or begins, where there's no scanner).

    `run` is the run index of this segment (BIDS `run-`); segments of one planned run share
    `design_run` and count `segment` from 1.
    """

    event: Literal["run_start"] = "run_start"
    run: int
    design_run: int
    segment: int
    acquisition: int
    skin_site: int
    first_trial: int
    planned_length_s: float
    volumes: int | None  # to be typed at the console; None where nothing is scanned


class RunZero(_Event):
    """The schedule's zero (`t`) is fixed; every planned onset of the segment counts from it.

    `first_pulse` is the first pulse received, `first_stored` the time of the first volume that
    is in the image file, from which BIDS counts onsets. Without a scanner both are None.
    """

    event: Literal["run_zero"] = "run_zero"
    run: int
    first_pulse: float | None
    first_stored: float | None
    dummies_pulsed_not_stored: int = 0
    dummies_stored: int = 0
    tr_s: float | None = None


class Pulse(_Event):
    """A scanner pulse, stamped at arrival. `number` counts from 1 in this segment."""

    event: Literal["pulse"] = "pulse"
    run: int
    number: int


class TrialStart(_Event):
    """A row of the trial table begins; trial 0 is the run's lead-in."""

    event: Literal["trial_start"] = "trial_start"
    run: int
    trial: int


class PhaseStart(_Event):
    """A phase began. `t` is the flip of its first frame.

    `planned` is its onset on the schedule (session clock), `issued` when the program began to
    show it; `planned_duration` None means "until response".
    """

    event: Literal["phase_start"] = "phase_start"
    run: int
    trial: int
    phase: str  # unique name in the trial
    trial_type: str  # BIDS trial_type
    planned: float
    issued: float
    planned_duration: float | None
    marker: int | None = None
    scene: str = ""  # kind of scene
    picture: str | None = None  # file name under stimuli/
    patch_bright: bool | None = None  # the photodiode's patch; None where there's none


class PhaseEnd(_Event):
    """A phase ended: the next one's flip, or its own end of time."""

    event: Literal["phase_end"] = "phase_end"
    run: int
    trial: int
    phase: str


class Marker(_Event):
    """A marker's byte was handed to the port between `t` and `after`."""

    event: Literal["marker"] = "marker"
    run: int
    trial: int
    phase: str
    code: int
    after: float


class HeatPrepared(_Event):
    """The thermode was asked to load a stimulus."""

    event: Literal["heat_prepared"] = "heat_prepared"
    run: int
    trial: int
    number: int
    temperature: float
    plateau_s: float
    skin_site: int


class HeatSkipped(_Event):
    """The heat of a trial wasn't given: refused by the guard, or not ready at its deadline."""

    event: Literal["heat_skipped"] = "heat_skipped"
    run: int
    trial: int
    temperature: float
    reason: str


class HeatTriggered(_Event):
    """The start command was handed to the port between `t` and `after`."""

    event: Literal["heat_triggered"] = "heat_triggered"
    run: int
    trial: int
    number: int
    temperature: float
    plateau_s: float
    skin_site: int
    after: float
    cem43_planned: float


class Temperatures(_Event):
    """A part of a second of temperature samples; lists of equal length.

    `mean` is the mean over the enabled zones; `highest` the hottest zone of the sample.
    """

    event: Literal["temperatures"] = "temperatures"
    run: int
    trial: int
    times: list[float]
    mean: list[float]
    highest: list[float]


class HeatDelivered(_Event):
    """What was measured of a stimulus, when baseline was reached again or it was aborted."""

    event: Literal["heat_delivered"] = "heat_delivered"
    run: int
    trial: int
    number: int
    temperature: float  # asked for
    temperature_measured: float | None  # mean over the plateau
    plateau_onset: float | None
    plateau_end: float | None
    highest: float
    overshoot: float
    cem43: float
    skin_site: int
    aborted: bool
    reason: str = ""


class HeatUnasked(_Event):
    """The thermode was hot although no heat was asked for: when that was certain, and when over.

    `skin_site` is 0 where it isn't known on which the probe lay: it counts on every one. One that
    is never said to be over counts with the highest dose that the rig allows a stimulus.
    """

    event: Literal["heat_unasked"] = "heat_unasked"
    began: float  # not before this
    highest: float
    cem43: float
    skin_site: int
    over: bool


class ResponseGiven(_Event):
    """A key, button or click, with the time stamp of the event itself (mouse moves: in paths)."""

    event: Literal["response"] = "response"
    role: str
    name: str = ""
    pressed: bool = True


class Rating(_Event):
    """A rating, when its phase has ended. `t` is the end; times in `path_t` are session times.

    `rating` is None where no answer was given, never a default.
    """

    event: Literal["rating"] = "rating"
    run: int  # 0: outside runs
    trial: int
    phase: str
    question: str
    scale: str
    onset: float
    rating: float | None
    confirmed: bool
    response_time: float | None  # from onset to confirming
    first_movement: float | None  # from onset
    start: float
    path_t: list[float]
    path: list[float]


class ChoiceMade(_Event):
    """The answer to a question with options."""

    event: Literal["choice"] = "choice"
    run: int
    trial: int
    phase: str
    question: str
    options: list[str]
    chosen: str | None
    response_time: float | None


class TrialEnd(_Event):
    """A trial ended. Only a `completed` or `heat_skipped` one counts as done when resuming."""

    event: Literal["trial_end"] = "trial_end"
    run: int
    trial: int
    status: Literal["completed", "heat_skipped", "aborted"]


class RunEnd(_Event):
    """A segment ended, with what can be said of its timing."""

    event: Literal["run_end"] = "run_end"
    run: int
    status: Literal["completed", "stopped", "aborted"]
    pulses: int
    pulses_expected: int | None
    max_lateness_s: float
    dropped_frames: int
    markers_lost: int = 0  # that a box which had failed didn't send
    verdict: Literal["good", "look", "not_good"]
    reasons: list[str] = Field(default_factory=list)
    # How many frame intervals had 0 to 1, 1 to 2, ... tenths of a period; empty without a window.
    frame_tenths: list[int] = Field(default_factory=list)
    frame_period_s: float | None = None


class DroppedFrames(_Event):
    """Frame intervals of more than 1.5 periods during a phase: end times and lengths."""

    event: Literal["dropped_frames"] = "dropped_frames"
    run: int
    trial: int
    phase: str
    times: list[float]
    intervals_s: list[float]


class ClockOffset(_Event):
    """The clock that stamps key events, asked beside the session's: `session = other + seconds`."""

    event: Literal["clock_offset"] = "clock_offset"
    role: str  # of the device with the other clock
    seconds: float
    uncertainty_s: float


class Stop(_Event):
    """Somebody or something asked for the emergency stop; abort is already on the wire."""

    event: Literal["stop"] = "stop"
    source: str  # 'stop', 'participant_stop', 'signal', 'window', 'exception', 'thermode'
    press: int
    abort_sent: float | None


class StepStart(_Event):
    """A step of a visit begins; `attempt` counts from 1 over the whole visit.

    `details` holds what its answers must be read with, such as the questionnaires' files.
    """

    event: Literal["step_start"] = "step_start"
    step: str
    attempt: int
    details: dict[str, Any] = Field(default_factory=dict)


class StepEnd(_Event):
    """A step of a visit ended. `done` and `skipped` ones aren't gone through again by themselves.

    A skipped one has a reason; one that failed is asked about before the visit goes on.
    """

    event: Literal["step_end"] = "step_end"
    step: str
    attempt: int
    status: Literal["done", "skipped", "failed", "interrupted"]
    reason: str = ""


class Answered(_Event):
    """An answer outside the runs that isn't a rating: of a questionnaire, a check list, a form.

    `value` is what is stored: a code, a number or words; None where it was left out.
    """

    event: Literal["answer"] = "answer"
    instrument: str  # name of the questionnaire, or of the step
    item: str
    value: float | int | str | None
    attempt: int = 1


class Decision(_Event):
    """What the experimenter chose after a pause or a warning."""

    event: Literal["decision"] = "decision"
    question: str
    answer: str
    details: dict[str, Any] = Field(default_factory=dict)


class Note(_Event):
    """A note by the experimenter; 'adverse event' and 'thermode slipped' are kinds of it."""

    event: Literal["note"] = "note"
    kind: str
    text: str


class Warned(_Event):
    """A sentence that the experimenter was shown."""

    event: Literal["warning"] = "warning"
    message: str


class SessionEnd(_Event):
    """The last line of a session that ended in order.

    `continued`: as planned, in the next journal, which has another table.
    """

    event: Literal["session_end"] = "session_end"
    status: Literal["completed", "continued", "stopped", "failed"]
    exit_code: int
    message: str = ""
    closed: bool = False  # however it ended, there is nothing to go on with


Event = (
    SessionStart
    | DeviceOpened
    | DeviceFailed
    | RunStart
    | RunZero
    | Pulse
    | TrialStart
    | PhaseStart
    | PhaseEnd
    | Marker
    | HeatPrepared
    | HeatSkipped
    | HeatTriggered
    | Temperatures
    | HeatDelivered
    | HeatUnasked
    | ResponseGiven
    | Rating
    | ChoiceMade
    | TrialEnd
    | RunEnd
    | DroppedFrames
    | ClockOffset
    | Stop
    | StepStart
    | StepEnd
    | Answered
    | Decision
    | Note
    | Warned
    | SessionEnd
)

EVENT_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])

# After these the journal is synced to disk: they end something that must not be lost.
SYNCED = frozenset(
    {"session_start", "run_zero", "heat_triggered", "heat_delivered", "trial_end", "run_end"}
    | {"heat_unasked", "stop", "step_end", "answer", "decision", "note", "session_end"}
)
