"""The one place that reads files which a human wrote: studies, rigs, calibrations, scenarios.

The rooms hold the models and know nothing of files; here a name or a path becomes a model, or one
sentence that says what to mend.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from experiment.errors import UserError
from experiment.inputs.slips import closest, describe
from experiment.places import ROOT

if TYPE_CHECKING:
    from conditions.calibration import Calibration
    from conditions.exclusion_list import ExclusionList
    from conditions.paradigms import AnyStudy
    from conditions.questionnaire import Questionnaire
    from conditions.study import Study
    from hardware.rig import Rig
    from stimuli.texts import LabelledScale, Texts

STUDIES = ROOT / "conditions" / "studies"
SCENARIOS = ROOT / "conditions" / "scenarios"
QUESTIONNAIRES = ROOT / "conditions" / "questionnaires"
EXCLUSION = ROOT / "conditions" / "exclusion"
RIGS = ROOT / "hardware" / "rigs"
TEXTS = ROOT / "stimuli" / "texts"
SCALES = ROOT / "stimuli" / "scales"
LARGEST_BYTES = 1_000_000  # far above any of these files; keeps a wrong file from filling memory

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Loaded(Generic[M]):
    """A file that was read: its model, the file itself, and what goes into the journal.

    `text` is the file's text as decoded, `sha256` that of its bytes.
    """

    model: M
    path: Path
    text: str
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        """The whole model as plain JSON values."""
        return self.model.model_dump(mode="json")


def load_study(source: str | Path) -> Loaded[AnyStudy]:
    """Read a shipped study (`trust_pain`) or a study file of any paradigm.

    Raises `UserError` (exit code 2).
    """
    from conditions.paradigms import model_of

    return load_toml(source, model_of, kind="study", shipped=STUDIES)


def load_pain_study(source: str | Path) -> Loaded[Study]:
    """Read a study of pain; `UserError` also for one that gives no heat."""
    return with_heat(load_study(source))


def with_heat(loaded: Loaded[AnyStudy]) -> Loaded[Study]:
    """The same study, if it's one of pain. Raises `UserError`."""
    from conditions.study import Study

    if not isinstance(loaded.model, Study):
        raise UserError(
            f"the study {loaded.model.name} gives no heat, so there is neither a calibration nor a "
            f"visit with it: `trustpain run` plays all of it"
        )
    return loaded  # type: ignore[return-value]


def load_rig(source: str | Path) -> Loaded[Rig]:
    """Read a shipped rig (`laptop`) or a rig file. Raises `UserError` (exit code 2)."""
    from hardware.rig import Rig

    return load_toml(source, Rig, kind="rig", shipped=RIGS)


def load_texts(language: str | Path) -> Loaded[Texts]:
    """Read the texts of a shipped language (`en`), or a file. Raises `UserError` (exit code 2)."""
    from stimuli.texts import Texts

    return load_toml(language, Texts, kind="language", shipped=TEXTS)


def load_scale(source: str | Path) -> Loaded[LabelledScale]:
    """Read a shipped scale's labels (`glms`), or a file. Raises `UserError` (exit code 2)."""
    from stimuli.texts import LabelledScale

    return load_toml(source, LabelledScale, kind="scale", shipped=SCALES)


def load_questionnaire(source: str | Path) -> Loaded[Questionnaire]:
    """Read a shipped questionnaire (`state_anxiety`), or a file. Raises `UserError`."""
    from conditions.questionnaire import Questionnaire

    return load_toml(source, Questionnaire, kind="questionnaire", shipped=QUESTIONNAIRES)


def load_exclusion_list(source: str | Path) -> Loaded[ExclusionList]:
    """Read a shipped exclusion check list (`heat`), or a file. Raises `UserError`."""
    from conditions.exclusion_list import ExclusionList

    return load_toml(source, ExclusionList, kind="check list", shipped=EXCLUSION)


def load_calibration(source: str | Path) -> Loaded[Calibration]:
    """Read an accepted calibration (JSON, or TOML). Raises `UserError` (exit code 2)."""
    from conditions.calibration import Calibration

    path = Path(source)
    parse = _json if path.suffix.lower() == ".json" else tomllib.loads
    return _load(path, Calibration, f"the calibration {path}", parse)


