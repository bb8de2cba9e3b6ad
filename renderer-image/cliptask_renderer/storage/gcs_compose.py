"""How does a bucket join objects? It composes up to 32 of them in one request, and their bytes pass through nobody's hands.

All must lie in one bucket and be of one storage class. What does not, or is not there yet, is put there for a while:

::

    <root>.store/tmp/<random>   a head, or what some of more than 32 sources come to: goes when the object is there
    <root>.store/tmp/<hash>     a part from elsewhere, copied once: stays for a day or more, for the next object with it

Such names are no object's. What a crash leaves goes as the copies do: whoever composes looks for older ones once a day.
"""

from __future__ import annotations

import hashlib
import io
import math
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from google.api_core.exceptions import BadRequest, NotFound, PreconditionFailed
from google.cloud.storage import Blob

from cliptask_renderer.storage.base import NamedObjects, unexpected
from cliptask_renderer.storage.files import opened
from cliptask_renderer.storage.gcs_client import READER, Connection, Refusal, explained
from cliptask_renderer.storage.gcs_upload import concerns_checksum, new_blob, upload
from cliptask_renderer.storage.location import Location
from cliptask_renderer.storage.scratch import INTERNAL

MOST_SOURCES = 32
"""Of one request."""
TEMPORARY = INTERNAL + "/tmp/"  # noqa: S108  of names in a bucket
TEMPORARY_BYTES = len(TEMPORARY) + 32
"""Length of a temporary object's name below the store's root."""
_FIELDS = "items(name,generation,timeCreated),nextPageToken"


class Part(NamedTuple):
    """An object of some store."""

    store: NamedObjects
    name: str
    place: Location | None
    """In a bucket; None: in a store of another kind."""
    copied: bool
    """Whether it cannot be composed where it lies."""


@dataclass(frozen=True)
class Composer:
    """Joins objects in a bucket. Everything raises what the client raises, unless it says otherwise."""

    connection: Connection
    bucket: str
    root: str
    """Empty, or a prefix of names that ends with a slash."""

    def compose(self, blob: Blob, head: bytes, parts: Sequence[Part], *, replace: bool) -> None:
        """Make the object of the head and the parts. Raises ``MediaError`` where its CRC32C is not the one that it has.

        ``NotFound``: a part is not there, or not copied yet; see ``bring``.
        """
        expected, bucket_uri = blob.crc32c, f"gs://{self.bucket}"
        with ExitStack() as stack:
            sources = [self._headed(stack, head), *(self._source(part) for part in parts)]
            while len(sources) > MOST_SOURCES:
                starts = range(0, len(sources), MOST_SOURCES)
                sources = [self._joined(stack, sources[start : start + MOST_SOURCES]) for start in starts]
            try:
                blob.compose(sources, if_generation_match=None if replace else 0, **self.connection.call)
            except BadRequest as error:
                if not concerns_checksum(error):
                    raise
                self._discard(parts)
                raise unexpected(bucket_uri, blob.name) from error
            if blob.crc32c != expected:  # where the storage itself has not compared them
                with suppress(NotFound):
                    blob.delete(**self.connection.call)
                self._discard(parts)
                raise unexpected(bucket_uri, blob.name)

    def bring(self, parts: Sequence[Part]) -> None:
        """Copy all parts that need it and look for the others. Raises ``KeyError`` with the name of one that is gone.

        Where the store of a part refuses, what ``explained`` raises.
        """
        self.connection.check_bucket(self.bucket)
        for part in parts:
            if part.place is None:
                self._upload(part)
            elif part.copied:
                self._copy(part, part.place)
            elif not self._source(part).exists(**self.connection.call):
                raise KeyError(part.name)

    def tidy(self) -> None:
        """Once a day, remove what crashes have left and copies that have served. Whatever hinders it, another one will."""
        here, now = Location(self.bucket, self.root), time.monotonic()
        if now - self.connection.tidied.get(here, -math.inf) < self.connection.temporary_s:
            return
        self.connection.tidied[here] = now
        newest = datetime.now(UTC) - timedelta(seconds=self.connection.temporary_s)
        with suppress(*Refusal):
            found = self.connection.client.list_blobs(
                self.bucket, prefix=self.root + TEMPORARY, fields=_FIELDS, **self.connection.tidying
            )
            for blob in found:
                if blob.time_created < newest:
                    self._remove(blob)

    def _headed(self, stack: ExitStack, head: bytes) -> Blob:
        blob = stack.enter_context(self._temporary())
        with suppress(PreconditionFailed):  # an answer was lost: nobody else has this name
            upload(self.connection, blob, io.BytesIO(head))
        return blob

    def _joined(self, stack: ExitStack, sources: Sequence[Blob]) -> Blob:
        if len(sources) == 1:
            return sources[0]
        blob = stack.enter_context(self._temporary())
        with suppress(PreconditionFailed):  # as above
            blob.compose(sources, if_generation_match=0, **self.connection.call)
        return blob

    def _source(self, part: Part) -> Blob:
        """Where a part is composed from."""
        if part.place is not None and not part.copied:
            return self._blob(part.place.path)
        name = hashlib.sha256(f"{part.store.uri}/{part.name}".encode()).hexdigest()[:32]
        return self._blob(f"{self.root}{TEMPORARY}{name}")

    def _copy(self, part: Part, place: Location) -> None:
        """Within the storage, which takes several requests where it is far."""
        source, copy = self.connection.client.bucket(place.bucket).blob(place.path), self._source(part)
        with explained(place.bucket, f"{part.store.uri} cannot be copied from", READER):
            try:
                token, *_ = copy.rewrite(source, if_generation_match=0, **self.connection.call)
                while token is not None:
                    token, *_ = copy.rewrite(
                        source, token=token, if_generation_match=0, **self.connection.call
                    )
            except PreconditionFailed:
                pass  # it is there already
            except NotFound as error:
                self.connection.check_bucket(place.bucket)
                raise KeyError(part.name) from error

    def _upload(self, part: Part) -> None:
        with opened(part.store, part.name) as content, suppress(PreconditionFailed):
            upload(self.connection, self._source(part), content)

    def _discard(self, parts: Sequence[Part]) -> None:
        """Remove copies, which may be of what the parts held before."""
        for part in parts:
            if part.copied:
                self._remove(self._source(part))

    @contextmanager
    def _temporary(self) -> Iterator[Blob]:
        blob = self._blob(f"{self.root}{TEMPORARY}{secrets.token_hex(16)}")
        try:
            yield blob
        finally:
            self._remove(blob)

    def _blob(self, path: str) -> Blob:
        return new_blob(self.connection.client.bucket(self.bucket), path)

    def _remove(self, blob: Blob) -> None:
        """By its generation, where that is known: where versions are kept, this one is not."""
        with suppress(*Refusal):
            blob.delete(**self.connection.tidying)
