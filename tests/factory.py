"""Synthetic sessions: journals as the runner would write them, without running anything."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from experiment.journal import JournalWriter, events

TR_S = 0.46
DUMMIES = 6
BASELINE, HOT, WARM = 32.0, 47.5, 46.5
PHASES = (
    # trial_type, duration, marker
    ("fixation", 4.5, 10),
    ("clinician", 4.0, 20),
    ("anticipation", 4.5, 30),
    ("heat", 8.5, 40),
    ("fixation", 4.5, 10),
    ("rating_intensity", 6.0, 50),
    ("rating_unpleasantness", 6.0, 60),
)


@dataclass(frozen=True)
class Session:
    """What to make. `stop_in`: (run index, trial) in which the emergency stop comes."""

    participant: str = "01"
    session: str | None = None
    kind: events.Kind = "participant"
    scanned: bool = True
    runs: int = 2
    trials: int = 4
    hz: float = 50.0
    number: int = 1
    acquisition: int = 0
    first_run: int = 1  # run index of the first segment
    first_trial: int = 1  # of each segment, as when a run went on in another one
    design_runs: tuple[int, ...] = ()  # as counted, if empty
    segments: dict[int, int] = field(default_factory=dict)  # run index -> segment
    stop_in: tuple[int, int] | None = None
    skip_heat: tuple[int, int] | None = None
    no_answer: tuple[int, int] | None = None
    ends: bool = True
    allocation: int = 3

    @property
    def stem(self) -> str:
        return f"sub-{self.participant}" + (f"_ses-{self.session}" if self.session else "")

    @property
    def folder(self) -> Path:
        return Path(f"sub-{self.participant}", *([f"ses-{self.session}"] if self.session else []))


def write_pictures(root: Path) -> list[dict[str, Any]]:
    """Portraits that are no pictures, and the list of them as in a journal's head."""
    portraits = []
    for clinician in ("F1", "M1", "F2", "M2"):
        for level in ("low", "high"):
            path = root / "clinicians" / f"{clinician}_{level}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{clinician} {level}".encode())
            portraits.append(
                {
                    "file": f"clinicians/{path.name}",
                    "clinician": clinician,
                    "level": level,
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                }
            )
    return portraits


def write_session(dataset: Path, plan: Session, pictures_root: Path) -> Path:
    """Write the plan's journal into a dataset's `sourcedata/`; gives its path."""
    folder = dataset / "sourcedata" / plan.folder
    path = folder / f"{plan.stem}_journal-{plan.number:03d}.jsonl"
    with JournalWriter(path, durable=False) as writer:
        _Maker(plan, write_pictures(pictures_root), writer).make()
    return path


