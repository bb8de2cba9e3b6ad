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

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
"""A task is nine deep; a parser that recurses must not be led deeper than this."""
MAX_VALUES = 200_000
"""Aliases counted as often as they are used: a task within its bounds has a quarter of it."""

_NUMBERS = {
    "tag:yaml.org,2002:int": r"^[-+]?(?:0|[1-9][0-9]*|0o[0-7]+|0x[0-9a-fA-F]+)$",
    "tag:yaml.org,2002:float": r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
}
_COLLECTIONS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_MERGE = "tag:yaml.org,2002:merge"


class BadText(ValueError):
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


def _resolvers(replaced: Mapping[str, str]) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    dropped = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value", *replaced}
    kept = {
        first: [(tag, pattern) for tag, pattern in pairs if tag not in dropped]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for tag, pattern in replaced.items():
        for first in "-+.0123456789":
            kept.setdefault(first, []).append((tag, re.compile(pattern)))
    return kept


_Loader.yaml_implicit_resolvers = _resolvers(_NUMBERS)


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
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text_node)
for _tag, _pattern in _NUMBERS.items():
    _Dumper.add_implicit_resolver(_tag, re.compile(_pattern), list("-+.0123456789"))
# Kubernetes' reader takes these for true and false.
_Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:y|Y|n|N)$"), list("yYnN"))


def dump(data: Any) -> str:  # noqa: ANN401  # any plain value
    """Plain values (dicts, lists, texts, numbers) as YAML: block style, order kept, no aliases, Unicode as it is."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def parse(text: str | bytes) -> Document:
    """Read exactly one document of YAML or JSON.

    Raises ``BadText`` for anything else: too large, not UTF-8, several documents, a key twice, too deep, aliases
    that multiply, tags that make objects.
    """
    text = _decoded(text)
    if text.lstrip().startswith("{"):
        try:
            return parse_json(text)
        except NotJson:
            pass  # YAML's own {braces}
    return _yaml(text)


def parse_json(text: str | bytes) -> Document:
    """Read JSON, without lines. Its own reader, because YAML's know less of its escapes and tabs.

    Raises ``NotJson``, or ``BadText`` as ``parse`` does.
    """
    try:
        data = json.loads(_decoded(text), object_pairs_hook=_pairs)
    except json.JSONDecodeError as error:
        message = f"is not JSON: {error.msg} at column {error.colno}"
        raise NotJson(message, error.lineno) from None
    except RecursionError:
        _refuse(_TOO_DEEP)
    except BadText:
        raise
    except ValueError:
        _refuse(_TOO_LONG)
    _check_json(data)
    return Document(data, {})


def _decoded(text: str | bytes) -> str:
    # A str may hold what is no character: then, as with bytes, the line is that of the first one.
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        _refuse(f"is {len(raw):,} bytes large, at most {MAX_BYTES:,} are read: split the campaign")
    try:
        return raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        _refuse("is not UTF-8 text: save it with that encoding", raw[: error.start].count(b"\n") + 1)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            _refuse(f"the field {shown(key)} stands twice in one object")
        found[key] = value
    return found


def _check_json(data: object) -> None:
    level = [data]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below += [*value, *value.values()]
            elif isinstance(value, list):
                below += value
            elif isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
                _refuse("a text holds half of a character (a lone surrogate)")
        level = below
    if level:
        _refuse(_TOO_DEEP)


def _yaml(text: str) -> Document:
    try:
        _check_events(text)
        loader = _Loader(text)
        try:
            return _Construction(loader).document(loader.get_single_node())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        context = f", {error.context}" if error.context else ""
        _refuse(f"is not YAML: {error.problem}{context}{_hint(error, text)}", mark.line + 1 if mark else None)
    except yaml.reader.ReaderError as error:
        _refuse("is not YAML: it holds a control character", text[: error.position].count("\n") + 1)


def _hint(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    if mark and text[mark.index : mark.index + 1] == "\t":
        return ": indent with spaces, not with tabs"
    if "mapping values are not allowed" in (error.problem or ""):
        return ': put a text that holds ": " in quotes'
    return ""


def _check_events(text: str) -> None:
    """Refuse, in constant memory, what the recursive steps after this must not see."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                _refuse(_TOO_DEEP, _line(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                _refuse("a second document begins here: write one ClipTask per file", _line(event))
    if documents == 0:
        _refuse("is empty")


def _line(place: yaml.Node | yaml.Event) -> int:
    return place.start_mark.line + 1 if place.start_mark else 1


class _Construction:
    """Nodes to plain values, noting lines on the way."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self._loader = loader
        self._lines: dict[Path, int] = {}
        self._values = 0

    def document(self, node: yaml.Node) -> Document:
        self._lines[()] = _line(node)
        return Document(self._value(node, ()), self._lines)

    def _value(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401  # any plain value
        self._values += 1
        if self._values > MAX_VALUES:
            _refuse(f"holds more than {MAX_VALUES:,} values once its aliases are written out", _line(node))
        if len(path) > MAX_DEPTH:  # also what an alias inside itself comes to
            _refuse(_TOO_DEEP, _line(node))
        if isinstance(node, yaml.CollectionNode) and node.tag not in _COLLECTIONS:
            _refuse(f"the tag {shown(node.tag)} is not allowed: write a plain value", _line(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._child(item, (*path, index), _line(item)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _child(self, node: yaml.Node, path: Path, line: int) -> Any:  # noqa: ANN401  # any plain value
        self._lines[path] = line
        return self._value(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for value in (value for key, value in node.value if key.tag == _MERGE):
            merged = self._merged(value, path) | merged
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                _refuse("a list or an object stands where a field's name is needed", _line(key), path)
            if key.value in found:
                _refuse(f"the field {shown(key.value)} stands twice", _line(key), path)
            if key.tag != _MERGE:
                found[key.value] = self._child(value, (*path, key.value), _line(key))
        return found | {key: value for key, value in merged.items() if key not in found}

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(source, yaml.MappingNode):
                _refuse("<< takes an alias of an object, or a list of them", _line(node), path)
            # One level deeper than it will stand, so that a merge into itself ends.
            merged = self._value(source, (*path, "<<")) | merged
        return merged

    def _scalar(self, node: yaml.Node) -> Any:  # noqa: ANN401  # any plain value
        try:
            value = self._loader.construct_object(node)
        except yaml.constructor.ConstructorError:
            _refuse(f"the tag {shown(node.tag)} is not allowed: write a plain value", _line(node))
        except ValueError:
            _refuse(_TOO_LONG, _line(node))
        if value is not None and not isinstance(value, str | bool | int | float):
            _refuse(f"the tag {shown(node.tag)} is not allowed: write a plain value", _line(node))
        return value


_TOO_DEEP = f"is nested more than {MAX_DEPTH} deep: a ClipTask never is"
_TOO_LONG = "holds a number that is too long"


def _refuse(what: str, line: int | None = None, path: Path = ()) -> NoReturn:
    raise BadText(what, line, path) from None
