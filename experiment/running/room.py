"""What a segment is executed against, and what of it interrupts the segment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field

from experiment.display.protocol import Display
from experiment.journal import events
from experiment.plan.timeline import Phase, Segment
from experiment.running.outcome import Status
from experiment.running.stage import Participant, Stage
from experiment.running.stop import EmergencyStop
from hardware.devices import DeviceInfo, MarkerBox, Scanner


@dataclass(frozen=True)
class ScanSettings:
    """What the runner must know of a scan. Times in seconds."""

    tr_s: float
    dummies_pulsed_not_stored: int
    dummies_stored: int
    give_up_s: float

    @property
    def dummies(self) -> int:
        """Pulses before the one at which the schedule begins."""
        return self.dummies_pulsed_not_stored + self.dummies_stored


@dataclass
class Room:
    """Screen, devices and people of a session; the way through a segment is the runner's.

    `pause_wanted` is asked after each trial for a reason to pause ('' for none).
    """

    stage: Stage
    display: Display
    participant: Participant
    stop: EmergencyStop
    _: KW_ONLY
    scanner: Scanner | None = None
    scan: ScanSettings | None = None
    markers: MarkerBox | None = None
    responses: DeviceInfo | None = None  # what the participant answers with
    pause_wanted: Callable[[], str] = lambda: ""
    on_phase: Callable[[Segment, Phase, float], None] = lambda segment, phase, flip: None
    _failed: set[str] = field(default_factory=set, init=False)

    @property
    def scanned(self) -> bool:
        """Whether segments begin with a scanner's pulse."""
        return self.scan is not None

    def why_interrupted(self) -> tuple[Status, str]:
        """What interrupts the segment now: its status, and one sentence."""
        thermode = self.stage.thermode
        if self.stop.requested or thermode is None:
            return "stopped", f"stop was asked for ({self.stop.source})"
        return "device_failed", thermode.failure()

    def interrupted(self) -> bool:
        """Whether the segment must end now. Asked after every event: cheap.

        A marker box or pulses lost while a run is going on don't end it: the schedule needs
        neither, and the heat and the ratings are still worth having. `note_failures` says so.
        """
        thermode = self.stage.thermode
        return self.stop.requested or (thermode is not None and thermode.failure() != "")

    def note_failures(self) -> None:
        """Log and tell, once each, which devices have failed."""
        devices = {
            "thermode": self.stage.thermode,
            "scanner": self.scanner,
            "markers": self.markers,
        }
        for role, device in devices.items():
            reason = device.failure() if device is not None else ""
            if reason and role not in self._failed:
                self._failed.add(role)
                now = self.stage.clock.now()
                self.stage.write(events.DeviceFailed(t=now, role=role, reason=reason))
                self.stage.warn(reason)
