"""What rows does a table hold? CSV as spreadsheets write it, and JSON, a list of objects."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from cliptask.errors import SourceError
from cliptask.spec.rows import LONGEST_CELL, MAX_COLUMNS, MAX_ROWS

MOST_BYTES = 4_000_000
"""A thousand rows of two cells of the longest kind; a table that is larger is no campaign's."""

Rows = tuple[dict[str, str], ...]


def rows_of(content: bytes) -> Rows:
    """The rows, cells as texts. Raises ``SourceError`` saying in which row and column something is wrong; row 1 comes after the heading."""
    if len(content) > MOST_BYTES:
        message = f"has more than {MOST_BYTES:,} bytes: give the rows of one campaign"
        raise SourceError(message)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = "is no text in UTF-8: save it as CSV in UTF-8, or as JSON"
        raise SourceError(message) from error
    rows = _of_json(text) if text.lstrip()[:1] in ("[", "{") else _of_csv(text)
    if not rows:
        message = "holds no rows: give a heading and at least one row below it"
        raise SourceError(message)
    if len(rows) > MAX_ROWS:
        message = f"has {len(rows):,} rows, at most {MAX_ROWS:,} are allowed: make several tasks of it"
        raise SourceError(message)
    if len(rows[0]) > MAX_COLUMNS:
        message = f"has {len(rows[0])} columns, at most {MAX_COLUMNS} are allowed: take those out that nothing names"
        raise SourceError(message)
    for number, row in enumerate(rows, 1):
        for column, cell in row.items():
            if len(cell) > LONGEST_CELL:
                message = f"row {number}, column {column}: has {len(cell):,} characters, at most {LONGEST_CELL:,} are allowed"
                raise SourceError(message)
    return rows


def _of_csv(text: str) -> Rows:
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    lines = [each for each in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(each)]
    columns = [each.strip() for each in lines[0]] if lines else []
    if len(set(columns)) < len(columns) or "" in columns:
        message = "its heading has a column twice, or one without a name: give each column a name of its own"
        raise SourceError(message)
    for number, cells in enumerate(lines[1:], 1):
        if len(cells) != len(columns):
            message = f"row {number}: has {len(cells)} cells, the heading {len(columns)}: put a cell that holds a {delimiter!r} in quotes"
            raise SourceError(message)
    return tuple(dict(zip(columns, cells, strict=True)) for cells in lines[1:])


def _of_json(text: str) -> Rows:
    try:
        data = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        message = f"is no JSON: {error}"
        raise SourceError(message) from error
    if not isinstance(data, list) or not all(isinstance(row, dict) and row for row in data):
        message = 'is no list of objects: write [{"city": "Kyiv", ...}, ...]'
        raise SourceError(message)
    return tuple(
        {column: _cell(cell, number, column) for column, cell in row.items()}
        for number, row in enumerate(data, 1)
    )


def _cell(cell: Any, number: int, column: str) -> str:  # noqa: ANN401  any plain value
    if isinstance(cell, str):
        return cell
    message = f"row {number}, column {column}: is neither a text nor a number: write it in quotes"
    raise SourceError(message)
