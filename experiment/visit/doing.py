"""What is done in each step of a visit."""

from __future__ import annotations

import re
from collections.abc import Callable

from conditions.questionnaire import words
from conditions.seed import stream
from conditions.stimulation import sites_without
from experiment.errors import ExitCode
from experiment.journal import events
from experiment.plan.scene import Text
from experiment.session.preparation import Prepared
from experiment.visit.asking import LEAVE_OUT, questionnaires
from experiment.visit.device_lines import answers_by
from experiment.visit.forearm import forearm
from experiment.visit.results import DONE, EndVisit, StepResult
from experiment.visit.screens import (
    face,
    instruction_pages,
    page_to_turn,
    picture_of,
    practice,
    warm_stimuli,
)
from experiment.visit.temperatures import calibration
from experiment.visit.tools import VisitTools

Doing = Callable[[VisitTools], StepResult]

NO_WARMTH = (
    "the thermode has no warm program (at most 42 °C) to practise with: store one and name it in "
    "the rig file, or skip the practice"
)
ROUNDS = 3  # of practice, before the experimenter decides
HANDS = {"r": "right", "l": "left", "e": "ambidextrous"}  # as BIDS has it


def setup(visit: VisitTools) -> StepResult:
    """What the program can't know: which arm, what of its skin, and the participant's hand."""
    arm = visit.choose("On which forearm will the thermode be?", {"l": "left", "r": "right"})
    visit.arm = {"l": "left", "r": "right"}.get(arm, "")
    visit.answered("setup", "arm", visit.arm)
    study, told = visit.prepared.pain_study, HANDS | LEAVE_OUT
    hand = visit.choose("With which hand does the participant write?", told)
    visit.handedness = HANDS.get(hand, "")
    visit.answered("setup", "handedness", visit.handedness or None)
    visit.experimenter.tell(forearm(study.skin_sites.count, None, visit.arm))
    typed = visit.line(
        "Skin sites that can't be used (a scar, a tattoo, a wound): their numbers",
        "none",
        lambda line: _sites_problem(line, visit.prepared),
    )
    unusable = _sites(typed)
    visit.answered("setup", "unusable_sites", " ".join(map(str, unusable)) or None)
    visit.goes_on = unusable != visit.prepared.unusable  # the table is another one then
    return DONE


def _sites(typed: str) -> tuple[int, ...]:
    """Numbers in a line; 'none' and an empty one have none. Raises `ValueError`."""
    words = [] if typed.lower() in ("", "none") else re.split(r"[,;\s]+", typed.strip(" ,;"))
    return tuple(sorted({int(word) for word in words}))


def _sites_problem(typed: str, prepared: Prepared) -> str:
    """Why the sites typed can't be left out, or ''."""
    study = prepared.pain_study
    try:
        unusable = _sites(typed)
    except ValueError:
        return f"{typed!r} isn't a list of numbers such as 3, 5"
    if unknown := [site for site in unusable if not 1 <= site <= study.skin_sites.count]:
        return f"there is no skin site {unknown[0]}: the study has 1 to {study.skin_sites.count}"
    try:
        sites_without(study, prepared.seed, unusable, prepared.calibration)
    except ValueError as error:
        return str(error)
    return ""


def devices(visit: VisitTools) -> StepResult:
    """What each device says; red ones fail the step."""
    runner = visit.runner
    thermode = runner.stage.thermode
    failed = []
    for name, device in (
        ("thermode", thermode),
        ("scanner", runner.scanner),
        ("markers", runner.markers),
    ):
        reason = device.failure() if device is not None else ""
        said = "not in this rig" if device is None else reason or f"open on {device.info.port}"
        visit.experimenter.tell(f"  {name:<9} {said}")
        if reason:
            failed.append(reason)
    if runner.responses is not None:
        visit.experimenter.tell(f"  {'responses':<9} {answers_by(runner.responses)}")
    if thermode is not None and not thermode.at_baseline():
        failed.append("the thermode doesn't report its baseline")
    if failed:
        return StepResult("failed", "; ".join(failed))
    answer = visit.choose(
        "Is the probe cool and clean, and has the stop key been tried with no heat?",
        {"g": "yes", "n": "no"},
    )
    return DONE if answer == "g" else StepResult("failed", "the devices weren't found fit")


def exclusion(visit: VisitTools) -> StepResult:
    """Every question of the check list; the first answer that excludes ends it."""
    found = visit.files.exclusion
    for check in found.asked(scanned=visit.prepared.scanned):
        plain, excluding = ("n", "y") if check.excludes == "yes" else ("y", "n")
        meanings = {"y": "yes", "n": "no"}
        answer = visit.choose(
            words(check.text, visit.language),
            {plain: meanings[plain], excluding: f"{meanings[excluding]} (excludes)"},
        )
        visit.answered(found.name, check.name, meanings[answer])
        if answer == excluding:
            # Which answer it was is about somebody's health: it stays in the journal.
            return StepResult("failed", "the check list excludes this participant")
    return DONE


def consent(visit: VisitTools) -> StepResult:
    """The experimenter confirms a signature; the program keeps no form."""
    answer = visit.choose(
        "Has the participant signed the consent form, and kept a copy?", {"y": "yes", "n": "no"}
    )
    visit.answered("consent", "signed", "yes" if answer == "y" else "no")
    return DONE if answer == "y" else StepResult("failed", "there is no signed consent")


