"""What is wrong with a value, in plain words? The path of each problem, what is so, and what would be right."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cliptask.names import shown
from cliptask.spec import task
from cliptask.spec.rules import Path, RulesBroken
from cliptask.spec.schema import Schema, structural

Model = TypeVar("Model", bound=BaseModel)

MOST_DESCRIBED = 1000
"""More than anybody reads; a megabyte of nonsense has a hundred times as many."""

PATTERNS = {
    task.NAME_PATTERN: "must be 1 to 40 lower-case letters, digits and hyphens, with no hyphen at an end",
    task.URL_PATTERN: "is not a URL that can be fetched: write https://host/path, gs://bucket/object or file:///path, with %20 for a space",
    task.TEXT_PATTERN: "must hold a visible character and no control characters",
    task.LANGUAGE_PATTERN: "must be an ISO 639 code such as en or uk",
    task.OUTPUT_PATTERN: "must be a folder such as file:///srv/campaigns or gs://bucket/campaigns, without spaces, ? and #",
}
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
    schema = structural(model)
    nulls = {path: None for path in _nulls(data, ()) if path[: len(nulls_below)] == nulls_below}
    problems = [Problem(path, "is empty: give a value or leave the field out") for path in nulls]
    more = 0
    try:
        read = model.model_validate_json(json.dumps(data), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False)[:MOST_DESCRIBED]:
            problems += [problem for problem in _problems(details, schema, data) if problem.path not in nulls]
        more = max(0, error.error_count() - MOST_DESCRIBED)
    if problems:
        raise Problems(problems, more)
    return read


def spelled(path: Path) -> str:
    """A path for people, e.g. ``spec.videoBlocks[0].clips[2].trim.end``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[A-Za-z_][\w-]{0,60}", step):
            text += f".{step}"
        else:
            text += f"[{shown(step)}]"
    return text.removeprefix(".")


def kind_of(value: object) -> str:
    """What a plain value is, in words, e.g. ``a list``."""
    kinds = {bool: "boolean", str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return _TYPES[kinds[type(value)]] if type(value) in kinds else "empty"


def closest(name: str, choices: Iterable[str]) -> str | None:
    """The choice that a misspelt name stands for, if one is near; case, ``_`` and ``-`` don't count."""
    plain = {re.sub(r"[_-]", "", choice).lower(): choice for choice in choices}
    near = difflib.get_close_matches(re.sub(r"[_-]", "", name).lower(), plain, n=1)
    return plain[near[0]] if near else None


def _nulls(data: object, path: Path) -> Iterator[Path]:
    if data is None:
        yield path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _nulls(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _nulls(value, (*path, index))


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
    elif details["type"] != "too_short" or not given:  # a list with a bad element is called too short as well
        kind = "type" if details["type"].endswith("_type") else details["type"]
        tell = _WORDS.get(kind)
        words = str(broken) if broken else tell(here, given) if tell else "cannot be used"
        yield Problem(path, words + _given(here, given))


def _wrong_type(schema: Schema, given: Any) -> str:  # noqa: ANN401  # any plain value
    needed = schema.get("type", "object")
    words = f"is {kind_of(given)}, {_TYPES[needed]} is needed"
    if needed == "string" and isinstance(given, bool | int | float):
        return f"{words}: put it in quotes"
    if needed in {"integer", "number", "boolean"} and isinstance(given, str):
        return f"{words}: write it without quotes"
    if needed == "array":
        return f'{words}: begin each element with "- "'
    if needed == "object" and "properties" in schema:
        return f"{words} with the fields {', '.join(schema['properties'])}"
    return words


def _wrong_choice(schema: Schema, given: Any) -> str:  # noqa: ANN401  # any plain value
    choices = [str(choice) for choice in schema.get("enum", ())]
    words = f"must be {'one of ' if len(choices) > 1 else ''}{', '.join(choices)}"
    if not isinstance(given, str):
        return words
    if given in choices:
        return f"{words}: write it without quotes"
    near = closest(given, choices)
    return f"{words}; did you mean {near}?" if near and len(choices) > 1 else words


def _out_of_bounds(schema: Schema, _: object) -> str:
    return f"must be from {plain(schema['minimum'])} to {plain(schema['maximum'])}"


def plain(value: object) -> str:
    """A value as YAML has it, for people: thousands apart, no zeros behind a point."""
    if isinstance(value, bool):
        return str(value).lower()
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)
    )


_WORDS: dict[str, Callable[[Schema, Any], str]] = {
    "type": _wrong_type,
    "int_from_float": _wrong_type,
    "literal_error": _wrong_choice,
    "greater_than_equal": _out_of_bounds,
    "less_than_equal": _out_of_bounds,
    "finite_number": _out_of_bounds,
    "multiple_of": lambda schema, _: "must be even" if schema["multipleOf"] == 2 else f"must be a multiple of {schema['multipleOf']}",  # noqa: PLR2004
    "string_pattern_mismatch": lambda schema, _: PATTERNS[schema["pattern"]],
    "string_too_short": lambda *_: "is empty: give at least one character",
    "string_too_long": lambda schema, given: f"has {len(given):,} characters, at most {schema['maxLength']:,} are allowed",
    "too_short": lambda *_: "is empty: give at least one element",
    "too_long": lambda schema, given: f"has {len(given):,} elements, at most {schema.get('maxItems') or schema['maxProperties']:,} are allowed",
}  # fmt: skip


def _unknown(path: Path, schema: Schema) -> str:
    name = str(path[-1])
    allowed = list(_at_schema(schema, path[:-1]).get("properties", ()))
    near = closest(name, allowed)
    if near:
        return f"unknown field; did you mean {near}?"
    elsewhere = [spelled(place).replace("[0]", "[]") for place in _places(schema, name, ())]
    if elsewhere:
        return f"unknown field here; it belongs to {' or '.join(elsewhere[:3])}"
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
        is_url = schema.get("pattern") in {task.URL_PATTERN, task.OUTPUT_PATTERN}
        return f" (given {shown(value, url=is_url)})"
    return f" (given {json.dumps(value)})" if isinstance(value, bool | int | float) else ""
