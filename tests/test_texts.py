"""Every text is there, and fits its place on every screen, in letters that can be read."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from conditions.norming import NormingStudy
from experiment.check.key_trial import KeyTrial
from experiment.display import look
from experiment.display.drawing import Layer, layers
from experiment.display.field import Field, field_of
from experiment.inputs.files import QUESTIONNAIRES, load_questionnaire, load_rig, load_study
from experiment.norming.course import block_scene, instruction_scenes
from experiment.plan.materials import materials_of
from experiment.plan.scene import (
    Choice,
    Forearm,
    PagePicture,
    Portrait,
    RatingScale,
    ScaleLabel,
    Scene,
    Silhouette,
    StopButton,
    Text,
)
from experiment.visit.wording import scenes_of
from hardware.rig import Screen
from stimuli import texts as module
from stimuli.manifest import load_manifest
from stimuli.texts import Page, Texts, load_scale, load_texts, scale_labels

SCREENS = {
    # width_px, height_px, width_cm, distance_cm
    "laptop 16:9": (1280, 720, 34.5, 60.0),
    "laptop 16:10": (1280, 800, 30.0, 60.0),
    "scanner 4:3": (1024, 768, 40.0, 120.0),
    "scanner 16:9": (1920, 1080, 50.0, 130.0),
    "office 5:4": (1280, 1024, 38.0, 60.0),
}
LANGUAGES = sorted(path.stem for path in module.TEXTS.glob("*.toml"))


@pytest.fixture(params=SCREENS)
def field(request: pytest.FixtureRequest) -> Field:
    width, height, width_cm, distance = SCREENS[request.param]
    return field_of(
        Screen(
            width_px=width,
            height_px=height,
            width_cm=width_cm,
            distance_cm=distance,
            refresh_hz=60.0,
            full_screen=True,
        )
    )


@pytest.fixture(params=LANGUAGES, scope="module")
def texts(request: pytest.FixtureRequest) -> Texts:
    return load_texts(request.param)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "portrait.png"
    Image.new("RGB", (800, 1000), (150, 160, 170)).save(path)
    return path


def page(page: Page, hint: str = "") -> Text:
    return Text(f"{page.text.strip()}\n\n{hint}".strip(), page.title)


def scale(texts: Texts, kind: str, question: str, hint: str) -> RatingScale:
    assert kind in ("vas", "glms")
    labels = scale_labels(texts, kind, question, load_scale())  # type: ignore[arg-type]
    return RatingScale(
        kind,  # type: ignore[arg-type]
        texts.text(f"questions.{question}"),
        tuple(ScaleLabel(position, text) for position, text in labels),
        hint,
    )


def norming() -> NormingStudy:
    study = load_study("norming").model
    assert isinstance(study, NormingStudy)
    return study


def with_picture(found: Page, texts: Texts) -> Text:
    """An instruction as the visit shows it."""
    drawn: PagePicture | None = None
    if found.picture == "scale":
        drawn = scale(texts, found.only or "vas", "intensity", "")
    elif found.picture == "clinician":
        drawn = Silhouette(texts.text("trial.anticipation"))
    elif found.picture == "stop_button":
        drawn = StopButton()
    elif found.picture == "forearm":
        drawn = Forearm(((1, 2, 3, 4), (5, None, 7, 8)), "right")
    return replace(page(found, texts.hints.back_and_forth), drawing=drawn)


def all_scenes(texts: Texts, picture: Path) -> list[Scene]:
    longest = max(texts.names.values(), key=len)
    scenes: list[Scene] = [
        Portrait(picture, texts.text("trial.introduction", name=longest)),
        Portrait(picture, texts.text("trial.anticipation")),
        Choice(texts.text("painful"), (texts.text("yes"), texts.text("no"))),
        page(texts.debrief),
    ]
    scenes += [page(found) for _, found in texts.screens]
    scenes += [page(found, texts.hints.go_on) for found in texts.instructions]
    scenes += [with_picture(found, texts) for found in texts.instructions]
    scenes += [page(found, texts.hints.go_on) for found in (texts.page("faces"), texts.debrief)]
    for path in QUESTIONNAIRES.glob("*.toml"):
        asked = load_questionnaire(path.stem).model
        for alone in (True, False):
            found = scenes_of(asked, texts.language, texts.text("rather_not_say"), alone=alone)
            scenes += [scene for _, scene in found]
    scenes += [Text(text) for _, text in texts.after]
    for question in texts.questions:
        scenes.append(scale(texts, "vas", question, texts.hints.vas_keys))
        scenes.append(scale(texts, "vas", question, texts.hints.vas_mouse))
    for question in sorted(texts.questions.keys() - {"intensity", "unpleasantness"}):
        under = scale(texts, "vas", question, texts.hints.vas_keys)
        scenes.append(replace(under, picture=picture))  # the face ratings
    years = materials_of(
        norming(), texts, None, lambda clinician, level: picture, hand="keys"
    ).labels("vas", "age")
    under = scale(texts, "vas", "age", texts.hints.vas_keys)
    scenes.append(replace(under, picture=picture, labels=years))
    scenes += [*instruction_scenes(texts)]
    scenes += [block_scene(texts, norming(), name, 1) for name in norming().design.names]
    for question in ("intensity", "unpleasantness"):
        scenes.append(scale(texts, "glms", question, texts.hints.glms_keys))
        scenes.append(scale(texts, "glms", question, texts.hints.glms_stick))
    scenes.append(KeyTrial(load_rig("laptop").model, texts).scene())
    figures = {"points": "100.0", "seconds": "10.00", "rate": "60"}
    for note in (
        texts.text("keys.moved", **figures),
        texts.text("keys.unassigned", name="num_multiply"),
    ):
        scenes.append(replace(scenes[-1], note=note))
    return scenes


def overlap(one: Layer, other: Layer) -> bool:
    left, top, right, bottom = one.box
    left2, top2, right2, bottom2 = other.box
    return left < right2 and left2 < right and top < bottom2 and top2 < bottom


def test_every_text_fits_its_place(texts: Texts, field: Field, picture: Path) -> None:
    """Nothing leaves the screen, nothing overlaps, no letter is too small."""
    for scene in all_scenes(texts, picture):
        drawn = layers(scene, field)
        for layer in drawn:
            left, top, right, bottom = layer.box
            assert left >= 0, scene
            assert top >= 0, scene
            assert right <= field.width, scene
            assert bottom <= field.height, scene
            if layer.letter:
                assert layer.letter >= 0.7 * field.px_per_degree - 1, scene
        for one, other in itertools.combinations(drawn, 2):
            assert not overlap(one, other), scene


def test_every_line_of_a_scales_labels_is_drawn(texts: Texts, field: Field) -> None:
    """The edge of a scale's picture, cut through letters, would be in ink."""
    for question in ("intensity", "unpleasantness"):
        drawn = layers(scale(texts, "glms", question, texts.hints.glms_keys), field)[0].image
        for edge in (0, drawn.height - 1):
            row = drawn.crop((0, edge, drawn.width, edge + 1))
            assert row.getcolors() == [(drawn.width, look.BACKGROUND)]


