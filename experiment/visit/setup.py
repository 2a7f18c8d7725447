"""The set-up dialog of a visit, with what was entered last time as its defaults."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from experiment.inputs.files import TEXTS, shipped_names
from experiment.places import ROOT
from experiment.session.dialog import LABEL, Question, ask

REMEMBERED = ROOT / "data" / ".visit.json"
KEPT = ("study", "rig", "session", "language")  # never the participant: a slip would mix two people


def ask_for_visit(
    study: str, rig: str, session: str | None, language: str
) -> tuple[str, str, str, str | None, str]:
    """Ask for study, rig, participant, session and language; returns them in this order.

    Raises `UserError` if nobody can be asked, or the dialog is cancelled.
    """
    last = remembered()
    answers = ask(
        "trustpain visit",
        [
            Question(
                "study", "Study", last.get("study", study), (), r"\S", "a shipped name or a file"
            ),
            Question("rig", "Rig", last.get("rig", rig), (), r"\S", "a shipped name or a file"),
            Question("participant", "Participant", "", (), LABEL, "letters and digits, such as 01"),
            Question(
                "session",
                "Session (may stay empty)",
                last.get("session", session or ""),
                (),
                f"^$|{LABEL}",
                "letters and digits, or nothing",
            ),
            Question(
                "language",
                "Language",
                last.get("language", language),
                shipped_names(TEXTS),
            ),
        ],
    )
    remember(answers)
    return (
        answers["study"],
        answers["rig"],
        answers["participant"],
        answers["session"] or None,
        answers["language"],
    )


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
