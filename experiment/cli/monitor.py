"""`trustpain monitor`: the live page of a session."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def monitor(
    path: Annotated[
        Path, typer.Argument(help="A dataset, a session's folder, a journal, or a folder of them.")
    ] = Path("data"),
    host: Annotated[
        str, typer.Option("--host", help="The address to serve at: 0.0.0.0 for the lab's network.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port; 0: one that is free.")
    ] = 0,
    unblind: Annotated[
        bool, typer.Option("--unblind", help="Show trust levels; noted in unblinding.tsv.")
    ] = False,
    until_stdin_closes: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Show what happens in a session on a page for the browser, as it happens.

    Follows the journal that was written to last in PATH, and only reads it. May be started
    before, during and after a run, more than once, and be watched by several. Whoever has the
    address may watch: it holds a token. Ends with Ctrl-C.

    Examples:

      trustpain monitor

      trustpain monitor data/trust_pain --host 0.0.0.0 --port 5006
    """
    from experiment.errors import UserError
    from experiment.journal import find_journals, read_journal
    from experiment.monitor.server import serve

    if not path.exists():
        raise UserError(f"{path} doesn't exist: give a dataset, a session's folder or a journal")
    if path.is_file():
        try:
            read_journal(path)
        except (ValueError, OSError) as error:
            raise UserError(str(error)) from None
    elif not until_stdin_closes:
        try:
            find_journals(path)
        except ValueError:
            typer.echo(f"There is no journal in {path} yet: the page waits for one.", err=True)
    serve(
        path,
        host=host,
        port=port,
        unblind=unblind,
        announce=lambda address: typer.echo(f"Live page: {address}"),
        until_stdin_closes=until_stdin_closes,
    )
