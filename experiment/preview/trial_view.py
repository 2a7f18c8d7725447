"""A trial table to look at: in the terminal, as a TSV file, and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conditions.calibration import Calibration
from conditions.norming import NormingStudy
from conditions.paradigms import AnyStudy
from conditions.phases import HeatPhase
from conditions.schedule import ThermodeFigures, phase_length, run_length, volumes
from conditions.seed import derive_seed
from conditions.study import Study
from conditions.trials import phases_in_order, trial_table
from experiment.dataset import AllocationList, check_label
from experiment.errors import UserError
from experiment.inputs.files import (
    Loaded,
    last_calibration,
    load_calibration,
    load_rig,
    load_study,
    new_file,
)
from experiment.inputs.portraits import check_portraits, manifest_of
from experiment.norming import trial_view as blocks
from experiment.report.style import TRUST_COLOURS, temperature_colour, trust_look
from experiment.session.heat_limits import check_limits, figures_for, stimulus_of
from experiment.session.preparation import refuse_calibration
from hardware.dose import cem43_of_stimulus

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 100  # columns, where the output isn't a terminal
MOST_RUNS_DRAWN = 50
GREYS = {"fixation": "0.92", "text": "0.8", "choice": "0.7", "rating": "0.6"}


@dataclass(frozen=True)
class Plan:
    """A trial table with all that was put into it."""

    study: AnyStudy
    thermode: ThermodeFigures | None  # None in a study without heat
    table: pd.DataFrame
    title: str
    allocation: int
    seed: int
    temperatures_from: str
    dummies_stored: int | None

    def rows(self) -> list[dict[str, Any]]:
        """The table's rows, with None for n/a."""
        table = self.table.astype(object)
        return table.where(table.notna(), None).to_dict(orient="records")  # type: ignore[return-value]


def plan_for(
    study_source: str,
    rig_source: str,
    participant: str,
    session: str | None,
    allocation: int | None,
    calibration_source: str | None,
    seed: int | None,
    data: Path | None,
) -> Plan:
    """Read and check everything that `trustpain trials` was given. Raises `UserError`."""
    loaded, rig = load_study(study_source), load_rig(rig_source).model
    study = loaded.model
    check_label(participant, "participant")
    if session is not None:
        check_label(session, "session")
    if data is not None and not data.is_dir():
        raise UserError(f"there is no dataset {data}")
    if allocation is None:
        allocation = AllocationList(data).preview(participant) if data else 1
    thermode = figures_for(study, rig, rig_source)
    found = None
    if not refuse_calibration(study, calibration_source):
        found = _calibration(calibration_source, data, participant)
    calibration = found.model if found else None
    seed = derive_seed(study.name, allocation, session) if seed is None else seed
    try:
        table = trial_table(
            study,
            thermode,
            allocation=allocation,
            session=session,
            seed=seed,
            calibration=calibration,
        )
    except ValueError as error:
        raise UserError(f"the study {study.name} can't be run so: {error}") from None
    plan = Plan(
        study=study,
        thermode=thermode,
        table=table,
        title=f"{study.name}_sub-{participant}" + (f"_ses-{session}" if session else ""),
        allocation=allocation,
        seed=seed,
        temperatures_from=f"calibration {found.path.name}" if found else "fixed",
        dummies_stored=rig.scanner.dummies_stored if rig.scanner else None,
    )
    check_limits(study, plan.rows(), rig, thermode)
    check_portraits(manifest_of(loaded), plan.rows())
    return plan


def _calibration(
    source: str | None, data: Path | None, participant: str
) -> Loaded[Calibration] | None:
    """The one that was given, else the participant's last one in the dataset; None: there's none."""
    if source == "none":
        return None
    path = source or (last_calibration(data, participant) if data else None)
    return load_calibration(path) if path else None


# --- in the terminal ----------------------------------------------------------------------------


