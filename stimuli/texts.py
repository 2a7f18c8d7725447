"""The words that the participant reads, one file for each language, and the labels of the scales.

Both kinds of file are TOML, beside this module: `texts/en.toml`, `scales/glms.toml`.
"""

from __future__ import annotations

import string
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator

TEXTS = Path(__file__).parent / "texts"
SCALES = Path(__file__).parent / "scales"

Line = Annotated[str, Field(min_length=1, max_length=200)]
Lines = dict[str, Line]
Ends = Annotated[tuple[Line, Line], Strict(False)]  # TOML has lists only
ScaleKind = Literal["vas", "glms"]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid", frozen=True)


class Page(_Model):
    """A screen of text; `only` limits an instruction to one kind of scale.

    `picture`: what is drawn below an instruction, as the participant will see it.
    """

    title: str = ""
    text: Annotated[str, Field(min_length=1)]
    only: ScaleKind | None = None
    picture: Literal["clinician", "forearm", "scale", "stop_button"] | None = None


class Trial(_Model):
    """What stands under a clinician's portrait; the introduction takes a `{name}`."""

    introduction: Line
    anticipation: Line


class Hints(_Model):
    """Small lines at the foot of a scale or page."""

    vas_keys: Line
    vas_mouse: Line
    vas_stick: Line
    glms_keys: Line
    glms_mouse: Line
    glms_stick: Line
    go_on: Line
    back_and_forth: Line


class Keys(_Model):
    """The screen on which keys are tried: what each means, and what is said of what came."""

    title: Line
    left: Line
    right: Line
    confirm: Line
    yes: Line
    no: Line
    next: Line
    back: Line
    stop: Line
    participant_stop: Line
    pulse: Line
    click: Line
    answers: Line
    digits: Line
    unassigned: Line
    moved: Line
    hint: Line


class Screens(_Model):
    """Pages that the program itself shows."""

    waiting_for_scanner: Page
    about_to_start: Page
    pause: Page
    calm_pause: Page
    next_site: Page
    end: Page
    stopped: Page
    practice: Page
    welcome: Page
    warm_practice: Page
    faces: Page
    questionnaire: Page
    interview: Page
    pause_without_heat: Page
    end_without_heat: Page
    stopped_without_heat: Page


class Norming(_Model):
    """What raters read who judge the portraits; `part` takes `{number}` and `{parts}`."""

    part: Line
    block: Line
    instructions: Annotated[tuple[Page, ...], Strict(False), Field(min_length=1)]


class After(_Model):
    """Open questions after the last run."""

    suspicion: Line
    demand: Line
    ethnicity: Line


class Texts(_Model):
    """All texts of one language. `anchors` are the two ends of a VAS, for each question."""

    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]
    name: Line
    names: Lines
    trial: Trial
    questions: Lines
    anchors: dict[str, Ends]
    glms: Lines
    hints: Hints
    keys: Keys
    named: Lines
    screens: Screens
    norming: Norming
    instructions: Annotated[tuple[Page, ...], Strict(False), Field(min_length=1)]
    after: After
    debrief: Page

    @model_validator(mode="after")
    def _anchors_fit(self) -> Texts:
        if missing := sorted(self.questions.keys() ^ self.anchors.keys()):
            raise ValueError(
                f"questions and anchors must have the same keys; only in one: {missing}"
            )
        return self

    def text(self, key: str, /, **fill: str) -> str:
        """A text by its key, with what is filled into its braces.

        `key` is 'section.name', such as 'questions.intensity' or 'trial.introduction'; a bare name
        is one of the section `named`, from which study files choose. Raises `ValueError` for an
        unknown key (with those there are) and for braces that aren't filled.
        """
        section, _, name = key.rpartition(".")
        found = self._section(section or "named", key)
        if not isinstance(found.get(name), str):
            raise ValueError(f"no text {key!r} in {self.language}.toml; there are: {_known(found)}")
        wanted = {field for _, field, _, _ in string.Formatter().parse(found[name]) if field}
        if wanted != fill.keys():
            raise ValueError(f"text {key!r} takes {sorted(wanted)}, but was given {sorted(fill)}")
        return str(found[name].format(**fill)).strip()

    def page(self, key: str) -> Page:
        """A screen by its name in the section `screens`, or 'debrief'. Raises `ValueError`."""
        if key == "debrief":
            return self.debrief
        page = getattr(self.screens, key, None)
        if not isinstance(page, Page):
            known = _known(dict(self.screens))
            raise ValueError(f"no screen {key!r} in {self.language}.toml; there are: {known}")
        return page

    def instruction_pages(self, scale: ScaleKind) -> tuple[Page, ...]:
        """The pages before the first run, of a study that rates on this scale."""
        return tuple(page for page in self.instructions if page.only in (None, scale))

    def _section(self, section: str, key: str) -> dict[str, Any]:
        found = getattr(self, section, None)
        if isinstance(found, BaseModel):
            return dict(found)
        if isinstance(found, dict):
            return found
        raise ValueError(
            f"no text {key!r} in {self.language}.toml: there is no section {section!r}"
        )


class ScalePoint(_Model):
    """A label's position, 0 to 100, and its key in the texts' section `glms`."""

    position: Annotated[float, Field(ge=0, le=100)]
    key: Line


class LabelledScale(_Model):
    """The labels of a labelled magnitude scale, from bottom to top, and where they come from."""

    name: Line
    source: Annotated[str, Field(min_length=1)]
    labels: Annotated[tuple[ScalePoint, ...], Strict(False), Field(min_length=2)]

    @model_validator(mode="after")
    def _ascending(self) -> LabelledScale:
        positions = [label.position for label in self.labels]
        if any(after <= before for before, after in pairwise(positions)):
            raise ValueError(f"the labels' positions must ascend, but are {positions}")
        return self


def load_texts(language: str = "en") -> Texts:
    """The texts of a language ('en'). Raises `ValueError`, also for a language that isn't there."""
    path = TEXTS / f"{language}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in TEXTS.glob("*.toml")))
        raise ValueError(f"no texts in the language {language!r}; there are: {known}")
    return _read(path, Texts)


def load_scale(name: str = "glms") -> LabelledScale:
    """A labelled scale by its shipped name or the path of its file. Raises `ValueError`."""
    shipped = SCALES / f"{name}.toml"
    path = shipped if shipped.is_file() else Path(name)
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in SCALES.glob("*.toml")))
        raise ValueError(f"no scale {name!r}: neither a file nor one of those shipped: {known}")
    return _read(path, LabelledScale)


def scale_labels(
    texts: Texts, kind: ScaleKind, question: str, scale: LabelledScale
) -> tuple[tuple[float, str], ...]:
    """Positions (0 to 100) and labels: the question's two ends (vas), or those of `scale` (glms).

    Raises `ValueError` for a question or label that the texts don't have.
    """
    if kind == "glms":
        return tuple((label.position, texts.text(f"glms.{label.key}")) for label in scale.labels)
    if question not in texts.anchors:
        raise ValueError(
            f"no anchors for {question!r} in {texts.language}.toml; there are: {_known(texts.anchors)}"
        )
    low, high = texts.anchors[question]
    return (0.0, low), (100.0, high)


_M = TypeVar("_M", Texts, LabelledScale)


def _read(path: Path, model: type[_M]) -> _M:
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ValueError(f"{path.name}: {where}: {first['msg']}") from None
    except ValueError as error:  # of TOML or UTF-8
        raise ValueError(f"{path.name}: {error}") from None


def _known(section: dict[str, Any]) -> str:
    return ", ".join(sorted(section))
