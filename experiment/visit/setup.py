"""The set-up dialog of a visit, with what was entered last time as its defaults."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from experiment.errors import UserError
from experiment.inputs.files import TEXTS, shipped_names
from experiment.places import ROOT
from experiment.session.dialog import LABEL, Question, ask

REMEMBERED = ROOT / "data" / ".visit.json"
KEPT = ("study", "rig", "session", "language")  # never the participant: a slip would mix two people


@dataclass(frozen=True)
class SetUp:
    """What a visit needs to know before it can begin."""

    study: str
    rig: str
    participant: str
    session: str | None
    language: str


def ask_for_visit(
    given: Mapping[str, str],
    defaults: Mapping[str, str],
    check: Callable[[SetUp], None],
    path: Path = REMEMBERED,
) -> SetUp:
    """Ask for study, rig, participant, session and language, until `check` has nothing against it.

    What stands there at first: an option that was `given`, else what was entered last time, else
    the default. `check` raises `UserError`, whose sentence is shown. Only what passed is remembered.
    Raises `UserError` if nobody can be asked, or the dialog is cancelled.
    """
    first, problem = {**defaults, **remembered(path), **given}, ""
    while True:
        answers = ask("trustpain visit", _questions(first), problem)
        found = SetUp(
            answers["study"],
            answers["rig"],
            answers["participant"],
            answers["session"] or None,
            answers["language"],
        )
        try:
            check(found)
        except UserError as error:
            first, problem = answers, f"{str(error)[:1].upper()}{str(error)[1:]}"
            continue
        remember(answers, path)
        return found


def _questions(first: Mapping[str, str]) -> list[Question]:
    name = "a shipped name or a file"
    label, may_be_empty = "letters and digits, such as 01", "letters and digits, or nothing"
    session = Question(
        "session", "Session (may stay empty)", first["session"], (), f"^$|{LABEL}", may_be_empty
    )
    return [
        Question("study", "Study", first["study"], (), r"\S", name),
        Question("rig", "Rig", first["rig"], (), r"\S", name),
        Question("participant", "Participant", first.get("participant", ""), (), LABEL, label),
        session,
        Question("language", "Language", first["language"], shipped_names(TEXTS)),
    ]


def remembered(path: Path = REMEMBERED) -> dict[str, str]:
    """What was entered last time; nothing where that can't be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: found[key] for key in KEPT if isinstance(found.get(key), str)}


def remember(answers: dict[str, str], path: Path = REMEMBERED) -> None:
    """Keep the answers for next time. A folder that can't be written to costs nothing."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {key: answers[key] for key in KEPT if key in answers}
        path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
