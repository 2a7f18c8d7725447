"""What a participant's skin has had already, and whether what is left can come on top of it."""

from __future__ import annotations

from pathlib import Path

from experiment.errors import UserError
from experiment.recovery.past import heat_of_calibration, heat_of_participant
from experiment.session.heat_limits import check_limits
from experiment.session.preparation import Prepared
from hardware.history import PastHeat, SiteHistory


def history_of(prepared: Prepared, now: float) -> SiteHistory:
    """What this participant's skin has had already; see `past_heat`."""
    return SiteHistory(past_heat(prepared), now)


def past_heat(prepared: Prepared) -> list[PastHeat]:
    """Heat from every journal in the dataset, and of a calibration that was given by its path."""
    place, given = prepared.place, prepared.request.calibration
    try:
        past = heat_of_participant(place.dataset, place.participant)
        if given not in (None, "none") and prepared.calibration is not None:
            past += heat_of_calibration(Path(given), place.journals)
    except ValueError as error:
        raise UserError(
            f"what was given on the skin before isn't known, so no heat can be given: {error}"
        ) from None
    return past


def refuse_what_is_too_much(prepared: Prepared, history: SiteHistory, now: float) -> None:
    """What is left of the table against all that the skin has had: before a window opens."""
    check_limits(
        prepared.study.model,
        prepared.rows_left(),
        prepared.rig.model,
        prepared.thermode,
        history,
        now,
    )
