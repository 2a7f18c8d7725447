"""What a calibration comes to, put before the experimenter: figures, a picture, and what's allowed.

Nothing is offered that the runs couldn't be given: whatever the temperatures come from, the table
that they would make is walked against the limits, after all that the skin has had by then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from conditions.calibration import Calibration, SiteResidual, TargetTemperature
from conditions.stimulation import planned_temperatures
from experiment.calibration.estimate import Estimate, Rated
from experiment.calibration.refusal import Refusal
from experiment.session.heat_limits import more_like_it, planned_heats
from experiment.session.preparation import Prepared
from hardware.checks import PlannedHeat

DOSE = "the runs at these temperatures would exceed a limit"


def calibration_of(prepared: Prepared, estimate: Estimate, method: str) -> Calibration:
    """An estimate as the file has it. Raises `ValueError` for what isn't a calibration."""
    study = prepared.pain_study
    return Calibration(
        study=study.name,
        scale=study.scale,
        method=method,  # type: ignore[arg-type] # checked by the model
        targets=tuple(
            TargetTemperature(
                rating=t.rating,
                temperature=round(t.temperature, 2),
                low=round(max(t.low, 0.0), 2),
                high=round(min(t.high, 60.0), 2),
            )
            for t in estimate.targets
        ),
        residuals=tuple(
            SiteResidual(site=each.site, residual=round(each.residual, 1))
            for each in estimate.residuals
        ),
        sites=estimate.sites,
        spare_sites=estimate.spare_sites,
    )


def by_hand(
    prepared: Prepared, temperatures: Sequence[float], estimate: Estimate | None
) -> Calibration:
    """Temperatures that the experimenter chose, on the sites that were found, if they were."""
    study = prepared.pain_study
    every = tuple(s for s in range(1, study.skin_sites.count + 1) if s not in prepared.unusable)
    chosen, spare = every[: study.skin_sites.for_runs], every[study.skin_sites.for_runs :]
    residuals: tuple[SiteResidual, ...] = ()
    if estimate is not None:
        chosen, spare = estimate.sites, estimate.spare_sites
        residuals = tuple(
            SiteResidual(site=each.site, residual=round(min(each.residual, 100.0), 1))
            for each in estimate.residuals
        )
    return Calibration(
        study=study.name,
        scale=study.scale,
        method="by_hand",
        targets=tuple(
            TargetTemperature(rating=rating, temperature=c, low=c, high=c)
            for rating, c in zip(study.targets, temperatures, strict=True)
        ),
        residuals=residuals,
        sites=chosen,
        spare_sites=spare,
    )


def against_runs(
    prepared: Prepared,
    calibration: Calibration,
    breaches: Callable[[Sequence[PlannedHeat]], list[str]],
) -> list[Refusal]:
    """Why the runs can't be given at a calibration's temperatures; none: they can.

    `breaches` checks a plan on top of what the skin has had. Pauses between the calibration and
    the runs are the guard's business, who sees the real ones.
    """
    study, thermode = prepared.pain_study, prepared.figures
    try:
        planned_temperatures(study, thermode, calibration)
        rows = prepared.table_on_usable_sites(calibration)
    except ValueError as error:
        return [Refusal(str(error), "set other temperatures by hand, or repeat")]
    found = breaches(planned_heats(study, rows, thermode))
    if not found:
        return []
    return [
        Refusal(
            f"{DOSE}. {found[0].rstrip('.')}{more_like_it(found)}",
            "set cooler temperatures by hand",
        )
    ]


def in_words(estimate: Estimate | None, rated: Sequence[Rated]) -> list[str]:
    """The figures, line by line, for the terminal."""
    answers = sum(r.rating is not None for r in rated)
    lines = [f"{len(rated)} stimuli, {answers} of them rated."]
    if estimate is None:
        return [*lines, "That is too little to estimate anything."]
    for target in estimate.targets:
        lines.append(
            f"Rating {target.rating:g}: {target.temperature:.1f} C "
            f"(90 % interval {target.low:.1f} to {target.high:.1f} C)"
        )
    lines.append(
        f"Slope {estimate.slope:.0f} points a degree; single ratings scatter by "
        f"{estimate.noise:.0f} points."
    )
    lines.append(f"Skin sites for the runs: {_listed(estimate.sites)}; spare: ")
    lines[-1] += _listed(estimate.spare_sites) + "."
    lines.append(
        "Residuals by site: "
        + ", ".join(f"{each.site}: {each.residual:.0f}" for each in estimate.residuals)
        + " points."
    )
    return lines


def _listed(sites: Sequence[int]) -> str:
    return ", ".join(map(str, sites)) or "none"


def draw(path: Path, title: str, rated: Sequence[Rated], estimate: Estimate | None) -> None:
    """Ratings over temperature, the curve and the targets with their intervals, as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for site in sorted({r.site for r in rated}):
        own = [r for r in rated if r.site == site and r.rating is not None]
        serves = estimate is not None and site in estimate.sites
        axes.plot(
            [r.temperature for r in own],
            [r.rating or 0.0 for r in own],
            "o" if serves else "x",
            color=f"C{(site - 1) % 10}",
            label=f"site {site}{' (runs)' if serves else ''}",
        )
    if estimate is not None:
        axes.plot(*zip(*estimate.curve, strict=True), color="black", linewidth=1)
        for target in estimate.targets:
            axes.errorbar(
                target.temperature,
                target.rating,
                xerr=[
                    [target.temperature - target.low],
                    [target.high - target.temperature],
                ],
                fmt="s",
                color="black",
                capsize=4,
            )
    axes.set(xlabel="temperature (°C)", ylabel="intensity rating", title=title, ylim=(-3, 103))
    axes.legend(fontsize="small", ncols=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
