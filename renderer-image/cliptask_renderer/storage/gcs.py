"""How is a bucket a store? Objects of Google Cloud Storage below a prefix, with their metadata as custom metadata.

An upload makes its object whole, metadata included, when its last byte arrived and its CRC32C was right: whoever is
killed before leaves nothing. ``if_generation_match=0`` makes it create-only among all writers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from google.api_core.exceptions import BadRequest, NotFound, PreconditionFailed
from google.cloud.storage import Blob
from google.cloud.storage.exceptions import DataCorruption

from cliptask.errors import OutputError
from cliptask_renderer.storage.base import (
    NAME_BYTES,
    NamedObjects,
    StoredObject,
    check_metadata,
    check_name,
    is_name,
)
from cliptask_renderer.storage.crc32c import as_text
from cliptask_renderer.storage.disk_errors import disk_errors
from cliptask_renderer.storage.gcs_client import Connection, explained
from cliptask_renderer.storage.gcs_compose import TEMPORARY_BYTES, Composer, Part
from cliptask_renderer.storage.gcs_upload import new_blob, upload
from cliptask_renderer.storage.location import Location
from cliptask_renderer.storage.remote import RemoteStore

_FIELDS = "items(name,size,metadata),nextPageToken"
_ATTEMPTS = 3
"""At an object that arrives damaged, or that is gone when it is looked at."""


class GcsStore(RemoteStore):
    """A ``Store`` in a bucket, which must exist. Safe for any number of processes and threads at once."""

    def __init__(self, place: Location, connection: Connection, scratch: Path | None = None) -> None:
        """``scratch``: where its scratch folders lie; None: where temporary files do (``TMPDIR``)."""
        super().__init__(scratch)
        self._place = place
        self._root = f"{place.path}/" if place.path else ""
        self._connection = connection
        self._bucket = connection.client.bucket(place.bucket)

    def __repr__(self) -> str:
        return f"GcsStore({self.uri!r})"

    @property
    def uri(self) -> str:
        """``gs://``, the bucket and the prefix, percent-encoded."""
        return f"gs://{self._place.bucket}/{quote(self._place.path)}".rstrip("/")

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every object whose name starts with ``prefix``, sorted by name: asked for in pages, as it goes."""
        try:
            prefix.encode()
        except UnicodeEncodeError:
            return
        with self._explained("be listed"):
            pages = self._connection.client.list_blobs(
                self._bucket,
                prefix=self._root + prefix,
                fields=_FIELDS,
                page_size=self._connection.page_objects,
                **self._connection.call,
            )
            for blob in pages:
                # What other hands stored, and stores within this one (.cliptask), are none of its objects.
                if is_name(blob.name.removeprefix(self._root)):
                    yield self._stored(blob)

    def stat(self, name: str) -> StoredObject | None:
        """One object, or None."""
        path = self._path(name)
        with self._explained("be read"):
            blob = self._bucket.get_blob(path, **self._connection.call)
        if blob is None:
            self._connection.check_bucket(self._place.bucket)
            return None
        return self._stored(blob)

    def compose(
        self,
        name: str,
        head: bytes,
        parts: Sequence[tuple[NamedObjects, str]],
        metadata: Mapping[str, str] | None = None,
        *,
        crc32c: int,
        replace: bool = False,
    ) -> StoredObject:
        """Store ``head`` and what the parts hold: two requests, and one that removes the head's object.

        Parts in another bucket or store are copied once, as ``gcs_compose`` tells. The storage compares the checksum before
        there is an object: parts need not be held to their generations.
        """
        path, own = self._path(name), check_metadata(name, metadata)
        self._fitting(self._root + "t" * TEMPORARY_BYTES, name)
        composer = Composer(self._connection, self._place.bucket, self._root)
        pieces, some_missing = [self._part(*part) for part in parts], False
        for _ in range(_ATTEMPTS):
            blob = new_blob(self._bucket, path, own, replace=replace)
            blob.crc32c = as_text(crc32c)
            with disk_errors(f"the parts of {name} cannot be read"), self._explained("be written"):
                try:
                    if some_missing:
                        composer.bring(pieces)
                    composer.compose(blob, head, pieces, replace=replace)
                except PreconditionFailed:
                    if (there := self.stat(name)) is not None:  # as above
                        return there
                except DataCorruption:
                    continue
                except NotFound:
                    some_missing = True
                except BadRequest:
                    if all(piece.copied for piece in pieces):
                        raise
                    # Some part is of another storage class, which a bucket's rules may have given it.
                    pieces, some_missing = [piece._replace(copied=True) for piece in pieces], True
                else:
                    composer.tidy()
                    return self._stored(blob)
        raise self._unlucky(name)

    def delete(self, name: str) -> None:
        """Remove an object; nothing happens where there is none."""
        blob = self._bucket.blob(self._path(name))
        with self._explained("be written"):
            try:
                blob.delete(**self._connection.call)
            except NotFound:
                self._connection.check_bucket(self._place.bucket)

    def _upload(
        self, name: str, content: BinaryIO, metadata: Mapping[str, str] | None, *, replace: bool
    ) -> StoredObject:
        path, own = self._path(name), check_metadata(name, metadata)
        for _ in range(_ATTEMPTS):
            blob = new_blob(self._bucket, path, own, replace=replace)
            with self._explained("be written"):
                try:
                    upload(self._connection, blob, content, replace=replace)
                except PreconditionFailed:
                    # Another's, or this one's own: a lost answer makes the client try again.
                    if (there := self.stat(name)) is not None:
                        return there
                except DataCorruption:
                    continue  # the client has removed it
                else:
                    return self._stored(blob)
        raise self._unlucky(name)

    def location(self, name: str) -> Location:
        """Where an object lies, or would."""
        return Location(self._place.bucket, self._path(name))

    def _part(self, store: NamedObjects, name: str) -> Part:
        place = store.location(name) if isinstance(store, GcsStore) else None
        return Part(
            store, check_name(name), place, copied=place is None or place.bucket != self._place.bucket
        )

    def _download(self, name: str, content: BinaryIO, span: range | None = None) -> None:
        place = self.location(name)
        with self._explained("be read"):
            try:
                if span is None:
                    self._connection.download(place, content.write)
                else:
                    content.write(self._connection.read(place, span))
            except NotFound as error:
                self._connection.check_bucket(self._place.bucket)
                raise KeyError(name) from error

    def _path(self, name: str) -> str:
        return self._fitting(self._root + check_name(name), name)

    def _fitting(self, path: str, name: str) -> str:
        if len(path.encode()) > NAME_BYTES:
            message = f"{self.uri}/{name[:200]} is longer than the {NAME_BYTES} bytes of an object's name: shorten the output's URI"
            raise OutputError(message)
        return path

    def _stored(self, blob: Blob) -> StoredObject:
        return StoredObject(blob.name.removeprefix(self._root), blob.size, dict(blob.metadata or {}))

    def _explained(self, action: str) -> AbstractContextManager[None]:
        return explained(self._place.bucket, f"{self.uri} cannot {action}")
