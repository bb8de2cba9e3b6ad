"""How does a request of the older HTTP service become a ClipTask?"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable
from itertools import chain, count
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from cliptask.emphasis import literal
from cliptask.errors import InvalidTask
from cliptask.names import LABEL_LENGTH, shown, slug, unsigned
from cliptask.spec.loading import load_data, located, report
from cliptask.spec.problems import Problem, Problems, examine, kind_of
from cliptask.spec.task import GROUP, KIND, VERSION
from cliptask.spec.values import MAX_VARIANTS, TEXT_PATTERN, SourceUrl, SpokenText
from cliptask.spec.yaml_source import BadText, dump, parse_json

UUID_ANNOTATION = f"{GROUP}/uuid"
"""Keeps the request's ``uuid_``, the folder of its videos in the older service's bucket."""

_WHERE = "request"


class _Speech(BaseModel, frozen=True, extra="forbid"):
    text: SpokenText
    voice: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=TEXT_PATTERN)]


def _escaped(url: object) -> object:
    """The older service took URLs as people paste them."""
    return url.strip().replace(" ", "%20") if isinstance(url, str) else url


_Url = Annotated[SourceUrl, BeforeValidator(_escaped)]
_Urls = Annotated[tuple[_Url, ...], Field(min_length=1, max_length=100)]


class ProcessMedia(BaseModel, frozen=True, extra="forbid"):
    """The body of ``POST /api/v1/process_media``, with the bounds of a ClipTask."""

    uuid_: str = Field(default="", max_length=1024)
    task_name: str = Field(default="", max_length=1024)
    video_blocks: dict[str, _Urls] = Field(min_length=1, max_length=20)
    audio_blocks: dict[str, _Urls] = Field(default={}, max_length=20)
    text_to_speach: tuple[_Speech, ...] = Field(default=(), max_length=100)

    @property
    def combinations(self) -> int:
        """Videos that it asks for."""
        return math.prod(len(urls) for urls in self.video_blocks.values())


def convert(body: str | bytes, output_uri: str) -> str:
    """The YAML of the task that makes the same videos; its first lines tell what was decided and what differs.

    ``body`` is the JSON of the request, ``output_uri`` the folder of the campaigns. Raises ``InvalidTask`` with one
    line per problem, its path as in the request.
    """
    request = read_request(body)
    name, note = _task_name(request)
    task = as_task(request, output_uri, name)
    if request.uuid_:
        task["metadata"]["annotations"] = {UUID_ANNOTATION: request.uuid_}
    notes = [
        "Converted from a request of the older HTTP service.",
        *_differences(request),
        *_renamed("video block", request.video_blocks),
        *_renamed("audio block", request.audio_blocks),
        *note,
    ]
    return "".join(f"# {note}\n" for note in notes) + dump(task)


def as_task(request: ProcessMedia, output_uri: str, name: str) -> dict[str, Any]:
    """The task that makes the same videos, as plain values. Raises ``InvalidTask`` for a URI that none can have."""

    def blocks(of: dict[str, _Urls], parts: str) -> list[dict[str, Any]]:
        named = zip(_names(of), of.values(), strict=True)
        return [{"name": name, parts: [{"url": url} for url in urls]} for name, urls in named]

    spec: dict[str, Any] = {"videoBlocks": blocks(request.video_blocks, "clips")}
    if request.audio_blocks:
        spec["audioBlocks"] = blocks(request.audio_blocks, "tracks")
    if request.text_to_speach:
        spec["speech"] = [
            {"voice": line.voice, "text": literal(line.text)} for line in request.text_to_speach
        ]
    if request.combinations > MAX_VARIANTS:
        spec["variants"] = {"limit": MAX_VARIANTS}
    spec["output"] = {"uri": output_uri}
    task = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": {"name": name}, "spec": spec}
    load_data(task, "converted request")  # what is left to refuse is the output's URI
    return task


def read_request(body: str | bytes) -> ProcessMedia:
    """A request from its JSON. Raises ``InvalidTask`` with one line per problem, its path as in the request."""
    try:
        data = parse_json(body).data
    except BadText as error:
        raise InvalidTask(located(_WHERE, error.mark, error.path, str(error))) from None
    if not isinstance(data, dict):
        message = f"{_WHERE}: is {kind_of(data)}, an object with the field video_blocks is needed"
        raise InvalidTask(message)
    try:
        return examine(ProcessMedia, data)
    except Problems as problems:
        explained = Problems([_explained(problem, data) for problem in problems.described], problems.more)
        raise InvalidTask(report(explained, _WHERE)) from None


def _explained(problem: Problem, data: dict[str, Any]) -> Problem:
    """An empty block is no variant at all: its remedy is to leave it out."""
    path = problem.path
    if len(path) == 2 and path[0] in {"video_blocks", "audio_blocks"} and data[path[0]][path[1]] == []:  # noqa: PLR2004
        return Problem(path, "is empty: give at least one URL or leave the block out")
    return problem


def _names(originals: Iterable[str]) -> list[str]:
    """Labels for free names, no two alike."""
    names: list[str] = []
    for number, original in enumerate(originals, start=1):
        # A block without a letter or a digit in its name is called after its place.
        plain = _label(original) or f"block-{number}"
        numbered = (f"{plain[: LABEL_LENGTH - 4]}-{again}" for again in count(2))
        names.append(next(name for name in chain([plain], numbered) if name not in names))
    return names


def _renamed(what: str, originals: Collection[str]) -> list[str]:
    """Notes on the names that had to change."""
    pairs = zip(originals, _names(originals), strict=True)
    return [f"The {what} {shown(original)} is named {name}." for original, name in pairs if name != original]


def _label(original: str) -> str:
    """A free name as a label; empty where no letter and no digit is in it."""
    label = slug(original)
    return label if label != "x" or original.lower() == "x" else ""


def _task_name(request: ProcessMedia) -> tuple[str, list[str]]:
    """From ``task_name``, else from ``uuid_``, else from the content, so that the same request has the same name.

    And a note where the name had to change.
    """
    for original in (request.task_name, request.uuid_):
        if name := _label(original):
            return name, [f"The task {shown(original)} is named {name}."] if name != original else []
    content = request.model_dump(mode="json", include={"text_to_speach"})
    for kind in ("video_blocks", "audio_blocks"):
        content[kind] = {
            block: [unsigned(url) for url in urls] for block, urls in getattr(request, kind).items()
        }
    name = f"campaign-{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:8]}"
    return name, [f"The request has no name of letters and digits; this one comes from its content: {name}."]


def _differences(request: ProcessMedia) -> list[str]:
    combinations = request.combinations
    most = f"Of {combinations:,} combinations it makes the {MAX_VARIANTS:,} that represent them best (variants.limit)."
    every = f"It makes {combinations:,} videos, every combination of the clips."
    notes = [most if combinations > MAX_VARIANTS else every]
    if request.audio_blocks or request.text_to_speach:
        notes.append(
            "Tracks and lines fall to the videos evenly; the older service drew them at random"
            " (for that: variants.music and variants.speech: random)."
        )
    if request.text_to_speach:
        notes.append(
            "Speech longer than the picture is an error; sound.overflow: Trim cuts it. The older service let it run on."
        )
    notes.append(
        "Clips of another shape are fitted into the largest size; the older service left them unscaled."
    )
    return notes
