"""What does a YAML text say, and where? And how is a value written as YAML that people like to read?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import yaml

from cliptask.names import shown
from cliptask.spec.rules import Path
from cliptask.spec.yaml_slips import slip
from cliptask.text import named

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
"""A task is nine deep; far deeper values would exhaust the stack of whoever walks through them."""

_TAG = "tag:yaml.org,2002:"
_NUMBERS = {
    f"{_TAG}int": r"^[-+]?(?:0|[1-9][0-9]*|0o[0-7]{1,1000}|0x[0-9a-fA-F]{1,1000})$",
    f"{_TAG}float": r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
}


class Mark(NamedTuple):
    """A place in a text. Both count from 1, columns in characters, as editors do."""

    line: int
    column: int


class BadText(Exception):
    """The text is not one document; ``mark`` is None where the place is not known."""

    def __init__(self, what: str, mark: Mark | None = None, path: Path = ()) -> None:
        super().__init__(what)
        self.mark = mark
        self.path = path


class NotJson(BadText):
    """The text may be YAML, but is not JSON."""


@dataclass(frozen=True)
class Document:
    """One document as plain values, and the place of each path in it: of a field that of its name."""

    data: Any
    marks: Mapping[Path, Mark]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time: C is 20 times faster
    """Values as the Kubernetes API reads them: dates and ``1:30`` are texts, ``1e3`` is a number."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # as in the base class
        first: [(tag, form) for tag, form in pairs if tag in {f"{_TAG}null", f"{_TAG}bool", f"{_TAG}merge"}]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    _depth = 0

    def descend_resolver(self, *where: Any) -> None:  # noqa: ANN401  # a node and a place in it
        """Called before a node is composed, which takes C's stack."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            _refuse(_TOO_DEEP, _mark(where[0]))

    def ascend_resolver(self) -> None:
        """Called after it."""
        self._depth -= 1


class _Dumper(yaml.SafeDumper):
    """Block style without aliases; quotes whatever any YAML reader could take for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002  # the signature of the base class
        return True


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    lines = text.split("\n")
    style = None
    if any(line.splitlines() != [line] for line in lines if line):
        style = '"'  # breaks of lines that readers turn into plain ones unless they are escaped
    elif len(lines) > 1 and all(line.strip() == line for line in lines):
        style = "|"
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


_Dumper.add_representer(str, _text_node)
for _tag, _pattern in _NUMBERS.items():
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list("-+.0123456789"))
    _Dumper.add_implicit_resolver(_tag, re.compile(_pattern), list("-+.0123456789"))
# Kubernetes' reader takes these for true and false.
_Dumper.add_implicit_resolver(f"{_TAG}bool", re.compile("^(?:y|Y|n|N)$"), list("yYnN"))


