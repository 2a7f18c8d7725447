"""What a visit adds to a dataset: face ratings (`beh`), questionnaires (`phenotype/`), and age,
sex and handedness (`participants.tsv`).

The exclusion check list isn't exported: answers about health stay in the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from conditions.questionnaire import Answer, ChoiceItem, NumberItem, Questionnaire
from experiment.bids.dataset import read_json, read_tsv
from experiment.bids.face_ratings import face_ratings_of
from experiment.bids.files import json_bytes, tsv_bytes, write_whole
from experiment.bids.sidecar import ORIGIN
from experiment.journal import Journal, events
from experiment.journal.events import SessionStart

MISSING = "n/a"
OPEN_QUESTIONS = "open_questions"

FACE_COLUMNS: dict[str, Any] = {
    "when": {
        "Description": "Whether before or after the runs.",
        "Levels": {"before": "", "after": ""},
    },
    "clinician": {"Description": "Identity of the clinician."},
    "trust": {"Description": "Trust level at which this participant meets the clinician."},
    "question": {"Description": "What was asked; the words are in the texts of the language."},
    "rating": {"Description": "Visual analogue scale, 0 to 100.", "Units": "arbitrary"},
    "response_time": {"Description": "From the scale's onset to confirming.", "Units": "s"},
    "stim_file": {"Description": "Picture shown, in the folder stimuli/."},
}

_PARTICIPANT_COLUMNS: dict[str, Any] = {
    "age": {"Description": "Age as told by the participant.", "Units": "year"},
    "sex": {
        "Description": "Sex as told by the participant.",
        "Levels": {"female": "female", "male": "male", "other": "other"},
    },
    "handedness": {
        "Description": "Hand with which the participant writes.",
        "Levels": {"left": "left", "right": "right", "ambidextrous": "either"},
    },
}


@dataclass
class _Visit:
    """What a session's journals say beside its runs."""

    answers: dict[str, dict[str, Answer]] = field(default_factory=dict)
    questionnaires: dict[str, Questionnaire] = field(default_factory=dict)
    open_questions: dict[str, str] = field(default_factory=dict)


def export_visit(dataset: Path, label: str, journals: Sequence[Journal]) -> list[Path]:
    """Write a visit's tables of answers; gives their paths, none for a session without a visit.

    None either for a participant without a folder: BIDS wants nobody listed who has no data, and the
    journal keeps the answers. Raises `ValueError`, in one sentence, for a table that a laboratory
    has made unreadable.
    """
    visit, head = _read(journals), journals[-1].head
    written: list[Path] = []
    if not (dataset / f"sub-{label}").is_dir():
        return written
    rows = {name: _row(visit, name) for name in visit.questionnaires if name in visit.answers}
    if visit.open_questions and OPEN_QUESTIONS in visit.answers:
        rows[OPEN_QUESTIONS] = {
            key: _cell(visit.answers[OPEN_QUESTIONS].get(key)) for key in visit.open_questions
        }
    if not rows and not _handedness(visit):
        return written
    lock = dataset / "sourcedata" / ".lock"
    with FileLock(lock):  # as in `update_dataset`: two sessions may end at the same moment
        for name, row in rows.items():
            written += _phenotype(dataset, label, head, name, row, _described(visit, name))
        written += _participants(dataset, label, visit)
    return written


def _read(journals: Iterable[Journal]) -> _Visit:
    visit = _Visit()
    for journal in journals:
        for event in journal.events:
            match event:
                case events.StepStart():
                    for data in event.details.get("questionnaires", ()):
                        visit.questionnaires[data["instrument"]] = Questionnaire.model_validate(
                            data["file"]
                        )
                    visit.open_questions |= event.details.get("open_questions", {})
                case events.Answered():
                    visit.answers.setdefault(event.instrument, {})[event.item] = event.value
                case _:
                    pass
    return visit


# --- face ratings -------------------------------------------------------------------------------


def export_faces(
    dataset: Path, label: str, journals: Sequence[Journal], stim_files: dict[str, str]
) -> list[Path]:
    """Write the ratings of faces without heat; gives their paths, none if there are none."""
    faces = face_ratings_of(journals)
    if not faces:
        return []
    head = journals[-1].head
    rows = [
        [
            face.when,
            _cell(face.clinician),
            _cell(face.trust),
            face.question,
            _cell(face.rating),
            _cell(None if face.response_time is None else round(face.response_time, 4)),
            stim_files.get(face.picture, MISSING),
        ]
        for face in faces
    ]
    session = f"ses-{head.session}" if head.session else ""
    folder = Path(*filter(None, [f"sub-{label}", session, "beh"]))
    stem = "_".join(filter(None, [f"sub-{label}", session, "task-faces_beh"]))
    sidecar = {
        "TaskName": "faces",
        "TaskDescription": "Every clinician rated on every item, without heat.",
        "DataOrigin": head.kind,
        "DataOriginDescription": ORIGIN[head.kind],
        "Language": head.language,
        **FACE_COLUMNS,
    }
    return [
        write_whole(dataset / folder / f"{stem}.tsv", tsv_bytes(list(FACE_COLUMNS), rows)),
        write_whole(dataset / folder / f"{stem}.json", json_bytes(sidecar)),
    ]


