"""Turning a pydantic validation error into one sentence that names key, value and remedy."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

Location = tuple[int | str, ...]


def describe(error: ValidationError, model: type[BaseModel], data: dict[str, Any]) -> str:
    """One sentence on the first slip in the file's data, without the file's name or a full stop.

    Keys are dotted, blocks counted from 1: `trial[3].plateau_s`. A missing and an unknown key in
    the same place are taken for one misspelt key.
    """
    slips = error.errors(include_url=False, include_context=True)
    unknown = [slip for slip in slips if slip["type"] == "extra_forbidden"]
    first = unknown[0] if unknown else slips[0]
    if unknown:
        sentence = _unknown_key(first, slips, model, data)
    elif first["type"] == "missing":
        sentence = _missing_key(first, model, data)
    else:
        sentence = _wrong_value(first, model, data)
    more = len(slips) - (2 if unknown and "did you mean" in sentence else 1)
    return f"{sentence} ({more} more to mend after that)" if more > 0 else sentence


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    by_folded = {known_word.casefold(): known_word for known_word in known}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def _unknown_key(
    slip: ErrorDetails, slips: Sequence[ErrorDetails], model: type[BaseModel], data: dict[str, Any]
) -> str:
    path = _path(slip["loc"], data, missing=False)
    key, place = str(path[-1]), path[:-1]
    known = _keys_at(model, slip["loc"][:-1])
    missing = [
        str(other["loc"][-1])
        for other in slips
        if other["type"] == "missing" and _path(other["loc"], data, missing=True)[:-1] == place
    ]
    meant = closest(key, missing) or closest(key, known - _given(place, data))
    where = f"{_dotted(place)} has" if place else "there is"
    if meant:
        return f'{where} an unknown key "{key}": did you mean "{meant}"?'
    listed = ", ".join(sorted(known))
    return f'{where} an unknown key "{key}"' + (f"; known here are {listed}" if listed else "")


def _missing_key(slip: ErrorDetails, model: type[BaseModel], data: dict[str, Any]) -> str:
    *place, key = _path(slip["loc"], data, missing=True)
    if isinstance(key, int):
        found = shown(slip["input"])
        return f"{_dotted(place)} is {found}, but must be a list of at least {key + 1} values"
    field = _field_at(model, slip["loc"])
    what = f" ({_what_is_right(field)})" if field and _what_is_right(field) else ""
    if place:
        return f'{_dotted(place)} lacks the key "{key}"{what}'
    return f'the key or section "{key}" is missing{what}'


def _wrong_value(slip: ErrorDetails, model: type[BaseModel], data: dict[str, Any]) -> str:
    kind, context = slip["type"], slip.get("ctx", {})
    path = _path(slip["loc"], data, missing=False)
    if kind == "union_tag_not_found":
        key = str(context["discriminator"]).strip("'")
        return f'{_dotted(path)} lacks the key "{key}", which says what kind it is'
    if kind == "union_tag_invalid":
        key, tag = str(context["discriminator"]).strip("'"), str(context["tag"])
        options = [option.strip(" '") for option in str(context["expected_tags"]).split(",")]
        return _not_an_option([*path, key], tag, options)
    if kind == "literal_error":
        options = [option.strip(" '") for option in _options(str(context["expected"]))]
        if isinstance(slip["input"], str):
            return _not_an_option(path, slip["input"], options)
    if kind == "value_error":
        message = str(context["error"])
        if message.startswith("must "):
            return f"{_dotted(path)} is {shown(slip['input'])}, but {message}"
        return f"{_dotted(path)}{_joint(path, message, _keys_at(model, slip['loc']))}{message}"
    field = _field_at(model, slip["loc"])
    right = _RIGHT.get(kind, "").format_map(_Context(context)) or slip["msg"]
    unit = f" ({field.description})" if field and field.description else ""
    return f"{_dotted(path)} is {shown(slip['input'])}, but must be {right}{unit}"


def _joint(path: Sequence[int | str], message: str, keys: set[str]) -> str:
    """What stands between a place and a message about it.

    `skin_sites` + `for_runs is 5, but ...`, `trial[3]` + `needs ...`, else `port` + a sentence.
    """
    if not path:
        return ""
    if message.startswith("needs "):
        return " "
    return "." if re.split(r"\W", message, maxsplit=1)[0] in keys else ": "


def _not_an_option(path: Sequence[int | str], found: str, options: Sequence[str]) -> str:
    meant = closest(found, options)
    hint = f': did you mean "{meant}"?' if meant else ""
    listed = " or ".join(f'"{option}"' for option in options)
    return f'{_dotted(path)} is "{found}", but must be {listed}{hint}'


def _options(expected: str) -> list[str]:
    """`'a', 'b' or 'c'` -> a, b, c."""
    return expected.replace(" or ", ", ").split(", ")


class _Context(dict[str, Any]):
    """Numbers of an error's context, without the `.0` of whole ones."""

    def __missing__(self, key: str) -> str:
        return "?"

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        return f"{value:g}" if isinstance(value, float) else value


