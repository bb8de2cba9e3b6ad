"""What does a YAML text say, and on which line? And how is a value written as YAML that people like to read?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from cliptask.names import shown
from cliptask.spec.rules import Path
from cliptask.text import named

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
"""A task is nine deep; far deeper values would exhaust the stack of whoever walks through them."""

_TAG = "tag:yaml.org,2002:"
_NUMBERS = {
    f"{_TAG}int": r"^[-+]?(?:0|[1-9][0-9]*|0o[0-7]+|0x[0-9a-fA-F]+)$",
    f"{_TAG}float": r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
}


class BadText(Exception):
    """The text is not one document; ``line`` counts from 1, None where it is not known."""

    def __init__(self, what: str, line: int | None = None, path: Path = ()) -> None:
        super().__init__(what)
        self.line = line
        self.path = path


class NotJson(BadText):
    """The text may be YAML, but is not JSON."""


@dataclass(frozen=True)
class Document:
    """One document as plain values, and the line of each path in it."""

    data: Any
    lines: Mapping[Path, int]


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
            _refuse(_TOO_DEEP, _line(where[0]))

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
            return parse_json(text)
        except NotJson:
            pass  # YAML's own {braces}
    try:
        loader = _Loader(text)
        if not loader.check_node():
            _refuse("is empty")
        node = loader.get_node()
        if loader.check_node():
            line = loader.peek_event().start_mark.line + 1
            _refuse("a second document begins here: write one ClipTask per file", line)
        lines: dict[Path, int] = {}
        return Document(_plain(loader, node, (), lines), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        context = f", {error.context}" if error.context else ""
        _refuse(f"is not YAML: {error.problem}{context}{_hint(error, text)}", mark.line + 1 if mark else None)
    except yaml.reader.ReaderError as error:
        what = f"is not YAML: it holds the control character {named(chr(error.character))}"
        _refuse(what, text[: error.position].count("\n") + 1)
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
        message = f"is not JSON: {error.msg} at column {error.colno}"
        raise NotJson(message, error.lineno) from None
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
        _refuse(what, raw[:bad].count(b"\n") + 1)
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


def _hint(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    if mark and text[mark.index : mark.index + 1] == "\t":
        return ": indent with spaces, not with tabs"
    if "mapping values are not allowed" in (error.problem or ""):
        return ': put a text that holds ": " in quotes'
    return ""


def _plain(loader: _Loader, node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:  # noqa: ANN401  # any plain value
    """A node as a plain value; ``lines`` takes the line of it and of all within it."""
    lines.setdefault(path, _line(node))
    is_plain = isinstance(node, yaml.ScalarNode) and not node.style
    if node.tag not in {f"{_TAG}str", loader.resolve(type(node), node.value, (is_plain, True))}:
        _refuse(f"the tag {shown(node.tag)} is not allowed: write a plain value", _line(node))
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_object(node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, (*path, index), lines) for index, item in enumerate(node.value)]
    fields: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            _refuse("a list or an object stands where a field's name is needed", _line(key), path)
        if key.value in fields:
            _refuse(f"the field {shown(key.value)} stands twice", _line(key), path)
        lines[*path, key.value] = _line(key)
        fields[key.value] = _plain(loader, value, (*path, key.value), lines)
    merged = fields.pop("<<", [])
    for source in merged if isinstance(merged, list) else [merged]:
        if not isinstance(source, dict):
            _refuse("<< takes an alias of an object, or a list of them", lines[*path, "<<"], path)
        fields = source | fields
    return fields


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 1


_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_TOO_DEEP = f"is nested more than {MAX_DEPTH} deep: a ClipTask never is"
_TOO_LONG = "holds a number that is too long"


def _refuse(what: str, line: int | None = None, path: Path = ()) -> NoReturn:
    raise BadText(what, line, path) from None
