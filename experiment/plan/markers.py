"""Whether a rig's marker box can show every code of a study."""

from __future__ import annotations

from conditions.study import Study
from experiment.errors import UserError
from hardware.rig import Rig


def check_markers(study: Study, rig: Rig) -> None:
    """Raise `UserError` for the first phase whose code the box has too few lines for."""
    if rig.markers is None:
        return
    highest = rig.markers.highest_code
    for phase in (*study.lead_in, *study.trial):
        if phase.marker is not None and phase.marker > highest:
            raise UserError(
                f"the study's phase {phase.name!r} has the marker code {phase.marker}, but the "
                f"rig's marker box shows {highest} at most ({highest.bit_length()} lines): choose "
                f"a lower code, or mend `lines` in the rig file"
            )