# --- questionnaires -----------------------------------------------------------------------------


def _row(visit: _Visit, name: str) -> dict[str, str]:
    questionnaire, answers = visit.questionnaires[name], visit.answers[name]
    items = {item.name: _cell(answers.get(item.name)) for item in questionnaire.item}
    scores = {key: _cell(value) for key, value in questionnaire.scores(answers).items()}
    return items | scores


def _described(visit: _Visit, name: str) -> dict[str, Any]:
    if name == OPEN_QUESTIONS:
        return {key: {"Description": text} for key, text in visit.open_questions.items()}
    found = visit.questionnaires[name]
    columns: dict[str, Any] = {
        "MeasurementToolMetadata": {
            "Description": f"{found.title['en']}. {found.source} Licence: {found.licence}."
        }
    }
    for item in found.item:
        column: dict[str, Any] = {"Description": item.text["en"]}
        if isinstance(item, ChoiceItem):
            column["Levels"] = {str(o.value): o.text["en"] for o in found.options_of(item)}
        elif isinstance(item, NumberItem):
            column["Units"] = item.unit
        columns[item.name] = column
    for score in found.score:
        columns[score.name] = {"Description": score.description, "Derivative": True}
    return columns


def _phenotype(
    dataset: Path,
    label: str,
    head: SessionStart,
    name: str,
    row: dict[str, str],
    described: dict[str, Any],
) -> list[Path]:
    """Put this session's row into the instrument's table; other people's rows stay."""
    path = dataset / "phenotype" / f"{name}.tsv"
    ours = {"participant_id": f"sub-{label}"}
    if head.session:
        ours["session_id"] = f"ses-{head.session}"
    rows = [found for found in read_tsv(path) if not _same(found, ours)]
    rows.append(ours | row)
    rows.sort(key=lambda found: (found["participant_id"], found.get("session_id", "")))
    columns = list(dict.fromkeys(key for found in (ours, *rows) for key in found))
    if "session_id" in columns:  # where BIDS wants it
        columns.remove("session_id")
        columns.insert(1, "session_id")
    table = [[found.get(column) or MISSING for column in columns] for found in rows]
    sidecar = {**read_json(path.with_suffix(".json")), **described}
    return [
        write_whole(path, tsv_bytes(columns, table)),
        write_whole(path.with_suffix(".json"), json_bytes(sidecar)),
    ]


def _same(row: dict[str, str], ours: dict[str, str]) -> bool:
    session = ours.get("session_id", MISSING)
    return (
        row["participant_id"] == ours["participant_id"]
        and (row.get("session_id") or MISSING) == session
    )


def _participants(dataset: Path, label: str, visit: _Visit) -> list[Path]:
    """Age, sex and handedness beside what stands in the list of participants already."""
    told = _handedness(visit)
    for name, questionnaire in visit.questionnaires.items():
        for item in questionnaire.item:
            if item.participants_column and item.name in visit.answers.get(name, {}):
                told[item.participants_column] = _cell(visit.answers[name][item.name])
    if not told:
        return []
    path = dataset / "participants.tsv"
    rows = {row["participant_id"]: row for row in read_tsv(path)}
    rows[f"sub-{label}"] = rows.get(f"sub-{label}", {"participant_id": f"sub-{label}"}) | told
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    table = [[rows[key].get(column) or MISSING for column in columns] for key in sorted(rows)]
    sidecar = read_json(dataset / "participants.json")
    described = {key: _PARTICIPANT_COLUMNS[key] for key in told}
    return [
        write_whole(path, tsv_bytes(columns, table)),
        write_whole(dataset / "participants.json", json_bytes(described | sidecar)),
    ]


def _handedness(visit: _Visit) -> dict[str, str]:
    """As told in the set-up, which knows it also where no questionnaire asks."""
    told = visit.answers.get("setup", {}).get("handedness")
    return {"handedness": _cell(told)} if told else {}


def _cell(value: Answer) -> str:
    """A value in a table: no tabs or line breaks, numbers as short as they are."""
    if value is None or value == "":
        return MISSING
    if isinstance(value, float):
        return f"{value:g}"
    return " ".join(str(value).split())