def test_a_picture_is_what_the_page_is_about(texts: Texts) -> None:
    """Each language has the same ones, and each kind is there for either scale."""
    for kind in ("vas", "glms"):
        pictures = [found.picture for found in texts.instruction_pages(kind) if found.picture]  # type: ignore[arg-type]
        assert pictures == ["clinician", "forearm", "scale", "stop_button"]


def test_faces_stay_where_they_are(field: Field, picture: Path) -> None:
    """Between introduction, anticipation and heat only the line below the face changes."""
    captions = ("", "The procedure is about to begin.", "Hello, I am Dr Mensah. " * 3)
    assert len({layers(Portrait(picture, caption), field)[0].box for caption in captions}) == 1


def test_every_clinician_has_a_name(texts: Texts) -> None:
    assert set(texts.names) >= set(load_manifest(module.TEXTS.parent / "clinicians.tsv").clinicians)


def test_every_label_of_a_scale_has_words(texts: Texts) -> None:
    for path in module.SCALES.glob("*.toml"):
        scale_labels(texts, "glms", "intensity", load_scale(path.stem))


def test_glms_labels_stand_where_they_were_published() -> None:
    positions = [label.position for label in load_scale("glms").labels]
    assert positions == [0.0, 1.4, 6.0, 17.0, 35.0, 53.0, 100.0]  # Green 1993, Bartoshuk 2004


