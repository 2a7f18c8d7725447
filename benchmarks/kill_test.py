"""Sessions killed by SIGKILL at any byte or moment, and gone on with: `python -m benchmarks.kill_test`.

190 sessions run in virtual time and are killed at a random byte of the journal or a random virtual
moment, every tenth of them while a run is being repeated; 10 run in a real window in real time, on
emulators in processes of their own. Each is then gone on with by `trustpain resume`. Nothing that
was completed may be lost, doubled or changed, and the datasets must be valid. May be interrupted:
results stand in docs/figures/kill_test.json, and a second call does what is missing, or was found
with another state of the code.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
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
from benchmarks.kill_check import Before, Trial, as_killed, complaints
from benchmarks.real_kill import real_kill
from experiment.bids.validate import validate_dataset
from experiment.places import ROOT
from experiment.session.finish import finish
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting

RESULTS = ROOT / "docs" / "figures" / "kill_test.json"
SEED = 20_261_123
TRIALS: set[Trial] = {(run, 0, trial) for run in (1, 2) for trial in range(1, 5)}
JOURNAL_BYTES, SESSION_S = 215_000, 400.0  # of a whole session of `pilot_short`
REPEAT_SHARE = 0.55  # of that in the repeat of one of its two runs
REPEATS_EVERY = 10
ROOMS = ("conditions", "stimuli", "hardware", "experiment", "benchmarks")
TO_A_DATASET = 10
NOT_VALID = "its dataset isn't valid"
ADVICE = "was cut off before anything was done"  # then a new session is to be begun
FINISHED = "is finished, so there is nothing to go on with"


@dataclass(frozen=True)
class Case:
    """One killed session and what was found. `where`: byte, moment or wall; `at`: which.

    `repeats` is the planned run whose repeat was killed, 0 if it was the session itself. `code` is
    the state of the code that it was found with.
    """

    number: int
    where: str
    at: float
    killed: bool = False
    trials_before: int = 0
    torn: bool = False
    problems: list[str] = field(default_factory=list)
    repeats: int = 0
    code: str = ""


def plan(virtual: int, real: int) -> list[Case]:
    """Where each session will be killed: the same in each call."""
    chance, which = random.Random(SEED), random.Random(SEED + 1)
    cases = []
    for number in range(1, virtual + 1):
        byte = chance.random() < 0.5
        repeats = which.choice((1, 2)) if number % REPEATS_EVERY == 0 else 0
        at = chance.randrange(1, JOURNAL_BYTES) if byte else chance.uniform(0.0, SESSION_S)
        if repeats:
            at *= REPEAT_SHARE
        where = "byte" if byte else "moment"
        cases.append(Case(number, where, round(at, 3), repeats=repeats))
    for number in range(virtual + 1, virtual + real + 1):
        cases.append(Case(number, "wall", round(chance.uniform(5.0, 110.0), 1)))
    return cases


@functools.cache
def code_state() -> str:
    """A short hash of everything that the figures depend on."""
    found = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in (".py", ".toml"):
                found.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:12]


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
    if case.repeats and (code := _whole(label, folder, output)):
        return _with(case, problems=[f"the session to repeat ended with {code}"])
    run = str(case.repeats or "")
    code = in_a_process(
        lambda: killed_session.main(str(folder), label, case.where, str(case.at), run), output
    )
    if code == 0 and not again:  # a short session, over before its moment came
        return virtual_kill(_with(case, at=round(case.at / 2, 3)), folder, "again")
    if code != -signal.SIGKILL:
        return _with(case, problems=[f"wasn't killed but ended with {code}"])
    dataset, stem = folder / "pilot_short-sim", f"sub-sim{label}"
    journals = [
        dataset / "sourcedata" / stem / f"{stem}_journal-00{number}.jsonl"
        for number in range(1, 3 if case.repeats else 2)
    ]
    before = as_killed(*journals)
    trials = TRIALS
    if case.repeats:
        problems = go_on_with_repeat(dataset, stem, case.repeats, before, output)
        trials = TRIALS | {(run, 1, trial) for run, _, trial in TRIALS if run == case.repeats}
    else:
        problems = go_on(dataset, stem, label, journals[0], output)
    problems += complaints(dataset, stem, before, trials)
    return _with(
        case,
        killed=True,
        trials_before=len(before.done),
        torn=before.torn,
        problems=problems,
    )


def go_on(dataset: Path, stem: str, label: str, journal: Path, output: Path) -> list[str]:
    """Resume as a user would, also where that means to begin anew."""
    code = trustpain(output, "resume", str(dataset / "sourcedata" / stem))
    if code == 2 and (not journal.exists() or ADVICE in _text(output)):
        journal.unlink(missing_ok=True)
        arguments = ("--participant", label, "--out", str(dataset.parent))
        code = trustpain(output, "dry-run", "--study", "pilot_short", *arguments)
    if code == 2 and FINISHED in _text(output):
        code = 0  # killed after its last trial; whether it's whole is looked at
    return [f"resume ended with {code}: {_text(output)[-300:]}"] if code else []


def go_on_with_repeat(
    dataset: Path, stem: str, run: int, before: Before, output: Path
) -> list[str]:
    """Resume as a user would; what never came to its first line is repeated anew."""
    path = str(dataset / "sourcedata" / stem)
    code = trustpain(output, "resume", path)
    if code == 2 and FINISHED in _text(output):
        # Killed after its last trial, it is whole (which is looked at); before its first line, not.
        code = trustpain(output, "resume", path, "--repeat-run", str(run)) if before.headless else 0
    return [f"resume ended with {code}: {_text(output)[-300:]}"] if code else []


def _whole(label: str, folder: Path, output: Path) -> int:
    """A session that ends as it should, of which a run will be repeated; its exit code."""
    asked = ("--study", killed_session.STUDY, "--participant", label, "--out", str(folder))
    return trustpain(output, "dry-run", *asked)


def _text(output: Path) -> str:
    """What a program said, in one line whatever the terminal's width."""
    return " ".join(output.read_text(encoding="utf-8", errors="replace").split())


