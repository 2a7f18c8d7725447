"""`trustpain check`: is the room fit, before the participant comes?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiment.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from experiment.check.findings import Check
    from hardware.rig import Rig

COLOURS = {"green": "green", "amber": "yellow", "red": "bold red"}


def check(
    rig: options.Rig = "laptop",
    out: Annotated[
        Path, typer.Option("--out", help="The folder in which the result is kept, as JSON.")
    ] = Path("data/checks"),
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, max=600, help="So long frames are watched.")
    ] = 10.0,
    keys: Annotated[
        bool, typer.Option("--keys", help="Only try out the keys and buttons, on a screen.")
    ] = False,
    language: options.Language = "en",
) -> None:
    """Open and try every device of a rig: take the thermode off the skin first.

    Looks at the computer, disk, screen and keyboard, opens each device, times the serial lines,
    gives one harmless stimulus (baseline + 1 °C), sends one marker, and listens for ten pulses.
    Exit code 3 if anything is red, 2 for a bad rig file.

    With [bold]--keys[/bold] a screen shows instead what each key and button means, lights up what
    is pressed, names what has no meaning, and tells how fast the cursor was; the experimenter's
    stop key, pressed twice, ends it. No heat is given.

    Example: [bold]trustpain check --rig mri_tcs[/bold]
    """
    from rich.console import Console

    from experiment.check.whole import check_rig
    from experiment.errors import ExitCode
    from experiment.inputs.files import load_rig

    loaded = load_rig(rig)
    console = Console()
    if keys:
        _try_keys(loaded.model, language, console)
        return
    with console.status("Checking ...") as status:
        found = check_rig(
            loaded,
            out,
            lambda finding: status.update(f"Checked: {finding.subject}"),
            frames_s=seconds,
        )
    _print(console, found)
    try:
        path = found.save(out)
    except OSError as error:  # the finding on the disk has said so already, in red
        console.print(f"This table couldn't be kept in {out} ({error.strerror}).", markup=False)
    else:
        console.print(f"Kept in {path}", markup=False, highlight=False, soft_wrap=True)
    if found.state == "red":
        raise typer.Exit(int(ExitCode.DEVICE))


def _print(console: Console, check: Check) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for header in ("", "what", "found, and what to do"):
        table.add_column(header)
    for finding in check.findings:
        colour = COLOURS[finding.state]
        text = escape(finding.found)
        if finding.advice:
            text += f"\n[dim]{escape(finding.advice)}[/]"
        table.add_row(f"[{colour}]{finding.state}[/]", finding.subject, text)
    console.print(table, highlight=False)
    colour = COLOURS[check.state]
    words = {"green": "fit", "amber": "fit, but look at the amber lines", "red": "not fit"}
    console.print(f"[{colour}]{escape(check.rig)}: {words[check.state]}[/]")


def _try_keys(rig: Rig, language: str, console: Console) -> None:
    from rich.markup import escape
    from rich.table import Table

    from experiment.check.key_trial import try_keys
    from experiment.errors import ExitCode, UserError
    from experiment.inputs.files import load_texts
    from hardware.devices import DeviceError

    texts = load_texts(language).model
    try:
        trial = try_keys(rig, texts, console.print)
    except DeviceError as error:
        raise UserError(str(error), ExitCode.DEVICE) from None
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for header in ("", "meaning", "keys and buttons"):
        table.add_column(header)
    for meaning, names, came in trial.found():
        state = "[green]came[/]" if came else "[yellow]not tried[/]"
        table.add_row(state, escape(meaning), escape(names))
    console.print(table, highlight=False)
    if trial.strays:
        console.print(f"Not assigned: {', '.join(trial.strays)}", markup=False, highlight=False)
