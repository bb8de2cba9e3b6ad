"""How does every source come into the store once?

A URL's content is downloaded into a temporary file, probed, and stored under its hash. A record of the URL is stored
beside it, so that the next fetch only asks whether the content changed (by ETag, Last-Modified, an object's generation,
or a file's size and time). A signed URL is another one at each run: strong ETags tell whether the content is the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from cliptask import __version__, names
from cliptask.errors import ClipTaskError, SetupError, SourceError, TransientError
from cliptask.facts import SourceFacts
from cliptask.spec.values import BUCKET_SCHEMES
from cliptask.table_file import Rows, rows_of
from cliptask_operator.concurrency.single_flight import SingleFlight
from cliptask_operator.sources.bucket_object import download_object
from cliptask_operator.sources.caption_words import keep_words
from cliptask_operator.sources.file import copy_file
from cliptask_operator.sources.http import download
from cliptask_operator.sources.partial_download import Download, Validators
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.sources.ssrf import guarded_transport
from cliptask_operator.sources.tables import probe_table
from cliptask_operator.sources.urls import check_url, path_of, shown_url
from cliptask_renderer.probe.limits import ProbeLimits
from cliptask_renderer.probe.process import Probes
from cliptask_renderer.storage.base import Store, StoredObject

_CONNECT_TIMEOUT_S = 10.0
_PROBES = 2
"""Processes that read files: reading takes a processor, as fetching does not."""


EventKind = Literal["started", "finished", "cached", "failed"]


@dataclass(frozen=True)
class FetchEvent:
    """Progress of one source. ``url`` is for comparing only; ``shown`` is for people."""

    kind: EventKind
    url: str = field(repr=False)
    size_bytes: int = 0
    """Of the whole, where it is finished or cached."""
    is_known: bool = False
    """Whether the URL has been fetched before, where it is started: it may not have to be again."""

    @property
    def shown(self) -> str:
        """The URL without user, query and fragment, which may hold secrets."""
        return shown_url(self.url)


OnEvent = Callable[[FetchEvent], None]
Outcome = SourceFacts | ClipTaskError
Probe = Callable[[Path, str, ProbeLimits], Awaitable[SourceFacts]]
"""Reads a file with this SHA-256 within limits."""


@dataclass(frozen=True)
class _Known:
    """A content that the store has."""

    download: Download
    facts: SourceFacts

    @property
    def unsigned(self) -> _Known | None:
        """What of it counts for the same URL with another signature, if anything does."""
        strong = self.download.model_copy(update={"last_modified": ""})
        return _Known(strong, self.facts) if strong.validators.is_strong else None


@dataclass
class _Memory:
    """What the store remembers of one URL while it is fetched."""

    url: str
    store: Store
    known: _Known | None = None
    answer: str = ""
    """Name of the record by the last answer's marks, where these tell it from any other."""

    def recall(self) -> _Known | None:
        """What the URL led to, the last time. Blocks."""
        name = names.url_object(self.url)
        self.known = _stored(name, self.store)
        if self.known is None and (other := names.url_object(names.unsigned(self.url))) != name:
            signed_otherwise = _stored(other, self.store)
            self.known = signed_otherwise and signed_otherwise.unsigned
        return self.known

    async def recognises(self, url: str, marks: Validators, size_bytes: int) -> bool:
        """See ``Recognises``. ``url`` is where redirects led to."""
        self.answer = ""
        if not marks.is_strong:
            return False
        self.answer = names.answer_object(url, marks.etag, marks.last_modified, size_bytes)
        known = await asyncio.to_thread(_stored, self.answer, self.store)
        self.known = known or self.known
        return known is not None

    def remember(self, download: Download) -> None:
        """What the URL leads to now. Blocks."""
        records = [names.url_object(self.url)]
        if download.validators.is_strong:
            records.append(names.url_object(names.unsigned(self.url)))
        if self.answer:
            records.append(self.answer)
        content = download.model_dump_json(exclude_defaults=True).encode()
        for name in dict.fromkeys(records):
            self.store.put_bytes(name, content, replace=True)


class _SourceFailedError(Exception):
    """Carries an error of the source itself past the handling of the store's errors."""

    def __init__(self, error: ClipTaskError) -> None:
        super().__init__(error)
        self.error = error