def dump(data: Any) -> str:  # noqa: ANN401  # any plain value
    """Plain values (dicts, lists, texts, numbers) as YAML: block style, order kept, no aliases, Unicode as it is."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def parse(text: str | bytes) -> Document:
    """Read exactly one document of YAML or JSON.

    Raises ``BadText`` for anything else: too large, not UTF-8, several documents, a key twice, too deep, tags that
    make objects.
    """
    text = _decoded(text)
    if text.lstrip().startswith("{"):
        try:
            return Document(parse_json(text).data, _marks(text))
        except NotJson:
            pass  # YAML's own {braces}
    return _parse_yaml(text)


def _marks(text: str) -> Mapping[Path, Mark]:
    """Where the fields of a JSON text stand; nothing where YAML reads it in another way."""
    try:
        return _parse_yaml(text).marks
    except BadText:
        return {}


def _parse_yaml(text: str) -> Document:
    try:
        loader = _Loader(text)
        if not loader.check_node():
            _refuse("is empty")
        node = loader.get_node()
        if loader.check_node():
            mark = _mark_of(loader.peek_event().start_mark)
            _refuse("a second document begins here: write one ClipTask per file", mark)
        marks: dict[Path, Mark] = {}
        return Document(_plain(loader, node, (), marks), marks)
    except yaml.MarkedYAMLError as error:
        mended = slip(error, text)
        _refuse(f"is not YAML: {mended.words}", Mark(mended.line, mended.column))
    except yaml.reader.ReaderError as error:
        what = f"is not YAML: it holds the control character {named(chr(error.character))}"
        before = text[: error.position]
        _refuse(what, Mark(before.count("\n") + 1, len(before) - before.rfind("\n")))
    except RecursionError:  # an alias inside itself
        _refuse(_TOO_DEEP)
    except ValueError:
        _refuse(_TOO_LONG)


def parse_json(text: str | bytes) -> Document:
    """Read JSON, without lines. Its own reader, because YAML's know less of its escapes and tabs.

    Raises ``NotJson``, or ``BadText`` as ``parse`` does. Safe to call with what strangers send.
    """
    try:
        data = json.loads(_decoded(text), object_pairs_hook=_pairs)
        json.dumps(data, ensure_ascii=False).encode()  # half of a character is none in UTF-8
        if _depth(data) > MAX_DEPTH:
            _refuse(_TOO_DEEP)
    except json.JSONDecodeError as error:
        message = f"is not JSON: {error.msg}"
        raise NotJson(message, Mark(error.lineno, error.colno)) from None
    except UnicodeEncodeError:
        _refuse("a text holds half of a character (a lone surrogate)")
    except RecursionError:
        _refuse(_TOO_DEEP)
    except ValueError:
        _refuse(_TOO_LONG)
    return Document(data, {})


def _decoded(text: str | bytes) -> str:
    # A str may hold what is no character: then, as with bytes, the line is that of the first one.
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        _refuse(f"is {len(raw):,} bytes large, at most {MAX_BYTES:,} are read: split the campaign")
    bad = raw.find(b"\0")  # no text has one, but every other byte of UTF-16
    decoded = ""
    try:
        decoded = raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        bad = error.start if bad < 0 else min(bad, error.start)
    if bad >= 0:
        encoding = (
            "UTF-16 or UTF-32" if b"\0" in raw or raw[:2] in _UTF16_MARKS else "Windows-1252 or the like"
        )
        what = f"is not UTF-8 text (byte 0x{raw[bad]:02X} at offset {bad:,}; perhaps it is {encoding}): save it as UTF-8"
        before = raw[:bad].rpartition(b"\n")
        _refuse(
            what,
            Mark(before[0].count(b"\n") + len(before[1]) + 1, len(before[2].decode("utf-8", "replace")) + 1),
        )
    return decoded


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            _refuse(f"the field {shown(key)} stands twice in one object")
        data[key] = value
    return data


def _depth(data: object) -> int:
    below = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return 1 + max(map(_depth, below), default=-1)


def _plain(loader: _Loader, node: yaml.Node, path: Path, marks: dict[Path, Mark]) -> Any:  # noqa: ANN401  # any plain value
    """A node as a plain value; ``marks`` takes the place of it and of all within it."""
    marks.setdefault(path, _mark(node))
    is_plain = isinstance(node, yaml.ScalarNode) and not node.style
    if node.tag not in {f"{_TAG}str", loader.resolve(type(node), node.value, (is_plain, True))}:
        _refuse(f"the tag {shown(node.tag)} is not allowed: write a plain value", _mark(node))
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_object(node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, (*path, index), marks) for index, item in enumerate(node.value)]
    fields: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            _refuse("a list or an object stands where a field's name is needed", _mark(key), path)
        if key.value in fields:
            first = marks[*path, key.value].line
            what = f"the field {shown(key.value)} stands twice in one object, first in line {first}: remove one, or indent it as what it belongs to"
            _refuse(what, _mark(key), path)
        marks[*path, key.value] = _mark(key)
        fields[key.value] = _plain(loader, value, (*path, key.value), marks)
    merged = fields.pop("<<", [])
    for source in merged if isinstance(merged, list) else [merged]:
        if not isinstance(source, dict):
            _refuse("<< takes an alias of an object, or a list of them", marks[*path, "<<"], path)
        fields = source | fields
    return fields


def _mark(node: yaml.Node) -> Mark:
    return _mark_of(node.start_mark) if node.start_mark else Mark(1, 1)


def _mark_of(mark: yaml.Mark) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_TOO_DEEP = f"is nested more than {MAX_DEPTH} deep: a ClipTask never is"
_TOO_LONG = "holds a number that is too long"


def _refuse(what: str, mark: Mark | None = None, path: Path = ()) -> NoReturn:
    raise BadText(what, mark, path) from None
