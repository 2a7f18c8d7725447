"""Playing a scenario, and saying whether it came out as its file states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from conditions.scenario import Expect, Scenario
from experiment.errors import ExitCode, UserError
from experiment.faults import Rehearsal
from experiment.inputs.files import SCENARIOS, Loaded, load_toml, shipped_names
from experiment.journal import Journal, events, read_journal
from experiment.recovery.past import DONE
from experiment.session.finish import finish
from experiment.session.preparation import Request, prepare
from experiment.session.session import Played, Setting, play
from experiment.session.settings import virtual_setting
from experiment.timing.verdict import VERDICTS

SAME_C = 0.15  # so much may the hottest temperature differ: a tenth, and how it's rounded


@dataclass(frozen=True)
class Found:
    """What came of a rehearsal, in the words of `Expect`; `told` is all that was said."""

    ending: str
    exit_code: int
    trials_kept: int
    highest_temperature: float | None
    heats: int
    heats_skipped: int
    ratings: int
    segments: int
    verdict: str | None
    told: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Line:
    """One line of the comparison."""

    what: str
    stated: str
    found: str
    agrees: bool


def load_scenario(source: str | Path) -> Loaded[Scenario]:
    """Read a shipped scenario or a scenario file. Raises `UserError` (exit code 2)."""
    return load_toml(source, Scenario, kind="scenario", shipped=SCENARIOS)


def shipped_scenarios() -> list[str]:
    """The names of the shipped scenarios, sorted."""
    return shipped_names(SCENARIOS)


def rehearse(source: str, out: Path, *, visual: bool = False) -> ExitCode:
    """Play a scenario and print what was stated beside what was found.

    0 if it came out as stated, whatever was rehearsed, 5 if not. Raises `UserError` for a bad file.
    """
    console = Console()
    scenario = load_scenario(source)
    console.print(scenario.model.title, style="bold", markup=False)
    found, missed = _in_window(scenario, out, console) if visual else _virtually(scenario, out)
    lines = [*compare(scenario.model.expect, found), *_not_reached(missed)]
    console.print(_table(lines), f"The data are in {out}.", highlight=False)
    if all(line.agrees for line in lines):
        console.print("It came out as stated.", style="green")
        return ExitCode.DONE
    for sentence in found.told:
        console.print(f"said: {sentence}", style="dim", markup=False, highlight=False)
    console.print("It did not come out as stated.", style="bold red")
    return ExitCode.NOT_AS_EXPECTED


def play_scenario(
    scenario: Loaded[Scenario], out: Path, setting: Setting, console: Console | None = None
) -> tuple[Found, list[str]]:
    """Play a scenario in a setting: what came of it, and the faults whose moment never came.

    Raises `UserError` (exit code 2) if its study or rig can't be used at all.
    """
    rehearsal = Rehearsal(scenario.model, scenario.path.stem, setting, console)
    prepared = prepare(_request(scenario, out))
    try:
        played = play(prepared, setting)
    except UserError as refusal:
        return _refused(refusal, rehearsal), rehearsal.never_came()
    exit_code = finish(played, None, with_report=False)
    return _found(played, exit_code, rehearsal), rehearsal.never_came()


def compare(expect: Expect, found: Found) -> list[Line]:
    """What was stated beside what was found."""
    lines = []
    for what in type(expect).model_fields:
        stated = getattr(expect, what)
        if what == "message_contains":
            lines += [_said(text, found.told) for text in stated]
        elif stated is not None:
            lines.append(_line(what, stated, getattr(found, what)))
    return lines


def _virtually(scenario: Loaded[Scenario], out: Path) -> tuple[Found, list[str]]:
    return play_scenario(scenario, out, virtual_setting())


def _in_window(scenario: Loaded[Scenario], out: Path, console: Console) -> tuple[Found, list[str]]:
    from experiment.clocks import RealClock
    from experiment.display.virtual_screen import needed_screen
    from experiment.session.settings import visual_setting

    clock = RealClock()
    try:
        with needed_screen(console):
            return play_scenario(scenario, out, visual_setting(clock, console), console)
    finally:
        clock.close()


def _request(scenario: Loaded[Scenario], out: Path) -> Request:
    """A participant named after the scenario, so that many may lie in one dataset."""
    model = scenario.model
    label = "".join(
        letter for letter in scenario.path.stem if letter.isascii() and letter.isalnum()
    )
    return Request(
        study=_beside(model.study, scenario.path, ".toml"),
        rig=_beside(model.rig, scenario.path, ".toml"),
        participant=label,
        allocation=1,  # so that its table is the same beside others in a dataset
        seed=model.seed,
        out=out,
        simulated=True,
    )


def _beside(name: str, path: Path, suffix: str) -> str:
    """A file that is named relative to the scenario's own; a shipped name stays one."""
    relative = path.parent / name
    return str(relative) if name.endswith(suffix) and relative.is_file() else name


