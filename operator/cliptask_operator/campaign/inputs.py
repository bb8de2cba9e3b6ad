"""What comes of a task's URLs, lines and voices? What is free to know comes first; then all is fetched, spoken and written down, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cliptask.errors import ClipTaskError, InputError, SetupError, SourceError, TransientError, joined
from cliptask.facts import SourceFacts, SpokenLine
from cliptask.spec.captions import ClipVoice
from cliptask.spec.places import Place, line_place, source_places
from cliptask.spec.task import ClipTask, ClipTaskSpec
from cliptask_operator.campaign.clip_letters import writable_only, writable_words
from cliptask_operator.campaign.own_fonts import check_own_fonts
from cliptask_operator.campaign.voices import (
    check_seconds,
    lacking_account,
    placed_voices,
    seconds_of,
    voices_of,
)
from cliptask_operator.sources.fetcher import Fetcher, FetchEvent
from cliptask_operator.speech.speaker import NoAccount, Speaker, SpeechEvent, Spoken
from cliptask_operator.speech.transcriber import Transcriber, TranscriptEvent, Written
from cliptask_renderer.lettering.faces import Family
from cliptask_renderer.storage.base import Store


@dataclass(frozen=True)
class ResolvedInputs:
    """Facts of each source by its URL, and of each line in order; an error stands for what cannot be had."""

    sources: Mapping[str, SourceFacts | ClipTaskError]
    lines: Sequence[Spoken]
    refusal: ClipTaskError | None = None
    """Why nothing of it can be made although all is known: there is no account to speak, or to listen."""
    transcripts: Mapping[ClipVoice, Written] = field(default_factory=dict)
    """What is said in clips."""

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
    def seconds(self) -> int:
        """Of all sound that is to be written down."""
        return seconds_of(self.transcripts)

    @property
    def seconds_written(self) -> int:
        """Of what is written down."""
        return seconds_of(self.transcripts, written=True)

    @property
    def temporary_error(self) -> ClipTaskError | None:
        """Why something cannot be had that may be had later: the account, the network or an administrator is to act."""
        results = (*self.sources.values(), *self.lines, *self.transcripts.values())
        return next((each for each in results if isinstance(each, TransientError | SetupError)), None)


class InputObserver(Protocol):
    """Whoever waits for the inputs."""

    def begin(self, sources: int, lines: int, voices: int = 0) -> None:
        """So many are looked for. No lines and no voices where nothing is to be paid for."""

    def refused(self, lines: Sequence[ClipTaskError]) -> None:
        """Nothing is looked for, as these lines cannot be had."""

    async def allow(self, characters: int, seconds: int) -> None:
        """So many characters are about to be spoken, and seconds of clips transcribed. Raises what is against that."""

    def fetched(self, event: FetchEvent) -> None:
        """A source has got further."""

    def spoke(self, event: SpeechEvent) -> None:
        """A line has got further."""

    def wrote(self, event: TranscriptEvent) -> None:
        """What is said in a clip has got further."""


class Inputs(Protocol):
    """Where inputs come from."""

    async def with_rows(self, task: ClipTask, cache: Store) -> ClipTask:
        """The task with the rows of its table, if it names one. Raises what is wrong with that, and the cache's errors."""

    async def resolve(
        self, spec: ClipTaskSpec, cache: Store, observer: InputObserver, *, speak: bool
    ) -> ResolvedInputs:
        """Bring every source into the cache and have every line spoken; without ``speak`` nothing is paid for.

        Raises the cache's errors, before anything is fetched those of lines, unless bad ones are to be skipped, and before
        anything is paid for ``InputError`` for texts that the task's own fonts cannot write, and ``Refused`` for more sound than
        may be written down; what else concerns a single source, line or clip stands in its place.
        """


