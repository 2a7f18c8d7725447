"""What stands beside a run's data: how it was made, by what, and how it went."""

from __future__ import annotations

from typing import Any

from experiment.bids.columns import EVENT_COLUMNS
from experiment.bids.recordings import Recording
from experiment.bids.records import RunRecord
from experiment.journal.events import DeviceOpened, SessionStart
from experiment.plan.timeline import NO_SITE
from experiment.timing.pulses import findings

ORIGIN = {
    "participant": "A person, with real devices.",
    "pilot": "A pilot: a person, but a device that the study uses was emulated. Not study data.",
    "simulated": "Made by a simulated participant: never evidence about people.",
}
PSYCHOPY_RRID = "RRID:SCR_006571"


def events_sidecar(run: RunRecord, missing_pictures: list[str]) -> dict[str, Any]:
    """The sidecar of `events.tsv`: every column, and the run's own story."""
    skipped = sorted(run.skipped)
    story = {
        "RunStatus": run.status,
        "PlannedRun": run.start.design_run,
        "Segment": run.start.segment,
        "Acquisition": run.start.acquisition,
        "AbortedTrials": _trials(run, "aborted"),
        "InterruptedTrials": _trials(run, "interrupted"),
        "SkippedHeats": [
            {"trial": trial, "reason": run.skipped[trial].reason} for trial in skipped
        ],
        "JournalEndsTorn": bool(run.journal.torn),
        "MissingPictures": missing_pictures,
    }
    return (
        common(run)
        | {"StimulusPresentation": _presentation(run.head)}
        | _scan(run)
        | story
        | _of_paradigm(run)
        | _timing(run)
        | _columns(run)
    )


def _columns(run: RunRecord) -> dict[str, Any]:
    """The columns, with a word on every kind of phase: the validator refuses one without."""
    known: dict[str, str] = EVENT_COLUMNS["trial_type"]["Levels"]
    own = {p.trial_type: _own_kind(p.trial_type) for p in run.phases if p.trial_type not in known}
    if not own:
        return EVENT_COLUMNS
    return EVENT_COLUMNS | {"trial_type": EVENT_COLUMNS["trial_type"] | {"Levels": known | own}}


def _own_kind(trial_type: str) -> str:
    question = trial_type.removeprefix("rating_")
    if question != trial_type:
        return f"Rating on the question {question}; a portrait may stand above the scale"
    return "A kind of phase that the study defines itself"


def _of_paradigm(run: RunRecord) -> dict[str, Any]:
    """The skin site of a run with heat; of a block of judgements, what was asked, on which line."""
    if run.start.skin_site != NO_SITE:
        return {"SkinSite": run.start.skin_site}
    asked = {str(row["question"]) for row in run.rows.values() if row.get("question")}
    if len(asked) != 1:
        return {}
    question = asked.pop()
    design = run.head.study.get("design", {})
    numbers = next(
        (q.get("numbers") for q in design.get("questions", ()) if q.get("name") == question), None
    )
    line = {"RatingEnds": numbers["ends"], "RatingUnits": numbers["unit"]} if numbers else {}
    return {"Question": question, **line}


def recording_sidecar(run: RunRecord, recording: Recording) -> dict[str, Any]:
    """The sidecar of a continuous recording."""
    return common(run) | {
        "Description": recording.description,
        "SamplingFrequency": recording.frequency_hz,
        "StartTime": recording.start_s,
        "Columns": list(recording.columns),
        **recording.columns,
    }


def common(run: RunRecord) -> dict[str, Any]:
    """What every sidecar says: which task, whose data, made with what."""
    head = run.head
    return {
        "TaskName": task_name(head),
        "TaskDescription": str(head.study.get("description") or study_title(head)),
        "DataOrigin": head.kind,
        "DataOriginDescription": ORIGIN[head.kind],
        "OnsetReference": (
            "start of the first volume stored in the image file"
            if run.zero is not None and run.zero.first_stored is not None
            else "start of the run"
        ),
        "Journal": run.journal.path.name,
        "TrustpainVersion": head.versions.get("trustpain", "unknown"),
        "TrustpainCommit": head.commit or "unknown",
        "TrustpainModified": head.dirty,
        "StudyName": study_name(head),
        "StudySHA256": head.study_sha256,
        "RigName": str(head.rig.get("name", "unknown")),
        "RigSHA256": head.rig_sha256,
        "Allocation": head.allocation,
        "Seed": head.seed,
        "Scenario": head.scenario or "none",
        "VirtualTime": head.virtual_time,
        "DisplaySynchronised": bool(head.display.get("synchronised")),
        **_responses(run),
    }