def last_calibration(dataset: Path, participant: str) -> Path | None:
    """The participant's last accepted calibration in a dataset, if there is one."""
    folder = dataset / "sourcedata" / f"sub-{participant}"
    return max(folder.rglob("*_calibration-*.toml"), key=lambda path: path.name, default=None)


def load_toml(
    source: str | Path,
    model: type[M] | Callable[[dict[str, Any]], type[M]],
    *,
    kind: str,
    shipped: Path | None = None,
) -> Loaded[M]:
    """Read a TOML file of some kind, given by its path or by a shipped name.

    `model` may be a function that chooses it by the file's data (`ValueError`: there is none).

    Raises `UserError` (exit code 2), one sentence that names file, key, value and remedy.
    """
    path = find(source, kind=kind, shipped=shipped)
    return _load(path, model, f"the {kind} file {path.name}", tomllib.loads)


def find(source: str | Path, *, kind: str, shipped: Path | None = None) -> Path:
    """Where a file lies that was given by its path or by a shipped name.

    A name is what has neither a folder nor `.toml`. Raises `UserError` if there's no such file.
    """
    text = str(source)
    names = shipped_names(shipped) if shipped else []
    if text in names and shipped:
        return shipped / f"{text}.toml"
    path = Path(text).expanduser()
    if path.is_file():
        return path
    if path.is_dir() and text:
        raise UserError(f"the {kind} {text} is a folder, but must be a file")
    meant = closest(text, names)
    hint = f': did you mean "{meant}"?' if meant else ""
    offered = f"; shipped are {', '.join(names)}" if names else ""
    raise UserError(f'there is no {kind} "{text}"{hint or offered}')


def shipped_names(folder: Path) -> list[str]:
    """The names that may stand for the files of a room's folder."""
    return sorted(path.stem for path in folder.glob("*.toml"))


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that isn't there yet; if anything fails, it isn't there afterwards either.

    Raises `UserError` if it exists or can't be made (exit code 2).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("xb")
    except FileExistsError:
        raise UserError(f"{path} exists already: choose another name, or move it away") from None
    except OSError as error:
        raise UserError(
            f"{path} can't be written: {_lower(error.strerror or str(error))}"
        ) from None
    try:
        with file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def write_new(path: Path, text: str) -> None:
    """Write a text as UTF-8 into a file that isn't there yet. Raises `UserError` as `new_file`."""
    with new_file(path) as file:
        file.write(text.encode())


def _load(
    path: Path,
    model: type[M] | Callable[[dict[str, Any]], type[M]],
    what: str,
    parse: Callable[[str], dict[str, Any]],
) -> Loaded[M]:
    raw = _read(path, what)
    text = _decode(raw, what)
    language = "JSON" if parse is _json else "TOML"
    try:
        data = parse(text)
    except RecursionError:
        raise UserError(f"{what} isn't valid {language}: it's nested too deeply") from None
    except ValueError as error:
        if not isinstance(error, tomllib.TOMLDecodeError | json.JSONDecodeError):
            raise UserError(f"{what} holds a number with far too many digits") from None
        raise UserError(f"{what} isn't valid {language}: {_lower(str(error))}") from None
    try:
        chosen: type[M] = model if isinstance(model, type) else model(data)
    except ValueError as error:
        raise UserError(f"{what}: {error}") from None
    try:
        found = chosen.model_validate(data)
    except ValidationError as error:
        raise UserError(f"{what}: {describe(error, chosen, data)}") from None
    return Loaded(found, path, text, hashlib.sha256(raw).hexdigest())


def _read(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise UserError(f"{what} can't be read: {_lower(error.strerror or str(error))}") from None
    if len(raw) > LARGEST_BYTES:
        raise UserError(
            f"{what} is larger than {LARGEST_BYTES // 1_000_000} MB: is it another file?"
        )
    return raw


def _decode(raw: bytes, what: str) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UserError(f"{what} is saved as UTF-16: save it as UTF-8 in your editor")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{what} has a character in line {line} that isn't UTF-8: save it as UTF-8 in your editor"
        ) from None


def _json(text: str) -> dict[str, Any]:
    data = json.loads(text)
    if not isinstance(data, dict):
        raise json.JSONDecodeError("it must hold one object, in braces", text, 0)
    return data


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