def instructions(visit: VisitTools) -> StepResult:
    """Pages, back and forth."""
    texts = visit.prepared.texts
    study, unusable = visit.prepared.pain_study, visit.prepared.unusable
    pages = instruction_pages(texts, study)
    number = 0
    while number < len(pages):
        hint = texts.hints.back_and_forth if number else texts.hints.go_on
        shown = picture_of(pages[number], study, visit.materials, visit.arm, unusable)
        page = page_to_turn(pages[number], f"page_{number + 1}", hint, shown)
        result, heard = visit.outside(page)
        if result.status != "done":
            return result
        chosen = next((e.chosen for e in heard if isinstance(e, events.ChoiceMade)), None)
        number = max(0, number - 1) if chosen == "back" else number + 1
    visit.show("about_to_start")
    return DONE


def warm_practice(visit: VisitTools) -> StepResult:
    """Warm stimuli, round after round, until every scale was confirmed in time."""
    study, rig = visit.prepared.pain_study, visit.prepared.rig.model
    warm = warm_stimuli(rig.thermode) if rig.thermode is not None else []
    if not warm:
        return StepResult("failed", NO_WARMTH)
    every = range(1, study.skin_sites.count + 1)
    # The last of the spare ones: no run needs it soon.
    site = next(s for s in reversed(every) if s not in visit.prepared.unusable)
    visit.show("warm_practice")
    if not visit.look_at_skin(site, f"Practice: look at the skin at site {site}."):
        return StepResult("interrupted", "the skin isn't well")
    if visit.choose(f"Put the thermode on site {site}.", {"g": "it is there"}) != "g":
        return StepResult("interrupted", "the thermode wasn't put on")
    rounds = 0
    while True:
        rounds += 1
        visit.refresh()
        segment = practice(
            study,
            visit.materials,
            site=site,
            first_number=visit.next_stimulus,
            seed=visit.prepared.seed,
            attempt=100 * visit.attempt + rounds,
            pause_s=rig.limits.shortest_pause_s,
            warm=warm,
        )
        result, heard = visit.outside(segment)
        if result.status != "done":
            return result
        if skipped := [e for e in heard if isinstance(e, events.HeatSkipped)]:
            return StepResult("failed", f"a warm stimulus was not given: {skipped[0].reason}")
        ratings = [e for e in heard if isinstance(e, events.Rating)]
        late = sum(not rating.confirmed for rating in ratings)
        visit.experimenter.tell(
            f"Practice, round {rounds}: {len(ratings) - late} of {len(ratings)} ratings confirmed."
        )
        if not late:
            return DONE
        if rounds >= ROUNDS:
            answer = visit.choose(
                "The scales still aren't confirmed in time.",
                {"g": "go on all the same", "r": "another round"},
                part_of_step=False,
            )
            visit.answered("practice", "accepted_unpassed", "yes" if answer == "g" else "no")
            if answer != "r":
                return DONE


def runs(visit: VisitTools) -> StepResult:
    """The session itself."""
    ending = visit.runs()
    if ending.status == "completed":
        return DONE
    if ending.closed:  # for good, as was said: what comes after the runs can still be done
        return StepResult("skipped", ending.message)
    if ending.status == "failed" or visit.runner.stop.final:
        raise EndVisit(ending)
    assert ending.exit_code == ExitCode.EMERGENCY_STOP
    return StepResult("interrupted", ending.message)


def skin(visit: VisitTools) -> StepResult:
    """Every site looked at, with the thermode off."""
    visit.look_at_skin(None, "Thermode off the skin. Look at every site that had heat.")
    return DONE  # what was seen is a note; the participant can't be asked to have another skin


def faces(visit: VisitTools, when: str) -> StepResult:
    """Every clinician that this participant meets, in an order of its own."""
    prepared = visit.prepared
    met = sorted({(r["clinician"], r["trust"]) for r in prepared.rows if r["clinician"]})
    order = stream(prepared.seed, "faces", when).permutation(len(met))
    page = prepared.texts.page("faces")
    result, _ = visit.outside(page_to_turn(page, "faces", prepared.texts.hints.go_on))
    for number in order:
        if result.status != "done":
            return result
        clinician, trust = met[int(number)]
        items = prepared.pain_study.face_ratings.items
        result, _ = visit.outside(
            face(clinician, trust, items, visit.materials, prepared.seed, when)
        )
    return result


def open_questions(visit: VisitTools) -> StepResult:
    """Asked aloud, typed by the experimenter; an empty line leaves one out."""
    visit.show("interview")
    for key, text in visit.prepared.texts.after:
        visit.show_text(Text(text))
        typed = visit.line(f"{text} (empty: left out)", "no answer", lambda line: "")
        visit.answered("open_questions", key, typed or None)
    return DONE


def debrief(visit: VisitTools) -> StepResult:
    """The page, until it's been read; then the questions."""
    texts = visit.prepared.texts
    result, _ = visit.outside(page_to_turn(texts.debrief, "debrief", texts.hints.go_on))
    if result.status != "done":
        return result
    visit.choose("Has every question been answered?", {"g": "yes, the visit is over"})
    return DONE


DOING: dict[str, Doing] = {
    "setup": setup,
    "devices": devices,
    "exclusion": exclusion,
    "consent": consent,
    "questionnaires_before": lambda visit: questionnaires(visit, "before"),
    "instructions": instructions,
    "faces_before": lambda visit: faces(visit, "before"),
    "practice": warm_practice,
    "calibration": calibration,
    "runs": runs,
    "skin": skin,
    "faces_after": lambda visit: faces(visit, "after"),
    "open_questions": open_questions,
    "questionnaires_after": lambda visit: questionnaires(visit, "after"),
    "debrief": debrief,
}
