"""What each column of `events.tsv` is: written into every sidecar, and the order of the columns."""

from __future__ import annotations

from typing import Any

Column = dict[str, Any]

_SECONDS = "s"
_CELSIUS = "degree Celsius"
_POINTS = "points of the scale, 0 to 100"
_FROM_ZERO = "on the same zero as onset (OnsetReference)"

EVENT_COLUMNS: dict[str, Column] = {
    "onset": {
        "LongName": "Onset",
        "Description": (
            "Onset, counted from OnsetReference. Of heat: the moment at which the start command "
            "was handed to the thermode; of every other phase: the flip of its first frame. "
            "Corrected by OnsetCorrection where all of the scanner's pulses say clearly that the "
            "one counted from wasn't the start of the first stored volume."
        ),
        "Units": _SECONDS,
    },
    "duration": {
        "LongName": "Duration",
        "Description": (
            "Until the flip of what followed. Of heat: from the start command until the thermode "
            "was back at baseline, or aborted. n/a where the end wasn't seen."
        ),
        "Units": _SECONDS,
    },
    "trial_type": {
        "LongName": "Phase of the trial",
        "Description": "What happened. Kinds that the study defines itself carry its own name.",
        "Levels": {
            "fixation": "Fixation cross",
            "clinician": "A clinician's portrait appears",
            "anticipation": "The procedure is announced; the portrait stays",
            "heat": "A heat stimulus of a trial, given; the portrait stays",
            "heat_leadin": "The heat stimulus before the first trial of a run, given, unrated",
            "heat_skipped": (
                "A slot for heat for which no start command was logged: refused by the safety "
                "guard, not ready in time, or stopped before (see status)"
            ),
            "rating_intensity": "Rating of pain intensity",
            "rating_unpleasantness": "Rating of unpleasantness",
        },
    },
    "trial": {
        "LongName": "Trial number",
        "Description": (
            "Number of the trial in its planned run, from 1; 0 is the run's lead-in; -1 is what "
            "belongs to no trial, such as the last fixation."
        ),
    },
    "clinician": {
        "LongName": "Clinician",
        "Description": "Which clinician the trial shows; n/a in the lead-in.",
    },
    "trust": {
        "LongName": "Trust level",
        "Description": "Trust level at which the trial's clinician is shown; n/a in the lead-in.",
        "Levels": {
            "low": "Face of low trustworthiness",
            "neutral": "Face of neutral trustworthiness",
            "high": "Face of high trustworthiness",
        },
    },
    "skin_site": {
        "LongName": "Skin site",
        "Description": (
            "Number of the site on the skin that the thermode lies on; n/a in a study without heat."
        ),
    },
    "temperature": {
        "LongName": "Temperature asked for",
        "Description": "Target of the heat stimulus; on the heat's row.",
        "Units": _CELSIUS,
    },
    "temperature_measured": {
        "LongName": "Temperature measured",
        "Description": "Mean over the plateau and the enabled zones, as the thermode reported.",
        "Units": _CELSIUS,
    },
    "plateau_onset": {
        "LongName": "Plateau onset",
        "Description": f"When the target was reached, as measured, {_FROM_ZERO}.",
        "Units": _SECONDS,
    },
    "plateau_end": {
        "LongName": "Plateau end",
        "Description": f"When the return to baseline began, as measured, {_FROM_ZERO}.",
        "Units": _SECONDS,
    },
    "overshoot": {
        "LongName": "Overshoot",
        "Description": "How far the hottest zone exceeded what was asked for, at most.",
        "Units": _CELSIUS,
    },
    "cem43": {
        "LongName": "Thermal dose delivered",
        "Description": "Cumulative equivalent minutes at 43 degree Celsius, as measured.",
        "Units": "min",
    },
    "rating": {
        "LongName": "Rating",
        "Description": (
            "Where the cursor stood at the end: 0 is the lowest end of the scale. n/a if nobody "
            "moved it or confirmed; never a default. Where RatingEnds is given, 0 and 100 stand for "
            "these two numbers (in RatingUnits)."
        ),
        "Units": _POINTS,
    },
    "response_time": {
        "LongName": "Response time",
        "Description": (
            "From the onset of the scale or question to confirming the answer; n/a if it wasn't "
            "confirmed."
        ),
        "Units": _SECONDS,
    },
    "confirmed": {
        "LongName": "Confirmed",
        "Description": "Whether the rating was confirmed by the participant.",
        "Levels": {"true": "Confirmed", "false": "Where the cursor stood when time was up"},
    },
    "first_movement": {
        "LongName": "First movement",
        "Description": "From the onset of the scale to the cursor's first movement.",
        "Units": _SECONDS,
    },
    "start_position": {
        "LongName": "Start position",
        "Description": "Where the rating's cursor stood at first.",
        "Units": _POINTS,
    },
    "choice": {
        "LongName": "Choice",
        "Description": "The option chosen, in a question with options.",
    },
    "marker": {
        "LongName": "Marker code",
        "Description": "Code that was sent to the marker box with the phase's first flip.",
    },
    "planned_onset": {
        "LongName": "Planned onset",
        "Description": f"Onset on the run's schedule, {_FROM_ZERO}.",
        "Units": _SECONDS,
    },
    "onset_raw": {
        "LongName": "Onset as counted in the run",
        "Description": (
            "Onset, counted from the pulse that the program took for the first stored volume: "
            "onset minus OnsetCorrection. The same as onset where nothing was corrected."
        ),
        "Units": _SECONDS,
    },
    "lateness": {
        "LongName": "Lateness",
        "Description": "onset minus planned_onset.",
        "Units": _SECONDS,
    },
    "status": {
        "LongName": "Status of the trial",
        "Description": "How the trial that this row belongs to ended.",
        "Levels": {
            "completed": "Went through to its end",
            "heat_skipped": "Went through to its end, but its heat wasn't given",
            "aborted": "Cut off by an emergency stop or a device that failed",
            "interrupted": "The program ended in the middle of it",
        },
    },
    "design_run": {
        "LongName": "Planned run",
        "Description": (
            "Number of the planned run that this acquisition belongs to; the run index of the "
            "file name counts acquisitions."
        ),
    },
    "segment": {
        "LongName": "Segment",
        "Description": "Stretch of the planned run between interruptions, from 1.",
    },
    "stim_file": {
        "LongName": "Picture",
        "Description": "Picture shown, in the folder stimuli/.",
    },
}

