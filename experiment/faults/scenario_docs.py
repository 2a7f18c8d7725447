"""`docs/scenarios.md`, made from the scenario files: `python -m experiment.faults.scenario_docs`."""

from __future__ import annotations

from pathlib import Path

from conditions.scenario import Fault, Scenario
from experiment.faults.scenario import load_scenario, shipped_scenarios
from experiment.places import ROOT

PAGE = ROOT / "docs" / "scenarios.md"
INTRODUCTION = """\
# Rehearsed faults

Made from the files in `conditions/scenarios/` by `python -m experiment.faults.scenario_docs`; don't edit
this page, edit those.

Each paragraph is something that can go wrong in a session, what the experimenter then sees, and
what to do. All of them can be rehearsed, with emulated devices and a simulated participant:

    trustpain dry-run --scenario thermode_unplugged            # in a second
    trustpain dry-run --scenario thermode_unplugged --visual   # in a window, in real time

The first says whether everything came out as the file states (exit code 0) or not (5); the tests
play all of them. The second is for training: new staff should have seen at least
`participant_stops`, `thermode_unplugged`, `zone_stuck_hot`, `scanner_never_starts` and `disk_full`
before they run a session. A laboratory can add its own: copy a file, change it, and give its path.

Two rules come before everything below. **If in doubt, press stop, and take the thermode off the
skin.** And the switch on the thermode itself works when no program does.
"""
HEADINGS = {
    "thermode": "The thermode",
    "scanner": "The scanner",
    "markers": "The marker box",
    "people": "The participant",
    "computer": "The computer",
}
SCANNER = ("scanner_never_starts", "missed_pulses", "double_pulses", "scan_stops", "wrong_tr")
PEOPLE = ("answers_nothing", "answers_always", "presses_stop", "keeps_key_pressed")
COMPUTER = ("disk_full", "frames_dropped")


def page() -> str:
    """The whole page as Markdown."""
    scenarios = {name: load_scenario(name).model for name in shipped_scenarios()}
    parts = [INTRODUCTION]
    for topic, heading in HEADINGS.items():
        parts.append(f"## {heading}\n")
        parts += [
            _paragraph(name, scenario)
            for name, scenario in scenarios.items()
            if _topic(scenario.fault[0]) == topic
        ]
    return "\n".join(parts)


def _topic(fault: Fault) -> str:
    if fault.kind in SCANNER:
        return "scanner"
    if fault.kind in PEOPLE:
        return "people"
    if fault.kind in COMPUTER:
        return "computer"
    return str(getattr(fault, "device", "thermode"))


def _paragraph(name: str, scenario: Scenario) -> str:
    return (
        f"### {scenario.title}\n\n"
        f"`{name}`. {_outcome(scenario)}\n\n"
        f"**What you see.** {_plain(scenario.seen)}\n\n"
        f"**What to do.** {_plain(scenario.do)}\n"
    )


def _outcome(scenario: Scenario) -> str:
    expect = scenario.expect
    if expect.ending == "refused":
        return f"The session is refused (exit code {expect.exit_code}); nothing is written."
    ending = {
        "completed": "The session is completed",
        "stopped": "The session is stopped",
        "failed": "The session ends early",
    }[expect.ending]
    kept = f"{expect.trials_kept} of 8 trials" if scenario.study == "pilot_short" else "trials"
    return f"{ending} (exit code {expect.exit_code}); {kept} are kept."


def _plain(text: str) -> str:
    return " ".join(text.split())


def main(path: Path = PAGE) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
