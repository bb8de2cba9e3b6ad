"""How do sources come into the store, each once?

Each URL is brought into a temporary file, probed, and stored under its hash. What a URL held is remembered beside it,
so that the next time a question (ETag, Last-Modified, an object's generation, or a file's size and time) replaces the
download.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from cliptask import __version__, names
from cliptask.errors import ClipTaskError, SetupError, SourceError, TransientError
from cliptask.facts import SourceFacts
from cliptask_operator.concurrency.single_flight import SingleFlight
from cliptask_operator.sources.file import copy_file, path_of
from cliptask_operator.sources.http import (
    Arrival,
    OnBytes,
    Validators,
    check_scheme,
    download,
)
from cliptask_operator.sources.partial_download import refuse
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.sources.ssrf import guarded_transport
from cliptask_renderer.storage.base import Store, StoredObject

_PIECE_BYTES = 1 << 20
_CONNECT_TIMEOUT_S = 10.0
_PROBE_GRACE_S = 5.0
"""More than the probe allows itself, since only the probe can end its own thread."""


EventKind = Literal["started", "bytes", "finished", "cached", "failed"]


@dataclass(frozen=True)
class FetchEvent:
    """Progress of one source. ``url`` is for comparing only; ``shown`` is for people."""

    kind: EventKind
    url: str = field(repr=False)
    size_bytes: int = 0
    """So far; of the whole where it is finished or cached."""
    total_bytes: int | None = None

    @property
    def shown(self) -> str:
        """The URL without what nobody may read."""
        return _shown(self.url)


class _UrlRecord(BaseModel):
    """What a URL held when it was last looked at. Holds nothing of the URL itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    etag: str = ""
    last_modified: str = ""
    size_bytes: int | None = None
    mtime_ns: int | None = None
    """With ``size_bytes``, for a file on this machine."""


@dataclass(frozen=True)
class _Known:
    record: _UrlRecord
    facts: SourceFacts


