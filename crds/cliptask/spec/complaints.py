"""What does a model have against a value, in plain words? A sentence for every complaint of pydantic's that a model here can make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

_Context = Mapping[str, Any]


def complaint(details: ErrorDetails) -> str:
    """What follows the value's name: ``must be a whole number``. Words of one's own validators stay as they are."""
    context = details.get("ctx", {})
    if "error" in context and details["type"] in {"value_error", "assertion_error"}:
        return str(context["error"])
    words = _WORDS.get(details["type"], "cannot be used")
    return words if isinstance(words, str) else words(context)


def plain(value: object) -> str:
    """A value as YAML has it, for people: thousands apart, no zeros behind a point."""
    if isinstance(value, bool):
        return str(value).lower()
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)
    )


def _bound(words: str, name: str) -> Callable[[_Context], str]:
    return lambda context: words.format(plain(context[name]))


def _length(what: str, name: str, bound: str) -> Callable[[_Context], str]:
    return lambda context: f"must have {bound} {context[name]:,} {what}{'s' * (context[name] != 1)}"


_WORDS: Mapping[str, str | Callable[[_Context], str]] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "json_invalid": "is not valid JSON",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "frozen_set_type": "must be a list",
    "string_type": "must be a text",
    "string_unicode": "must be a text of whole characters",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "has more digits than can be read",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "time_delta_type": "must be a duration",
    "time_delta_parsing": "must be a duration",
    "fraction_type": "must be a share",
    "fraction_parsing": "must be a share",
    "is_instance_of": "must be a text",
    "path_type": "must be a path",
    "greater_than": _bound("must be more than {}", "gt"),
    "greater_than_equal": _bound("must be {} or more", "ge"),
    "less_than": _bound("must be less than {}", "lt"),
    "less_than_equal": _bound("must be {} or less", "le"),
    "multiple_of": _bound("must be a multiple of {}", "multiple_of"),
    "literal_error": _bound("must be {}", "expected"),
    "enum": _bound("must be {}", "expected"),
    "string_pattern_mismatch": "has another form than it must have",
    "string_too_short": _length("character", "min_length", "at least"),
    "string_too_long": _length("character", "max_length", "at most"),
    "too_short": _length("element", "min_length", "at least"),
    "too_long": _length("element", "max_length", "at most"),
}