def keys_of(texts: Texts) -> dict[str, list[str]]:
    """Every key of a language with what its text wants filled in; pages and lists by their order."""

    def braces(value: object) -> list[str]:
        return sorted(re.findall(r"{(\w+)}", str(value)))

    found: dict[str, list[str]] = {}
    for section, content in texts.model_dump().items():
        if isinstance(content, dict):
            found |= {f"{section}.{key}": braces(value) for key, value in content.items()}
        elif isinstance(content, list | tuple):
            found |= {f"{section}.{n}.{p['only']}": braces(p) for n, p in enumerate(content)}
    return found


def test_every_language_has_what_the_english_one_has(texts: Texts) -> None:
    assert keys_of(texts) == keys_of(load_texts("en"))


def test_no_text_was_left_in_english(texts: Texts) -> None:
    """Names are the same everywhere; a longer text that is the same was forgotten."""
    if texts.language == "en":
        pytest.skip("the English texts are the English texts")
    english = {line for line in lines_of(load_texts("en")) if len(line) > 12}
    assert not english & set(lines_of(texts))


def lines_of(texts: Texts) -> list[str]:
    def strings(value: object) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, dict):
            return [line for each in value.values() for line in strings(each)]
        return [line for each in value for line in strings(each)] if value else []  # type: ignore[attr-defined]

    return strings(texts.model_dump(exclude={"language", "names"}))


def test_instructions_differ_by_scale() -> None:
    found = load_texts("en")
    vas, glms = found.instruction_pages("vas"), found.instruction_pages("glms")
    assert len(vas) == len(glms)
    assert vas != glms


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "not real"), ("de", "keine wirklichen Menschen"), ("es", "o son personas reales")],
)
def test_it_is_said_that_the_clinicians_are_not_real(language: str, words: str) -> None:
    texts = load_texts(language)
    for pages in (texts.instructions, texts.norming.instructions):
        assert any(words in found.text for found in pages)


@pytest.mark.parametrize(
    ("key", "fill", "message"),
    [
        (
            "questions.intensty",
            {},
            "no text 'questions.intensty' in en.toml; there are: age, angry",
        ),
        ("nowhere.x", {}, "there is no section 'nowhere'"),
        ("trial.introduction", {}, r"takes \['name'\], but was given \[\]"),
        ("trial.anticipation", {"name": "X"}, r"takes \[\], but was given \['name'\]"),
    ],
)
def test_missing_texts_are_named(key: str, fill: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_texts("en").text(key, **fill)


def test_missing_files_are_named() -> None:
    with pytest.raises(ValueError, match=r"no texts in the language 'xx'; there are: .*en"):
        load_texts("xx")
    with pytest.raises(ValueError, match="no scale 'xx'"):
        load_scale("xx")


def test_a_lab_may_bring_its_own_scale(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    shipped = (module.SCALES / "glms.toml").read_text(encoding="utf-8")
    own.write_text(shipped.replace("position = 6.0", "position = 6.1"), encoding="utf-8")
    assert load_scale(str(own)).labels[2].position == 6.1
    own.write_text(shipped.replace("position = 6.0", "position = 60.0"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"own\.toml: .*must ascend"):
        load_scale(str(own))
