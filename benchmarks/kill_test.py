"""Sessions killed by SIGKILL at any byte or moment, and gone on with: `python -m benchmarks.kill_test`.

190 sessions run in virtual time and are killed at a random byte of the journal or a random virtual
moment; 10 run in a real window in real time, on emulators in processes of their own. Each is then
gone on with by `trustpain resume`. Nothing that was completed may be lost, doubled or changed, and
the datasets must be valid. May be interrupted: results stand in docs/figures/kill_test.json, and a
second call does what is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console

from benchmarks import killed_session
from benchmarks.kill_check import Trial, as_killed, complaints
from benchmarks.real_kill import real_kill
from experiment.bids.validate import validate_dataset
from experiment.places import ROOT
from experiment.session.finish import finish
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting

RESULTS = ROOT / "docs" / "figures" / "kill_test.json"
SEED = 20_261_123
TRIALS: set[Trial] = {(run, trial) for run in (1, 2) for trial in range(1, 5)}
JOURNAL_BYTES, SESSION_S = 215_000, 400.0  # of a whole session of `pilot_short`
TO_A_DATASET = 10
NOT_VALID = "its dataset isn't valid"
ADVICE = "was cut off before anything was done"  # then a new session is to be begun


@dataclass(frozen=True)
class Case:
    """One killed session and what was found. `where`: byte, moment or wall; `at`: which."""

    number: int
    where: str
    at: float
    killed: bool = False
    trials_before: int = 0
    torn: bool = False
    problems: list[str] = field(default_factory=list)


def plan(virtual: int, real: int) -> list[Case]:
    """Where each session will be killed: the same in each call."""
    chance = random.Random(SEED)
    cases = []
    for number in range(1, virtual + 1):
        byte = chance.random() < 0.5
        at = chance.randrange(1, JOURNAL_BYTES) if byte else chance.uniform(0.0, SESSION_S)
        cases.append(Case(number, "byte" if byte else "moment", round(at, 3)))
    for number in range(virtual + 1, virtual + real + 1):
        cases.append(Case(number, "wall", round(chance.uniform(5.0, 110.0), 1)))
    return cases


def in_a_process(call: Callable[[], object], output: Path) -> int:
    """Call something in a process of its own; its exit code, or minus the signal that ended it.

    Forked, with everything imported already: two hundred starts of Python would take an hour.
    """
    process = os.fork()
    if process == 0:
        with output.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
            sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
        try:
            call()
        except SystemExit as ended:
            os._exit(int(ended.code or 0))
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(70)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


def trustpain(output: Path, *arguments: str) -> int:
    """The real command line, in a process of its own."""
    from experiment.cli import main as command_line
    from experiment.report import session as report

    def call() -> None:
        # A report takes five times as long as all the rest, and is made of the journals alone.
        report.write_report = lambda *_, **__: Path()
        sys.argv = ["trustpain", *arguments]
        command_line()

    return in_a_process(call, output)


def import_everything() -> None:
    """A whole session here, so that what it imports needn't be imported in each process again."""
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere:
        prepared = prepare(Request(killed_session.STUDY, out=Path(folder), simulated=True))
        finish(play(prepared, virtual_setting()), Console(file=nowhere))


def virtual_kill(case: Case, folder: Path, again: str = "") -> Case:
    """Kill one session in virtual time, go on with it, and look."""
    label = f"{case.number:03d}{again}"
    output = folder / f"{label}.txt"
    folder.mkdir(parents=True, exist_ok=True)
    code = in_a_process(
        lambda: killed_session.main(str(folder), label, case.where, str(case.at)), output
    )
    if code == 0 and not again:  # a short session, over before its moment came
        return virtual_kill(_with(case, at=round(case.at / 2, 3)), folder, "again")
    if code != -signal.SIGKILL:
        return _with(case, problems=[f"wasn't killed but ended with {code}"])
    dataset, stem = folder / "pilot_short-sim", f"sub-sim{label}"
    journal = dataset / "sourcedata" / stem / f"{stem}_journal-001.jsonl"
    before = as_killed(journal)
    problems = go_on(dataset, stem, label, journal, output)
    problems += complaints(dataset, stem, before, TRIALS)
    return _with(
        case,
        killed=True,
        trials_before=len(before.done),
        torn=bool(before.data) and not before.data.endswith(b"\n"),
        problems=problems,
    )


