"""`trustpain portraits`: render, check, list and norm the clinicians' pictures.

Rendering runs in `.venv-portraits` (Python 3.11 with Blender as a module), in a process of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The clinicians' portraits: render, check, list, norm.", no_args_is_help=True
)

Out = Annotated[Path, typer.Option(help="The file to write.")]


@app.command()
def render(
    out: Out,
    identity: Annotated[
        str | None, typer.Option(help="A shipped clinician: F1 ... M4, or 1 to 8.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="A new person, drawn from this number.", min=0)
    ] = None,
    trust: Annotated[float, typer.Option(help="Place on the trust axis, -3 to +3.")] = 0.0,
    levels: Annotated[
        bool,
        typer.Option("--levels", help="Low, neutral and high, matched, into the folder --out."),
    ] = False,
    width: Annotated[
        int, typer.Option(help="Pixels across; the height is 5/4 of it.", min=80, max=2400)
    ] = 800,
    samples: Annotated[int | None, typer.Option(help="Render samples a pixel.", min=1)] = None,
) -> None:
    """Render one clinician, shipped or new, at one place of the trust axis or at the three levels.

    Example: [bold]trustpain portraits render --identity 3 --trust 1.5 --out doctor.png[/bold]

    A ninth doctor: [bold]trustpain portraits render --seed 9 --levels --out FOLDER[/bold], then
    [bold]trustpain portraits manifest FOLDER[/bold]
    """
    from experiment.errors import ExitCode, UserError
    from stimuli.manifest import load_manifest

    if (identity is None) == (seed is None):
        raise UserError("Give either --identity or --seed.", ExitCode.BAD_INPUT)
    if not -3.0 <= trust <= 3.0:
        raise UserError(
            f"--trust {trust:g} is outside the axis, which runs from -3 to +3.", ExitCode.BAD_INPUT
        )
    if not out.resolve().parent.is_dir():
        raise UserError(
            f"There is no folder {out.parent} to write {out.name} into.", ExitCode.BAD_INPUT
        )
    if levels and out.is_file():
        raise UserError(f"--levels needs a folder, and {out} is a file.", ExitCode.BAD_INPUT)
    arguments = ["--out", str(out.resolve()), "--width", str(width)]
    if not levels:
        arguments += ["--trust", str(trust)]
    if samples is not None:
        arguments += ["--samples", str(samples)]
    if identity is not None:
        person = _shipped(identity)
        arguments += ["--identity", person]
        try:
            like = load_manifest().portrait(person, "neutral")
        except ValueError:
            pass  # no set yet: there is nothing to match to
        else:
            if not levels:
                arguments += ["--luminance", str(like.luminance), "--contrast", str(like.contrast)]
    else:
        arguments += ["--seed", str(seed)]
    _run("stimuli.pipeline.portrait_set", arguments)
    typer.echo(f"wrote {out}")


@app.command()
def build(
    samples: Annotated[int | None, typer.Option(help="Render samples a pixel.", min=1)] = None,
    processes: Annotated[
        int | None,
        typer.Option(help="Clinicians rendered side by side, who share the cores.", min=1),
    ] = None,
) -> None:
    """Render whatever is missing of the shipped set, and write its manifest; goes on where it was stopped."""
    from experiment.errors import ExitCode, UserError
    from stimuli.pipeline import set_up_env
    from stimuli.pipeline.errors import PipelineError

    try:
        set_up_env.make()
    except PipelineError as error:
        raise UserError(_sentence(str(error)), ExitCode.PROGRAM_FAILED) from None
    arguments = ["build"]
    arguments += ["--samples", str(samples)] if samples else []
    arguments += ["--processes", str(processes)] if processes else []
    _run("stimuli.pipeline.build", arguments, shown=True)


@app.command()
def strip(
    out: Out,
    identity: Annotated[
        str, typer.Option(help="A shipped clinician: F1 ... M4, or 1 to 8.")
    ] = "F1",
) -> None:
    """Render one clinician at -3, -2 ... +3, side by side."""
    person = _shipped(identity)
    _run("stimuli.pipeline.build", ["strip", "--identity", person, "--out", str(out.resolve())])


@app.command()
def sheet(out: Out) -> None:
    """Put the 24 portraits on one contact sheet, 8 x 3."""
    _run("stimuli.pipeline.build", ["sheet", "--out", str(out.resolve())])


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="A folder of portraits with its clinicians.tsv.")],
) -> None:
    """Say what is wrong with a set of portraits, one sentence each; exit code 5 if anything is."""
    from experiment.errors import ExitCode, UserError
    from stimuli.folder import verify_measured
    from stimuli.manifest import load_manifest, verify

    try:
        manifest = load_manifest(folder)
    except ValueError as error:
        raise UserError(_sentence(str(error)), ExitCode.BAD_INPUT) from None
    problems = verify(manifest) + verify_measured(manifest)
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(int(ExitCode.NOT_AS_EXPECTED))
    count, people = len(manifest.portraits), len(manifest.clinicians)
    typer.echo(f"{count} portraits of {people} clinicians are as their manifest says.")


@app.command()
def manifest(
    folder: Annotated[Path, typer.Argument(help="Pictures named NAME_LEVEL.png, and people.tsv.")],
    licence: Annotated[str, typer.Option(help="The pictures' licence.")] = "",
) -> None:
    """Make the manifest for a folder of a laboratory's own pictures."""
    from experiment.errors import ExitCode, UserError
    from stimuli.folder import make_manifest

    try:
        table = make_manifest(folder, licence, told=typer.echo)
    except ValueError as error:
        raise UserError(_sentence(str(error)), ExitCode.BAD_INPUT) from None
    typer.echo(f"wrote {table}")


