"""What is wrong with a value, in plain words? The path of each problem, what is so, and what would be right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cliptask.languages import canonical
from cliptask.names import LABEL_LENGTH, shown, slug
from cliptask.spec import naming, notify, output, remedies, values
from cliptask.spec.colour import COLOUR_PATTERN, TRANSLUCENT_PATTERN
from cliptask.spec.complaints import complaint, plain
from cliptask.spec.places import spelled
from cliptask.spec.rules import Path, RulesBroken
from cliptask.spec.schema import Schema, structural
from cliptask.text import named

Model = TypeVar("Model", bound=BaseModel)

MOST_DESCRIBED = 1000
"""More than anybody reads; a megabyte of nonsense has a hundred times as many."""

_DIGITS = 40
"""Of a number that is shown."""

PATTERNS = {
    values.NAME_PATTERN: "must be 1 to 40 lower-case letters, digits and hyphens, with no hyphen at an end",
    values.LABEL_PATTERN: "must be a label as in the videos' names: lower-case letters, digits and hyphens",
    values.URL_PATTERN: values.URL_WORDS,
    values.TEXT_PATTERN: "must hold a visible character and no control characters",
    values.AFFIX_PATTERN: "must hold no line break and no control characters",
    values.LANGUAGE_PATTERN: "must be a BCP 47 tag such as en, pt-BR or zh-Hans",
    output.OUTPUT_PATTERN: output.OUTPUT_WORDS,
    notify.RECEIVER_PATTERN: notify.RECEIVER_WORDS,
    notify.OBJECT_PATTERN: notify.OBJECT_WORDS,
    naming.NAME_PATTERN: "may hold letters, digits, _.=+- and fields in braces, e.g. {task}_{hook}",
    naming.UTM_PATTERN: "must be parameters such as utm_source=meta&utm_content={name}",
}
_EACH_ELEMENT = 'begin each element with "- "'
_TYPES = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "an object",
}  # fmt: skip


class Problem(NamedTuple):
    """One thing that its author must change."""

    path: Path
    words: str


class Problems(ValueError):
    """What is wrong with one value; never empty. ``more`` were counted and not described."""

    def __init__(self, described: list[Problem], more: int) -> None:
        super().__init__("; ".join(f"{spelled(path)}: {words}" for path, words in described))
        self.described = described
        self.more = more


def examine(model: type[Model], data: object, *, nulls_below: Path = ()) -> Model:
    """The model that plain values describe, read as strictly as the Kubernetes API does.

    ``nulls_below``: from there down, an empty value is refused. Raises ``Problems``.
    """
    nulls = {path: None for path in _nulls(data, ()) if path[: len(nulls_below)] == nulls_below}
    problems = [Problem(path, _empty(path, data, _at_schema(structural(model), path))) for path in nulls]
    more = 0
    try:
        read = model.model_validate_json(json.dumps(data), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False)[:MOST_DESCRIBED]:
            found = _problems(details, structural(model), data)
            problems += [problem for problem in found if problem.path not in nulls]
        more = max(0, error.error_count() - MOST_DESCRIBED)
    if problems:
        raise Problems(problems, more)
    return read


def kind_of(value: object) -> str:
    """What a plain value is, in words, e.g. ``a list``."""
    kinds = {bool: "boolean", str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return _TYPES[kinds[type(value)]] if type(value) in kinds else "empty"


def _nulls(data: object, path: Path) -> Iterator[Path]:
    if data is None:
        yield path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _nulls(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _nulls(value, (*path, index))


def _empty(path: Path, data: object, here: Schema) -> str:
    """What is wrong with an empty value. YAML takes a decimal comma within braces for the end of a field."""
    fields = _at_data(data, path[:-1])
    before = list(fields)[: list(fields).index(path[-1])] if isinstance(fields, dict) else []
    if before and (meant := remedies.after_comma(fields[before[-1]], str(path[-1]))):
        return f"is what follows a comma, which ends a field here: write {before[-1]}: {meant}"
    if here.get("pattern") in {COLOUR_PATTERN, TRANSLUCENT_PATTERN}:
        return 'is empty: # begins a comment, so write a colour in quotes, e.g. "#ffffff"'
    return "is empty: give a value or leave the field out"


def _problems(details: ErrorDetails, schema: Schema, data: object) -> Iterator[Problem]:
    path, context = details["loc"], details.get("ctx", {})
    here, given = _at_schema(schema, path), _at_data(data, path)
    broken = context.get("error")
    if isinstance(broken, RulesBroken):
        for at, words in broken.breaches:
            yield Problem(path + at, words + _given(_at_schema(here, at), _at_data(given, at)))
    elif details["type"] == "extra_forbidden":
        yield Problem(path, _unknown(path, schema))
    elif details["type"] == "missing":
        description = here.get("description", "")
        yield Problem(path, f"is missing{': ' if description else ''}{description}")
    elif details["type"] != "too_short" or _is_short(
        here, given
    ):  # a list with a bad element is called too short as well
        kind = "type" if details["type"].endswith("_type") else details["type"]
        tell = _WORDS.get(kind)
        words = (
            complaint(details)
            if broken or not tell
            else tell({"field": path[-1] if path else "", **here}, given)
        )
        yield Problem(path, words + _given(here, given))


def _is_short(schema: Schema, given: Any) -> bool:  # noqa: ANN401  # any plain value
    return not given or len(given) < schema.get("minItems", 0)


def _wrong_type(schema: Schema, given: Any) -> str:  # noqa: ANN401  # any plain value
    needed = schema.get("type", "object")
    words = f"is {kind_of(given)}, {_TYPES[needed]} is needed"
    if needed == "string" and isinstance(given, bool | int | float):
        return f"{words}: put it in quotes"
    if needed in {"integer", "number"}:
        return words + _number(schema, given)
    if needed == "boolean":
        meant = remedies.boolean(given) or "true or false"
        # YAML takes yes and off, too.
        bare = isinstance(given, str) and meant != "true or false" and len(given) > 1
        return f"{words}: write {'it without quotes' if bare else meant}"
    if needed == "array":
        return f"{words}: {'leave the field out' if remedies.is_default(given) else _EACH_ELEMENT}"
    if needed == "object" and "properties" in schema:
        return f"{words} with the fields {', '.join(schema['properties'])}{_object(schema, given)}"
    return words


def _number(schema: Schema, given: Any) -> str:  # noqa: ANN401  # any plain value
    """The end of a sentence: how to write what is meant, or what may be written."""
    if isinstance(given, float):
        return f": write {given:.0f}" if given.is_integer() and abs(given) < 1e15 else ""  # noqa: PLR2004
    if not isinstance(given, str):
        return ""
    default = remedies.default(schema, given)
    if default:
        return f": leave the field out for the default, {default}"
    meant = remedies.number(schema, given)
    if meant is None:
        return f", from {plain(schema['minimum'])} to {plain(schema['maximum'])}"
    return ": write it without quotes" if meant == given else f": write {meant}"


def _object(schema: Schema, given: Any) -> str:  # noqa: ANN401  # any plain value
    fields = schema["properties"]
    main = schema.get("required", []) if len(fields) > 1 else list(fields)
    if not isinstance(given, str):
        return ""
    if remedies.is_default(given):
        return ": leave the field out"
    if fields.keys() >= {"width", "height"} and (size := remedies.size(given)):
        return f": write {size}"
    main = [name for name, field in fields.items() if given in field.get("enum", ())] or main
    if len(main) != 1:
        return ""
    return f": write {{{main[0]}: {given if given in fields[main[0]].get('enum', ()) else '...'}}}"


def _wrong_choice(schema: Schema, given: Any) -> str:  # noqa: ANN401  # any plain value
    choices = schema.get("enum", [])
    words = f"must be {'one of ' if len(choices) > 1 else ''}{', '.join(map(str, choices))}"
    if isinstance(given, str) and given in map(str, choices):
        return f"{words}: write it without quotes"
    near = remedies.choice(schema["field"], given, choices) if len(choices) > 1 else None
    if near is not None:
        return f"{words}; did you mean {near}?" if isinstance(near, str) else f"{words}: write {near}"
    default = remedies.default(schema, given)
    return f"{words}; leave the field out for the default, {default}" if default else words


def _out_of_bounds(schema: Schema, given: Any) -> str:  # noqa: ANN401  # any plain value
    least, most = schema["minimum"], schema["maximum"]
    words = f"must be from {plain(least)} to {plain(most)}"
    if not isinstance(given, int | float) or given != given:  # noqa: PLR0124  # NaN
        return words
    default = remedies.default(schema, given)
    if default:
        return f"{words}; leave the field out for the default, {default}"
    return f"{words}: write {remedies.bounded(schema, given) or (least if given < least else most)}"


def _wrong_form(schema: Schema, given: Any) -> str:  # noqa: ANN401  # any plain value
    """What a text must look like, and how to write it where that can be told."""
    pattern = schema["pattern"]
    words = PATTERNS[pattern]
    if pattern == values.LANGUAGE_PATTERN and (tag := canonical(given)):
        return f"{words}: write {tag}"
    if pattern == values.NAME_PATTERN and (name := slug(given, LABEL_LENGTH)) != "x":
        return f"{words}: write e.g. {name}"
    if pattern == values.TEXT_PATTERN:
        bad = dict.fromkeys(re.findall(f"[{values.UNUSABLE}]", given))
        if values.LOST in bad:
            return f"holds {named(values.LOST)} where a letter was lost: write that letter again, and save the file as UTF-8"
        return f"{words}{'; it holds ' if bad else ''}{', '.join(map(named, bad))}"
    return words


_WORDS: dict[str, Callable[[Schema, Any], str]] = {
    "type": _wrong_type,
    "int_from_float": _wrong_type,
    "literal_error": _wrong_choice,
    "greater_than_equal": _out_of_bounds,
    "less_than_equal": _out_of_bounds,
    "finite_number": _out_of_bounds,
    "multiple_of": lambda schema, given: f"must be even: write {given + 1}" if schema["multipleOf"] == 2 else f"must be a multiple of {schema['multipleOf']}",  # noqa: PLR2004
    "string_pattern_mismatch": _wrong_form,
    "string_too_short": lambda *_: "is empty: give at least one character",
    "string_too_long": lambda schema, given: f"has {len(given):,} characters, at most {schema['maxLength']:,} are allowed",
    "too_short": lambda schema, given: f"has {len(given)} element, {schema['minItems']} are needed" if given else "is empty: give at least one element",
    "too_long": lambda schema, given: f"has {len(given):,} elements, at most {schema.get('maxItems') or schema['maxProperties']:,} are allowed",
}  # fmt: skip


def _unknown(path: Path, schema: Schema) -> str:
    name = str(path[-1])
    allowed = list(_at_schema(schema, path[:-1]).get("properties", ()))
    near = remedies.closest(name, allowed)
    if near:
        return f"unknown field; did you mean {near}?"
    if (meant := remedies.FIELDS.get(name.lower())) in allowed:
        return f"unknown field; did you mean {meant}?"
    elsewhere = [spelled(place).replace("[0]", "[]") for place in _places(schema, name, ())]
    if elsewhere:
        return f"unknown field here; it belongs to {' or '.join(elsewhere[:3])}: check the indentation"
    return f"unknown field; allowed here: {', '.join(allowed)}"


def _places(schema: Schema, name: str, path: Path) -> Iterator[Path]:
    """The objects that have a field of that name, lists written with the index 0."""
    for field, below in schema.get("properties", {}).items():
        if field == name and path:
            yield path
        yield from _places(below, name, (*path, field))
    if "items" in schema:
        yield from _places(schema["items"], name, (*path, 0))


def _at_schema(schema: Schema, path: Path) -> Schema:
    for step in path:
        any_key = schema.get("additionalProperties", {})
        fields = schema.get("properties", {})
        schema = schema.get("items", {}) if isinstance(step, int) else fields.get(step, any_key)
    return schema


def _at_data(data: Any, path: Path) -> Any:  # noqa: ANN401  # any plain value
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _given(schema: Schema, value: object) -> str:
    if isinstance(value, str):
        is_url = schema.get("pattern") in {values.URL_PATTERN, output.OUTPUT_PATTERN, notify.RECEIVER_PATTERN}
        return f" (given {shown(value, url=is_url)})"
    text = json.dumps(value) if isinstance(value, bool | int | float) else ""
    return f" (given {text if len(text) <= _DIGITS else f'{text[:_DIGITS]}...'})" if text else ""
