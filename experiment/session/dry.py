"""Dry runs: sessions in virtual time, one after the other, without a window."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from itertools import repeat
from pathlib import Path

from rich.console import Console
from rich.progress import track

from experiment.dataset import fresh_folder
from experiment.errors import ExitCode, UserError
from experiment.session.finish import finish
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting

DATA = Path("data")


@contextmanager
def fresh_out(name: str) -> Iterator[Path]:
    """A folder of its own for each call: `data/dry-run-001` and so on. Nothing in it: it goes."""
    folder = fresh_folder(DATA, name)
    try:
        yield folder
    finally:
        with suppress(OSError):  # refused unless it's empty
            folder.rmdir()


def dry_runs(
    study: str,
    rig: str,
    participant: str,
    participants: int | None,
    session: str | None,
    seed: int | None,
    out: Path,
    language: str = "en",
    processes: int = 1,
) -> ExitCode:
    """Play one session, or those of participants 1 to N; the worst exit code comes back.

    With several `processes` each plays one participant after the other, into the same dataset; the
    files are the same.
    """
    console = Console()
    if participants is None:
        return dry_run_one(
            Request(study, rig, participant, session, None, None, seed, out, True, language),
            console,
        )
    width = max(2, len(str(participants)))
    requests = [
        Request(study, rig, f"sim{n:0{width}d}", session, n, None, seed, out, True, language)
        for n in range(1, participants + 1)
    ]
    codes: list[ExitCode] = []
    try:
        for code in track(
            _played(requests, processes),
            "Dry runs",
            total=participants,
            console=console,
            disable=not console.is_terminal,
        ):
            codes.append(code)
    except UserError as error:
        # Others may have been played beside it, or in earlier turns: their data stay.
        refused = requests[len(codes)].participant
        raise UserError(
            f"{error} (that stopped sub-{refused}, after {len(codes)} of {participants} sessions; "
            f"what was played is in {out})",
            error.exit_code,
        ) from None
    done = codes.count(ExitCode.DONE)
    console.print(
        f"{done} of {participants} sessions completed; the data are in {out}", markup=False
    )
    return max(codes)


def _played(requests: Sequence[Request], processes: int) -> Iterator[ExitCode]:
    if processes == 1:
        for request in requests:
            yield dry_run_one(request, None)
        return
    # Begun anew rather than forked: threads of a library may hold locks by now.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(requests)), mp_context=context) as pool:
        yield from pool.map(dry_run_one, requests, repeat(None))


def dry_run_one(request: Request, console: Console | None) -> ExitCode:
    """Play one session in virtual time."""
    return finish(play(prepare(request), virtual_setting()), console, with_report=False)
