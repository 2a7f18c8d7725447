"""Writes down what the thermode measures: samples some three times a second, and each delivery."""

from __future__ import annotations

import threading
from collections.abc import Callable

from experiment.journal import events
from experiment.journal.events import Event
from experiment.running.stage import Participant
from hardware.devices import TemperatureSample
from hardware.history import Delivery
from hardware.unasked import UnaskedHeat

SAMPLES_A_LINE = 15  # at 50 Hz 0.3 s, by which the live page lags, and which a crash may cost


class Thermometer:
    """Listens to the guard (on whatever thread it speaks), writes events, tells the participant.

    Samples are written during heat, from the start command until baseline is reached again; the
    slow ones between are for the guard only.
    """

    def __init__(self, write: Callable[[Event], None], participant: Participant) -> None:
        self._write, self._participant = write, participant
        self._lock = threading.Lock()
        self.last: TemperatureSample | None = None  # also of the slow ones between stimuli
        self._run = self._trial = 0
        self._plateau_s = 0.0
        self._hot = False
        self._times: list[float] = []
        self._mean: list[float] = []
        self._highest: list[float] = []

    def began(self, event: events.HeatTriggered) -> None:
        """Heat was triggered: what comes now belongs to this trial."""
        with self._lock:
            self._run, self._trial = event.run, event.trial
            self._plateau_s = event.plateau_s
            self._hot = True

    def sample(self, sample: TemperatureSample) -> None:
        """A temperature arrived."""
        line = None
        self.last = sample
        with self._lock:
            if not self._hot:
                return
            zones = sample.zones
            self._times.append(round(sample.time, 4))
            self._mean.append(round(sum(zones) / len(zones), 2))
            self._highest.append(max(zones))
            if len(self._times) >= SAMPLES_A_LINE:
                line = self._take()
        if line is not None:
            self._write(line)

    def hottest_now(self) -> float | None:
        """The hottest zone of the latest sample (degrees Celsius), None before there is one."""
        return max(self.last.zones) if self.last is not None else None

    def delivered(self, delivery: Delivery) -> None:
        """A stimulus is over."""
        with self._lock:
            self._hot = False
            line = self._take() if self._times else None
        if line is not None:
            self._write(line)
        highest = delivery.peak if delivery.peak is not None else delivery.target
        self._write(
            events.HeatDelivered(
                t=delivery.ended,
                run=self._run,
                trial=self._trial,
                number=delivery.number,
                temperature=delivery.target,
                temperature_measured=delivery.mean_plateau,
                plateau_onset=delivery.plateau_onset,
                plateau_end=delivery.plateau_end,
                highest=highest,
                overshoot=delivery.overshoot if delivery.overshoot is not None else 0.0,
                cem43=round(delivery.cem43, 4),
                skin_site=delivery.skin_site,
                aborted=delivery.aborted,
                reason=delivery.problem,
            )
        )
        felt = delivery.mean_plateau if delivery.mean_plateau is not None else highest
        plateau_s = 0.0 if delivery.aborted else self._plateau_s
        self._participant.felt(felt, plateau_s, delivery.skin_site)

    def unasked(self, heat: UnaskedHeat) -> None:
        """The thermode was, or is, hot although nobody asked for it."""
        self._write(
            events.HeatUnasked(
                t=heat.ended,
                began=heat.began,
                highest=heat.peak,
                cem43=round(heat.cem43, 4),
                skin_site=heat.skin_site,
                over=heat.over,
            )
        )

    def _take(self) -> events.Temperatures:
        line = events.Temperatures(
            t=self._times[-1],
            run=self._run,
            trial=self._trial,
            times=self._times,
            mean=self._mean,
            highest=self._highest,
        )
        self._times, self._mean, self._highest = [], [], []
        return line