class Fetcher:
    """Fetches for a whole process, with one limit; tasks that ask for the same URL share its fetch. An async context."""

    def __init__(self, settings: FetchSettings, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """``transport``: ``guarded_transport`` unless given."""
        _keep_queries_out_of_logs()
        self._settings = settings
        self._slots = asyncio.Semaphore(settings.parallel)
        self._probes = Probes(min(settings.parallel, _PROBES))
        self._fetches: SingleFlight[Outcome] = SingleFlight()
        self._client = httpx.AsyncClient(
            transport=transport or guarded_transport(settings.open_hosts),
            # The environment's proxies would connect past the guard, its .netrc would send passwords.
            trust_env=False,
            headers={"User-Agent": f"cliptask/{__version__}", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(settings.silence_s, connect=_CONNECT_TIMEOUT_S, pool=None),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._probes.aclose()
        await self._client.aclose()

    async def fetch_table(self, url: str, store: Store) -> Rows:
        """The rows of a table. Raises what is wrong with it as ``fetch_all`` returns it, and the store's errors."""
        outcome = (await self.fetch_all([url], store, probe=probe_table))[url]
        if isinstance(outcome, ClipTaskError):
            raise outcome
        try:
            return rows_of(await asyncio.to_thread(store.read, names.source_object(outcome.sha256)))
        except SourceError as error:
            message = f"{shown_url(url)}: {error}"
            raise SourceError(message) from error

    async def fetch_all(
        self,
        urls: Iterable[str],
        store: Store,
        on_event: OnEvent = lambda _event: None,
        probe: Probe | None = None,
    ) -> dict[str, Outcome]:
        """Fetch every URL into the store. Returns the facts or the error of each distinct URL, in order.

        ``SourceError``: the source is bad. ``TransientError``: a later fetch may succeed. ``SetupError``: permission to
        read an object of a bucket is missing. The store's own errors are raised: they concern no single source.
        ``on_event`` is called on the loop's thread. ``probe`` reads what is fetched; unless given, as media.
        """
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {
                    url: group.create_task(self._fetch(url, store, on_event, probe or self._probes.probe))
                    for url in dict.fromkeys(urls)
                }
        except ExceptionGroup as several:
            # One is enough to say what is wrong with the store.
            raise several.exceptions[0] from several
        return {url: task.result() for url, task in tasks.items()}

    async def _fetch(self, url: str, store: Store, on_event: OnEvent, probe: Probe) -> Outcome:
        """One URL's facts or error."""

        async def fetch() -> Outcome:
            # The slot bounds the temporary files as well as the connections.
            async with self._slots:
                outcome, is_new = await self._bring(url, store, on_event, probe)
                on_event(_last_event(url, outcome, is_new=is_new))
                return outcome

        outcome, is_own = await self._fetches.run((store.uri, url), fetch)
        if not is_own:
            on_event(_last_event(url, outcome, is_new=False))
        if isinstance(outcome, SourceFacts):
            return outcome
        error = type(outcome)(f"{shown_url(url)}: {outcome}")
        error.__cause__ = outcome
        return error

    async def _bring(self, url: str, store: Store, on_event: OnEvent, probe: Probe) -> tuple[Outcome, bool]:
        """The facts or the error of a URL's content, and whether the content is new. Raises the store's errors."""
        memory = _Memory(url, store)
        try:
            with _errors_of_the_source():
                check_url(url, self._settings)
            is_known = await asyncio.to_thread(memory.recall) is not None
            on_event(FetchEvent("started", url, is_known=is_known))
            with store.scratch() as folder:
                file = folder / "source"
                with _errors_of_the_source():
                    downloaded = await self._download(file, memory)
                if downloaded is not None:
                    facts = await self._probe_and_store(downloaded, file, store, probe)
        except _SourceFailedError as failure:
            return failure.error, False
        if downloaded is None:
            if memory.known is None:  # pragma: no cover (what nobody knows is downloaded)
                raise AssertionError
            facts = memory.known.facts
        if facts.kind == "captions":
            await asyncio.to_thread(keep_words, facts.sha256, store)
        if downloaded is not None:
            await asyncio.to_thread(memory.remember, downloaded)
        return facts, downloaded is not None

    async def _download(self, target: Path, memory: _Memory) -> Download | None:
        """The content into ``target``; None where it is known already."""
        url, settings = memory.url, self._settings
        known = memory.known.download if memory.known else None
        validators = known.validators if known else None
        if urlsplit(url).scheme == "file":
            file = path_of(url, settings)
            return await asyncio.to_thread(copy_file, file, target, settings.max_bytes, known)
        if url.startswith(BUCKET_SCHEMES):
            return await download_object(url, target, settings, validators)
        return await download(self._client, url, target, settings, validators, memory.recognises)

    async def _probe_and_store(
        self, download: Download, file: Path, store: Store, probe: Probe
    ) -> SourceFacts:
        """Probe and store a content, unless the store has it already, perhaps of another URL."""
        name = names.source_object(download.sha256)
        stored = await asyncio.to_thread(store.stat, name)
        if (facts := _facts(stored)) is not None:
            return facts
        with _errors_of_the_source():
            limits = ProbeLimits(size_bytes=self._settings.max_bytes)
            facts = await probe(file, download.sha256, limits)
        metadata = {"facts": facts.model_dump_json()}
        await asyncio.to_thread(store.put, name, file, metadata, replace=stored is not None)
        return facts


def _last_event(url: str, outcome: Outcome, *, is_new: bool) -> FetchEvent:
    if isinstance(outcome, ClipTaskError):
        return FetchEvent("failed", url)
    return FetchEvent("finished" if is_new else "cached", url, outcome.size_bytes)


def _stored(name: str, store: Store) -> _Known | None:
    """A record and the facts of its content, where the store has both."""
    try:
        record = Download.model_validate_json(store.read(name))
    except (KeyError, ValidationError):
        return None
    facts = _facts(store.stat(names.source_object(record.sha256)))
    return None if facts is None else _Known(record, facts)


def _facts(stored: StoredObject | None) -> SourceFacts | None:
    """The facts of a stored source; None where it is missing, incomplete, or written by another version."""
    if stored is None:
        return None
    try:
        facts = SourceFacts.model_validate_json(stored.metadata.get("facts", ""))
    except ValidationError:
        return None
    return facts if facts.size_bytes == stored.size_bytes else None


@contextlib.contextmanager
def _errors_of_the_source() -> Iterator[None]:
    """Mark errors of the source: those of the store have the same classes."""
    try:
        yield
    except (SourceError, SetupError, TransientError) as error:
        raise _SourceFailedError(error) from error


def _keep_queries_out_of_logs() -> None:
    """Httpx logs whole URLs, httpcore's debug lines the targets of redirects."""
    logging.getLogger("httpx").addFilter(_without_queries)
    httpcore = logging.getLogger("httpcore")
    httpcore.setLevel(max(logging.INFO, httpcore.level))


def _without_queries(entry: logging.LogRecord) -> bool:
    if isinstance(entry.args, tuple):
        entry.args = tuple(shown_url(str(a)) if isinstance(a, httpx.URL) else a for a in entry.args)
    return True
