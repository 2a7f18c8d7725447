"""A session from opening its devices to closing them: everything is opened, named, and wired up.

What happens in between is the `Course`; how it's played (a person, or a simulated participant,
in real or virtual time) is the `Setting`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from conditions.study import Study
from experiment.dataset import AllocationList, session_lock
from experiment.display.protocol import Display
from experiment.errors import ExitCode, UserError
from experiment.journal import JournalWriter, events
from experiment.journal.events import Event
from experiment.plan.materials import materials_of, page
from experiment.plan.timeline import Phase, Segment
from experiment.responses.relay import Relay
from experiment.running.high_ratings import HighRatings
from experiment.running.hub import ResponseHub
from experiment.running.room import ScanSettings
from experiment.running.runner import Runner
from experiment.running.stage import Participant, Stage
from experiment.running.stop import EmergencyStop, stop_on_signals
from experiment.running.thermometer import Thermometer
from experiment.session.course import COOLING_S, NOT_COOL, Course, Ending
from experiment.session.course_of import course_of
from experiment.session.experimenter import Experimenter
from experiment.session.preparation import Prepared, as_pilot
from experiment.session.provenance import provenance
from experiment.session.skin import history_of, past_heat, refuse_what_is_too_much
from experiment.summary.odd_ratings import OddRatings
from experiment.timing.verdict import criteria_of
from hardware.clock import Clock
from hardware.devices import DeviceError, ResponseDevice
from hardware.emulation import EmulatedWorld
from hardware.opening import Devices, open_devices

VIRTUAL_START = datetime(2000, 1, 1, tzinfo=UTC)  # so that two dry runs give the same files
HEAD_S = 10.0  # a journal's first line is written in milliseconds, or not at all
SCAN_BEGINS_AFTER_S = 2.0  # an emulated scanner's operator takes so long to press start


@dataclass
class Setting:
    """How a session is played.

    `open_display` and `open_responses` are called when the devices are open; `participant` gets
    the prepared session and the response device. `show_progress` is called at each phase.
    """

    clock: Clock
    virtual: bool
    experimenter: Experimenter
    open_display: Callable[[Prepared], Display]
    open_responses: Callable[[Prepared, Display], ResponseDevice]
    participant: Callable[[Prepared, ResponseDevice], Participant]
    simulation: dict[str, Any] | None = None
    show_progress: Callable[[Segment, Phase, float], None] = lambda segment, phase, flip: None
    # What a rehearsal puts its faults into: the emulated devices before they are opened, the disk.
    scenario: str | None = None
    # What happens while everything is open: the runs, or a whole visit with the runs in it.
    make_course: Callable[..., Course] = course_of
    # Raises `DeviceError` for a response device that will be missing once there is a window.
    responses_there: Callable[[Prepared], None] = lambda prepared: None
    arrange_world: Callable[[EmulatedWorld], None] = lambda world: None
    open_journal: Callable[..., JournalWriter] = JournalWriter


@dataclass(frozen=True)
class Played:
    """A session that was played: how it ended, and where its journal is."""

    ending: Ending
    journal: Path
    prepared: Prepared


def play(prepared: Prepared, setting: Setting) -> Played:
    """Play a session. The journal is closed and the devices are at baseline when this returns.

    Raises `UserError` for what is found before the journal begins (a device missing: exit code
    3); nothing has been written then. Whatever goes wrong later ends up in the journal and in
    `Played.ending`.
    """
    clock, rig = setting.clock, prepared.rig.model
    with contextlib.ExitStack() as stack:
        # Closed last, after the devices: what they say of the last heat belongs into it.
        journal_stack = stack.enter_context(contextlib.ExitStack())
        world = None
        if rig.emulated_devices():
            world = stack.enter_context(EmulatedWorld(clock))
            setting.arrange_world(world)
        started = _started(prepared, setting)
        stack.enter_context(session_lock(prepared.place))
        history = history_of(prepared, started.timestamp())
        refuse_what_is_too_much(prepared, history, started.timestamp())
        try:
            # Devices first: what is missing is said before a window takes the screen.
            relay = Relay(emulated=prepared.kind == "simulated")
            devices = stack.enter_context(
                open_devices(
                    rig,
                    clock,
                    world,
                    responses=relay,
                    history=history,
                    wall_origin=started.timestamp(),
                    also_there=lambda: setting.responses_there(prepared),
                )
            )
            display = setting.open_display(prepared)
            stack.callback(display.close)
            responses = setting.open_responses(prepared, display)
            stack.callback(responses.close)
            relay.attach(responses)
        except DeviceError as error:
            raise UserError(str(error), ExitCode.DEVICE) from None
        if prepared.kind == "participant" and any(info.emulated for info in devices.infos):
            # The rig file can't know that an emulator answers at the other end of a port.
            prepared = as_pilot(prepared)
            stack.enter_context(session_lock(prepared.place))
            for heat in past_heat(prepared):  # what was given among the pilots' counts too
                history.add(heat)
        participant = setting.participant(prepared, responses)
        journal, prepared = _open_journal(prepared, setting)
        journal_stack.callback(_close_quietly, journal)
        wiring = _Wiring(prepared, setting, devices, display, responses, journal, participant)
        ending = wiring.execute(started, world)
    return Played(ending, journal.path, prepared)


def _started(prepared: Prepared, setting: Setting) -> datetime:
    """Wall time of the session clock's zero; in virtual time a minute after what went before."""
    if not setting.virtual:
        return datetime.now(UTC) - timedelta(seconds=setting.clock.now())
    return prepared.goes_on_at or VIRTUAL_START