def show(plan: Plan) -> None:
    """Print the table by run, and what follows from it."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    rows = plan.rows()
    for run in sorted({row["run"] for row in rows}):
        own = [row for row in rows if row["run"] == run]
        if isinstance(plan.study, NormingStudy):
            console.print(blocks.block_table(own))
        else:
            console.print(_run_table(plan.study, own))
    for line in summary(plan):
        console.print(line, soft_wrap=True)


def summary(plan: Plan) -> list[str]:
    """What follows from the table, in a few lines."""
    study, rows = plan.study, plan.rows()
    if isinstance(study, NormingStudy):
        return blocks.summary(study, plan.title, plan.allocation, plan.seed)
    assert plan.thermode is not None
    length = run_length(study, plan.thermode)
    lines = [
        f"{plan.title}: {study.runs} run(s) x {study.trials_a_run} trials, allocation number "
        f"{plan.allocation}, seed {plan.seed}",
        f"Temperatures ({plan.temperatures_from}): {_temperatures(rows)}",
        f"A run lasts {length:g} s, {study.runs} run(s) {study.runs * length / 60:.1f} min"
        + _scanned(plan, length),
    ]
    doses: dict[int, float] = {}
    heats = [row for row in rows if row["temperature"] is not None]
    for number, row in enumerate(heats, start=1):
        dose = cem43_of_stimulus(stimulus_of(row, number, plan.thermode))
        doses[row["skin_site"]] = doses.get(row["skin_site"], 0.0) + dose
    shown = ", ".join(f"site {site}: {dose:.1f}" for site, dose in sorted(doses.items()))
    return [
        *lines,
        f"{len(heats)} heat stimuli; planned dose in CEM43 min (minutes at 43 °C that "
        f"weigh as much on the skin): {shown}",
    ]


def _temperatures(rows: list[dict[str, Any]]) -> str:
    levels = {row["temperature_level"]: row["temperature"] for row in rows if row["temperature"]}
    coolest_first = sorted(levels.items(), key=lambda item: item[1])
    return ", ".join(f"{name} {temperature:g} C" for name, temperature in coolest_first)


def _scanned(plan: Plan, length: float) -> str:
    if plan.study.scan is None or plan.dummies_stored is None:
        return "; not scanned"
    count = volumes(plan.study, length, plan.dummies_stored)
    return f"; volumes to type at the console: {count}, {plan.dummies_stored} of them dummies"


def _run_table(study: Study, rows: list[dict[str, Any]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(
        title=f"Run {rows[0]['run']}, skin site {rows[0]['skin_site']} (times in s, cursors 0-100, "
        "trial 0 the lead-in)",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
    )
    drawn = [f"{phase.name}_s" for phase in study.trial if f"{phase.name}_s" in rows[0]]
    starts = [f"{phase.name}_start" for phase in study.trial if f"{phase.name}_start" in rows[0]]
    changes = study.ratings.order != "fixed"  # from one participant to another
    for heading in ("#", "onset"):
        table.add_column(heading, justify="right")
    for heading in ("who", "sex", "skin", "trust"):
        table.add_column(heading)
    for heading in ("°C", *(name.removesuffix("_s") for name in drawn), *starts):
        words = heading.removeprefix("rating_").replace("_start", "_cursor").replace("_", " ")
        table.add_column(words, justify="right", overflow="fold")
    if changes:
        table.add_column("first rating", max_width=14)
    for row in rows:
        table.add_row(
            str(row["trial"]),  # 0 is the lead-in
            f"{row['onset_s']:.1f}",
            row["clinician"] or "",
            (row["sex"] or "")[:1],
            row["skin_tone"] or "",
            _coloured(row["trust"], study.clinicians.levels),
            *("" if row[name] is None else f"{row[name]:.1f}" for name in ("temperature", *drawn)),
            *("" if row[name] is None else f"{row[name]:g}" for name in starts),
            *([(row["first_rating"] or "").removeprefix("rating_")] if changes else []),
            style="dim" if row["trial"] == 0 else "",
        )
    return table


def _coloured(trust: str | None, levels: tuple[str, ...]) -> str:
    if trust is None:
        return ""
    colour = trust_look(trust, levels.index(trust))[0]
    return f"[{colour}]{trust}[/{colour}]"


# --- as a file ----------------------------------------------------------------------------------


def as_tsv(table: pd.DataFrame) -> str:
    """The table as BIDS has it: tabs, `n/a`, one line feed a row."""
    return table.to_csv(sep="\t", index=False, na_rep="n/a", lineterminator="\n")


# --- drawn --------------------------------------------------------------------------------------


def draw(plan: Plan, path: Path) -> None:
    """Draw the session: a line a run, a box a phase. Raises `UserError` if the file exists."""
    title = f"{plan.title}, allocation number {plan.allocation}, seed {plan.seed}"
    if isinstance(plan.study, NormingStudy):
        figure = blocks.draw(plan.rows(), title)
    else:
        figure = _drawn(plan, plan.study, title)
    with new_file(path) as file:
        figure.savefig(file, format="png")


def _drawn(plan: Plan, study: Study, title: str) -> Figure:
    from matplotlib.figure import Figure

    rows = plan.rows()
    runs = sorted({row["run"] for row in rows})[:MOST_RUNS_DRAWN]
    figure = Figure(figsize=(14, 1.6 + 1.1 * len(runs)), dpi=120, layout="constrained")
    axes = figure.subplots()
    for row in rows:
        if row["run"] in runs:
            _draw_row(axes, study, plan.thermode, row)
    sites = {row["run"]: row["skin_site"] for row in rows}
    axes.set_yticks(runs, [f"run {run}\nsite {sites[run]}" for run in runs])
    axes.set_ylim(len(runs) + 0.7, 0.3)
    axes.set_xlim(0, run_length(study, plan.thermode))
    axes.set_xlabel("time on the run's schedule (s)")
    axes.set_title(title, loc="left")
    axes.spines[["top", "right", "left"]].set_visible(False)
    _legend(figure, study)
    return figure


def _draw_row(
    axes: Axes, study: Study, thermode: ThermodeFigures | None, row: dict[str, Any]
) -> None:
    run, onset = row["run"], row["onset_s"]
    if row["trial"] > 0:
        middle = onset + row["length_s"] / 2
        label = f"{row['trial']} {row['clinician']}"
        axes.text(middle, run - 0.36, label, ha="center", fontsize=7)
    phases = phases_in_order(study, row["first_rating"]) if row["trial"] > 0 else study.lead_in
    for phase in phases:
        length = phase_length(phase, thermode, row)
        if isinstance(phase, HeatPhase):
            level = study.temperatures.levels.index(row["temperature_level"])
            box, colour = (run - 0.3, 0.6), _heat_colour(level, study)
        elif phase.phase in ("clinician", "anticipation"):
            box, colour = (run - 0.2, 0.4), _trust_colour(row["trust"], study)
        else:
            box, colour = (run - 0.2, 0.4), GREYS[phase.phase]
        axes.broken_barh([(onset, length)], box, facecolor=colour, edgecolor="white", linewidth=0.5)
        onset += length


def _legend(figure: Figure, study: Study) -> None:
    from matplotlib.patches import Patch

    handles = [
        *(
            Patch(color=_trust_colour(level, study), label=f"{level} trust")
            for level in study.clinicians.levels
        ),
        *(
            Patch(color=_heat_colour(number, study), label=f"heat, {level}")
            for number, level in enumerate(study.temperatures.levels)
        ),
        Patch(color=GREYS["fixation"], label="fixation"),
        Patch(color=GREYS["rating"], label="rating"),
    ]
    figure.legend(handles=handles, ncols=len(handles), loc="outside lower right", frameon=False)


def _trust_colour(trust: str, study: Study) -> str:
    level = study.clinicians.levels.index(trust)
    return TRUST_COLOURS.get(trust, tuple(TRUST_COLOURS.values())[2 * level])


def _heat_colour(level: int, study: Study) -> str:
    return temperature_colour(level, len(study.temperatures.levels))
