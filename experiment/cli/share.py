"""`trustpain share`: a copy of a dataset that tells no true date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from experiment.sharing.copying import Shared

SHOWN = 5


def share(
    dataset: Annotated[Path, typer.Argument(help="The dataset: a folder of data/.")],
    out: Annotated[Path, typer.Option("--out", help="The copy's own, new folder.")],
    date_shift: Annotated[
        bool,
        typer.Option("--date-shift", help="With journals; dates shifted to before 1925."),
    ] = False,
) -> None:
    """Copy a dataset for sharing, without any true date of a session.

    Journals and reports stay with the original. With --date-shift the journals are in the copy:
    each participant's dates are shifted by one random number of days, so that intervals and times
    of day are kept. No session can be run in a copy.

    Examples:

      trustpain share data/trust_pain --out shared/trust_pain

      trustpain share data/trust_pain --out shared/trust_pain --date-shift
    """
    from rich.console import Console

    from experiment.sharing.copying import share as copy

    with Console(stderr=True).status("Copying ..."):  # quiet where that's no terminal
        made = copy(dataset, out, shift=date_shift)
    _print(Console(), made, date_shift)


def _print(console: Console, made: Shared, date_shift: bool) -> None:
    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    say(f"Copy: {made.out} ({made.files} files of {made.participants} participant(s))")
    if date_shift:
        say(
            "Dates are shifted. The shifts tell the true dates: they are in "
            "sourcedata/date_shifts.tsv of the original; keep that list to yourself."
        )
        say("Left out: allocation list, reports. trustpain report makes one anew from the copy.")
    else:
        say("Left out: sourcedata/ and derivatives/ (--date-shift copies journals as well).")
    for what in made.left_out[:SHOWN]:
        say(f"Left out: {what}")
    if len(made.left_out) > SHOWN:
        say(f"Left out: {len(made.left_out) - SHOWN} more like these")
    for name in made.unread[:SHOWN]:
        say(f"Not looked into, since it's no text: {name}")
    if len(made.unread) > SHOWN:
        say(f"Not looked into: {len(made.unread) - SHOWN} more")
    notes = f" The journals hold {made.notes} note(s)." if made.notes else ""
    say(
        "Free text (notes, reasons, answers, README) may tell a date or a name in words, which no "
        f"program knows: read it before you share.{notes}",
        "bold",
    )