def go_on(dataset: Path, stem: str, label: str, journal: Path, output: Path) -> list[str]:
    """Resume as a user would, also where that means to begin anew."""
    code = trustpain(output, "resume", str(dataset / "sourcedata" / stem))
    if code == 2 and (not journal.exists() or ADVICE in _text(output)):
        journal.unlink(missing_ok=True)
        arguments = ("--participant", label, "--out", str(dataset.parent))
        code = trustpain(output, "dry-run", "--study", "pilot_short", *arguments)
    return [f"resume ended with {code}: {_text(output)[-300:]}"] if code else []


def _text(output: Path) -> str:
    """What a program said, in one line whatever the terminal's width."""
    return " ".join(output.read_text(encoding="utf-8", errors="replace").split())


def _with(case: Case, **changes: object) -> Case:
    return Case(**{**asdict(case), **changes})  # type: ignore[arg-type]


def run(cases: list[Case], results: Path, say: Callable[[str], None]) -> list[Case]:
    """Do what isn't in the results yet, some sessions to a dataset, which is then validated."""
    missing = [case for case in cases if case.number not in _done(results)]
    if missing:
        import_everything()
    while missing:
        size = 1 if missing[0].where == "wall" else TO_A_DATASET
        batch, missing = missing[:size], missing[size:]
        with tempfile.TemporaryDirectory(prefix="kill_test_") as folder:
            found = [_one(case, Path(folder), say) for case in batch]
            described = list(Path(folder).glob("*-*/dataset_description.json"))
            if not described or not validate_dataset(described[0].parent).ok:
                found = [_with(case, problems=[*case.problems, NOT_VALID]) for case in found]
        # Read again: another process may be doing the others.
        _write(results, _done(results) | {case.number: case for case in found})
    done = _done(results)
    return [done[case.number] for case in cases]


def _one(case: Case, folder: Path, say: Callable[[str], None]) -> Case:
    if case.where == "wall":
        killed, before, problems = real_kill(folder, f"{case.number:03d}", case.at)
        found = _with(case, killed=killed, trials_before=before, problems=problems)
    else:
        found = virtual_kill(case, folder)
    say(f"{case.number:3d} {case.where} {case.at:g}: {'; '.join(found.problems) or 'sound'}")
    return found


def _done(results: Path) -> dict[int, Case]:
    if not results.exists():
        return {}
    found = [Case(**case) for case in json.loads(results.read_text(encoding="utf-8"))["cases"]]
    return {case.number: case for case in found}


def _write(results: Path, done: dict[int, Case]) -> None:
    cases = [done[number] for number in sorted(done)]
    sound = [case for case in cases if case.killed and not case.problems]
    summary = {
        "made_by": "python -m benchmarks.kill_test",
        "killed": sum(case.killed for case in cases),
        "in_real_time": sum(case.killed and case.where == "wall" for case in cases),
        "torn_lines": sum(case.torn for case in cases),
        "trials_completed_before": sum(case.trials_before for case in cases),
        "sound": len(sound),
        "cases": [asdict(case) for case in cases],
    }
    results.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--virtual", type=int, default=190)
    parser.add_argument("--real", type=int, default=10)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--only", choices=("virtual", "real"), help="to do both at once")
    asked = parser.parse_args()
    cases = plan(asked.virtual, asked.real)
    if asked.only is not None:
        cases = [case for case in cases if (case.where == "wall") == (asked.only == "real")]
    cases = run(cases, asked.results, lambda said: print(said, flush=True))
    sound = sum(case.killed and not case.problems for case in cases)
    print(f"{sound} of {len(cases)} killed sessions were gone on with, and nothing was lost")
    sys.exit(0 if sound == len(cases) else 5)


if __name__ == "__main__":
    main()
