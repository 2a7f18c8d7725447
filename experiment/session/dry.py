"""Dry runs: sessions in virtual time, one after the other, without a window."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import track

from experiment.dataset import fresh_folder
from experiment.errors import ExitCode
from experiment.session.finish import finish
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting

DATA = Path("data")


def fresh_out(name: str) -> Path:
    """A folder of its own for each call: `data/dry-run-001` and so on."""
    return fresh_folder(DATA, name)


def dry_runs(
    study: str,
    rig: str,
    participant: str,
    participants: int | None,
    session: str | None,
    seed: int | None,
    out: Path,
    language: str = "en",
) -> ExitCode:
    """Play one session, or those of participants 1 to N; the worst exit code comes back."""
    console = Console()
    if participants is None:
        return dry_run_one(
            Request(study, rig, participant, session, None, None, seed, out, True, language),
            console,
        )
    width = max(2, len(str(participants)))
    codes = []
    for number in track(
        range(1, participants + 1), "Dry runs", console=console, disable=not console.is_terminal
    ):
        label = f"sim{number:0{width}d}"
        request = Request(study, rig, label, session, number, None, seed, out, True, language)
        codes.append(dry_run_one(request, None))
    done = codes.count(ExitCode.DONE)
    console.print(
        f"{done} of {participants} sessions completed; the data are in {out}", markup=False
    )
    return max(codes)


def dry_run_one(request: Request, console: Console | None) -> ExitCode:
    """Play one session in virtual time."""
    return finish(play(prepare(request), virtual_setting()), console, with_report=False)
