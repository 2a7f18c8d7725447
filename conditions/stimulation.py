"""How hot and where: the temperatures of a session, and the skin site of each run."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise

from conditions.calibration import Calibration
from conditions.schedule import ThermodeFigures
from conditions.seed import stream
from conditions.study import Study


def planned_temperatures(
    study: Study,
    thermode: ThermodeFigures,
    calibration: Calibration | None = None,
    temperatures: Sequence[float] | None = None,
) -> tuple[float, ...]:
    """Degrees Celsius of each level, rounded down to what the thermode can give.

    That is 0.1 C, or the next lower of its programs. Raises ValueError if two levels come out
    alike, or one can't be given.
    """
    if temperatures is not None:
        wanted = tuple(temperatures)
    elif calibration is not None:
        wanted = tuple(calibration.temperature_for(target) for target in study.targets)
    else:
        wanted = study.temperatures.fixed
    names = study.temperatures.levels
    if len(wanted) != len(names):
        raise ValueError(f"{len(wanted)} temperature(s) were given, but the study has {len(names)}")
    given = tuple(_rounded_down(value, thermode) for value in wanted)
    for (lower, cooler), (upper, hotter) in pairwise(zip(given, names, strict=True)):
        if not lower < upper:
            raise ValueError(
                f"the {cooler} temperature ({lower:g} C) isn't below the {hotter} one "
                f"({upper:g} C), after rounding down to what the thermode can give"
            )
    if given[-1] > thermode.highest_target:
        raise ValueError(
            f"the {names[-1]} temperature is {given[-1]:g} C, but the rig's highest target is "
            f"{thermode.highest_target:g} C"
        )
    return given


def _rounded_down(temperature: float, thermode: ThermodeFigures) -> float:
    if thermode.programs is None:
        return math.floor(round(temperature * 10, 6)) / 10
    return thermode.given(temperature)


def run_sites(study: Study, seed: int, calibration: Calibration | None = None) -> tuple[int, ...]:
    """The skin site of each run: the calibration's choice, or the first ones in an order drawn."""
    for_runs = study.skin_sites.for_runs
    if calibration is None:
        order = stream(seed, "sites").permutation(for_runs)
        chosen = tuple(int(site) + 1 for site in order)
    else:
        chosen = calibration.sites
        if len(chosen) < for_runs:
            raise ValueError(
                f"the calibration chose {len(chosen)} skin site(s), but the study needs {for_runs}"
            )
    return tuple(chosen[run % for_runs] for run in range(study.runs))


def sites_without(
    study: Study, seed: int, unusable: Collection[int], calibration: Calibration | None = None
) -> dict[int, int]:
    """The skin site of each run (from 1), none of them among the `unusable`.

    A run whose site can't be used gets the first spare one that can. Raises ValueError, in one
    sentence, if there are too few.
    """
    planned = run_sites(study, seed, calibration)
    spare = [s for s in spare_sites(study, calibration) if s not in unusable and s not in planned]
    instead: dict[int, int] = {}
    for site in dict.fromkeys(planned):
        if site not in unusable:
            instead[site] = site
        elif spare:
            instead[site] = spare.pop(0)
        else:
            named = ", ".join(map(str, sorted(unusable)))
            raise ValueError(
                f"the runs need {len(set(planned))} skin site(s), but without {named} there are too "
                f"few: use the other forearm, or don't go on with this participant today"
            )
    return {run: instead[site] for run, site in enumerate(planned, start=1)}


def spare_sites(study: Study, calibration: Calibration | None = None) -> tuple[int, ...]:
    """The skin sites for repeated runs, the first one first."""
    if calibration is not None:
        return calibration.sites[study.skin_sites.for_runs :] + calibration.spare_sites
    return tuple(range(study.skin_sites.for_runs + 1, study.skin_sites.count + 1))
