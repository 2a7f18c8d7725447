"""All commands, put together."""

from __future__ import annotations

import typer

from experiment.cli.allocate import allocate
from experiment.cli.audit import audit
from experiment.cli.calibrate import calibrate
from experiment.cli.check import check
from experiment.cli.demo import demo
from experiment.cli.dry_run import dry_run
from experiment.cli.emulate import emulate
from experiment.cli.monitor import monitor
from experiment.cli.portraits import app as portraits
from experiment.cli.report import report
from experiment.cli.resume import resume
from experiment.cli.run import run
from experiment.cli.share import share
from experiment.cli.storyboard import storyboard
from experiment.cli.trials import trials
from experiment.cli.validate import validate
from experiment.cli.visit import visit

app = typer.Typer(
    name="trustpain",
    help="Trust in a simulated clinician, heat, and ratings of pain.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    demo,
    run,
    visit,
    dry_run,
    resume,
    calibrate,
    trials,
    allocate,
    storyboard,
    emulate,
    check,
    audit,
    monitor,
    report,
    validate,
    share,
):
    app.command(name=command.__name__.replace("_", "-"))(command)
app.add_typer(portraits, name="portraits")
