"""How do sources come into the store, each once?

Each URL is brought into a temporary file, probed, and stored under its hash. What a URL held is remembered beside it,
so that the next time a question (ETag, Last-Modified, or a file's size and time) replaces the download.
"""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from cliptask import __version__, names
from cliptask.errors import ClipTaskError, SourceError, TransientError
from cliptask.facts import SourceFacts
from cliptask_operator.download import (
    Arrival,
    OnBytes,
    Validators,
    check_scheme,
    download,
)
from cliptask_operator.fetch_settings import FetchSettings
from cliptask_operator.guard import guarded_transport
from cliptask_operator.spool import Spool, refuse
from cliptask_renderer.store import Store, StoredObject

_PIECE_BYTES = 1 << 20
_CONNECT_TIMEOUT_S = 10.0
_PROBE_GRACE_S = 5.0
"""More than the probe allows itself, since only the probe can end its own thread."""


@dataclass(frozen=True)
class FetchEvent:
    """Progress of one source. ``url`` is for comparing only; ``shown`` is for people."""

    kind: Literal["started", "bytes", "finished", "cached", "failed"]
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
    """Bring every URL into the store. Returns what each holds, or the ``SourceError`` or ``TransientError`` it met.

    One entry for each distinct URL, in order. The store's own errors (``OutputError``) are raised: they concern no
    single source. ``on_event`` is called on the loop's thread. ``transport``: ``guarded_transport`` unless given.
    """
    _keep_queries_out_of_logs()
    client = httpx.AsyncClient(
        transport=transport or guarded_transport(settings.open_hosts),
        # The environment's proxies would connect past the guard, its .netrc would send passwords.
        trust_env=False,
        headers={"User-Agent": f"cliptask/{__version__}", "Accept-Encoding": "identity"},
        timeout=httpx.Timeout(settings.silence_s, connect=_CONNECT_TIMEOUT_S, pool=None),
    )
    async with client:
        arrivals = _Arrivals(client, store, settings, on_event)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {url: group.create_task(arrivals.fetch(url)) for url in dict.fromkeys(urls)}
        except ExceptionGroup as several:
            # One is enough to say what is wrong with the store.
            raise several.exceptions[0] from several
    return {url: task.result() for url, task in tasks.items()}


class _Arrivals:
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
        # Held until the source is stored: it bounds the temporary files as well as the connections.
        self._downloads = asyncio.Semaphore(settings.parallel)

    async def fetch(self, url: str) -> SourceFacts | ClipTaskError:
        """One URL's facts, or what is wrong with it."""
        try:
            async with self._downloads:
                self._on_event(FetchEvent("started", url))
                return await self._fetch(url)
        except (SourceError, TransientError) as error:
            self._on_event(FetchEvent("failed", url))
            shown = type(error)(f"{_shown(url)}: {error}")
            shown.__cause__ = error
            return shown

    async def _fetch(self, url: str) -> SourceFacts:
        file = _local_file(url, self._settings)
        known = await asyncio.to_thread(self._known, url)
        with self._store.scratch() as folder:
            target = folder / "source"
            arrival = await self._bring(url, file, target, known.record if known else None)
            if known is not None and arrival is None:
                size = known.facts.size_bytes
                self._on_event(FetchEvent("cached", url, size, size))
                return known.facts
            if arrival is None:  # pragma: no cover (only what is known is asked after)
                raise AssertionError
            facts = await self._keep(arrival, target)
        content = _record(arrival).model_dump_json(exclude_defaults=True).encode()
        await asyncio.to_thread(self._store.put_bytes, names.url_object(url), content, replace=True)
        self._on_event(FetchEvent("finished", url, facts.size_bytes, facts.size_bytes))
        return facts

    async def _bring(
        self, url: str, file: Path | None, target: Path, record: _UrlRecord | None
    ) -> Arrival | None:
        """The content into ``target``; None where it is what the record says already."""
        reported = 0

        def on_bytes(size_bytes: int, total_bytes: int | None) -> None:
            nonlocal reported
            if size_bytes - reported >= _PIECE_BYTES:
                reported = size_bytes
                self._on_event(FetchEvent("bytes", url, size_bytes, total_bytes))

        if file is not None:
            loop = asyncio.get_running_loop()

            def on_bytes_in_loop(size_bytes: int, total_bytes: int | None) -> None:
                loop.call_soon_threadsafe(on_bytes, size_bytes, total_bytes)

            return await asyncio.to_thread(
                _copy, file, target, record, self._settings.max_bytes, on_bytes_in_loop
            )
        validators = Validators(record.etag, record.last_modified) if record else None
        return await download(self._client, url, target, self._settings, validators, on_bytes)

    async def _keep(self, arrival: Arrival, file: Path) -> SourceFacts:
        """Probe and store a content, unless it is there already, perhaps by another URL."""
        name = names.source_object(arrival.sha256)
        stored = await asyncio.to_thread(self._store.stat, name)
        if (facts := _facts(stored)) is not None:
            return facts
        from cliptask_renderer.probe import ProbeLimits, probe  # noqa: PLC0415  decoders only where something is new

        limits = ProbeLimits(size_bytes=self._settings.max_bytes)
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


def _local_file(url: str, settings: FetchSettings) -> Path | None:
    """The path behind a ``file://`` URL; None for the web. Raises ``SourceError`` for what may not be fetched."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        refuse(f"it is no URL ({error})", "correct it", error)
    if parts.scheme != "file":
        check_scheme(parts.scheme, settings)
        return None
    if not settings.allow_file:
        refuse("file:// is read in local mode only", "upload the file and give its https:// URL")
    if parts.query or parts.fragment:
        refuse("a file's name cannot hold a bare ? or #", "write them as %3F and %23")
    path = url2pathname(parts.path)
    if parts.netloc not in {"", "localhost"} or not path.startswith("/") or "\0" in path:
        refuse("it names no file on this machine", "write e.g. file:///home/me/clip.mp4")
    return Path(path)


def _copy(
    file: Path, target: Path, record: _UrlRecord | None, max_bytes: int, on_bytes: OnBytes
) -> Arrival | None:
    """A copy of a local file; None where size and time are those of the record."""
    try:
        before = file.stat()
        if not stat.S_ISREG(before.st_mode):
            refuse(f"{file} is no file", "name the file itself")
        if record and (record.size_bytes, record.mtime_ns) == (before.st_size, before.st_mtime_ns):
            return None
        with file.open("rb") as content, Spool(target, max_bytes) as spool:
            spool.check(before.st_size)
            while piece := content.read(_PIECE_BYTES):
                spool.write(piece)
                on_bytes(spool.size_bytes, before.st_size)
        after = file.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        refuse(f"there is no file {file}", "check the path", error)
    except OSError as error:
        refuse(f"the file {file} cannot be read ({error.strerror})", "correct its path or permissions", error)
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        message = f"{file} changed while it was read; try again when it is finished"
        raise TransientError(message)
    return Arrival(spool.sha256, spool.size_bytes, mtime_ns=before.st_mtime_ns)


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
