"""`trustpain validate`: the official BIDS validator's word on a dataset, in a readable form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from experiment.bids.validate import Issue, Validation

SHOWN_FILES = 3


def validate(
    path: Annotated[Path, typer.Argument(help="A dataset, or a folder or journal in one.")],
) -> None:
    """Check a dataset with the official BIDS validator.

    Exit code 0 if there are no errors (warnings are listed; docs/data.md says why some are left),
    5 if there are some, 2 if PATH isn't in a dataset.

    Example: [bold]trustpain validate data/trust_pain-sim[/bold]
    """
    from rich.console import Console

    from experiment.bids.validate import find_dataset, validate_dataset
    from experiment.errors import ExitCode, UserError

    try:
        dataset = find_dataset(path)
    except ValueError as error:
        raise UserError(str(error), ExitCode.BAD_INPUT) from None
    try:
        validation = validate_dataset(dataset)
    except RuntimeError as error:
        raise UserError(str(error), ExitCode.PROGRAM_FAILED) from None
    print_validation(Console(), validation)
    if not validation.ok:
        raise typer.Exit(int(ExitCode.NOT_AS_EXPECTED))


def print_validation(console: Console, validation: Validation) -> None:
    """Errors, warnings, and the verdict in a last line."""
    for issue in validation.issues:
        _print_issue(console, issue)
    errors, warnings = (len(validation.of(kind)) for kind in ("error", "warning"))
    colour = "green" if validation.ok else "red"
    counts = f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"
    verdict = "valid BIDS" if validation.ok else "not valid BIDS"
    console.print(
        f"[{colour}]{validation.dataset.name}: {verdict}[/] ({counts}; schema {validation.schema})",
        highlight=False,
    )


def _print_issue(console: Console, issue: Issue) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    colour = "red" if issue.severity == "error" else "yellow"
    about = f" ({issue.detail})" if issue.detail else ""
    console.print(f"[{colour}]{issue.severity}[/] [bold]{issue.code}[/]{escape(about)}")
    console.print(Padding(escape(issue.message), (0, 0, 0, 4)), highlight=False)
    for name in issue.files[:SHOWN_FILES]:
        console.print(f"    {escape(name)}", style="dim", highlight=False, soft_wrap=True)
    if (more := len(issue.files) - SHOWN_FILES) > 0:
        console.print(f"    and {_count(more, 'more file')}", style="dim", highlight=False)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