@app.command()
def norms(
    path: Annotated[
        Path, typer.Argument(help="A dataset of the study norming, a session's folder, a journal.")
    ],
    into_manifest: Annotated[
        Path | None,
        typer.Option(
            "--into-manifest",
            help="Folder (or table) of the manifest that gets the norms; the shipped one: stimuli.",
        ),
    ] = None,
) -> None:
    """Say how raters judged a set of portraits: does trust rise along the axis, are they just happy?

    Writes a table and a page into the dataset's derivatives/trustpain/. Run it before pain data are
    collected with these faces.

    Example: [bold]trustpain portraits norms data/norming --into-manifest stimuli[/bold]
    """
    from rich.console import Console

    from experiment.norming.norms import into_manifest as write_into
    from experiment.norming.norms import norms_of, verdict
    from experiment.norming.norms_page import write

    console = Console(highlight=False)
    found = norms_of(path)
    page = write(found)
    for line in verdict(found):
        console.print(line, markup=False)
    console.print(f"Norms: {page}", markup=False, soft_wrap=True)
    if into_manifest is not None:
        table = write_into(found, into_manifest)
        console.print(f"The manifest {table} has the norms now.", markup=False, soft_wrap=True)


def _shipped(identity: str) -> str:
    """The id of a shipped clinician, who may be given by number."""
    from experiment.errors import ExitCode, UserError
    from stimuli.pipeline.errors import PipelineError
    from stimuli.pipeline.identity import identity as shipped

    try:
        return shipped(identity).id
    except PipelineError as error:
        raise UserError(_sentence(str(error)), ExitCode.BAD_INPUT) from None


def _run(module: str, arguments: list[str], *, shown: bool = False) -> None:
    """Run a module of the pipeline in its own environment; its last line on stderr is the error's sentence."""
    import subprocess

    from experiment.errors import ExitCode, UserError
    from stimuli.pipeline import set_up_env

    if not set_up_env.is_ready():
        raise UserError(
            "The renderer's environment .venv-portraits isn't there or isn't that of requirements-portraits.txt; "
            "`trustpain portraits build` makes it, or `python -m stimuli.pipeline.set_up_env` in the project's folder.",
            ExitCode.PROGRAM_FAILED,
        )
    with subprocess.Popen(
        [str(set_up_env.python()), "-u", "-m", module, *arguments],
        cwd=set_up_env.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as renderer:
        assert renderer.stdout is not None
        said = "the renderer failed without a word"
        for line in map(str.strip, renderer.stdout):
            if line and " | " not in line:  # Blender's own log lines have bars
                said = line
                if shown:
                    typer.echo(line)
    if renderer.returncode:
        code = (
            ExitCode.BAD_INPUT
            if renderer.returncode == int(ExitCode.BAD_INPUT)
            else ExitCode.PROGRAM_FAILED
        )
        raise UserError(_sentence(said), code)


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
