"""No value, wherever it is wrong, is answered in the words of a library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.functional_validators import BeforeValidator
from pydantic_core import ErrorDetails, PydanticKnownError, core_schema

from cliptask.convert import ProcessMedia
from cliptask.index import CampaignIndex
from cliptask.orders import WorkOrder
from cliptask.spec.complaints import complaint
from cliptask.spec.problems import Problems, examine
from cliptask.spec.rules import Path
from cliptask.spec.schema import Schema, structural
from cliptask.spec.status import ClipTaskStatus
from cliptask.spec.task import ClipTask
from cliptask_operator.settings.gateway import GatewaySettings
from cliptask_operator.settings.operator import OperatorSettings
from support.bad_tasks import GOOD

MODELS = (
    ClipTask,
    ProcessMedia,
    ClipTaskStatus,
    CampaignIndex,
    WorkOrder,
    OperatorSettings,
    GatewaySettings,
)
COMPLAINTS: dict[str, set[str]] = {
    "bool": {"bool_type", "bool_parsing"},
    "default": set(),
    "definition-ref": set(),
    "definitions": set(),
    "dict": {"dict_type"},
    "dict.max_length": {"too_long"},
    "dict.min_length": {"too_short"},
    "float": {"float_type", "float_parsing", "finite_number"},
    "float.ge": {"greater_than_equal"},
    "float.gt": {"greater_than"},
    "float.le": {"less_than_equal"},
    "fraction": {"fraction_type", "fraction_parsing"},
    "frozenset": {"frozen_set_type"},
    "function-after": {"value_error"},
    "function-before": {"value_error"},
    "int": {"int_type", "int_parsing", "int_parsing_size", "int_from_float", "finite_number"},
    "int.ge": {"greater_than_equal"},
    "int.le": {"less_than_equal"},
    "int.multiple_of": {"multiple_of"},
    "is-instance": {"is_instance_of"},
    "json-or-python": set(),
    "lax-or-strict": set(),
    "literal": {"literal_error"},
    "model": {"model_type"},
    "model-field": {"missing"},
    "model-fields": {"extra_forbidden", "model_type"},
    "no-info": set(),
    "nullable": set(),
    "str": {"string_type", "string_unicode"},
    "str.max_length": {"string_too_long"},
    "str.min_length": {"string_too_short"},
    "str.pattern": {"string_pattern_mismatch"},
    "timedelta": {"time_delta_type", "time_delta_parsing", "finite_number"},
    "tuple": {"tuple_type"},
    "tuple.max_length": {"too_long"},
    "tuple.min_length": {"too_short"},
    "union": set(),
}
"""What pydantic says of a value that one of its schemas refuses, by the schema's kind and by its bound."""
BOUNDS = {"ge", "gt", "le", "lt", "max_length", "min_length", "multiple_of", "pattern"}
WHOLE_TEXT = {"json_invalid"}
"""What is said before there is any schema."""
CONTEXT = {
    "ge": 1, "gt": 1, "le": 2, "lt": 2, "multiple_of": 2, "min_length": 1, "max_length": 2, "actual_length": 0, "field_type": "Tuple",
    "expected": "'a' or 'b'", "pattern": "^a$", "class": "str", "class_name": "Clip", "error": "what is so", "attribute": "a",
}  # fmt: skip
PYDANTIC = re.compile(
    r"Input|should|[Vv]alid (string|integer|number|dict|tuple|list|bool)|Value error|instance"
)


def _schemas(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str):
            yield schema
        for name, value in schema.items():
            if name not in {"serialization", "metadata", "config"}:
                yield from _schemas(value)
    elif isinstance(schema, list | tuple):
        for value in schema:
            yield from _schemas(value)


def _kinds(model: type[BaseModel]) -> set[str]:
    """Of every schema in the model, and of every bound."""
    found = set()
    for each in _schemas(model.__pydantic_core_schema__):
        found |= {each["type"], *(f"{each['type']}.{bound}" for bound in BOUNDS & each.keys())}
    return found


def _details(kind: Any) -> ErrorDetails:  # noqa: ANN401  any of pydantic's literals
    """As pydantic makes them."""

    def refuse(_: object) -> object:
        if kind == "value_error":
            raise ValueError(CONTEXT["error"])
        raise PydanticKnownError(kind, CONTEXT)

    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Annotated[int, BeforeValidator(refuse)]).validate_python(0)
    return caught.value.errors()[0]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_whatever_a_model_may_refuse_is_said_in_plain_words(model: type[BaseModel]) -> None:
    """'Input should be a valid tuple' tells nobody who writes YAML what to write."""
    kinds = set.union(WHOLE_TEXT, *(COMPLAINTS[kind] for kind in _kinds(model)))

    said = {kind: complaint(_details(kind)) for kind in sorted(kinds)}

    assert kinds <= {*get_args(core_schema.ErrorType)}
    assert {kind: words for kind, words in said.items() if PYDANTIC.search(words)} == {}
    assert [kind for kind, words in said.items() if words == "cannot be used"] == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("value_error", "what is so"),
        ("too_long", "must have at most 2 elements"),
        ("string_too_short", "must have at least 1 character"),
        ("literal_error", "must be 'a' or 'b'"),
        ("greater_than", "must be more than 1"),
    ],
)
def test_what_is_known_of_the_bound_is_told(kind: str, words: str) -> None:
    """Somebody would have to look up how much is too much."""
    assert complaint(_details(kind)) == words


def _fields(schema: Schema, path: Path) -> Iterator[Path]:
    """Every place of a task, the first of each list."""
    for name, field in schema.get("properties", {}).items():
        yield (*path, name)
        yield from _fields(field, (*path, name))
    if "items" in schema:
        yield (*path, 0)
        yield from _fields(schema["items"], (*path, 0))
    if isinstance(schema.get("additionalProperties"), dict):
        yield (*path, "key")
        yield from _fields(schema["additionalProperties"], (*path, "key"))


def _with(path: Path, value: object) -> dict[str, Any]:
    """A task that has this there; what is around it is made where it is not there."""
    task: Any = deepcopy(GOOD)
    place = task
    for step, following in pairwise(path):
        empty: Any = [{}] if following == 0 else {}
        if isinstance(step, int):
            place[step : step + 1] = place[step : step + 1] or [empty]
        elif not isinstance(place.get(step), list if following == 0 else dict):
            place[step] = empty
        place = place[step]
    if isinstance(path[-1], int):
        place[path[-1] :] = [value]
    else:
        place[path[-1]] = value
    return dict(task)


ODD: list[Any] = [
    None, True, 0, -1, 1.5, float("inf"), float("-inf"), float("nan"), 10**30, -1e300, "", " ", "x", "\ud800", "\x00", "5",
    "yes", "x" * 20_000, [], [1], ["x"], [[]], [None], [{}], {}, {"a": 1}, {"": {}}, {"url": 1}, ["x"] * 200,
]  # fmt: skip


@pytest.mark.parametrize(
    "path", list(_fields(structural(ClipTask), ())), ids=lambda path: ".".join(map(str, path))
)
def test_no_odd_value_in_a_task_is_answered_in_a_librarys_words(path: Path) -> None:
    """Nor by a traceback."""
    for value in ODD:
        try:
            examine(ClipTask, _with(path, value))
        except Problems as problems:
            for _, words in problems.described:
                assert not PYDANTIC.search(words), (path, words)
                assert not words.startswith("cannot be used"), (path, words)
