"""What does the task's file say now? From its text to a board, and what was known before is not asked for again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias
from urllib.parse import urlsplit
from urllib.request import url2pathname

import stamina

from cliptask.errors import ClipTaskError, MissingInput, SetupError
from cliptask.facts import SourceFacts
from cliptask.planning.plan import remark_of
from cliptask.spec.loading import Script, load
from cliptask.spec.places import source_places
from cliptask.spec.speech import Utterance
from cliptask.spec.task import ClipTask
from cliptask_operator.campaign.clip_letters import writable_only, writable_words
from cliptask_operator.campaign.inputs import with_rows
from cliptask_operator.campaign.own_fonts import check_own_fonts
from cliptask_operator.campaign.preflight import preflight
from cliptask_operator.campaign.publish import published
from cliptask_operator.campaign.stores import Stores, open_stores
from cliptask_operator.campaign.voices import placed_voices, unwritten, voices_of
from cliptask_operator.local.here import here
from cliptask_operator.preview.board import Board, Heard
from cliptask_operator.preview.speech import Rehearsal
from cliptask_operator.settings.environment import Settings
from cliptask_operator.sources.fetcher import Fetcher

Signature: TypeAlias = tuple[int, int, int] | None
"""Of a file: inode, size and time of change; None where there is none."""


@dataclass(frozen=True)
class Read:
    """A task as its file has it now."""

    script: Script
    stores: Stores
    board: Board
    untranscribed: int = 0
    """How many files of clips are not transcribed yet, which show no words therefore."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with inputs, each with its place; combinations without them play all the same."""
        errors = self.board.errors
        return tuple(dict.fromkeys(self.script.located(str(error)) for error in errors))

    @property
    def remark(self) -> str | None:
        """What its author should know of its picture and of its captions."""
        few = self.untranscribed
        of_clips = (
            f"{few:,} clip file{'s' * (few != 1)} not transcribed yet, shown without words: render does it"
            if few
            else None
        )
        return " · ".join(filter(None, (remark_of(self.board.spec, self.board.bindings), of_clips))) or None


def signature(path: Path) -> Signature:
    """What changes with a file, also where an editor puts another one in its place."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


class Reader:
    """Reads a task's file again and again. An asynchronous context."""

    def __init__(self, file: Path, place: Callable[[ClipTask], str], settings: Settings) -> None:
        """``place``: the URI of a task's output."""
        self._file, self._place, self._settings = file, place, settings
        self._fetcher = Fetcher(settings.fetch)
        self.rehearsal = Rehearsal(settings.speaking)
        self._facts: dict[tuple[str, str, tuple[Signature, ...]], SourceFacts] = {}
        self._heard: dict[tuple[str, Utterance], Heard] = {}
        self._sources: tuple[Path, ...] = ()

    async def __aenter__(self) -> Self:
        # What is tried again is no news; what fails in the end is a problem.
        stamina.instrumentation.set_on_retry_hooks([])
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.rehearsal.__aexit__(*exc)
        await self._fetcher.__aexit__(*exc)

    @property
    def can_speak(self) -> bool:
        """Whether there is an account that lines may be spoken by."""
        return self._settings.speech == "elevenlabs" and self._settings.speaking.names_account

    @property
    def signatures(self) -> dict[Path, Signature]:
        """Of the file and of the sources that it named last."""
        return {path: signature(path) for path in (self._file, *self._sources)}

    async def read(self) -> Read:
        """The task with all that can be had. Raises what makes all of it impossible, with its place in the file."""
        script = self.script()
        try:
            return await self._read(script)
        except ClipTaskError as error:
            raise type(error)(script.located(str(error))) from error

    def script(self) -> Script:
        """The file's text as a task. Raises why it is none."""
        try:
            content = self._file.read_bytes()
        except OSError as error:
            message = f"{self._file}: {error.strerror}: give the path of a file that can be read"
            raise MissingInput(message) from error
        return load(content, str(self._file), here(str(self._file)))

    def output(self, task: ClipTask) -> str:
        """The URI of its folder. Raises ``SetupError`` where it is none."""
        uri = self._place(task)
        if not uri.startswith("file:"):
            message = f"spec.output.uri: a preview plays from a folder, not from {uri}: name one, e.g. --folder preview"
            raise SetupError(message)
        return uri

    async def pay(self, line: Utterance, read: Read) -> None:
        """Have a line spoken by its voice. Raises why it cannot be."""
        cache = read.stores.cache
        self._heard[cache.uri, line] = await self.rehearsal.pay(line, cache)

    async def _read(self, script: Script) -> Read:
        task, spec = script.task, script.task.spec
        self._sources = tuple(_local_files([*filter(None, [spec.table_url]), *spec.urls]))
        preflight(spec, self._settings.policy)
        stores = open_stores(self.output(task), scratch=self._settings.scratch)
        if spec.table_url:
            task = await with_rows(task, self._fetcher, stores.cache)
            self._sources = tuple(_local_files([spec.table_url, *task.spec.urls]))
            spec = task.spec
            preflight(spec, self._settings.policy)
        sources, lines, history = await asyncio.gather(
            self._resolved(spec.urls, stores),
            self._lines(spec.lines, stores),
            asyncio.to_thread(published, task.metadata.name, stores.output),
        )
        own = await check_own_fonts(spec, sources, stores.cache)
        sources = await asyncio.to_thread(writable_only, spec, sources, own, stores.cache)
        first = {place.url: place for place in reversed([*source_places(spec)])}
        placed = {
            url: type(each)(first[url].blaming(str(each), "url")) if isinstance(each, ClipTaskError) else each
            for url, each in sources.items()
        }
        found = await self.rehearsal.read(voices_of(spec, placed), stores.cache)
        found = placed_voices(spec, await asyncio.to_thread(writable_words, spec, found, own))
        waiting = unwritten(found)
        there = {voice: None if voice in waiting else each for voice, each in found.items()}
        board = Board(task, placed, lines, history, self._settings.max_variants, there)
        await asyncio.to_thread(
            lambda: board.chosen
        )  # ten thousand take a moment; and what is wrong with rules is said here
        return Read(script, stores, board, len(waiting))

    async def _resolved(
        self, urls: Iterable[str], stores: Stores
    ) -> Mapping[str, SourceFacts | ClipTaskError]:
        cache = stores.cache
        keys = {url: (cache.uri, url, tuple(map(signature, _local_files([url])))) for url in urls}
        known = self._facts
        new = [url for url, key in keys.items() if key not in known]
        fetched = await self._fetcher.fetch_all(new, cache)
        known.update({keys[url]: each for url, each in fetched.items() if isinstance(each, SourceFacts)})
        return {url: known[key] if key in known else fetched[url] for url, key in keys.items()}

    async def _lines(self, lines: Iterable[Utterance], stores: Stores) -> list[Heard]:
        cache, known = stores.cache, self._heard
        new = [line for line in dict.fromkeys(lines) if (cache.uri, line) not in known]
        heard = dict(zip(new, await self.rehearsal.hear(new, cache), strict=True))
        known.update({(cache.uri, line): each for line, each in heard.items() if each.is_settled})
        return [heard.get(line) or known[cache.uri, line] for line in lines]


def _local_files(urls: Iterable[str]) -> list[Path]:
    """Those of this machine."""
    return [Path(url2pathname(urlsplit(url).path)) for url in urls if url.startswith("file:")]


def processes(settings: Settings) -> int:
    """How many parts are made side by side."""
    return settings.workers or os.cpu_count() or 1
