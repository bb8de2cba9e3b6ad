"""Which slip of the pen makes a text no YAML? The parser says what it expected; people want to know what to write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from cliptask.names import shown
from cliptask.text import named

_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7})(?: |$)")
_FIELD = re.compile(r"\s*(?:- +)*[\w./-]+$")
"""What stands before the colon of a line that is a field."""
_HYPHEN = re.compile(r"\s*-[^\s-].*")
_NO_SPACE = re.compile(r"""\s*(?:- +)*[A-Za-z]\w*:[^\s"'/].*""")
_COMMENT = re.compile(r"(\w+:) (#[^\s,}\]]*)")
"""A field whose value looks like a color."""
_CLOSING = {"[": "]", "{": "}"}
_LONGEST_QUOTED = 40


class Slip(NamedTuple):
    """What is wrong and how to mend it, and where; ``line`` and ``column`` count from 1."""

    words: str
    line: int
    column: int


class _Text(NamedTuple):
    """A text's lines, and where the parser gave up; ``row``, ``column`` and those of ``opened`` count from 0."""

    lines: Sequence[str]
    row: int
    column: int
    opened: tuple[int, int] | None
    """Where what it was reading begins."""

    @property
    def line(self) -> str:
        return self.lines[self.row] if self.row < len(self.lines) else ""

    @property
    def before(self) -> str:
        """What stands on the line before that place."""
        return self.line[: self.column]

    @property
    def rest(self) -> str:
        """What stands there."""
        return self.line[self.column :].rstrip()

    @property
    def opening(self) -> str:
        """The character with which what it was reading begins."""
        row, column = self.opened or (0, 0)
        return self.lines[row][column : column + 1] if row < len(self.lines) else ""

    def above(self) -> Iterator[int]:
        """The rows above that hold anything, nearest first."""
        for row in range(min(self.row, len(self.lines)) - 1, -1, -1):
            if self.lines[row].strip() and not self.lines[row].lstrip().startswith("#"):
                yield row

    def here(self, words: str) -> Slip:
        return Slip(words, self.row + 1, self.column + 1)

    def at(self, row: int, column: int, words: str) -> Slip:
        return Slip(words, row + 1, column + 1)


def slip(error: yaml.MarkedYAMLError, text: str) -> Slip:
    """What somebody has probably done who wrote a ``text`` of which the parser says ``error``."""
    where, opened = error.problem_mark or error.context_mark, error.context_mark
    read = _Text(
        text.split("\n"),
        where.line if where else 0,
        where.column if where else 0,
        (opened.line, opened.column) if opened else None,
    )
    problem, context = error.problem or "", error.context or ""
    return (
        _conflict(read)
        or _unusual_space(read)
        or _quotes(read, problem, context)
        or _brackets(read, context)
        or _unquoted(read, problem)
        or _rest(read, problem)
        or _no_field(read, problem)
        or _indentation(read, problem)
        or read.here(f"{problem}, {context}" if context else problem)
    )


def _conflict(read: _Text) -> Slip | None:
    row = next((row for row, line in enumerate(read.lines) if _CONFLICT.match(line)), None)
    if row is None:
        return None
    words = "a conflict of two versions stands here: keep one of them, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>"
    return read.at(row, 0, words)


def _unusual_space(read: _Text) -> Slip | None:
    """Spaces that look like indentation and are none, on the line or on that above."""
    for row in (read.row, *list(read.above())[:1]):
        line = read.lines[row] if row < len(read.lines) else ""
        indent = line[: len(line) - len(line.lstrip("\ufeff\u200b" + "".join(map(chr, _SPACES)) + " \t"))]
        odd = next((letter for letter in indent if letter != " "), None)
        if odd is not None:
            what = "a tab" if odd == "\t" else named(odd)
            return read.at(
                row, indent.index(odd), f"the line is indented with {what}: indent with ordinary spaces"
            )
    return None


def _quotes(read: _Text, problem: str, context: str) -> Slip | None:
    """Quotes, and what stands within them."""
    if "quoted scalar" not in context or read.opened is None:
        return None
    if "end of stream" in problem:
        row, column = read.opened
        return read.at(row, column, f"the quote {read.opening} that opens here is not closed")
    if "unknown escape" in problem:
        words = "a backslash within double quotes begins an escape: write it twice, or put the text in single quotes"
        return read.here(words)
    return None