def _responses(run: RunRecord) -> dict[str, Any]:
    """How responses were stamped: a line for each of the devices that were read."""
    opened = [e for e in run.journal.of(DeviceOpened) if e.role == "responses"]
    details = opened[-1].details if opened else {}
    stamps = {k: v for k, v in sorted(details.items()) if k.endswith("stamps")}
    doubts = {k: v for k, v in sorted(details.items()) if k.endswith(("uncertainty_us", "warning"))}
    return {
        "ResponseDevices": opened[-1].kind if opened else "unknown",
        "ResponseStamps": stamps or "not stated",
        **({"ResponseStampDoubts": doubts} if doubts else {}),
    }


def study_name(head: SessionStart) -> str:
    """The study's name, as in its file."""
    return str(head.study.get("name", "unknown"))


def study_title(head: SessionStart) -> str:
    """The study's title, for people."""
    return str(head.study.get("title") or study_name(head))


def task_name(head: SessionStart) -> str:
    """The task label; BIDS wants letters and digits alone."""
    label = "".join(c for c in str(head.study.get("task", "")) if c.isascii() and c.isalnum())
    return label or "trustpain"


def _presentation(head: SessionStart) -> dict[str, Any]:
    """BIDS' StimulusPresentation; lengths in metres, sizes as [width, height]."""
    measured = {key: value for key, value in head.display.items() if value}
    screen = {**head.rig.get("screen", {}), **measured}
    software = "PsychoPy" if screen.get("kind") == "window" else ""
    found: dict[str, Any] = {
        "OperatingSystem": head.system.get("os") or head.system.get("platform"),
        "SoftwareName": software or "trustpain",
        "SoftwareRRID": PSYCHOPY_RRID if software else None,
        "SoftwareVersion": head.versions.get("psychopy" if software else "trustpain"),
        "ScreenRefreshRate": screen.get("refresh_hz"),
        "ScreenOrigin": ["top", "left"],
    }
    width_px, height_px = screen.get("width_px"), screen.get("height_px")
    if width_px and height_px:
        found["ScreenResolution"] = [width_px, height_px]
        if width_cm := screen.get("width_cm"):
            height_cm = width_cm * height_px / width_px
            found["ScreenSize"] = [round(width_cm / 100, 4), round(height_cm / 100, 4)]
    if distance_cm := screen.get("distance_cm"):
        found["ScreenDistance"] = round(distance_cm / 100, 4)
    return {key: value for key, value in found.items() if value is not None}


def _scan(run: RunRecord) -> dict[str, Any]:
    zero = run.zero
    if not run.scanned or zero is None:
        return {}
    begins_s = zero.t - run.onset_zero
    tr_s = run.pulse_fit.tr_fitted_s if run.pulse_fit is not None else zero.tr_s
    return {
        "RepetitionTime": zero.tr_s,
        "Volumes": run.start.volumes,
        "DummyVolumesStored": zero.dummies_stored,
        "DummyVolumesPulsedNotStored": zero.dummies_pulsed_not_stored,
        # Counted from 0; later than the stored dummies if one of their pulses was missed.
        "FirstAnalysedVolume": round(begins_s / tr_s) if tr_s else zero.dummies_stored,
        "FirstAnalysedVolumeOnset": round(begins_s, 4),
        "Pulses": len(run.pulses),
        "PulsesExpected": run.end.pulses_expected if run.end is not None else None,
        **_pulses(run),
        "OnsetCorrection": round(run.correction.seconds, 4),
        "OnsetCorrectionReason": run.correction.reason or "none needed",
    }


def _pulses(run: RunRecord) -> dict[str, Any]:
    """What all pulses together say; see experiment/timing/pulses.py."""
    fit = run.pulse_fit
    if fit is None:
        return {}
    return {
        "PulsesDoubled": len(fit.doubled),
        "PulsesMissing": [volume + 1 for volume in fit.missing],  # counted from the first received
        "PulseFindings": findings(fit),
        "RepetitionTimeMeasured": round(fit.tr_fitted_s, 5),
        "PulseJitter": round(fit.jitter_s, 4),
    }


def _timing(run: RunRecord) -> dict[str, Any]:
    # Beyond one of them: "look"; beyond twice as much: "not_good".
    criteria = {"TimingCriteria": run.head.study.get("verdict") or "not stated"}
    if run.end is None:
        said = ["the program ended in the run"]
        return {"TimingVerdict": "unknown", "TimingReasons": said, **criteria}
    return {
        **criteria,
        "TimingVerdict": run.end.verdict,
        "TimingReasons": run.end.reasons,
        "MaximumLateness": run.end.max_lateness_s,
        "DroppedFrames": run.end.dropped_frames,
        "MarkersLost": run.end.markers_lost,
    }


def _trials(run: RunRecord, status: str) -> list[int]:
    return [trial for trial in run.trials if run.trial_status(trial) == status]