async def fetch_all(
    urls: Iterable[str],
    store: Store,
    settings: FetchSettings,
    on_event: Callable[[FetchEvent], None] = lambda _event: None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> dict[str, SourceFacts | ClipTaskError]:
    """As a ``Fetcher``'s, for whoever fetches once."""
    async with Fetcher(settings, transport=transport) as fetcher:
        return await fetcher.fetch_all(urls, store, on_event)


class Fetcher:
    """Fetches for a whole process: one limit, and one look at what several want at once. An asynchronous context."""

    def __init__(self, settings: FetchSettings, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """``transport``: ``guarded_transport`` unless given."""
        _keep_queries_out_of_logs()
        self._settings = settings
        self._slots = asyncio.Semaphore(settings.parallel)
        self._flights: SingleFlight[SourceFacts | _SourceFailedError] = SingleFlight()
        self._client = httpx.AsyncClient(
            transport=transport or guarded_transport(settings.open_hosts),
            # The environment's proxies would connect past the guard, its .netrc would send passwords.
            trust_env=False,
            headers={"User-Agent": f"cliptask/{__version__}", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(settings.silence_s, connect=_CONNECT_TIMEOUT_S, pool=None),
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def fetch_all(
        self,
        urls: Iterable[str],
        store: Store,
        on_event: Callable[[FetchEvent], None] = lambda _event: None,
    ) -> dict[str, SourceFacts | ClipTaskError]:
        """Bring every URL into the store. Returns what each holds, or the error it met.

        One entry for each distinct URL, in order. ``SourceError``: it is bad. ``TransientError``: it may come later.
        ``SetupError``: a ``gs://`` object that this may not read. The store's own errors are raised: they concern no
        single source. ``on_event`` is called on the loop's thread.
        """
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {
                    url: group.create_task(self._arrived(url, store, on_event)) for url in dict.fromkeys(urls)
                }
        except ExceptionGroup as several:
            # One is enough to say what is wrong with the store.
            raise several.exceptions[0] from several
        return {url: task.result() for url, task in tasks.items()}

    async def _arrived(
        self, url: str, store: Store, on_event: Callable[[FetchEvent], None]
    ) -> SourceFacts | ClipTaskError:
        """One URL's facts, or what is wrong with it."""
        is_own = False

        async def fetch() -> SourceFacts | _SourceFailedError:
            nonlocal is_own
            is_own = True
            # The slot bounds the temporary files as well as the connections.
            async with self._slots:
                return await _Fetch(self._client, store, self._settings, on_event).run(url)

        found = await self._flights.run((store.uri, url), fetch)
        if not is_own:
            on_event(_event_of(url, found, is_new=False))
        if isinstance(found, SourceFacts):
            return found
        shown = type(found.error)(f"{_shown(url)}: {found.error}")
        shown.__cause__ = found.error
        return shown


def _event_of(url: str, found: SourceFacts | _SourceFailedError, *, is_new: bool) -> FetchEvent:
    if isinstance(found, _SourceFailedError):
        return FetchEvent("failed", url)
    return FetchEvent("finished" if is_new else "cached", url, found.size_bytes, found.size_bytes)


class _Fetch:
    """One look at one URL."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        store: Store,
        settings: FetchSettings,
        on_event: Callable[[FetchEvent], None],
    ) -> None:
        self._client = client
        self._store = store
        self._settings = settings
        self._on_event = on_event

    async def run(self, url: str) -> SourceFacts | _SourceFailedError:
        """The facts of what it holds, or what is wrong with it. Raises the store's errors."""
        self._on_event(FetchEvent("started", url))
        found: SourceFacts | _SourceFailedError
        try:
            found, is_new = await self._fetch(url)
        except _SourceFailedError as failure:
            found, is_new = failure, False
        self._on_event(_event_of(url, found, is_new=is_new))
        return found

    async def _fetch(self, url: str) -> tuple[SourceFacts, bool]:
        """Its facts, and whether they are new."""
        with _faults_of_the_source():
            _check(url, self._settings)
        known = await asyncio.to_thread(self._known, url)
        with self._store.scratch() as folder:
            target = folder / "source"
            with _faults_of_the_source():
                arrival = await self._bring(url, target, known.record if known else None)
            if known is not None and arrival is None:
                return known.facts, False
            if arrival is None:  # pragma: no cover (only what is known is asked after)
                raise AssertionError
            facts = await self._keep(arrival, target)
        content = _record(arrival).model_dump_json(exclude_defaults=True).encode()
        await asyncio.to_thread(self._store.put_bytes, names.url_object(url), content, replace=True)
        return facts, True

    async def _bring(self, url: str, target: Path, record: _UrlRecord | None) -> Arrival | None:
        """The content into ``target``; None where it is what the record says already."""
        reported = 0

        def on_bytes(size_bytes: int, total_bytes: int | None) -> None:
            nonlocal reported
            if size_bytes - reported >= _PIECE_BYTES:
                reported = size_bytes
                self._on_event(FetchEvent("bytes", url, size_bytes, total_bytes))

        def on_bytes_in_loop(size_bytes: int, total_bytes: int | None) -> None:
            loop.call_soon_threadsafe(on_bytes, size_bytes, total_bytes)

        loop = asyncio.get_running_loop()
        validators = Validators(record.etag, record.last_modified) if record else None
        match urlsplit(url).scheme:
            case "file":
                file, most = path_of(url, self._settings), self._settings.max_bytes
                there = (record.size_bytes, record.mtime_ns) if record else (None, None)
                return await asyncio.to_thread(copy_file, file, target, most, there, on_bytes_in_loop)
            case "gs":
                return await self._bring_object(url, target, validators, on_bytes_in_loop)
        return await download(self._client, url, target, self._settings, validators, on_bytes)

    async def _bring_object(
        self, url: str, target: Path, validators: Validators | None, on_bytes: OnBytes
    ) -> Arrival | None:
        from cliptask_operator.sources.gcs import copy_object  # noqa: PLC0415  Google's client only where it is used

        stopped = threading.Event()
        try:
            return await asyncio.to_thread(
                copy_object, url, target, self._settings, validators, on_bytes, stopped
            )
        finally:
            # A thread cannot be cancelled.
            stopped.set()

    async def _keep(self, arrival: Arrival, file: Path) -> SourceFacts:
        """Probe and store a content, unless it is there already, perhaps by another URL."""
        name = names.source_object(arrival.sha256)
        stored = await asyncio.to_thread(self._store.stat, name)
        if (facts := _facts(stored)) is not None:
            return facts
        from cliptask_renderer.media.probe import ProbeLimits, probe  # noqa: PLC0415  decoders only where something is new

        limits = ProbeLimits(size_bytes=self._settings.max_bytes)
        with _faults_of_the_source():
            try:
                async with asyncio.timeout(limits.seconds + _PROBE_GRACE_S):
                    facts = await asyncio.to_thread(probe, file, arrival.sha256, limits)
            except TimeoutError as error:
                refuse("it takes too long to read", "export it again", error)
        metadata = {"facts": facts.model_dump_json()}
        await asyncio.to_thread(self._store.put, name, file, metadata, replace=stored is not None)
        return facts

    def _known(self, url: str) -> _Known | None:
        """What the store holds of a URL, if that is whole."""
        try:
            record = _UrlRecord.model_validate_json(self._store.read(names.url_object(url)))
        except (KeyError, ValidationError):
            return None
        facts = _facts(self._store.stat(names.source_object(record.sha256)))
        return None if facts is None else _Known(record, facts)


def _facts(stored: StoredObject | None) -> SourceFacts | None:
    """The facts of a stored source; None where it is not there, not whole, or written by another version."""
    if stored is None:
        return None
    try:
        facts = SourceFacts.model_validate_json(stored.metadata.get("facts", ""))
    except ValidationError:
        return None
    return facts if facts.size_bytes == stored.size_bytes else None


def _record(arrival: Arrival) -> _UrlRecord:
    return _UrlRecord(
        sha256=arrival.sha256,
        etag=arrival.validators.etag,
        last_modified=arrival.validators.last_modified,
        size_bytes=arrival.size_bytes,
        mtime_ns=arrival.mtime_ns,
    )


class _SourceFailedError(Exception):
    """What concerns one source alone, on its way to whoever asked for that."""

    def __init__(self, error: ClipTaskError) -> None:
        super().__init__(error)
        self.error = error


@contextlib.contextmanager
def _faults_of_the_source() -> Iterator[None]:
    """Tell a source's errors from the store's, which are of the same classes."""
    try:
        yield
    except (SourceError, SetupError, TransientError) as error:
        raise _SourceFailedError(error) from error


def _check(url: str, settings: FetchSettings) -> None:
    """Raise ``SourceError`` for what may not be fetched, before anything is asked."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        refuse(f"it is no URL ({error})", "correct it", error)
    if scheme == "file":
        path_of(url, settings)
    elif scheme != "gs":
        check_scheme(scheme, settings)


def _shown(url: str) -> str:
    try:
        parts = urlsplit(url)
        return names.public_url(url) if parts.scheme else parts.path
    except ValueError:
        return f"{url.partition(':')[0]}://..."


def _keep_queries_out_of_logs() -> None:
    """Httpx logs each URL in full, httpcore's details hold the redirects' targets."""
    logging.getLogger("httpx").addFilter(_without_queries)
    httpcore = logging.getLogger("httpcore")
    httpcore.setLevel(max(logging.INFO, httpcore.level))


def _without_queries(entry: logging.LogRecord) -> bool:
    if isinstance(entry.args, tuple):
        entry.args = tuple(_shown(str(a)) if isinstance(a, httpx.URL) else a for a in entry.args)
    return True
