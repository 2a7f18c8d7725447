"""What can stand on the screen, as data.

A scene says what to show, never how; `experiment.display` draws it, a dry run only passes it on.
All scenes share one background. Sizes are in degrees of visual angle.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Fixation:
    """A fixation cross."""


@dataclass(frozen=True)
class Portrait:
    """A clinician's portrait, with a line of text under it.

    `fade_in_s` > 0: the picture comes out of the background over that time, from its onset on.
    """

    picture: Path
    caption: str = ""
    fade_in_s: float = 0.0


@dataclass(frozen=True)
class Text:
    """A page of text for the participant: instructions, waiting, pause, end.

    With `drawing` a small picture of what the page is about stands below the text.
    """

    text: str
    title: str = ""
    drawing: PagePicture | None = None


@dataclass(frozen=True)
class Silhouette:
    """Only on a page: a clinician's screen, with nobody's face on it."""

    caption: str


@dataclass(frozen=True)
class StopButton:
    """Only on a page: what ends the heat at once."""


@dataclass(frozen=True)
class Forearm:
    """Only on a page: the skin sites on the inner side of a forearm, as its owner sees it.

    `rows` of site numbers, each from the elbow to the wrist, the first on the thumb's side; None
    for a site that has no heat. `arm` is '' where it isn't known: a left one is drawn then.
    """

    rows: tuple[tuple[int | None, ...], ...]
    arm: str = ""


@dataclass(frozen=True)
class Choice:
    """A question with a few options, of which one may be marked as chosen."""

    question: str
    options: tuple[str, ...]
    chosen: int | None = None


@dataclass(frozen=True)
class ScaleLabel:
    """A label at a position of a scale (0 to 100)."""

    position: float
    text: str


@dataclass(frozen=True)
class RatingScale:
    """A rating scale with its question and labels, before or while someone answers.

    `vas` is a horizontal line labelled at its ends, `glms` a vertical one with labels at their
    published positions. The cursor isn't part of the scene: it moves, so the display asks for it.
    With `picture` (vas only) a clinician's portrait stands above the question.
    """

    kind: Literal["vas", "glms"]
    question: str
    labels: tuple[ScaleLabel, ...]
    hint: str = ""
    picture: Path | None = None


@dataclass(frozen=True)
class KeyTile:
    """One meaning, the keys and buttons that have it, and whether it came already or is held now."""

    meaning: str
    keys: str
    state: Literal["untried", "tried", "held"] = "untried"


@dataclass(frozen=True)
class KeyScreen:
    """Every meaning that a key can have, to be tried out; with a line for the cursor to move on.

    `note` is what came last or how fast the cursor was, `hint` how to end.
    """

    title: str
    tiles: tuple[KeyTile, ...]
    note: str
    hint: str


Scene = Fixation | Portrait | Text | Choice | RatingScale | KeyScreen

PagePicture = RatingScale | Silhouette | StopButton | Forearm


@dataclass(frozen=True)
class CursorState:
    """Where a rating's cursor is now (0 to 100), whether it shows, and whether it's locked."""

    position: float
    visible: bool = True
    locked: bool = False