def _brackets(read: _Text, context: str) -> Slip | None:
    """Brackets and braces."""
    if "parsing a flow" not in context or read.opened is None or read.opening not in _CLOSING:
        return None
    (row, column), closing = read.opened, _CLOSING[read.opening]
    if not read.before.strip() or not read.rest:
        words = f"the {read.opening} that opens here is not closed: close it with {closing}"
        return read.at(row, column, words)
    if comment := _COMMENT.search(read.lines[row], column):
        words = f"# begins a comment, and hides what follows: put it in quotes, {comment[1]} '{comment[2]}'"
        return read.at(row, comment.start(2), words)
    since = f"the {read.opening} of line {row + 1}, column {column + 1}"
    if read.rest[0] in "]}":
        return read.here(f"{read.rest[0]} stands where {since} is to be closed: write {closing}")
    return read.here(f"a comma is missing before {_quoted(read.rest)}, or {closing}, which closes {since}")


def _unquoted(read: _Text, problem: str) -> Slip | None:
    """A text that YAML takes for something else."""
    start = _value_at(read.line)
    if "undefined alias" in problem:
        name = read.rest.split()[0].lstrip("*").rstrip(",]}")
        return read.here(f"nothing above is called &{name}; a text that begins with * must stand in quotes")
    if start is not None and read.line[start] in "%@`*!?|>&" and start <= read.column:
        return read.at(
            read.row,
            start,
            f"a text that begins with {read.line[start]} must stand in quotes: put it in double quotes",
        )
    if "cannot start any token" in problem:
        return read.here(
            f"a text that begins with {read.rest[:1]} must stand in quotes: put it in double quotes"
        )
    if "mapping values" in problem and not _FIELD.fullmatch(read.before):
        return read.here('a text that holds ": " must stand in quotes: put it in double quotes')
    return None


def _rest(read: _Text, problem: str) -> Slip | None:
    """Something after a value."""
    if "expected key" not in problem or not read.before.strip() or not read.rest:
        return None
    if read.rest[0] in "]}":
        return read.here(f"{read.rest[0]} closes nothing: remove it")
    return read.here(f"the value ends before {_quoted(read.rest)}: put the whole text in double quotes")


def _no_field(read: _Text, problem: str) -> Slip | None:
    """A hyphen or a colon without what belongs to it; the parser stumbles over the line after it."""
    if "could not find expected ':'" in problem and read.opened is not None:
        row, column = read.opened
        word = read.lines[row][column:].strip()
        return read.at(
            row, column, f"{_quoted(word)} is no field: a field is a name, a colon, a space and a value"
        )
    for row in list(read.above())[:1]:
        line = read.lines[row]
        indent = len(line) - len(line.lstrip())
        if _HYPHEN.fullmatch(line):
            return read.at(
                row,
                indent,
                "a space is missing after the hyphen: an element of a list begins with - and a space",
            )
        if _NO_SPACE.fullmatch(line):
            return read.at(row, line.index(":"), "a space is missing after the colon")
    return None


def _indentation(read: _Text, problem: str) -> Slip | None:
    """A line that begins where nothing begins that it could belong to."""
    if not any(
        each in problem for each in ("expected key", "mapping values", "expected '-'", "document start")
    ):
        return None
    column = len(read.line) - len(read.line.lstrip())
    candidates: list[tuple[int, int]] = []
    for row in read.above():
        line = read.lines[row]
        indent = len(line) - len(line.lstrip())
        if not candidates or indent < candidates[-1][1]:
            candidates.append((row, indent))
    words = f"the indentation is wrong: {_spaces(column)}"
    if candidates:
        above = [_candidate(read.lines[row], row, indent) for row, indent in candidates[:3]]
        words += f" here; above, {', '.join(above)}"
    return read.at(
        read.row,
        column,
        f"{words}: begin all fields of one object, and all elements of one list, in one column",
    )


def _candidate(line: str, row: int, indent: int) -> str:
    """A line that another could belong to, with where its fields begin."""
    fields = re.match(r"\s*(?:- +)+(?=\S)", line)
    inner = f", its fields by {fields.end()}" if fields else ""
    return f"line {row + 1} ({_quoted(line.strip())}) by {indent}{inner}"


def _value_at(line: str) -> int | None:
    """Where the value of a line ``name: value`` begins."""
    found = re.match(r"\s*(?:- +)*(?:[\w-]+:\s+)?(?=\S)", line)
    return found.end() if found else None


def _spaces(count: int) -> str:
    return f"{count} space{'s' * (count != 1)}"


def _quoted(words: str) -> str:
    return shown(words if len(words) <= _LONGEST_QUOTED else f"{words[: _LONGEST_QUOTED - 3]}...")


_SPACES = (0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
"""Code points that Unicode has as spaces, beside the one."""
