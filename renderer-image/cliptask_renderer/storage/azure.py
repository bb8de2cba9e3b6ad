"""How is a container of Azure's blob storage asked? One request a method; objects are joined from blocks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobBlock, BlobClient, BlobProperties, ContainerClient, ContentSettings

from cliptask_renderer.storage.azure_client import Connection, code_of, explained, is_passing
from cliptask_renderer.storage.bucket import (
    Changed,
    Condition,
    Damaged,
    Gone,
    Known,
    Taken,
    Upload,
    patiently,
)
from cliptask_renderer.storage.joining import Limits
from cliptask_renderer.storage.labels import Label, packed, unpacked

Answer = TypeVar("Answer")

LIMITS = Limits(least=1, most=100 << 20, most_sent=32 << 20)
"""Blocks are of any size; larger ones are not copied by every version of the service."""
_CONDITIONS: dict[str, type[Condition]] = {
    "BlobNotFound": Gone,
    "InvalidBlockList": Gone,
    "InvalidBlobOrBlock": Gone,
    "BlobAlreadyExists": Taken,
    "ConditionNotMet": Changed,
    "SourceConditionNotMet": Changed,
    "CannotVerifyCopySource": Changed,
    "Md5Mismatch": Damaged,
    "InvalidRange": Changed,
}
_UNIQUE_BYTES = 8
"""Of a block's name, so that two who make one object at once do not take each other's blocks."""


@dataclass(frozen=True)
class AzureContainer:
    """A ``Bucket``."""

    connection: Connection
    name: str
    scheme: str = "az"
    limits: Limits = LIMITS

    @property
    def deadline_s(self) -> float:
        """How long is tried until a request passes for failed."""
        return self.connection.deadline_s

    @property
    def storage(self) -> object:
        """Its account: between its containers it copies."""
        return self.connection.client.primary_endpoint.partition("?")[0]

    def head(self, path: str) -> Known | None:
        """What there is, or None."""
        try:
            return _known(_asked(lambda: self.blob(path).get_blob_properties()))
        except Gone:
            return None
        except HttpResponseError as error:
            if code_of(error) == "ContainerNotFound":
                return None  # of which ``check`` tells
            raise

    def list(self, prefix: str) -> Iterator[Known]:
        """Everything below."""
        token: str | None = None
        while True:
            blobs, token = patiently(self, partial(self._page, prefix, token))
            yield from map(_known, blobs)
            if not token:
                return

    @contextmanager
    def open(
        self, path: str, span: range | None = None, etag: str | None = None
    ) -> Iterator[tuple[Known, Iterator[bytes]]]:
        """An object's content from somewhere on, in pieces."""
        conditions: dict[str, Any] = {}
        if etag is not None:
            conditions = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        # No range is empty: of none one byte is asked for, which tells whether the object is there.
        offset, length = (None, None) if span is None else (span.start, max(len(span), 1))
        try:
            content = _asked(lambda: self.blob(path).download_blob(offset, length, **conditions))
        except Changed:
            known = self.head(path)  # nothing lies beyond an object's end, which is no change of it
            if span is None or known is None or etag not in {None, known.etag}:
                raise
            yield known, iter(())
            return
        properties = content.properties
        known = _known(properties)._replace(path=path, size_bytes=_total(properties))
        yield known, (iter(()) if span is not None and not span else _pieces(content.chunks()))

    def put(self, path: str, content: bytes, label: Label, *, replace: bool) -> None:
        """Make an object at once."""
        _asked(
            lambda: self.blob(path).upload_blob(
                content, overwrite=replace, validate_content=True, **told(path, label)
            )
        )

    def begin(self, path: str, label: Label) -> Upload:
        """Make one piece by piece."""
        return _Blocks(self, path, label, secrets.token_hex(_UNIQUE_BYTES), set())

    def remove(self, path: str) -> None:
        """It need not be there."""
        with suppress(Gone):
            _asked(lambda: self.blob(path).delete_blob(delete_snapshots="include"))

    def check(self) -> None:
        """Raise the client's error where there is no such container."""
        if self.name not in self.connection.containers_seen:
            patiently(self, lambda: _asked(self._container.get_container_properties))
            self.connection.containers_seen.add(self.name)

    def tidy(self, root: str) -> None:
        """Blocks of no object go by themselves after a week."""

    def is_passing(self, error: Exception) -> bool:
        """Whether another attempt may succeed."""
        return is_passing(error)

    def explained(self, what: str, *, reads: bool = False) -> AbstractContextManager[None]:
        """Turn the client's errors into ours."""
        return explained(self.name, what, reads=reads)

    def blob(self, path: str) -> BlobClient:
        """The client of one object."""
        return self._container.get_blob_client(path)

    def _page(self, prefix: str, token: str | None) -> tuple[Sequence[BlobProperties], str | None]:
        """So many as one request gives, and what asks for the next."""
        most = self.connection.page_objects
        pages: Any = self._container.list_blobs(prefix, include=["metadata"], results_per_page=most).by_page(
            token
        )
        return [*next(pages)], pages.continuation_token

    @property
    def _container(self) -> ContainerClient:
        return self.connection.client.get_container_client(self.name)


@dataclass(frozen=True)
class _Blocks:
    """Blocks that are in no list yet."""

    bucket: AzureContainer
    path: str
    label: Label
    unique: str
    numbers: set[int]

    def send(self, number: int, content: bytes, crc32c: int) -> None:  # noqa: ARG002  Azure compares an MD5
        """The piece of that number."""
        blob = self.bucket.blob(self.path)
        _asked(lambda: blob.stage_block(self._name(number), content, len(content), validate_content=True))
        self.numbers.add(number)

    def copy(self, number: int, bucket: str, source: Known, span: range) -> None:
        """The same from an object."""
        url, authorization = self.bucket.connection.source(bucket, source.path)
        _asked(
            lambda: self.bucket.blob(self.path).stage_block_from_url(
                self._name(number),
                url,
                span.start,
                len(span),
                source_authorization=authorization,
                headers={"x-ms-source-if-match": source.etag},
            )
        )
        self.numbers.add(number)

    def commit(self, *, replace: bool) -> None:
        """Make the object."""
        condition = None if replace else MatchConditions.IfMissing
        blocks = [BlobBlock(self._name(number)) for number in sorted(self.numbers)]
        _asked(
            lambda: self.bucket.blob(self.path).commit_block_list(
                blocks, match_condition=condition, **told(self.path, self.label)
            )
        )

    def abandon(self) -> None:
        """Nothing: whoever makes the object next removes them, or a week."""

    def _name(self, number: int) -> str:
        return f"{self.unique}-{number:06}"


def told(path: str, label: Label) -> dict[str, Any]:
    """What is told of an object beside its content."""
    settings = ContentSettings(content_type=label.content_type, cache_control=label.cache_control or None)
    return {"metadata": packed(path, label), "content_settings": settings}


def _asked(request: Callable[[], Answer]) -> Answer:
    """One request's answer. Raises what the client raises, and the conditions."""
    try:
        return request()
    except HttpResponseError as error:
        if (condition := _CONDITIONS.get(code_of(error))) is not None:
            raise condition from error
        raise


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    while (piece := _asked(lambda: next(chunks, None))) is not None:
        yield piece


def _known(found: BlobProperties) -> Known:
    coding = found.content_settings.content_encoding or ""
    return Known(found.name, found.size, found.etag, unpacked(found.metadata or {}), coding)


def _total(found: BlobProperties) -> int:
    """Of all of an object a span of which was read."""
    return int(str(getattr(found, "content_range", None) or f"/{found.size}").rpartition("/")[2])