def _open_journal(prepared: Prepared, setting: Setting) -> tuple[JournalWriter, Prepared]:
    """Take the allocation number for good and begin the journal. Raises `UserError`."""
    place = prepared.place
    number = AllocationList(place.dataset).assign(place.participant, prepared.request.allocation)
    if number != prepared.allocation:  # another session has taken the next one meanwhile
        prepared = prepared.with_allocation(number)
    # The number was taken when everything was checked, so that of two that start at once one fails.
    path = place.journal(prepared.journal_number)
    try:
        return setting.open_journal(path, durable=not setting.virtual), prepared
    except FileExistsError:
        raise UserError(
            f"another session of {place.stem} has just been started: give another --session or "
            f"--participant"
        ) from None


def _close_quietly(journal: JournalWriter) -> None:
    """A disk that is full has been told of already; the devices' end must not hang on it."""
    with contextlib.suppress(OSError):
        journal.close()


class _Wiring:
    """Connects everything that is open with everything that wants to know."""

    def __init__(
        self,
        prepared: Prepared,
        setting: Setting,
        devices: Devices,
        display: Display,
        responses: ResponseDevice,
        journal: JournalWriter,
        participant: Participant,
    ) -> None:
        self._prepared, self._setting = prepared, setting
        self._devices, self._display, self._journal = devices, display, journal
        self._responses = responses
        self._broken: OSError | None = None  # why the journal can't be written any more
        self._headed = threading.Event()  # the journal has its first line
        study, rig, clock = prepared.study.model, prepared.rig.model, setting.clock
        high = None
        if isinstance(study, Study):
            high = HighRatings(
                study.ratings.high_rating,
                study.ratings.high_rating_successive,
                only_log=prepared.kind == "simulated" and setting.scenario is None,
            )
        # What is made of ratings of pain; there are none in a study without heat.
        self._watchers = (high.see, OddRatings().see) if high is not None else ()
        abort = devices.thermode.abort if devices.thermode is not None else lambda: None
        self.stop = EmergencyStop(clock, abort, self.write)
        self.thermometer = Thermometer(self.write, participant)
        if devices.thermode is not None:
            devices.thermode.watch(self.thermometer.sample)
            devices.thermode.on_delivery = self.thermometer.delivered
        scan = None
        if prepared.scanned and rig.scanner is not None and study.scan is not None:
            scan = ScanSettings(
                tr_s=study.scan.tr_s,
                dummies_pulsed_not_stored=rig.scanner.dummies_pulsed_not_stored,
                dummies_stored=rig.scanner.dummies_stored,
                give_up_s=rig.scanner.give_up_s,
            )
        self.runner = Runner(
            stage=Stage(
                clock,
                devices.thermode,
                self.write,
                self.warn,
                stopped=lambda: self.stop.requested,
                rested_at=(
                    devices.thermode.rested_at if devices.thermode is not None else lambda site: 0.0
                ),
                breaches=(
                    devices.thermode.breaches if devices.thermode is not None else lambda plan: []
                ),
                measured=self.thermometer.hottest_now,
            ),
            display=display,
            participant=participant,
            stop=self.stop,
            waiting_scene=page(prepared.texts, "waiting_for_scanner"),
            criteria=criteria_of(study.verdict),
            scanner=devices.scanner if scan is not None else None,
            scan=scan,
            markers=devices.markers,
            responses=responses.info,
            frame_stamped=bool(getattr(responses, "warning", "")),
            pause_wanted=high.wanted if high is not None else lambda: "",
            on_phase=setting.show_progress,
        )
        self._hub = ResponseHub(
            self.stop,
            setting.experimenter,
            self.write,
            self.runner.on_response,
            letters=lambda: getattr(display, "focused", True),
        )
        responses.listen(self._hub)

    def write(self, event: Event) -> None:
        """Journal an event, and let those know whom it concerns (any thread). Never raises.

        What can't be written down mustn't be done: the first failure is an emergency stop.
        """
        try:
            self._journal.write(event)
        except OSError as error:
            if self._broken is None:
                self._broken = error
                self.stop.request("journal", final=True)
        if isinstance(event, events.Rating):
            for see in self._watchers:
                if said := see(event):
                    self.warn(said)
        elif isinstance(event, events.HeatTriggered):
            self.thermometer.began(event)
        elif isinstance(event, (events.TrialEnd, events.RunEnd)):
            self._write_offsets()
        elif isinstance(event, events.HeatDelivered) and event.reason:
            where = f"trial {event.trial}" if event.trial else "the lead-in"
            self.warn(f"The heat of {where}: {event.reason}")
        elif isinstance(event, events.HeatUnasked) and not event.over:
            self.warn(
                f"The thermode is at {event.highest:.1f} C although no heat was asked for; it "
                f"counts on the skin."
            )

    def _write_offsets(self) -> None:
        """How far the keys' clock was from ours, as measured since the last time."""
        take = getattr(self._responses, "take_offsets", list)
        for offset in take():
            self.write(
                events.ClockOffset(
                    t=offset.measured_at,
                    role="responses",
                    seconds=offset.seconds,
                    uncertainty_s=offset.uncertainty_s,
                )
            )

    def warn(self, message: str) -> None:
        """Tell the experimenter, and write it down."""
        self.write(events.Warned(t=self._setting.clock.now(), message=message))
        self._setting.experimenter.warn(message)

    def _signalled(self, source: str) -> None:
        """A signal is a stop, which is written down after the journal's first line."""
        self._headed.wait(HEAD_S)
        self.stop.request(source, final=True)

    def _write_head(self, started: datetime) -> None:
        """The journal's first line, and what each device says of itself."""
        prepared, setting, made_with = self._prepared, self._setting, provenance()
        request = prepared.request
        self.write(
            events.SessionStart(
                t=setting.clock.now(),
                kind=prepared.kind,
                step=prepared.step,
                participant=prepared.place.participant,
                session=prepared.place.session,
                allocation=prepared.allocation,
                seed=prepared.seed,
                acquisition=prepared.acquisition,
                acquisitions=dict(prepared.acquisitions),
                previous=prepared.previous,
                started_utc=started.isoformat(),
                virtual_time=setting.virtual,
                language=request.language,
                study=prepared.study.as_dict(),
                study_sha256=prepared.study.sha256,
                rig=prepared.rig.as_dict(),
                rig_sha256=prepared.rig.sha256,
                trials=[dict(row) for row in prepared.rows],
                portraits=[asdict(portrait) for portrait in prepared.portraits()],
                calibration=(
                    prepared.calibration.model_dump(mode="json") if prepared.calibration else None
                ),
                simulation=setting.simulation,
                scenario=setting.scenario,
                versions=made_with.versions,
                commit=made_with.commit,
                dirty=made_with.dirty,
                system=made_with.system,
                display=asdict(self._display.info),
            )
        )
        self._headed.set()
        if self._devices.thermode is not None:  # not sooner: the head is the first line
            self._devices.thermode.watch_unasked(self.thermometer.unasked)
        for info in (*self._devices.infos, self._responses.info):
            self.write(events.DeviceOpened(t=setting.clock.now(), **asdict(info)))
        if said := getattr(self._responses, "warning", ""):
            self.warn(said)
        if said := self._display.info.details.get("disturbed_by", ""):
            self.warn(said)

    def execute(self, started: datetime, world: EmulatedWorld | None) -> Ending:
        """Write the first line, run the course with every way of stopping it, write the last line.

        `started` is the wall time of the session clock's zero. Signals are heard before anything
        is written: who reads the journal as it grows may send one at once.
        """
        prepared, clock, stop = self._prepared, self._setting.clock, self.stop
        rig, scan = prepared.rig.model, self.runner.scan
        emulated_scanner = (
            world if world is not None and "scanner" in rig.emulated_devices() else None
        )

        def start_scan(volumes: int) -> None:
            if emulated_scanner is not None and scan is not None:
                emulated_scanner.scanner.start(
                    scan.tr_s,
                    volumes=volumes + scan.dummies_pulsed_not_stored,
                    delay_s=SCAN_BEGINS_AFTER_S,
                )

        def stop_scan() -> None:
            if emulated_scanner is not None:
                emulated_scanner.scanner.stop()

        with stop_on_signals(self._signalled):
            self._write_head(started)
            materials = materials_of(
                prepared.study.model,
                prepared.texts,
                prepared.thermode,
                lambda clinician, level: prepared.manifest.path(
                    prepared.portrait(clinician, level)
                ),
                hand=rig.response.hand,
            )
            course = self._setting.make_course(
                prepared, self.runner, materials, self._setting.experimenter, start_scan, stop_scan
            )
            if hasattr(clock, "on_failure"):
                clock.on_failure = lambda error: stop.request("exception", final=True)
            if hasattr(self._display, "on_closed"):
                self._display.on_closed = lambda: stop.request("window", final=True)
            try:
                ending = course.execute()
            except BaseException as error:
                ending = self._failed(error)
            self._let_cool()
        if self._broken is not None:
            ending = Ending(
                "failed",
                ExitCode.PROGRAM_FAILED,
                f"The journal can't be written any more ({self._broken.strerror}); what was "
                f"written stands. Make room, then go on with `trustpain resume`.",
            )
        self._write_offsets()
        self.write(
            events.SessionEnd(
                t=clock.now(),
                status=ending.status,
                exit_code=int(ending.exit_code),
                message=ending.message,
                closed=ending.closed,
            )
        )
        return ending

    def _let_cool(self) -> None:
        """Wait, but not for ever, until the last heat is over and written down."""
        thermode, clock = self._devices.thermode, self._setting.clock
        if thermode is None or thermode.at_baseline():
            return
        with contextlib.suppress(Exception):
            if not clock.wait(thermode.at_baseline, clock.now() + COOLING_S):
                self.warn(NOT_COOL)

    def _failed(self, error: BaseException) -> Ending:
        """Something broke: abort first, then say what."""
        with contextlib.suppress(Exception):
            self.stop.request("exception", final=True)
        if isinstance(error, DeviceError):
            return Ending("failed", ExitCode.DEVICE, str(error))
        if isinstance(error, KeyboardInterrupt):
            return Ending("stopped", ExitCode.EMERGENCY_STOP, "Ctrl-C")
        message = f"{type(error).__name__}: {error}"
        return Ending("failed", ExitCode.PROGRAM_FAILED, message)
