"""From journals to BIDS: reads journals, writes what belongs to their participant and session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from experiment.bids.calibration_table import export_calibration
from experiment.bids.columns import EVENT_COLUMNS
from experiment.bids.dataset import update_dataset
from experiment.bids.events_table import event_rows
from experiment.bids.files import json_bytes, tsv_bytes, write_whole
from experiment.bids.pictures import keep_pictures
from experiment.bids.recordings import rating_recording, thermode_recording
from experiment.bids.records import RunRecord, records_of
from experiment.bids.sidecar import events_sidecar, recording_sidecar, task_name
from experiment.bids.visit_tables import export_faces, export_visit
from experiment.journal import Journal, read_journals
from experiment.journal.events import SessionStart


def export_session(
    dataset: Path, journals: Iterable[Path], pictures_root: Path | None = None
) -> list[Path]:
    """Write the BIDS files of one participant's session, from all its journals; gives their paths.

    Whatever was there is replaced, each file whole; made again from the same journals, every file
    has the same bytes. `pictures_root` is the folder that the journal's picture names are relative
    to. Raises `ValueError`, in one sentence, for journals that can't be read, don't belong
    together, or claim one run index twice; `OSError` if a file can't be written.
    """
    return export_journals(dataset, read_journals(journals), pictures_root)


def export_journals(
    dataset: Path, journals: Sequence[Journal], pictures_root: Path | None = None
) -> list[Path]:
    """Like `export_session`, from journals that have been read already, oldest first."""
    if not journals:
        raise ValueError("there is no journal to export")
    if len({(subject_label(j.head), j.head.session) for j in journals}) > 1:
        raise ValueError(
            f"{journals[0].path.name} and {journals[-1].path.name} are of different sessions: "
            f"export one session at a time"
        )
    head = journals[-1].head
    runs = _began(record for journal in journals for record in records_of(journal))
    stim_files = keep_pictures(dataset, runs, pictures_root)
    written = [path for run in runs for path in _export_run(dataset, run, stim_files)]
    written += export_calibration(dataset, subject_label(head), journals)
    written += export_faces(dataset, subject_label(head), journals, stim_files)
    # After all that may make the participant's folder, since nobody is listed who has none.
    written += update_dataset(dataset, subject_label(head), head)
    return written + export_visit(dataset, subject_label(head), journals)


def subject_label(head: SessionStart) -> str:
    """The label after `sub-`: that of a simulated participant always begins with `sim`."""
    if head.kind == "simulated" and not head.participant.startswith("sim"):
        return f"sim{head.participant}"
    return head.participant


def run_stem(run: RunRecord) -> str:
    """Path of a run's files in the dataset, up to the suffix."""
    head = run.head
    label = subject_label(head)
    session = f"ses-{head.session}" if head.session else ""
    folder = "/".join(filter(None, [f"sub-{label}", session, "func" if run.scanned else "beh"]))
    parts = [f"sub-{label}", session, f"task-{task_name(head)}", f"run-{run.start.run:02d}"]
    return f"{folder}/{'_'.join(filter(None, parts))}"


def _began(records: Iterable[RunRecord]) -> list[RunRecord]:
    """The segments that got as far as their first phase; others have nothing to export."""
    runs: dict[int, RunRecord] = {}
    for record in records:
        if record.zero is None or not record.phases:
            continue
        index = record.start.run
        if index in runs:
            raise ValueError(
                f"{runs[index].journal.path.name} and {record.journal.path.name} both hold a run "
                f"with index {index}, so that one would replace the other: nothing was exported"
            )
        runs[index] = record
    return list(runs.values())


def _export_run(dataset: Path, run: RunRecord, stim_files: dict[str, str]) -> list[Path]:
    stem = run_stem(run)
    shown = {phase.picture for phase in run.phases if phase.picture}
    missing = sorted(shown - stim_files.keys())
    table = tsv_bytes(list(EVENT_COLUMNS), event_rows(run, stim_files))
    files = {
        f"{stem}_events.tsv": table,
        f"{stem}_events.json": json_bytes(events_sidecar(run, missing)),
    }
    for recording in (thermode_recording(run), rating_recording(run)):
        if recording is not None:
            name = f"{stem}_recording-{recording.label}_stim"
            files[f"{name}.json"] = json_bytes(recording_sidecar(run, recording))
            files[f"{name}.tsv.gz"] = recording.data()
    return [write_whole(dataset / name, data) for name, data in files.items()]
