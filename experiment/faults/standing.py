"""Faults of an emulator that stands alone (`trustpain emulate DEVICE --fault ...`), by the clock.

A fault is asked for by its kind, with its figures (`late_replies delay_s=0.7`), or by a scenario's
name or file, whose faults of this device then happen. What a scenario says of trials and phases
means nothing here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from conditions.scenario import Fault
from conditions.strict import StrictModel
from experiment.errors import UserError
from experiment.faults.devices import KINDS, device_trouble, role_of
from experiment.faults.lines import FaultyLine
from experiment.inputs.files import SCENARIOS, load_toml, shipped_names
from experiment.inputs.slips import describe
from hardware.clock import Clock

ROLES = {"tcs": "thermode", "medoc": "thermode", "scanner": "scanner", "markers": "markers"}
FROM_THE_START = ("wrong_tr", "scanner_never_starts", "missed_pulses", "scan_stops")


class _Asked(StrictModel):
    fault: Fault


def asked_faults(device: str, asked: Sequence[str], tell: Callable[[str], None]) -> list[Fault]:
    """The faults that were asked for, of a `device` as in `KINDS`.

    `tell` gets a sentence for each moment of a scenario that means nothing here. Raises `UserError`
    for what is neither a fault nor a scenario, or none of this device.
    """
    found: list[Fault] = []
    for text in asked:
        kind, *figures = text.split()
        if kind in KINDS[device] and (figures or not _wants_figures(kind)):
            found.append(_by_kind(device, kind, figures))
        elif not figures and (kind in shipped_names(SCENARIOS) or Path(kind).is_file()):
            found += _of_scenario(device, kind, tell)
        elif kind in KINDS[device]:
            found.append(_by_kind(device, kind, figures))  # says which figure is missing
        else:
            raise UserError(
                f'--fault: "{kind}" is neither a fault that an emulated {device} can have '
                f"({', '.join(KINDS[device])}) nor a scenario"
            )
    return found


def put_in(
    faults: Sequence[Fault],
    line: FaultyLine,
    device: Any,
    clock: Clock,
    at_s: float,
    for_s: float | None,
    note: Callable[[str], None],
) -> None:
    """Let the faults begin `at_s` seconds from now, and be over `for_s` (or their own) later.

    `note` gets a word at each beginning and end. Raises `UserError` for a fault of a whole scan
    that is to begin in the middle of it.
    """
    for fault in faults:
        trouble = device_trouble(fault, line, device)
        lasting = for_s if for_s is not None else fault.for_s
        if at_s > 0 and fault.kind in FROM_THE_START:
            raise UserError(
                f"--at {at_s:g}: the fault {fault.kind} concerns a whole scan, so it's there from "
                f"the start: leave out --at"
            )
        begin = _noted(trouble.begin, note, f"{fault.kind} begins")
        if at_s > 0:
            clock.call_at(clock.now() + at_s, begin)
        else:
            begin()
        if lasting is not None:
            end = _noted(trouble.end, note, f"{fault.kind} is over")
            clock.call_at(clock.now() + at_s + lasting, end)


def _noted(
    happen: Callable[[], None], note: Callable[[str], None], what: str
) -> Callable[[], None]:
    def happens() -> None:
        happen()
        note(what)

    return happens


def _wants_figures(kind: str) -> bool:
    try:
        _Asked.model_validate({"fault": {"kind": kind}})
    except ValidationError:
        return True
    return False


def _by_kind(device: str, kind: str, figures: Sequence[str]) -> Fault:
    if any(figure.startswith(("at=", "for_s=")) for figure in figures):
        raise UserError("--fault: say when by --at SECONDS and --for SECONDS")
    text = "\n".join(["[fault]", f'kind = "{kind}"', *figures])
    data: dict[str, Any] = {}
    try:
        data = tomllib.loads(text)
        asked = _Asked.model_validate(data)
    except ValidationError as error:
        raise UserError(f"--fault: {describe(error, _Asked, data)}") from None
    except ValueError:  # of TOML
        raise UserError(
            f"--fault: figures are written as in a scenario file, without blanks, such as "
            f"delay_s=0.7, not {' '.join(figures)!r}"
        ) from None
    fault = asked.fault
    role = ROLES.get(device, role_of(fault))
    if "device" in data["fault"] and role_of(fault) != role:
        raise UserError(f"--fault: device is {role_of(fault)}, but this is a {device}")
    return fault


def _of_scenario(device: str, name: str, tell: Callable[[str], None]) -> list[Fault]:
    from conditions.scenario import Scenario

    scenario = load_toml(name, Scenario, kind="scenario", shipped=SCENARIOS).model
    role = ROLES.get(device, "")
    fitting = [f for f in scenario.fault if role_of(f) == role and f.kind in KINDS[device]]
    if not role or not fitting:
        kinds = ", ".join(sorted({fault.kind for fault in scenario.fault}))
        raise UserError(
            f"--fault: the scenario {name} has no fault that an emulated {device} can have, only "
            f"{kinds}; there are {', '.join(KINDS[device])}"
        )
    for fault in fitting:
        if (at := fault.at) is not None:
            tell(
                f"{name} lets {fault.kind} happen in run {at.run}, trial {at.trial}, phase "
                f"{at.phase}; there is no session here, so it begins with --at"
            )
    return fitting
