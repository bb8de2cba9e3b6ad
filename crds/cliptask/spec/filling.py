"""What does each row make of a campaign? A spec without placeholders, or what is wrong with which cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cliptask.errors import InvalidTask
from cliptask.names import shown
from cliptask.spec import remedies
from cliptask.spec.places import spelled
from cliptask.spec.problems import Problems, examine
from cliptask.spec.rows import COLUMN, Data, columns_in, mentions, rows_of, with_cells
from cliptask.spec.rules import Path
from cliptask.spec.task import ClipTaskSpec

_MOST_TOLD = 50


def filled(spec: ClipTaskSpec) -> tuple[ClipTaskSpec, ...]:
    """The spec as each row fills it; itself alone where it has no rows, or where they are not fetched yet.

    Raises ``InvalidTask`` with a sentence for each column and cell that is wrong.
    """
    plain = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    told = {path: columns for path, text in mentions(plain) if (columns := columns_in(text))}
    if spec.data is None:
        _refuse(
            f"{spelled(('spec', *path))}: names the column {shown(columns[0])}, and the task has no rows: give them under spec.data"
            for path, columns in told.items()
        )
        return (spec,)
    if not spec.data.rows:
        return (spec,)
    _refuse(_of_table(spec, spec.data, told))
    for field in ("data", "variants", "naming"):  # neither is a row's own
        plain.pop(field, None)
    found: list[ClipTaskSpec] = []
    wrong: list[str] = []
    for number, row in enumerate(spec.data.rows):
        try:
            found.append(examine(ClipTaskSpec, with_cells(plain, row)))
        except Problems as problems:
            for path, words in problems.described:
                named = _named_at(told, path)
                at = cell_place(spec.data, number, *named[:1])
                wrong.append(f"{at}: with it {spelled(('spec', *path))} {words}")
    _refuse(wrong)
    return tuple(found)


def cell_place(data: Data, row: int, *column: str) -> str:
    """Where a cell stands; of a row, without a ``column``."""
    if data.url is None:
        return spelled(("spec", "data", "rows", row, *column))
    return f"spec.data.url: row {row + 1}" + "".join(f", column {each}" for each in column)


def text_place(spec: ClipTaskSpec, row: int, path: Path) -> str:
    """Where a text comes from that stands at a path in a row: from its cell, or from the spec."""
    here = spelled(path)
    if spec.data is None or not spec.data.rows:
        return here
    at, plain = path[1:], spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    columns = next((columns_in(text) for each, text in mentions(plain) if each == at), ())
    return f"{cell_place(spec.data, row, *columns[:1])}: in {here}" if columns else here


def _of_table(spec: ClipTaskSpec, data: Data, told: Mapping[Path, Sequence[str]]) -> Iterator[str]:
    """What is wrong with the table, by itself and for what the spec asks of it."""
    names = {("data", "name"): columns_in(data.name)} if data.name else {}
    asked: dict[str, Path] = {}
    for path, columns in (*told.items(), *names.items()):
        for column in columns:
            asked.setdefault(column, path)
    yield from _of_columns(data, asked)
    for number in range(len(data.rows)):
        yield from _of_row(data, number, asked)
    for index, font in enumerate(spec.fonts):
        if columns_in(font.url):
            yield f"{spelled(('spec', 'fonts', index, 'url'))}: all rows have the same fonts: name each file"
    if all(row.keys() == {*data.columns} for row in data.rows) and not {*names.get(("data", "name"), ())} - {
        *data.columns
    }:
        yield from _names(data)
    if data.combine == "zip":
        yield from _pairs(spec, data)


def _of_columns(data: Data, asked: Mapping[str, Path]) -> Iterator[str]:
    for column, path in asked.items():
        if column not in data.columns:
            near = remedies.closest(column, data.columns)
            meant = f"did you mean {near}? " if near else ""
            yield f"{spelled(('spec', *path))}: there is no column {shown(column)}: {meant}there are: {', '.join(data.columns)}"
    for column in data.columns:
        if not COLUMN.fullmatch(column):
            yield f"{cell_place(data, 0, column)}: a column is called by a letter and then letters, digits, _ and -, at most 40: rename it"


def _of_row(data: Data, number: int, asked: Mapping[str, Path]) -> Iterator[str]:
    row = data.rows[number]
    if differs := sorted({*row} ^ {*data.columns}):
        lacks = "has no cell" if differs[0] in data.columns else "has a cell that the first row has not,"
        yield f"{cell_place(data, number)}: {lacks} {shown(differs[0])}: give all rows the same columns"
    for column, path in asked.items():
        if column in row and not row[column].strip():
            yield f"{cell_place(data, number, column)}: is empty, and {spelled(('spec', *path))} needs it: write it, or take the row out"


def _names(data: Data) -> Iterator[str]:
    first: dict[str, int] = {}
    for number, row in enumerate(rows_of(data)):
        before = first.setdefault(row.label, number)
        if before != number:
            yield f"{cell_place(data, number)}: is called {row.label}, as row {before + 1} is: give spec.data.name a column that tells them apart"


def _pairs(spec: ClipTaskSpec, data: Data) -> Iterator[str]:
    for key, pool in spec.pools.items():
        if key not in ("row", "language") and len(pool) not in (1, len(data.rows)):
            yield f"spec.data.combine: zip pairs {len(data.rows)} rows with {len(pool)} of {key}: give as many, or one"
    if spec.variants.only:
        yield "spec.variants.only: zip says already what goes together: leave it out, or set spec.data.combine to product"


def _named_at(told: Mapping[Path, Sequence[str]], path: Path) -> Sequence[str]:
    """The columns that are named there, or by the nearest thing around it."""
    near = [columns for at, columns in told.items() if at[: len(path)] == path or path[: len(at)] == at]
    return near[0] if near else ()


def _refuse(messages: Any) -> None:  # noqa: ANN401  any iterable of texts
    found = list(messages)
    if found:
        more = (
            [f"spec.data: and {len(found) - _MOST_TOLD:,} more problems"] if len(found) > _MOST_TOLD else []
        )
        raise InvalidTask("\n".join([*found[:_MOST_TOLD], *more]))
