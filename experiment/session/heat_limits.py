"""What a table's heat must keep to: the thermode's figures, the rig's limits, its marker box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conditions.paradigms import AnyStudy
from conditions.schedule import ThermodeFigures, run_length
from conditions.study import Study
from conditions.trials import heat_onset
from experiment.errors import UserError
from experiment.plan.markers import check_markers
from hardware.checks import PlannedHeat, check_plan
from hardware.devices import Stimulus
from hardware.history import SiteHistory
from hardware.rig import MedocSection, Rig


def figures_for(study: AnyStudy, rig: Rig, name: str) -> ThermodeFigures | None:
    """The rig's thermode figures, None in a study without heat. Raises `UserError`."""
    return thermode_figures(rig, name, study) if isinstance(study, Study) else None


def thermode_figures(rig: Rig, name: str, study: Study) -> ThermodeFigures:
    """What the trial table must know of the rig. Raises `UserError` if it has no thermode.

    Of stored programs only those count whose plateau is the study's.
    """
    if rig.thermode is None:
        raise UserError(
            f"the rig {name} has no [thermode] section, but the study gives heat: use another "
            f"rig, or add the section",
        )
    programs = None
    if isinstance(rig.thermode, MedocSection):
        fitting = rig.thermode.with_plateau(study.heat.plateau_s)
        if not fitting:
            reason = rig.thermode.cannot(rig.thermode.programs[0].temperature, study.heat.plateau_s)
            raise UserError(
                f"the study {study.name} can't be given by the rig's thermode: {reason}. Store such "
                f"programs and name them in the rig file, or change the study"
            )
        programs = tuple(sorted(program.temperature for program in fitting))
    return ThermodeFigures(
        baseline=rig.thermode.baseline,
        rise_rate=rig.thermode.rise_rate,
        return_rate=rig.thermode.return_rate,
        highest_target=rig.limits.highest_target,
        programs=programs,
    )


def check_limits(
    study: AnyStudy,
    rows: Sequence[dict[str, Any]],
    rig: Rig,
    thermode: ThermodeFigures | None,
    history: SiteHistory | None = None,
    now: float = 0.0,
) -> None:
    """Walk the whole table against the rig's limits, and the codes against its marker box.

    Raises `UserError` naming the first breach.
    Runs are taken to follow one another at once: the shortest pauses that can come of the table.
    `history` (with `now`, wall time in s) adds what the skin has had already.
    """
    if thermode is None or not isinstance(study, Study):
        return  # nothing of it is heat, and it sends no markers
    check_markers(study, rig)
    planned = planned_heats(study, rows, thermode)
    _check_possible(planned, rig)
    breaches = check_plan(planned, rig.limits, history, now)
    if breaches:
        what = "The trial table breaks" if history is None else "What is still to be given breaks"
        more = more_like_it(breaches)
        raise UserError(f"{what} the rig's safety limits. {breaches[0]}{more}")


def planned_heats(
    study: Study, rows: Sequence[dict[str, Any]], thermode: ThermodeFigures
) -> list[PlannedHeat]:
    """The heat of a table's rows, its runs taken to follow one another at once."""
    length_s = run_length(study, thermode)
    return [
        PlannedHeat(
            run=row["run"],
            trial=row["trial"],
            stimulus=stimulus_of(row, number, thermode),
            start=(row["run"] - 1) * length_s + onset,
        )
        for number, row in enumerate(rows, start=1)
        if (onset := heat_onset(study, thermode, row)) is not None
    ]


def more_like_it(breaches: Sequence[str]) -> str:
    """What follows the first breach, which alone is told in full; '' where it's the only one."""
    return f" ({len(breaches) - 1} more like it.)" if len(breaches) > 1 else ""


def _check_possible(planned: Sequence[PlannedHeat], rig: Rig) -> None:
    """What the device can't do is said before it is asked to: a Medoc has programs, and no others."""
    for heat in planned:
        stimulus = heat.stimulus
        reason = rig.thermode.cannot(stimulus.target, stimulus.plateau_s) if rig.thermode else ""
        if reason:
            raise UserError(
                f"run {heat.run}, trial {heat.trial} can't be given by the rig's thermode: {reason}. "
                f"Store such a program and name it in the rig file, or change the study",
            )


def stimulus_of(row: dict[str, Any], number: int, thermode: ThermodeFigures) -> Stimulus:
    """A row's heat."""
    return Stimulus(
        number=number,
        target=row["temperature"],
        plateau_s=row["plateau_s"],
        baseline=thermode.baseline,
        rise_rate=thermode.rise_rate,
        return_rate=thermode.return_rate,
        skin_site=row["skin_site"],
    )