@dataclass(frozen=True)
class InputResolver:
    """Fetches, speaks and listens for all tasks of a process, which together stay within one account's limits."""

    fetcher: Fetcher
    speaker: Speaker
    transcriber: Transcriber
    max_transcribed_seconds: int | None = None
    """Of one task."""

    async def with_rows(self, task: ClipTask, cache: Store) -> ClipTask:
        """See ``Inputs``."""
        return await with_rows(task, self.fetcher, cache)

    async def resolve(
        self, spec: ClipTaskSpec, cache: Store, observer: InputObserver, *, speak: bool
    ) -> ResolvedInputs:
        """See ``Inputs``."""
        found = await self.speaker.resolve(spec.lines, cache)
        known, refusal = _of_an_account(spec, found)
        refused = [refusal] if refusal and speak else _refused(known, spec)
        if refused:
            observer.refused(refused)
            raise joined(refused)
        lines = sum(line is not None for line in known)
        observer.begin(len(spec.urls), lines if speak else 0, len(spec.voices) if speak else 0)
        fonts = await self.fetcher.fetch_all(
            dict.fromkeys(font.url for font in spec.fonts), cache, observer.fetched
        )
        own = await check_own_fonts(spec, fonts, cache)
        media = [url for url in spec.urls if url not in fonts]
        try:
            async with asyncio.TaskGroup() as group:
                fetching = group.create_task(self._fetched(spec, media, own, cache, observer))
                if spec.voices or not speak:
                    await asyncio.wait([fetching])
                voices = voices_of(spec, {**fetching.result(), **fonts}) if spec.voices else {}
                heard = await self.transcriber.resolve(voices, cache)
                check_seconds(spec, heard, self.max_transcribed_seconds)
                lacking = lacking_account(spec, heard, self.transcriber.lack)
                if lacking and speak:
                    raise lacking
                if speak:
                    await observer.allow(_unpaid(known), seconds_of(heard) - seconds_of(heard, written=True))
                    speaking = group.create_task(self.speaker.speak_all(spec.lines, cache, observer.spoke))
                    heard = await self.transcriber.write_all(heard, voices, cache, observer.wrote)
        except ExceptionGroup as several:
            # One is enough to say what is wrong with the cache; the others have ended, and tell nothing more.
            raise several.exceptions[0] from several
        heard = await asyncio.to_thread(writable_words, spec, heard, own)
        return ResolvedInputs(
            _placed(spec, {**fetching.result(), **fonts}),
            _placed_lines(spec, speaking.result()) if speak else known,
            joined([*filter(None, (refusal, lacking))]) if refusal or lacking else None,
            placed_voices(spec, heard),
        )

    async def _fetched(
        self,
        spec: ClipTaskSpec,
        urls: Sequence[str],
        own: Mapping[str, Family],
        cache: Store,
        observer: InputObserver,
    ) -> Mapping[str, SourceFacts | ClipTaskError]:
        """All sources but fonts; captions that no font can write are as bad as those that are none."""
        sources = await self.fetcher.fetch_all(urls, cache, observer.fetched)
        return await asyncio.to_thread(writable_only, spec, sources, own, cache)


async def with_rows(task: ClipTask, fetcher: Fetcher, cache: Store) -> ClipTask:
    """See ``Inputs``."""
    url = task.spec.table_url
    if url is None:
        return task
    try:
        return task.with_rows(await fetcher.fetch_table(url, cache))
    except (SourceError, TransientError, SetupError) as error:
        message = f"spec.data.url: {error}"
        raise type(error)(message) from error


def _of_an_account(spec: ClipTaskSpec, found: Sequence[Spoken]) -> tuple[list[Spoken], ClipTaskError | None]:
    """The lines as an account would speak them, and the one error of those for which there is none."""
    lacking = [(index, each) for index, each in enumerate(found) if isinstance(each, NoAccount)]
    lines = _placed_lines(spec, [each.unspoken if isinstance(each, NoAccount) else each for each in found])
    if not lacking:
        return lines, None
    (index, first), others = lacking[0], len(lacking) - 1
    more = f" and {others} more line{'s' * (others > 1)}" if others else ""
    return lines, SetupError(line_place(spec, index).blaming(f"{first.line}{more}: {first.why}"))


def _unpaid(lines: Sequence[Spoken]) -> int:
    """Characters that ElevenLabs is still to speak."""
    unspoken = (each for each in lines if isinstance(each, SpokenLine) and not each.is_spoken)
    return sum({each.key: each.characters for each in unspoken if each.provider == "elevenlabs"}.values())


def _refused(lines: Sequence[Spoken], spec: ClipTaskSpec) -> list[ClipTaskError]:
    """Those for which nothing is begun: all, or where bad lines are skipped those that may be good another time."""
    errors = [each for each in lines if isinstance(each, ClipTaskError)]
    skips = spec.failure_policy.on_source_error == "Skip"
    return [each for each in errors if not (skips and isinstance(each, InputError))]


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


def _placed_lines(spec: ClipTaskSpec, results: Sequence[Spoken]) -> list[Spoken]:
    """Each error with the line that it is about."""
    return [
        type(result)(line_place(spec, index).blaming(str(result)))
        if isinstance(result, ClipTaskError)
        else result
        for index, result in enumerate(results)
    ]
