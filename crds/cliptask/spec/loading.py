"""Is this text a ClipTask? If not, everything that is wrong with it, each with its line and its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cliptask.errors import ClipTaskError, InvalidTask
from cliptask.names import shown
from cliptask.spec.paths import Here, resolved
from cliptask.spec.places import spelled
from cliptask.spec.problems import Problem, Problems, examine, kind_of
from cliptask.spec.rules import Path
from cliptask.spec.task import GROUP, KIND, VERSION, ClipTask
from cliptask.spec.yaml_source import BadText, Mark, parse

_STEPS = re.compile(r"spec\b(?:\.\w[\w-]*|\[\d+\])*")
_LAST_STEP = re.compile(r"(?:\.\w[\w-]*|\[\d+\]|^\w+)$")

MOST_PROBLEMS = 50
"""More are counted, not listed: nobody mends a thousand lines one by one."""


@dataclass(frozen=True)
class Script:
    """A task with the text that it was read from."""

    task: ClipTask
    filename: str
    marks: Mapping[Path, Mark]

    def located(self, message: str) -> str:
        """A message with the place in the text before each line that begins with a path of the task."""
        return "\n".join(map(self._located, message.split("\n")))

    @contextmanager
    def locating(self) -> Iterator[None]:
        """In here errors say where in the text that is which they name."""
        try:
            yield
        except ClipTaskError as error:
            located = self.located(str(error))
            if located == str(error):
                raise
            raise type(error)(located) from error

    def _located(self, line: str) -> str:
        begin = _STEPS.match(line)
        path = begin[0] if begin else ""
        while path and path not in self._spelled:
            path = _LAST_STEP.sub("", path)
        mark = self._spelled.get(path)
        return f"{self.filename}{_place(mark)}: {line}" if mark else line

    @cached_property
    def _spelled(self) -> Mapping[str, Mark]:
        return {spelled(path): mark for path, mark in self.marks.items() if path}


def load(text: str | bytes, filename: str, here: Here | None = None) -> Script:
    """The task that a YAML (or JSON) text of at most 1 MB describes.

    ``here``: where its paths begin, which become ``file://`` URLs; without, URLs alone are taken.

    Raises ``InvalidTask`` with one line per problem, in the order of the text::

        cliptask.yaml:14:15: spec.videoBlocks[0].clips[2].trim.end: must be after start (given "1s")

    A rule between the fields of an object can only be judged once each of them is right in itself.
    """
    try:
        document = parse(text)
    except BadText as error:
        raise InvalidTask(located(filename, error.mark, error.path, str(error))) from None
    data, unusable = resolved(document.data, here) if here else (document.data, [])
    return Script(load_data(data, filename, document.marks, unusable), filename, document.marks)


def load_data(
    data: Any,  # noqa: ANN401  # any plain value
    where: str,
    marks: Mapping[Path, Mark] | None = None,
    unusable: Sequence[Problem] = (),
) -> ClipTask:
    """The task that plain values describe, e.g. an object of the Kubernetes API; ``where`` begins each line.

    ``marks`` are the places of paths in the text, if there is one, ``unusable`` what is known to be wrong with it. What the cluster writes into an object, its status
    and metadata, is passed over. Raises ``InvalidTask`` as ``load`` does.
    """
    another = _no_clip_task(data)
    if another:
        raise InvalidTask(report(Problems([another], more=0), where, marks))
    wanted = {field: value for field, value in data.items() if field != "status"}
    try:
        task = examine(ClipTask, wanted, nulls_below=("spec",))
    except Problems as problems:
        every = Problems([*problems.described, *unusable], problems.more)
        raise InvalidTask(report(every, where, marks)) from None
    if unusable:
        raise InvalidTask(report(Problems([*unusable], more=0), where, marks))
    return task


def report(problems: Problems, where: str, marks: Mapping[Path, Mark] | None = None) -> str:
    """One line for each problem, in the order of the text where places are known; what is past the 50th is counted."""
    placed = [(_mark(path, marks or {}), path, words) for path, words in problems.described]
    placed.sort(key=lambda each: each[0] or Mark(0, 0))
    listed = [located(where, *place) for place in placed[:MOST_PROBLEMS]]
    more = len(placed) - len(listed) + problems.more
    return "\n".join([*listed, f"{where}: and {more:,} more problems"] if more else listed)


def located(where: str, mark: Mark | None, path: Path, words: str) -> str:
    """A problem with its place: ``cliptask.yaml:14:3: spec.output: is missing``."""
    return f"{where}{_place(mark)}: {f'{spelled(path)}: ' if path else ''}{words}"


def _place(mark: Mark | None) -> str:
    return f":{mark.line}:{mark.column}" if mark else ""


def _mark(path: Path, marks: Mapping[Path, Mark]) -> Mark | None:
    """The place of a path or of the nearest thing around it; None if no places are known."""
    while path and path not in marks:
        path = path[:-1]
    return marks.get(path)


def _no_clip_task(data: Any) -> Problem | None:  # noqa: ANN401  # any plain value
    """What another kind of document is, instead of everything that it lacks."""
    wanted = f"a {KIND} begins with apiVersion: {GROUP}/{VERSION} and kind: {KIND}"
    if not isinstance(data, dict):
        return Problem((), f"is {kind_of(data)}, an object is needed: {wanted}")
    if "kind" not in data and "video_blocks" in data:
        return Problem((), f"is a request of the older service: turn it into a {KIND} with cliptask convert")
    kind, version = data.get("kind"), data.get("apiVersion")
    if isinstance(kind, str) and kind != KIND:
        return Problem(("kind",), f"is another resource, {shown(kind)}: {wanted}")
    if isinstance(version, str) and version != f"{GROUP}/{VERSION}":
        return Problem(("apiVersion",), f"is a version that is not known here, {shown(version)}: {wanted}")
    return None