def _with(case: Case, **changes: object) -> Case:
    return Case(**{**asdict(case), **changes})  # type: ignore[arg-type]


def run(cases: list[Case], results: Path, say: Callable[[str], None]) -> list[Case]:
    """Do what isn't in the results yet, some sessions to a dataset, which is then validated."""
    missing = [case for case in cases if not is_done(case, _done(results))]
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
    of = f" of the repeat of run {case.repeats}" if case.repeats else ""
    what = "; ".join(found.problems) or "sound"
    say(f"{case.number:3d} {case.where} {case.at:g}{of}: {what}")
    return _with(found, code=code_state())


def is_done(case: Case, done: dict[int, Case]) -> bool:
    """Whether there is a result of this very case, found with today's code."""
    found = done.get(case.number)
    same = found is not None and (found.where, found.repeats) == (case.where, case.repeats)
    return same and found is not None and found.code == code_state()


def _done(results: Path) -> dict[int, Case]:
    if not results.exists():
        return {}
    found = [Case(**case) for case in json.loads(results.read_text(encoding="utf-8"))["cases"]]
    return {case.number: case for case in found}


def _write(results: Path, done: dict[int, Case]) -> None:
    # Figures of two states of the code would be the figures of neither.
    cases = [done[number] for number in sorted(done) if done[number].code == code_state()]
    killed = [case for case in cases if case.killed]
    sound = [case for case in killed if not case.problems]
    summary = {
        "made_by": "python -m benchmarks.kill_test",
        "code": code_state(),
        **counts(killed),
        "torn_lines": sum(case.torn for case in cases),
        "trials_completed_before": sum(case.trials_before for case in cases),
        "sound": len(sound),
        "cases": [asdict(case) for case in cases],
    }
    results.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


def counts(killed: list[Case]) -> dict[str, int]:
    """How many were killed, and how."""
    where = [case.where if not case.repeats else "repeat" for case in killed]
    return {
        "killed": len(killed),
        "in_a_real_window_in_real_time": where.count("wall"),
        "at_a_byte_of_the_journal": where.count("byte"),
        "at_a_virtual_moment": where.count("moment"),
        "while_a_run_was_repeated": where.count("repeat"),
    }


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
    found = counts([case for case in cases if case.killed])
    print("; ".join(f"{name.replace('_', ' ')}: {number}" for name, number in found.items()))
    sys.exit(0 if sound == len(cases) else 5)


if __name__ == "__main__":
    main()
