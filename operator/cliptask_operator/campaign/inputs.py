"""What comes of a task's URLs and lines? Everything is fetched and spoken side by side, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cliptask.errors import ClipTaskError, SetupError, TransientError
from cliptask.facts import SourceFacts, SpokenLine
from cliptask.spec.places import Place, line_place, source_places
from cliptask.spec.task import ClipTaskSpec
from cliptask_operator.sources.fetcher import Fetcher, FetchEvent
from cliptask_operator.speech.speaker import Speaker, SpeechEvent
from cliptask_renderer.storage.base import Store


@dataclass(frozen=True)
class ResolvedInputs:
    """Facts of each source by its URL, and of each line in order; an error stands for what cannot be had."""

    sources: Mapping[str, SourceFacts | ClipTaskError]
    lines: Sequence[SpokenLine | ClipTaskError]

    @property
    def recordings(self) -> tuple[SpokenLine, ...]:
        """The lines that can be had, those that are one recording once."""
        return tuple({line.key: line for line in self.lines if isinstance(line, SpokenLine)}.values())

    @property
    def characters(self) -> int:
        """Of all recordings."""
        return sum(line.characters for line in self.recordings)

    @property
    def characters_spoken(self) -> int:
        """Of those that are there."""
        return sum(line.characters for line in self.recordings if line.is_spoken)

    @property
    def temporary_error(self) -> ClipTaskError | None:
        """Why something cannot be had that may be had later: the account, the network or an administrator is to act."""
        results = (*self.sources.values(), *self.lines)
        return next((each for each in results if isinstance(each, TransientError | SetupError)), None)


class InputObserver(Protocol):
    """Whoever waits for the inputs."""

    def begin(self, sources: int, lines: int) -> None:
        """So many are looked for. No lines where nothing is to be spoken."""

    def fetched(self, event: FetchEvent) -> None:
        """A source has got further."""

    def spoke(self, event: SpeechEvent) -> None:
        """A line has got further."""


class Inputs(Protocol):
    """Where inputs come from."""

    async def resolve(
        self, spec: ClipTaskSpec, cache: Store, observer: InputObserver, *, speak: bool
    ) -> ResolvedInputs:
        """Bring every source into the cache and have every line spoken; without ``speak`` nothing is paid for.

        Raises the cache's errors; what concerns a single source or line stands in its place.
        """


@dataclass(frozen=True)
class InputResolver:
    """Fetches and speaks for all tasks of a process, which together stay within one account's limits."""

    fetcher: Fetcher
    speaker: Speaker

    async def resolve(
        self, spec: ClipTaskSpec, cache: Store, observer: InputObserver, *, speak: bool
    ) -> ResolvedInputs:
        """See ``Inputs``."""
        observer.begin(len(spec.urls), len(spec.speech) if speak else 0)
        lines = (
            self.speaker.speak_all(spec.speech, cache, observer.spoke)
            if speak
            else self.speaker.resolve(spec.speech, cache)
        )
        try:
            async with asyncio.TaskGroup() as group:
                fetching = group.create_task(self.fetcher.fetch_all(spec.urls, cache, observer.fetched))
                speaking = group.create_task(lines)
        except ExceptionGroup as several:
            # One is enough to say what is wrong with the cache; the other has ended, and tells nothing more.
            raise several.exceptions[0] from several
        return ResolvedInputs(_placed(spec, fetching.result()), _placed_lines(spec, speaking.result()))


def _placed(
    spec: ClipTaskSpec, results: Mapping[str, SourceFacts | ClipTaskError]
) -> dict[str, SourceFacts | ClipTaskError]:
    """Each error with the first place in the spec that names the source."""
    first: dict[str, Place] = {}
    for place in source_places(spec):
        first.setdefault(place.url, place)
    return {
        url: type(result)(first[url].blaming(str(result), "url"))
        if isinstance(result, ClipTaskError)
        else result
        for url, result in results.items()
    }


def _placed_lines(
    spec: ClipTaskSpec, results: Sequence[SpokenLine | ClipTaskError]
) -> list[SpokenLine | ClipTaskError]:
    """Each error with the line that it is about."""
    return [
        type(result)(line_place(spec, index).blaming(str(result)))
        if isinstance(result, ClipTaskError)
        else result
        for index, result in enumerate(results)
    ]
