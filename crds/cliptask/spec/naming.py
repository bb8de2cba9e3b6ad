"""How are videos called? A template over all that makes them, and the parameters that an ad's link carries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

from pydantic import StringConstraints

from cliptask.spec import remedies
from cliptask.spec.part import Part
from cliptask.spec.rules import Breach, rule

LONGEST: Final = 191
"""Of a name: the key's digits and a hyphen follow, and captions and pages have the same name with another end."""
FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9_.=+-]")
"""What no name may hold, so that every file system, bucket, link and ad platform takes it as it is."""
_FIELD = re.compile(r"\{([^{}]*)\}")
NAME_PATTERN = r"^([A-Za-z0-9_.=+-]|\{[^{}]*\})+$"
UTM_PATTERN = r"^[A-Za-z0-9_]+=[^&=?#\s]*(&[A-Za-z0-9_]+=[^&=?#\s]*)*$"


class Naming(Part):
    """What videos are called, and what their ads' links carry. A field in braces is what a variant has of it: a block of clips or of texts by its name, music, speech, language, row, row.COLUMN, picture (of several), task."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=NAME_PATTERN)]
    """The name that ad platforms and people see, e.g. `{task}_{hook}_{headline}_{row.city}`; letters, digits and `_.=+-`. It stays what it is over edits. The video's file has eight digits of its content key after it."""
    utm: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=UTM_PATTERN)] | None = None
    """Parameters for an ad's link, e.g. `utm_source=meta&utm_content={name}`; name is the name above. Default: none."""


def fields_of(template: str) -> tuple[str, ...]:
    """What a template names in braces."""
    return tuple(_FIELD.findall(template))


def put(template: str, values: dict[str, str]) -> str:
    """The template with its fields' values."""
    return _FIELD.sub(lambda match: values[match[1]], template)


def fields_there(spec: Any) -> list[str]:  # noqa: ANN401  the spec, whose module imports this one
    """What templates of a spec may name; of rows by URL nothing is known of their columns."""
    columns = [f"row.{column}" for column in (spec.data.columns if spec.data else ())]
    several = ["picture"] if spec.pictures else []
    return ["task", *spec.pools, *several, *(["row"] if spec.table_url else []), *columns]


# No CEL: what there is comes from labels and rows.
@rule("names what no video has", cel=None, field="naming")
def known_fields(spec: Any) -> Iterable[Breach]:  # noqa: ANN401  as above
    """Of a spec: its names are made of what its videos have."""
    if spec.naming is None:
        return
    there = fields_there(spec)
    for field, template, more in (("name", spec.naming.name, ()), ("utm", spec.naming.utm or "", ("name",))):
        for each in _unknown(fields_of(template), [*there, *more]):
            if spec.table_url and each.startswith("row."):
                continue
            yield Breach((field,), _remedy(each, [*there, *more]))


def _unknown(named: Iterable[str], there: list[str]) -> Iterator[str]:
    yield from (each for each in dict.fromkeys(named) if each not in there)


def _remedy(given: str, there: list[str]) -> str:
    if given.startswith("key"):
        return f"{{{given}}}: digits of the key follow every name: leave it out"
    near = remedies.closest(given, there)
    meant = f"did you mean {{{near}}}? " if near else ""
    return f"{{{given}}}: {meant}there are: {', '.join(there)}"