_RIGHT = {
    "float_type": "a number without quotes",
    "int_type": "a whole number without quotes",
    "int_from_float": "a whole number without a decimal point",
    "bool_type": "true or false, without quotes",
    "string_type": "text in quotes",
    "finite_number": "a finite number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "too_short": "a list of at least {min_length} value(s)",
    "too_long": "a list of at most {max_length} values",
    "missing": "given",
    "tuple_type": "a list in square brackets",
    "list_type": "a list in square brackets",
    "dict_type": "a section or a table in braces",
    "model_type": "a section or a table in braces",
    "model_attributes_type": "a section or a table in braces",
    "string_too_short": "text of at least {min_length} character(s)",
    "string_too_long": "text of at most {max_length} characters",
    "string_pattern_mismatch": "written as the pattern {pattern} says",
    "literal_error": "one of {expected}",
}


def shown(value: Any) -> str:
    """A value as the file has it, in so many words as fit a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f'"{value[:37]}..."'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        inner = ", ".join(shown(item) for item in value[:6])
        return f"[{inner}{', ...' if len(value) > 6 else ''}]"
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


# --- where a slip is ----------------------------------------------------------------------------


def _path(location: Location, data: Any, *, missing: bool) -> list[int | str]:
    """A location without the tags of unions, which aren't in the file.

    A part that can't be followed in the data is a tag, save the last one of a missing key.
    """
    path: list[int | str] = []
    here = data
    for number, part in enumerate(location):
        if part in (
            range(len(here)) if isinstance(here, list) else here if isinstance(here, dict) else ()
        ):
            here = here[part]
        elif not (missing and number == len(location) - 1):
            continue
        path.append(part)
    return path


def _dotted(path: Sequence[int | str]) -> str:
    """`('trial', 2, 'plateau_s')` -> `trial[3].plateau_s`."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _given(place: Sequence[int | str], data: Any) -> set[str]:
    for part in place:
        data = data[part]
    return set(data) if isinstance(data, dict) else set()


# --- what a model has there ---------------------------------------------------------------------


def _keys_at(model: type[BaseModel], location: Location) -> set[str]:
    """The keys that may stand at a location."""
    return {key for found in _models_at(model, location) for key in found.model_fields}


def _field_at(model: type[BaseModel], location: Location) -> FieldInfo | None:
    for end in range(len(location), 0, -1):
        key = location[end - 1]
        for found in _models_at(model, location[: end - 1]):
            if isinstance(key, str) and key in found.model_fields:
                return found.model_fields[key]
    return None


def _what_is_right(field: FieldInfo) -> str:
    return field.description or ""


def _models_at(model: type[BaseModel], location: Location) -> list[type[BaseModel]]:
    """The models that may stand at a location; more than one if a union's tag isn't given."""
    annotations: list[Any] = [model]
    for part in location:
        annotations = [inner for outer in annotations for inner in _step(outer, part)]
    return [found for outer in annotations for found in _members(outer) if _is_model(found)]


def _step(annotation: Any, part: int | str) -> Iterator[Any]:
    members = list(_members(annotation))
    if isinstance(part, str) and part.startswith("<"):  # a tag that a function found
        yield from members
        return
    tagged = [m for m in members if _is_model(m) and part in _tags(m)]
    if len(members) > 1 and tagged:
        yield from tagged
        return
    for member in members:
        if _is_model(member):
            if isinstance(part, str) and part in member.model_fields:
                yield member.model_fields[part].annotation
        elif isinstance(part, int):
            yield from (argument for argument in get_args(member) if argument is not Ellipsis)
        elif get_origin(member) is dict:
            yield get_args(member)[1]


def _members(annotation: Any) -> Iterator[Any]:
    """The types that an annotation allows: unions and `Annotated` are opened."""
    if get_origin(annotation) is Annotated:
        yield from _members(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for argument in get_args(annotation):
            yield from _members(argument)
    else:
        yield annotation


def _tags(model: type[BaseModel]) -> set[Any]:
    """What a model's literal fields may be: one of them is its union's discriminator."""
    return {
        value
        for field in model.model_fields.values()
        if get_origin(field.annotation) is Literal
        for value in get_args(field.annotation)
    }


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