THERMODE_COLUMNS: dict[str, Column] = {
    "temperature": {
        "LongName": "Temperature",
        "Description": "Mean over the enabled zones of the thermode.",
        "Units": _CELSIUS,
    },
    "temperature_highest": {
        "LongName": "Highest temperature",
        "Description": "The hottest enabled zone.",
        "Units": _CELSIUS,
    },
}

RATING_COLUMNS: dict[str, Column] = {
    "cursor": {
        "LongName": "Cursor of the rating scale",
        "Description": (
            "Where the cursor stood while a scale was shown; n/a otherwise. Which scale, say the "
            "rows of events.tsv."
        ),
        "Units": _POINTS,
    },
}

PARTICIPANT_COLUMNS: dict[str, Column] = {
    "participant_id": {
        "LongName": "Participant",
        "Description": "Label of the participant; sub-sim... are simulated.",
    },
    "allocation": {
        "LongName": "Allocation number",
        "Description": (
            "Decides which clinician is met at which trust level; numbers 2k-1 and 2k are mates "
            "with the trust levels exchanged. In a study that norms portraits: in which order the "
            "questions come."
        ),
    },
    "data_origin": {
        "LongName": "Origin of the data",
        "Description": "Whether a person took part, and whether all devices were real.",
        "Levels": {
            "participant": "A person, with real devices",
            "pilot": "A person, but a device that the study uses was emulated",
            "simulated": "Nobody: ratings come from a simulated participant",
        },
    },
    "n_runs": {
        "LongName": "Number of runs",
        "Description": "Acquisitions with an events.tsv, interrupted and repeated ones included.",
    },
}