# --- what came of it ----------------------------------------------------------------------------


def _refused(refusal: UserError, rehearsal: Rehearsal) -> Found:
    world = rehearsal.world
    return Found(
        ending="refused",
        exit_code=int(refusal.exit_code),
        trials_kept=0,
        highest_temperature=world.tcs.peak if world is not None else None,
        heats=len(world.tcs.heats) if world is not None else 0,
        heats_skipped=0,
        ratings=0,
        segments=0,
        verdict=None,
        told=(refusal.message, *rehearsal.experimenter.told),
    )


def _found(played: Played, exit_code: ExitCode, rehearsal: Rehearsal) -> Found:
    journal = read_journal(played.journal)
    world = rehearsal.world
    assert world is not None
    ends = journal.of(events.RunEnd)
    return Found(
        ending=played.ending.status,
        exit_code=int(exit_code),
        trials_kept=_trials_kept(journal),
        highest_temperature=world.tcs.peak,
        heats=len(world.tcs.heats),
        heats_skipped=len(journal.of(events.HeatSkipped)),
        ratings=sum(event.rating is not None for event in journal.of(events.Rating)),
        segments=len(journal.of(events.RunStart)),
        verdict=max((end.verdict for end in ends), key=VERDICTS.index, default=None),
        told=(
            *rehearsal.experimenter.told,
            *(reason for end in ends for reason in end.reasons),
            played.ending.message,
        ),
    )


def _trials_kept(journal: Journal) -> int:
    """Trials (lead-ins aside) that ended in order, each counted once."""
    design_run = {start.run: start.design_run for start in journal.of(events.RunStart)}
    return len(
        {
            (design_run[end.run], end.trial)
            for end in journal.of(events.TrialEnd)
            if end.trial > 0 and end.status in DONE
        }
    )


# --- the comparison -----------------------------------------------------------------------------


def _line(what: str, stated: object, found: object) -> Line:
    if isinstance(stated, float):
        agrees = isinstance(found, float) and abs(found - stated) <= SAME_C
        return Line(_words(what), f"{stated:.1f}", f"{found:.1f}" if found else "n/a", agrees)
    return Line(_words(what), str(stated), str(found), stated == found)


def _said(text: str, told: Iterable[str]) -> Line:
    sentence = next((each for each in told if text in each), None)
    return Line("message contains", text, sentence or "not said", sentence is not None)


def _not_reached(kinds: Iterable[str]) -> list[Line]:
    return [Line("fault", f"{kind} happens", "its moment never came", False) for kind in kinds]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _table(lines: Iterable[Line]) -> Table:
    table = Table("", "stated", "found", "", box=None, pad_edge=False)
    for line in lines:
        mark = "[green]as stated[/]" if line.agrees else "[bold red]differs[/]"
        table.add_row(line.what, escape(line.stated), escape(line.found), mark)
    return table
