"""Which texts of a task are paths of this machine, and which URLs do they stand for? In a path nothing is escaped."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args
from urllib.parse import quote

from pydantic import BaseModel, StringConstraints

from cliptask.names import shown
from cliptask.spec.output import OUTPUT_PATTERN
from cliptask.spec.problems import Problem
from cliptask.spec.rules import Path
from cliptask.spec.task import ClipTask
from cliptask.spec.values import URL_PATTERN

_NO_PATH = re.compile(r"[a-z][a-z0-9+.-]+:/|(https?|gs|file|data):|\{\{|[^/\s]*:[^/\s]*@", re.IGNORECASE)
"""How a URL begins, be it a wrong one, or one without its scheme that may hold a password."""
_HOST = re.compile(r"(www\.|[^/]+\.(com|org|net|io|dev|de|example)/)", re.IGNORECASE)
_OF_A_HOME = re.compile(r"~($|[^/]*/)")
_ESCAPED = re.compile(r"[%?#\s\x00-\x1f\x7f-\x9f]")
"""What a URL cannot hold as it is; letters of any script can, and are read more easily so."""

_Held = type[BaseModel] | str | None
"""What a field holds: an object, or a text of this pattern; None: anything else."""


@dataclass(frozen=True)
class Here:
    """The machine on which a task is read, as far as paths are concerned. A cluster has none: there they lead nowhere."""

    folder: str
    """What relative paths begin at: absolute, and without symbolic links."""
    absent: Callable[[str], str | None] = lambda _: None
    """Why no file can be read at an absolute path, as what follows the path in a sentence; None where one is there."""
    lies: Callable[[str], str] = lambda path: path
    """Where the content of an absolute path is read, if it is not the one that lies there."""


def resolved(data: Any, here: Here) -> tuple[Any, list[Problem]]:  # noqa: ANN401  # any plain value
    """A task's plain values with a ``file://`` URL for each path, and what is wrong with the paths.

    Where bad sources are skipped, a file that is not there is no problem: the campaign is made without it.
    """
    problems: list[Problem] = []
    skips = _is_skipping(data)

    def walk(value: Any, held: _Held, path: Path) -> Any:  # noqa: ANN401  # as above
        if isinstance(value, dict):
            fields = {} if held is None or isinstance(held, str) else _fields(held)
            return {key: walk(below, fields.get(key), (*path, key)) for key, below in value.items()}
        if isinstance(value, list):
            return [walk(below, held, (*path, index)) for index, below in enumerate(value)]
        if held not in {URL_PATTERN, OUTPUT_PATTERN} or not _is_path(value):
            return value
        file = "/" + posixpath.normpath(posixpath.join(here.folder, value)).lstrip("/")
        file = here.lies(file) if held == URL_PATTERN else file
        looked_for = held == URL_PATTERN and not skips and "{{" not in value
        problems.extend(Problem(path, words) for words in _wrong(value, file, here if looked_for else None))
        return file_url(file)

    return walk(data, ClipTask, ()), problems


@cache
def _fields(part: type[BaseModel]) -> Mapping[str, _Held]:
    """What each field of an object holds, by its name in a task. Its schema says it too, and takes far longer to be made."""
    fields = part.model_fields.items()
    return {field.alias or name: _held(field.annotation, field.metadata) for name, field in fields}


def _held(kind: Any, metadata: Iterable[Any] = ()) -> _Held:  # noqa: ANN401  # any annotation
    """An object, or the pattern of a text; of a list what its elements are, of a choice the first that is either."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    for each in metadata:
        if isinstance(each, StringConstraints) and isinstance(each.pattern, str):
            return each.pattern
    within = (_held(each, getattr(kind, "__metadata__", ())) for each in get_args(kind))
    return next((each for each in within if each), None)


def file_url(path: str) -> str:
    """The ``file://`` URL of an absolute path."""
    return "file://" + _ESCAPED.sub(lambda character: quote(character[0], safe=""), path)


def written(path: str) -> str:
    """A relative path as a task names it, so that nobody takes it for a URL or for somebody's home."""
    return path if _is_path(path) and not _OF_A_HOME.match(path) else f"./{path}"


def _is_path(value: object) -> bool:
    """Whether somebody has written a path."""
    return isinstance(value, str) and value.strip() != "" and "\0" not in value and not _NO_PATH.match(value)


def _wrong(written: str, file: str, here: Here | None) -> Iterator[str]:
    """What is wrong with a path; whether a file is there counts only with ``here``."""
    if _OF_A_HOME.match(written):
        yield f"{shown(written)}: only a shell knows whose folder ~ is: write the path from / on, or relative to this file"
    elif here and (absent := here.absent(file)):
        remedy = ": a URL begins with https://" if _HOST.match(written) else ""
        yield f"{shown(written)} {absent}{remedy}"


def _is_skipping(data: object) -> bool:
    for step in ("spec", "failurePolicy", "onSourceError"):
        data = data.get(step) if isinstance(data, dict) else None
    return data == "Skip"
