"""How tables of rows are read."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliptask.errors import SourceError
from cliptask.table_file import rows_of

cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(
    st.lists(st.tuples(cells, cells), min_size=1, max_size=5),
    st.sampled_from(",;\t"),
    st.booleans(),
    st.booleans(),
)
def test_csv_is_read_as_spreadsheets_write_it(
    rows: list[tuple[str, str]], delimiter: str, has_mark: bool, has_returns: bool
) -> None:
    """A table saved in another country, or by Excel, would come out as one column."""
    buffer = io.StringIO()
    table = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n" if has_returns else "\n")
    table.writerows([("city", "price"), *rows])

    found = rows_of(buffer.getvalue().encode("utf-8-sig" if has_mark else "utf-8"))

    assert found == tuple({"city": city, "price": price} for city, price in rows)


def test_json_is_read_with_numbers_as_they_are_written() -> None:
    """9.90 would be shown as 9.9."""
    assert rows_of(b'[{"city": "Kyiv", "price": 9.90}, {"city": "Lviv", "price": 10}]') == (
        {"city": "Kyiv", "price": "9.90"},
        {"city": "Lviv", "price": "10"},
    )


def test_lines_without_cells_are_no_rows() -> None:
    """What a spreadsheet leaves at the end of a table would be a video."""
    assert rows_of(b"city,price\nKyiv,9\n,\n\n") == ({"city": "Kyiv", "price": "9"},)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no rows"),
        (b"city,price\n", "holds no rows"),
        (b"[]", "holds no rows"),
        (b"city,city\na,b\n", "a column twice"),
        (b"city,\na,b\n", "one without a name"),
        (
            b"city,price\nKyiv,9,8\n",
            r"row 1: has 3 cells, the heading 2: put a cell that holds a ',' in quotes",
        ),
        (b'{"rows": []}', "is no list of objects"),
        (b"[1]", "is no list of objects"),
        (b'[{"a": ', "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'[{"a": "x"}, {"a": true}]', "row 2, column a: is neither a text nor a number"),
        (b"caf\xe9\nx\n", "is no text in UTF-8"),
        (b"a\n" + b"x\n" * 1001, "has 1,001 rows, at most 1,000"),
        (
            b",".join(b"c%d" % n for n in range(51)) + b"\n" + b"x," * 50 + b"x\n",
            "has 51 columns, at most 50",
        ),
        (b"a\n" + b"x" * 2001, "row 1, column a: has 2,001 characters"),
        (b"a\n" + b"x" * 4_000_000, "more than 4,000,000 bytes"),
    ],
    ids=range(16),
)
def test_what_is_no_table_is_refused_in_words(content: bytes, words: str) -> None:
    """Whoever has made the table would have to guess which cell is meant."""
    with pytest.raises(SourceError, match=words):
        rows_of(content)


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each), max_leaves=5
    ).map(lambda data: json.dumps(data).encode())
)
def test_anything_is_read_or_refused(content: bytes) -> None:
    """A file that is no table would end the program."""
    try:
        rows = rows_of(content)
    except SourceError:
        return
    assert all(isinstance(cell, str) for row in rows for cell in row.values())
