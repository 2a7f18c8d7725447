"""The norms of a set of portraits: from a dataset of judgements to tables, a page and a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiment.errors import UserError
from experiment.norming.agreement import Agreement, agreement
from experiment.norming.axis import (
    ClinicianSlope,
    Explained,
    Slope,
    clinician_slopes,
    explained,
    slope_over_all,
)
from experiment.norming.judgements import Judgements, read_judgements
from experiment.report.inference import Interval
from experiment.report.style import MARKS
from stimuli.manifest import load_manifest
from stimuli.norms import PortraitNorms, write_norms

if TYPE_CHECKING:
    import pandas as pd

TRUST = ("trustworthy", "trust")  # names under which a study may ask for it
GOOD_AGREEMENT = 0.9  # of the mean over raters; ours

COLUMNS: dict[str, Any] = {
    "clinician": {"Description": "Identity of the clinician."},
    "level": {"Description": "Trust level of the portrait."},
    "axis": {"Description": "Place on the trust axis; without one, steps from level to level."},
    "question": {"Description": "What was asked; the words are in the texts of the language."},
    "n": {"Description": "Raters who answered."},
    "mean": {"Description": "Mean over raters.", "Units": "those of the column unit"},
    "sd": {"Description": "SD over raters.", "Units": "those of the column unit"},
    "unit": {"Description": "What the answers are counted in; points: of the line, 0 to 100."},
}


@dataclass(frozen=True)
class Norms:
    """All that the raters' judgements say.

    By question: `agreement` and `slopes` along the axis (None where there's none). `clinicians`
    and `explained` are of trust; None and `why_not` where they can't be told.
    """

    judgements: Judgements
    table: pd.DataFrame = field(repr=False)
    agreement: dict[str, Agreement]
    slopes: dict[str, Slope | None]
    trust: str | None
    clinicians: tuple[ClinicianSlope, ...]
    explained: Explained | None
    why_not: str

    @property
    def rising(self) -> int:
        """Clinicians whose trust rises at every step."""
        return sum(clinician.rises for clinician in self.clinicians)


def norms_of(path: Path) -> Norms:
    """Analyse the judgements below `path`. Raises `UserError`, as `read_judgements`."""
    judgements = read_judgements(path)
    names = judgements.study.design.names
    trust = next((name for name in TRUST if name in names), None)
    found, why_not = None, ""
    clinicians: tuple[ClinicianSlope, ...] = ()
    if trust is None:
        why_not = f"the study {judgements.study.name} doesn't ask how trustworthy a face is"
    else:
        try:
            order = [clinician.id for clinician in judgements.study.clinicians.identities]
            slopes_of = clinician_slopes(judgements.of(trust), judgements.levels)
            clinicians = tuple(sorted(slopes_of, key=lambda each: order.index(each.clinician)))
            if "happy" in names and "angry" in names:
                found = explained(*(judgements.of(name) for name in (trust, "happy", "angry")))
            else:
                why_not = "the study doesn't ask both how happy and how angry a face is"
        except ValueError as error:
            why_not = str(error)
    return Norms(
        judgements=judgements,
        table=_table(judgements),
        agreement={name: agreement(judgements.of(name)) for name in names},
        slopes={name: _slope(judgements.of(name)) for name in names},
        trust=trust,
        clinicians=clinicians,
        explained=found,
        why_not=why_not,
    )


def _slope(judgements: pd.DataFrame) -> Slope | None:
    try:
        return slope_over_all(judgements)
    except ValueError:
        return None


def _table(judgements: Judgements) -> pd.DataFrame:
    """A row a portrait and question, with the columns of `COLUMNS`."""
    study = judgements.study
    keys = ["clinician", "level", "question"]
    grouped = judgements.table.groupby(keys)
    table = grouped["rating"].agg(n="count", mean="mean", sd="std").reset_index()
    table["axis"] = grouped["axis"].first().to_numpy()
    table["unit"] = [judgements.unit(name) for name in table["question"]]
    orders = {
        "clinician": [clinician.id for clinician in study.clinicians.identities],
        "level": judgements.levels,
        "question": list(study.design.names),
    }
    table = table.sort_values(
        keys, key=lambda column: column.map(orders[str(column.name)].index), ignore_index=True
    )
    return table[list(COLUMNS)]


def into_manifest(norms: Norms, path: Path) -> Path:
    """Write the norms into the manifest at `path` (a folder or its table); gives the table's path.

    Raises `UserError`, in one sentence: for judgements that aren't a person's, for a manifest that
    can't be read or describes other pictures than those that were judged.
    """
    judgements = norms.judgements
    if judgements.kind != "participant":
        raise UserError(
            f"these judgements are {'of a pilot' if judgements.kind == 'pilot' else 'simulated'}, "
            f"so they can't become the norms of a manifest"
        )
    try:
        manifest = load_manifest(path)
    except ValueError as error:
        raise UserError(f"the norms can't be written: {error}") from None
    for portrait in manifest.portraits:
        judged = judgements.portraits.get((portrait.clinician, portrait.level))
        if judged is None:
            raise UserError(
                f"{portrait.file} wasn't judged, so that the norms wouldn't be of the whole set: "
                f"name all its clinicians and levels in the norming study"
            )
        if judged["sha256"] != portrait.sha256:
            raise UserError(
                f"{portrait.file} isn't the picture that was judged (its SHA-256 differs): give "
                f"the manifest of the set that the raters saw"
            )
    units = {name: judgements.unit(name) for name in judgements.study.design.names}
    found = [
        PortraitNorms(
            clinician=str(row["clinician"]),
            level=str(row["level"]),
            question=str(row["question"]),
            n=int(row["n"]),
            mean=float(row["mean"]),
            sd=float(row["sd"]),
        )
        for row in norms.table.to_dict(orient="records")
    ]
    try:
        return write_norms(
            path, found, units, raters=len(judgements.raters), verdict=verdict(norms)
        )
    except (ValueError, OSError) as error:
        raise UserError(f"the norms can't be written: {error}") from None


def verdict(norms: Norms) -> list[str]:
    """What came out, in a few sentences."""
    judgements = norms.judgements
    lines = [
        f"{len(judgements.raters)} raters, {len(judgements.portraits)} portraits, "
        f"{len(norms.agreement)} question(s)."
    ]
    if MARKS[judgements.kind]:
        lines[0] += f" {MARKS[judgements.kind]}."
    if norms.trust is not None:
        lines += _of_trust(norms, norms.trust)
    if norms.why_not:
        lines.append(f"What happy and angry explain can't be told: {norms.why_not}.")
    weak = [n for n, a in norms.agreement.items() if not a.mean >= GOOD_AGREEMENT]
    if weak:
        lines.append(
            f"The mean over raters is reliable (ICC(2,k) of {GOOD_AGREEMENT:g} or more) in "
            f"everything but {', '.join(weak)}: ask more raters."
        )
    else:
        lines.append(
            f"The mean over raters is reliable in every question (ICC(2,k) >= {GOOD_AGREEMENT:g})."
        )
    return [*lines, *(f"{said}." for said in judgements.left_out)]


def _of_trust(norms: Norms, trust: str) -> list[str]:
    slope, unit = norms.slopes[trust], norms.judgements.axis_unit
    if slope is None:
        return [f"Whether {trust} rises along the axis can't be told."]
    shown = slope.mixed or slope.raters
    kind = "other raters and clinicians" if slope.mixed is not None else "other raters"
    lines = [
        f"{trust.capitalize()} {_direction(shown)}: {in_words(shown)} points a {unit} of the axis "
        f"(95 % interval, for {kind}).",
        f"It rises at every step in {norms.rising} of {len(norms.clinicians)} clinicians"
        f"{_not_in(norms.clinicians)}.",
    ]
    if (found := norms.explained) is not None:
        lines.append(
            f"With happy and angry in the model {in_words(found.partial)} points are left of "
            f"{in_words(found.alone)}{_share_left(found)}; the two explain "
            f"{100 * found.by_judgements:.0f} % of trust's variance within clinicians, the axis "
            f"{100 * found.added:.0f} % beyond them."
        )
    return lines


def _share_left(found: Explained) -> str:
    """Nothing where there may be no slope at all: a share of that says nothing."""
    some = found.alone.low > 0 or found.alone.high < 0
    return f", which is {100 * found.left:.0f} %" if some else ""


def _direction(interval: Interval) -> str:
    if interval.low > 0:
        return "rises along the axis"
    return "falls along the axis" if interval.high < 0 else "can't be said to rise along the axis"


def _not_in(clinicians: Sequence[ClinicianSlope]) -> str:
    odd = [clinician.clinician for clinician in clinicians if not clinician.rises]
    return f" (not in {', '.join(odd)})" if odd else ""


def in_words(interval: Interval | None, decimals: int = 1) -> str:
    """An estimate with its interval."""
    if interval is None or not math.isfinite(interval.estimate):
        return "n/a"
    low, high = (f"{bound:.{decimals}f}" for bound in (interval.low, interval.high))
    return f"{interval.estimate:.{decimals}f} ({low} to {high})"
