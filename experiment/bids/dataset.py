"""The files at the top of a dataset: what it is, who made it, and its list of participants."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from filelock import FileLock

from experiment.bids.columns import PARTICIPANT_COLUMNS
from experiment.bids.files import json_bytes, tsv_bytes, write_whole
from experiment.bids.sidecar import ORIGIN, study_title
from experiment.journal.events import SessionStart

BIDS_VERSION = "1.10.0"

_NAME_SUFFIX = {
    "participant": "",
    "pilot": " (pilot, not study data)",
    "simulated": " (simulated, not data of people)",
}


def update_dataset(dataset: Path, label: str, head: SessionStart) -> list[Path]:
    """Bring the dataset's own files up to date for one participant; gives their paths.

    What a laboratory has added (authors, licence, columns such as age) stays. Raises `ValueError`,
    in one sentence, for a file that it has made unreadable.
    """
    lock = dataset / "sourcedata" / ".lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    # Two sessions of one dataset may end at the same moment, and both rewrite its list of
    # participants. A process that dies lets go by itself.
    with FileLock(lock):
        written = [
            _update_description(dataset, head),
            _update_participants(dataset, label, head),
            write_whole(dataset / "participants.json", _participants_sidecar(dataset)),
        ]
        readme = dataset / "README"
        if not any(dataset.glob("README*")):
            write_whole(readme, _readme(head).encode())
        return [*written, readme]


def _update_description(dataset: Path, head: SessionStart) -> Path:
    path = dataset / "dataset_description.json"
    found = read_json(path)
    tools = {_tool_key(tool): tool for tool in found.get("GeneratedBy", [])}
    tool = _tool(head)
    tools[_tool_key(tool)] = tool
    ours = {
        "Name": found.get("Name", study_title(head) + _NAME_SUFFIX[head.kind]),
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "DataOrigin": head.kind,
        "DataOriginDescription": ORIGIN[head.kind],
        "GeneratedBy": [tools[key] for key in sorted(tools)],
        "SourceDatasets": [{"URL": "bids::sourcedata/"}],
    }
    return write_whole(path, json_bytes({**ours, **{k: found[k] for k in found if k not in ours}}))


def _tool(head: SessionStart) -> dict[str, str]:
    return {
        "Name": "trustpain",
        "Version": head.versions.get("trustpain", "unknown"),
        "Description": f"Presented the study and wrote these files. {ORIGIN[head.kind]}",
    }


def _tool_key(tool: dict[str, Any]) -> tuple[str, str]:
    return str(tool.get("Name", "")), str(tool.get("Version", ""))


def _update_participants(dataset: Path, label: str, head: SessionStart) -> Path:
    path = dataset / "participants.tsv"
    rows = {row["participant_id"]: row for row in read_tsv(path)}
    participant = f"sub-{label}"
    if participant not in rows and not (dataset / participant).is_dir():
        # A session that ended before its first run: BIDS wants nobody listed who has no data.
        return path
    ours = {
        "participant_id": participant,
        "allocation": str(head.allocation),
        "data_origin": head.kind,
        "n_runs": str(len(list((dataset / participant).rglob("*_events.tsv")))),
    }
    rows[participant] = {**rows.get(participant, {}), **ours}
    columns = list(dict.fromkeys([*ours, *(name for row in rows.values() for name in row)]))
    table = [[rows[key].get(name) or "n/a" for name in columns] for key in sorted(rows)]
    return write_whole(path, tsv_bytes(columns, table))


def _participants_sidecar(dataset: Path) -> bytes:
    found = read_json(dataset / "participants.json")
    return json_bytes(
        {**PARTICIPANT_COLUMNS, **{k: v for k, v in found.items() if k not in PARTICIPANT_COLUMNS}}
    )


def _readme(head: SessionStart) -> str:
    recordings = "the thermode's temperature and the ratings' cursor"
    if head.study.get("paradigm") == "norming":
        recordings = "the ratings' cursor"
    return f"""{study_title(head)}{_NAME_SUFFIX[head.kind]}

{ORIGIN[head.kind]}

This dataset follows the Brain Imaging Data Structure (BIDS). It was written by trustpain.

sub-*/            one events.tsv a run, with {recordings}
                  beside it (_recording-..._stim.tsv.gz); what each column means stands in the
                  .json file of the same name
stimuli/          the pictures that were shown; the column stim_file names them
participants.tsv  one line a participant
sourcedata/       the journals: every event, one line each, as it happened. Everything else here
                  was made from them and can be made again
derivatives/      reports and summaries

Runs in which volumes were acquired lie in func/, others in beh/. The run index of a file name
counts acquisitions: a run that was interrupted or repeated has more than one, and the column
design_run says which planned run each belongs to. RunStatus in the .json file says how it ended.
"""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file of the dataset, {} if it isn't there. Raises `ValueError` if it's damaged."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{path.name} of the dataset isn't JSON any more ({error}): mend or delete it"
        ) from None
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} of the dataset isn't a JSON object: mend or delete it")
    return found


def read_tsv(path: Path) -> list[dict[str, str]]:
    """A table of the dataset by participant. Raises `ValueError` if it's damaged."""
    if not path.is_file():
        return []
    try:
        lines = csv.DictReader(
            io.StringIO(path.read_text(encoding="utf-8")), delimiter="\t", restval="n/a"
        )
        rows = [{k: v for k, v in row.items() if k} for row in lines]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path.name} of the dataset can't be read ({error}): mend or delete it"
        ) from None
    if rows and "participant_id" not in rows[0]:
        raise ValueError(
            f"{path.name} of the dataset has no column participant_id: mend or delete it"
        )
    return rows
