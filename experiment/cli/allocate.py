"""`trustpain allocate`: the list of allocation numbers, written before anybody comes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.cli.options import Study


def allocate(
    n: Annotated[int, typer.Option("--n", min=1, max=10_000, help="How many numbers.")],
    study: Study = "trust_pain",
    seed: Annotated[
        int | None, typer.Option(min=0, help="Makes the same list again; without it, a new one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write, never over an existing one.")
    ] = None,
) -> None:
    """Write a list of allocation numbers, shuffled within blocks.

    Put it into a dataset as [bold]sourcedata/allocation.tsv[/bold]: participants then get the
    numbers from the top.

    Example: trustpain allocate --n 42 --out data/trust_pain/sourcedata/allocation.tsv
    """
    import secrets

    from conditions.allocation import numbers_a_block, shuffled_numbers
    from experiment.errors import UserError
    from experiment.inputs.files import load_study, write_new

    model = load_study(study).model
    seed = secrets.randbelow(2**32) if seed is None else seed
    try:
        numbers, block = shuffled_numbers(model, n, seed), numbers_a_block(model)
    except ValueError as error:
        raise UserError(f"the study {model.name} can't be allocated: {error}") from None
    lines = ["allocation\tparticipant", *(f"{number}\tn/a" for number in numbers)]
    text = "\n".join(lines) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_new(out, text)
    said = f"{n} numbers in blocks of {block}, seed {seed}"
    if n % block:
        said += f"; the last block isn't full, so that it isn't balanced: {n + block - n % block} would be"
    typer.echo(said, err=True)
