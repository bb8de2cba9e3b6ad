"""Is this text a ClipTask? If not, everything that is wrong with it, each with its line and its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from cliptask.errors import InvalidTask
from cliptask.names import shown
from cliptask.spec.problems import Problem, Problems, examine, kind_of, spelled
from cliptask.spec.rules import Path
from cliptask.spec.task import GROUP, KIND, VERSION, ClipTask
from cliptask.spec.yaml_source import BadText, parse

MOST_PROBLEMS = 50
"""More are counted, not listed: nobody mends a thousand lines one by one."""


def load(text: str | bytes, filename: str) -> ClipTask:
    """The task that a YAML (or JSON) text of at most 1 MB describes.

    Raises ``InvalidTask`` with one line per problem, in the order of the text::

        cliptask.yaml:14: spec.videoBlocks[0].clips[2].trim.end: must be after start (given "1s")

    A rule between the fields of an object can only be judged once each of them is right in itself.
    """
    try:
        document = parse(text)
    except BadText as error:
        raise InvalidTask(located(filename, error.line, error.path, str(error))) from None
    return load_data(document.data, filename, document.lines)


def load_data(data: Any, where: str, lines: Mapping[Path, int] | None = None) -> ClipTask:  # noqa: ANN401  # any plain value
    """The task that plain values describe, e.g. an object of the Kubernetes API; ``where`` begins each line.

    ``lines`` are the lines of paths in the text, if there is one. What the cluster writes into an object, its status
    and metadata, is passed over. Raises ``InvalidTask`` as ``load`` does.
    """
    another = _no_clip_task(data)
    if another:
        raise InvalidTask(report(Problems([another], more=0), where, lines))
    wanted = {field: value for field, value in data.items() if field != "status"}
    try:
        return examine(ClipTask, wanted, nulls_below=("spec",))
    except Problems as problems:
        raise InvalidTask(report(problems, where, lines)) from None


def report(problems: Problems, where: str, lines: Mapping[Path, int] | None = None) -> str:
    """One line for each problem, in the order of the text where lines are known; what is past the 50th is counted."""
    placed = [(_line(path, lines or {}), path, words) for path, words in problems.described]
    placed.sort(key=itemgetter(0))
    listed = [located(where, *place) for place in placed[:MOST_PROBLEMS]]
    more = len(placed) - len(listed) + problems.more
    return "\n".join([*listed, f"{where}: and {more:,} more problems"] if more else listed)


def located(where: str, line: int | None, path: Path, words: str) -> str:
    """A problem with its place: ``cliptask.yaml:14: spec.output: is missing``."""
    return f"{where}{f':{line}' if line else ''}: {f'{spelled(path)}: ' if path else ''}{words}"


def _line(path: Path, lines: Mapping[Path, int]) -> int:
    """The line of a path or of the nearest thing around it; 0 if no lines are known."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


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