class _Maker:
    def __init__(self, plan: Session, portraits: list[dict[str, Any]], writer: JournalWriter):
        self.plan, self.portraits, self.writer = plan, portraits, writer
        self.now, self.heats, self.stopped = 1.0, 0, False

    def make(self) -> None:
        plan = self.plan
        self.writer.write(self.head())
        for offset in range(plan.runs):
            self.run(plan.first_run + offset, self.design_run(offset))
            if self.stopped:
                break
        if plan.ends:
            status = "stopped" if self.stopped else "completed"
            self.write(events.SessionEnd, status=status, exit_code=4 if self.stopped else 0)

    def design_run(self, offset: int) -> int:
        return self.plan.design_runs[offset] if self.plan.design_runs else offset + 1

    def write(self, kind: type[Any], **values: Any) -> None:
        self.writer.write(kind(**({"t": self.now} | values)))

    def head(self) -> events.SessionStart:
        plan = self.plan
        rig: dict[str, Any] = {
            "name": "mri_tcs",
            "screen": {
                **{"width_px": 1280, "height_px": 720, "width_cm": 34.5},
                **{"distance_cm": 60.0, "refresh_hz": 60.0},
            },
        }
        return events.SessionStart(
            t=0.0,
            kind=plan.kind,
            participant=plan.participant,
            session=plan.session,
            allocation=plan.allocation,
            seed=12345,
            acquisition=plan.acquisition,
            started_utc="2026-11-23T20:00:00+00:00",
            virtual_time=plan.kind == "simulated",
            language="en",
            study={"name": "trust_pain", "title": "Trust and pain", "task": "trustpain"},
            study_sha256="0" * 64,
            rig=rig,
            rig_sha256="1" * 64,
            trials=[
                row for offset in range(plan.runs) for row in self.rows(self.design_run(offset))
            ],
            portraits=self.portraits,
            versions={"trustpain": "0.1.0", "psychopy": "2026.2.5"},
            commit="abc",
            dirty=False,
            system={"os": "Linux"},
            display={"kind": "window", "width_px": 1920, "height_px": 0, "synchronised": True},
        )

    def rows(self, run: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = [
            {"run": run, "trial": 0, "clinician": None, "trust": None, "temperature": WARM}
        ]
        for trial in range(1, self.plan.trials + 1):
            rows.append(
                {
                    "run": run,
                    "trial": trial,
                    "clinician": ("F1", "M1", "F2", "M2")[trial % 4],
                    "trust": ("low", "high")[trial % 2],
                    "temperature": (WARM, HOT)[trial // 2 % 2],
                }
            )
        return rows

    def run(self, run: int, design_run: int) -> None:
        plan = self.plan
        length = 27.5 + 38.0 * plan.trials + 10.0
        self.write(
            events.RunStart,
            **{"run": run, "design_run": design_run, "skin_site": design_run},
            **{"segment": plan.segments.get(run, 1), "acquisition": plan.acquisition},
            **{"first_trial": plan.first_trial, "planned_length_s": length},
            volumes=DUMMIES + int(length / TR_S) + 1 if plan.scanned else None,
        )
        zero, first = self.zero(run)
        self.trial(
            run, zero, 0, [("fixation", 4.0, 10), ("heat_leadin", 8.5, 41), ("fixation", 15.0, 10)]
        )
        at = zero + 27.5
        for trial in range(plan.first_trial, plan.trials + 1):
            if self.stopped:
                break
            self.trial(run, at, trial, list(PHASES))
            at += 38.0
        if not self.stopped:
            self.phase(run, -1, 0, ("fixation", 10.0, 10), at)
        pulses = 0
        if first is not None:
            last = DUMMIES + int((self.now - zero) / TR_S) + 1
            for number in range(1, last + 1):
                time = first + (number - 1) * TR_S
                self.writer.write(events.Pulse(t=time, run=run, number=number))
            pulses = last
        if plan.ends:
            self.write(
                events.RunEnd,
                **{"run": run, "status": "aborted" if self.stopped else "completed"},
                **{"pulses": pulses, "pulses_expected": pulses or None},
                **{"max_lateness_s": 0.0123, "dropped_frames": 0, "verdict": "good"},
            )
        self.now += 60.0

    def zero(self, run: int) -> tuple[float, float | None]:
        if not self.plan.scanned:
            self.write(events.RunZero, run=run, first_pulse=None, first_stored=None)
            return self.now, None
        first = self.now + 2.0
        zero = first + DUMMIES * TR_S
        self.now = zero
        self.write(
            events.RunZero,
            **{"run": run, "first_pulse": first, "first_stored": first},
            **{"dummies_stored": DUMMIES, "tr_s": TR_S},
        )
        return zero, first

    def trial(self, run: int, at: float, trial: int, phases: list[tuple[str, float, int]]) -> None:
        self.write(events.TrialStart, t=at, run=run, trial=trial)
        for index, phase in enumerate(phases):
            self.phase(run, trial, index, phase, at)
            if self.stopped:
                self.write(events.TrialEnd, run=run, trial=trial, status="aborted")
                return
            at += phase[1]
        skipped = self.plan.skip_heat == (run, trial)
        status = "heat_skipped" if skipped else "completed"
        self.write(events.TrialEnd, run=run, trial=trial, status=status)

    def phase(
        self, run: int, trial: int, index: int, phase: tuple[str, float, int], planned: float
    ) -> None:
        kind, duration, marker = phase
        name = f"{kind}_{index}"
        flip = planned + 0.0021
        where = {"run": run, "trial": trial}
        row = next((r for r in self.rows(1) if r["trial"] == trial), {})
        shown = kind in ("clinician", "anticipation", "heat")
        self.write(
            events.PhaseStart,
            **{"t": flip, "phase": name, "trial_type": kind, "planned": planned, **where},
            **{"issued": planned - 0.01, "planned_duration": duration, "marker": marker},
            scene="Portrait" if shown else "Fixation",
            picture=f"{row['clinician']}_{row['trust']}.png" if shown else None,
        )
        self.write(events.Marker, t=flip, phase=name, code=marker, after=flip + 0.0001, **where)
        self.now = planned + duration + 0.0021
        if kind == "heat" and self.plan.stop_in == (run, trial):
            self.stopped = True
            self.now = flip + 3.0
            self.heat(run, trial, flip, row["temperature"], aborted=True)
            self.write(events.Stop, source="stop", press=1, abort_sent=self.now)
        elif kind.startswith("heat"):
            self.heat(run, trial, flip, row["temperature"])
        elif kind.startswith("rating"):
            self.rating(run, trial, name, kind.removeprefix("rating_"), flip)
        self.write(events.PhaseEnd, t=self.now, phase=name, **where)

    def heat(
        self, run: int, trial: int, flip: float, temperature: float, aborted: bool = False
    ) -> None:
        where = {"run": run, "trial": trial, "temperature": temperature}
        if self.plan.skip_heat == (run, trial):
            self.write(events.HeatSkipped, **where, t=flip, reason="not ready at its deadline")
            return
        self.heats += 1
        begin = flip + 0.0011
        stimulus = {**where, "number": self.heats, "skin_site": 1}
        self.write(
            events.HeatTriggered,
            **stimulus,
            **{"t": begin, "plateau_s": 8.0, "after": begin + 0.0002, "cem43_planned": 3.0},
        )
        rise = (temperature - BASELINE) / 70.0
        end = begin + 8.0 + 2 * rise if not aborted else self.now
        samples = int((end - begin) * self.plan.hz)
        times = [begin + i / self.plan.hz for i in range(samples)]
        curve = [
            round(
                max(
                    BASELINE,
                    min(temperature, BASELINE + 70 * (t - begin), BASELINE + 70 * (end - t)),
                ),
                2,
            )
            for t in times
        ]
        for start in range(0, samples, 43):
            part = slice(start, start + 43)
            self.writer.write(
                events.Temperatures(
                    t=times[part][-1], run=run, trial=trial, times=times[part],
                    mean=curve[part], highest=[x + 0.1 for x in curve[part]],
                )
            )  # fmt: skip
        self.write(
            events.HeatDelivered,
            **stimulus,
            **{"t": end, "temperature_measured": temperature - 0.014, "highest": temperature},
            **{"plateau_onset": begin + rise, "plateau_end": None if aborted else end - rise},
            **{"overshoot": 0.1, "cem43": 2.95, "aborted": aborted},
        )

    def rating(self, run: int, trial: int, phase: str, question: str, onset: float) -> None:
        where = {"run": run, "trial": trial, "phase": phase, "question": question}
        path_t = [onset + 1.0 + i / 60 for i in range(90)]
        path = [round(50 + i / 3, 1) for i in range(90)]
        silent = self.plan.no_answer == (run, trial)
        self.write(
            events.Rating,
            **where,
            **{"scale": "vas", "onset": onset, "start": 50.0},
            rating=None if silent else path[-1],
            confirmed=not silent,
            response_time=None if silent else 2.75,
            first_movement=None if silent else 1.0,
            path_t=[] if silent else path_t,
            path=[] if silent else path,
        )


def torn(path: Path, keep: int) -> Path:
    """Cut a journal off after `keep` bytes."""
    path.write_bytes(path.read_bytes()[:keep])
    return path


FLAGSHIP = Session(runs=4, trials=16)
__all__ = ["FLAGSHIP", "Session", "replace", "torn", "write_pictures", "write_session"]
