"""What the participant sees between the runs, as segments that belong to no run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from conditions.questionnaire import ChoiceItem, Questionnaire, words
from conditions.seed import stream
from conditions.study import Study
from experiment.phases.choice import TakeChoice
from experiment.phases.heat import GiveHeat
from experiment.phases.rating import TakeRating
from experiment.phases.registry import Materials, portrait_scale
from experiment.plan.scene import (
    Choice,
    Fixation,
    Forearm,
    PagePicture,
    RatingScale,
    Scene,
    Silhouette,
    StopButton,
    Text,
)
from experiment.plan.timeline import OUTSIDE_TRIALS, Action, Phase, Segment
from experiment.visit.forearm import rows_of
from hardware.devices import Stimulus
from hardware.rig import MedocSection, TcsSection
from stimuli.texts import Page, Texts

LEFT_OUT = "left_out"
FACE_PAUSE_S = 0.5  # fixation before a new clinician's face

WARM_C = (38.0, 40.0, 42.0)  # ours: below every published heat pain threshold (42.0 C at lowest)
WARM_PLATEAU_S = 4.0
WARM_PAUSE_S = 16.0  # fixation before each: longer than the shipped rigs' shortest pause
RATING_S = 6.0  # as long as in the runs


@dataclass(frozen=True)
class _Part:
    name: str
    trial_type: str
    duration: float | None
    scene: Scene
    action: Action | None = None


def segment_of(parts: Sequence[_Part], row: dict[str, Any] | None = None, site: int = 0) -> Segment:
    """Phases one after the other, outside every run and trial."""
    phases, at = [], 0.0
    for part in parts:
        phases.append(
            Phase(
                trial=OUTSIDE_TRIALS,
                name=part.name,
                trial_type=part.trial_type,
                onset=round(at, 3),
                duration=part.duration,
                scene=part.scene,
                action=part.action,
            )
        )
        at += part.duration or 0.0
    return Segment(
        run=0,
        design_run=0,
        segment=1,
        acquisition=0,
        skin_site=site,
        phases=tuple(phases),
        rows={OUTSIDE_TRIALS: row or {}},
        length_s=round(at, 3),
        volumes=None,
    )


def instruction_pages(texts: Texts, study: Study) -> list[Page]:
    """The instructions of this study; one with a single skin site has no page about several."""
    pages = texts.instruction_pages(study.scale)
    several = study.skin_sites.count > 1
    return [page for page in pages if several or page.picture != "forearm"]


def picture_of(
    page: Page,
    study: Study,
    materials: Materials,
    arm: str = "",
    unusable: Collection[int] = (),
) -> PagePicture | None:
    """What is drawn on a page: this study's scale, a clinician's screen, the stop button, the arm.

    `arm` is the one that has the thermode ('' if it isn't known), `unusable` its skin sites that
    have no heat.
    """
    match page.picture:
        case "scale":
            return RatingScale(
                kind=study.scale,
                question=materials.text("questions.intensity"),
                labels=materials.labels(study.scale, "intensity"),
            )
        case "clinician":
            return Silhouette(materials.text("trial.anticipation"))
        case "stop_button":
            return StopButton()
        case "forearm":
            rows = rows_of(study.skin_sites.count)
            used = [tuple(None if site in unusable else site for site in row) for row in rows]
            return Forearm(tuple(used), arm)
    return None


def page_to_turn(page: Page, name: str, hint: str, picture: PagePicture | None = None) -> Segment:
    """One page; the participant goes back or on."""
    text = f"{page.text.strip()}\n\n{hint}".strip()
    action = TakeChoice(name, ("back", "next"), ("back", "next"))
    return segment_of([_Part(name, "instructions", None, Text(text, page.title, picture), action)])


def face(
    clinician: str, trust: str, items: Sequence[str], materials: Materials, seed: int, when: str
) -> Segment:
    """A clinician's portrait with a scale below, item after item, each until it's confirmed."""
    rng = stream(seed, "face", when, clinician)
    parts = [_Part("face_fixation", "fixation", FACE_PAUSE_S, Fixation())]
    for item in items:
        scene = portrait_scale(item, clinician, trust, materials)
        start = float(rng.integers(0, 101))
        parts.append(
            _Part(f"face_{item}", "face_rating", None, scene, TakeRating(item, "vas", start))
        )
    return segment_of(parts, {"clinician": clinician, "trust": trust})


def item_on_screen(
    questionnaire: Questionnaire, item: ChoiceItem, language: str, leave_out: str
) -> Segment:
    """An item with its options, and one more for leaving it out."""
    options = questionnaire.options_of(item)
    texts = (*(words(option.text, language) for option in options), leave_out)
    roles = tuple(str(number) for number in range(1, len(texts) + 1))
    values = (*(str(option.value) for option in options), LEFT_OUT)
    scene = Choice(words(item.text, language), texts)
    action = TakeChoice(item.name, values, roles)
    return segment_of([_Part(item.name, "questionnaire", None, scene, action)])


def warm_stimuli(thermode: TcsSection | MedocSection) -> list[tuple[float, float]]:
    """Temperature (C) and plateau (s) of what can be practised with, coolest first.

    A device with stored programs gives those of at most 42 C, three at most; perhaps none.
    """
    if not isinstance(thermode, MedocSection):
        return [(temperature, WARM_PLATEAU_S) for temperature in WARM_C]
    stored = {p.temperature: p.plateau_s for p in thermode.programs if p.temperature <= WARM_C[-1]}
    return sorted(stored.items())[-len(WARM_C) :]


def practice(
    study: Study,
    materials: Materials,
    *,
    site: int,
    first_number: int,
    seed: int,
    attempt: int,
    pause_s: float,
    warm: Sequence[tuple[float, float]],
) -> Segment:
    """The warm stimuli (C, plateau in s), coolest first, each rated on the study's scales.

    `pause_s` is the shortest pause on one site that the rig allows.
    """
    rng = stream(seed, "practice", attempt)
    rest_s = max(WARM_PAUSE_S, pause_s + 1.0)
    parts: list[_Part] = []
    for number, (temperature, plateau_s) in enumerate(warm):
        stimulus = Stimulus(
            number=first_number + number,
            target=temperature,
            plateau_s=plateau_s,
            baseline=materials.baseline,
            rise_rate=materials.rise_rate,
            return_rate=materials.return_rate,
            skin_site=site,
        )
        slot = round(stimulus.length_s + 1.0, 1)
        parts.append(_Part(f"practice_fixation_{number + 1}", "fixation", rest_s, Fixation()))
        parts.append(
            _Part(f"practice_heat_{number + 1}", "heat", slot, Fixation(), GiveHeat(stimulus))
        )
        for question in ("intensity", "unpleasantness"):
            scale = RatingScale(
                kind=study.scale,
                question=materials.text(f"questions.{question}"),
                labels=materials.labels(study.scale, question),
                hint=materials.hint(study.scale),
            )
            start = float(rng.integers(0, 101))
            # A question of its own, or warmth would count as "no pain" in the rules on ratings.
            action = TakeRating(f"practice_{question}", study.scale, start)
            parts.append(
                _Part(f"practice_{question}_{number + 1}", "rating", RATING_S, scale, action)
            )
    return segment_of(parts, site=site)
