"""What differs from row to row of a campaign? Data, and the ``{{column}}`` that its texts, lines and URLs hold in its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from cliptask import names
from cliptask.spec.part import Part
from cliptask.spec.rules import Breach, Path, rule, when
from cliptask.spec.values import SourceUrl

MAX_ROWS, MAX_COLUMNS, LONGEST_CELL = 1000, 50, 2000
COLUMN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
"""What a column may be called."""
FILLED: Final = frozenset({"url", "text", "voice", "language"})
"""Fields that may hold a column."""
_SAME_FOR_ALL: Final = frozenset({"data", "fonts", "naming", "notify", "output"})
"""What no row fills."""
_PLACEHOLDER = re.compile(r"\{\{\{\{|\}\}\}\}|\{\{\s*([^{}]*?)\s*\}\}")

Cells = Annotated[
    dict[str, Annotated[str, StringConstraints(max_length=LONGEST_CELL)]],
    Field(min_length=1, max_length=MAX_COLUMNS, description="Cells by the names of their columns."),
]
Combine = Literal["product", "zip", "balanced"]


class Data(Part):
    """Rows, of which each fills the campaign's ``{{column}}`` with its cells."""

    rows: tuple[Cells, ...] = Field(default=(), max_length=MAX_ROWS)
    """Cells by the names of their columns, of which all rows have the same. A number stands in quotes."""
    url: SourceUrl | None = None
    """Where a table with the rows is: CSV with a heading, or JSON, a list of objects; at most 1,000 rows, as for clips."""
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """What a row is called, e.g. `{{city}}-{{price}}`. Default: its cell in the column name, else in the first one."""
    combine: Combine = "product"
    """product: every combination with every row; balanced: each combination gets one row, evenly; zip: the first row goes with the first clip of each block, track, line and text, the second with the second. What there is one of goes with all."""

    @rule("give either rows or url", cel="has(self.rows) != has(self.url)")
    def _one(self) -> Iterable[Breach]:
        return when(bool(self.rows) == (self.url is not None))

    @property
    def columns(self) -> tuple[str, ...]:
        """Of all rows."""
        return tuple(self.rows[0]) if self.rows else ()

    def called(self, row: Mapping[str, str]) -> str:
        """What a row is called by its author."""
        column = "name" if "name" in row else next(iter(row))
        return fill(self.name, row) if self.name else row[column]


@dataclass(frozen=True)
class Row:
    """A row as something that variants choose between."""

    cells: Mapping[str, str]
    title: str
    """What people call it."""

    @property
    def label(self) -> str:
        """What it is called in names."""
        return names.slug(self.title)


def columns_in(text: str) -> tuple[str, ...]:
    """The columns that a text names."""
    return tuple(match[1] for match in _PLACEHOLDER.finditer(text) if match[1] is not None)


def outlined(text: str) -> str:
    """The text as it stands in a list that is of no row: ``«price» only today``."""
    return _PLACEHOLDER.sub(lambda match: match[0][:2] if match[1] is None else f"«{match[1]}»", text)


def fill(text: str, row: Mapping[str, str]) -> str:
    """The text with a row's cells; doubled braces stand for single pairs."""

    def cell(match: re.Match[str]) -> str:
        return match[0][:2] if match[1] is None else row.get(match[1], "")

    return _PLACEHOLDER.sub(cell, text)


def mentions(data: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:  # noqa: ANN401  any plain value
    """Every text of a spec that a row may fill, with its path below the spec."""
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, str) and key in FILLED:
                yield (*path, key), value
            elif path or key not in _SAME_FOR_ALL:
                yield from mentions(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from mentions(value, (*path, index))


def with_cells(data: Any, row: Mapping[str, str]) -> Any:  # noqa: ANN401  as above
    """The plain values of a spec as a row fills them."""
    if isinstance(data, dict):
        return {
            key: fill(value, row) if isinstance(value, str) and key in FILLED else with_cells(value, row)
            for key, value in data.items()
        }
    return [with_cells(value, row) for value in data] if isinstance(data, list) else data


def rows_of(data: Data) -> tuple[Row, ...]:
    """The rows with what they are called."""
    return tuple(Row(row, " ".join(data.called(row).split())) for row in data.rows)
