"""How is a bucket a store? Objects of Google Cloud Storage below a prefix, with their metadata as custom metadata.

An upload makes its object whole, metadata included, when its last byte arrived and its CRC32C was right: whoever is
killed before leaves nothing. ``if_generation_match=0`` makes it create-only among all writers.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import quote

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud.storage import Blob
from google.cloud.storage.exceptions import DataCorruption

from cliptask.errors import OutputError, TransientError
from cliptask_renderer.storage.base import NAME_BYTES, StoredObject, check_metadata, check_name, is_name
from cliptask_renderer.storage.disk_errors import disk_errors
from cliptask_renderer.storage.gcs_client import Connection, Crc32c, Location, explained
from cliptask_renderer.storage.scratch import chosen_scratch, held

_CHUNK_BYTES = 32 << 20
"""Of an upload, held in memory (without it the client holds the whole file). Smaller ones are slower: each is a request."""
_PIECE_BYTES = 1 << 20
_FIELDS = "items(name,size,metadata),nextPageToken"
_NO_CACHE = "no-cache"
"""For what is written again: the default for public objects lets browsers show yesterday's index for an hour."""
_TYPES = {
    ".mp4": "video/mp4",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}
_ATTEMPTS = 3
"""At an upload that arrives damaged, or meets an object that is gone when it is looked at."""


class GcsStore:
    """A ``Store`` in a bucket, which must exist. Safe for any number of processes and threads at once."""

    def __init__(self, place: Location, connection: Connection, scratch: Path | None = None) -> None:
        """``scratch``: where its scratch folders lie; None: where temporary files do (``TMPDIR``)."""
        self._scratch = scratch
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

    def put(
        self, name: str, file: Path, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store a file's content; the file stays."""
        with _disk_errors(file), file.open("rb") as content:
            return self._upload(name, content, metadata, replace=replace)

    def put_bytes(
        self, name: str, content: bytes, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store small content."""
        return self._upload(name, io.BytesIO(content), metadata, replace=replace)

    def read(self, name: str) -> bytes:
        """A small object's content. Raises ``KeyError`` where there is none."""
        content = io.BytesIO()
        self._download(name, content)
        return content.getvalue()

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A temporary copy of the object, gone afterwards. Raises ``KeyError`` where there is none."""
        with self.scratch() as folder:
            path = folder / "object"
            with _disk_errors(folder), path.open("wb") as content:
                self._download(name, content)
            yield path

    def delete(self, name: str) -> None:
        """Remove an object; nothing happens where there is none."""
        blob = self._bucket.blob(self._path(name))
        with self._explained("be written"):
            try:
                blob.delete(**self._connection.call)
            except NotFound:
                self._connection.check_bucket(self._place.bucket)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder to work in, gone afterwards."""
        if self._scratch is not None:
            with chosen_scratch(self._scratch) as work:
                yield work
            return
        with _disk_errors("the folder for temporary files"):
            folder = tempfile.TemporaryDirectory(prefix="cliptask-", ignore_cleanup_errors=True)
        with folder as path, held(Path(path)):
            yield Path(path)

    def _upload(
        self, name: str, content: BinaryIO, metadata: Mapping[str, str] | None, *, replace: bool
    ) -> StoredObject:
        path, own = self._path(name), check_metadata(name, metadata)
        size_bytes, crc32c = _measured(content)
        for _ in range(_ATTEMPTS):
            blob = self._bucket.blob(path, chunk_size=_CHUNK_BYTES)
            blob.metadata = own
            if replace:
                blob.cache_control = _NO_CACHE
            with self._explained("be written"):
                try:
                    blob.upload_from_file(
                        content,
                        rewind=True,
                        size=size_bytes,
                        content_type=_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream"),
                        if_generation_match=None if replace else 0,
                        checksum="crc32c",
                        crc32c_checksum_value=crc32c,
                        **self._connection.upload,
                    )
                except PreconditionFailed:
                    # Another's, or this one's own: a lost answer makes the client try again.
                    if (there := self.stat(name)) is not None:
                        return there
                except DataCorruption:
                    continue  # the client has removed it
                else:
                    self._connection.buckets_seen.add(self._place.bucket)
                    return self._stored(blob)
        message = f"{self.uri}/{name} cannot be written: it arrives damaged, or others write and delete it at the same time; try again later"
        raise TransientError(message)

    def _download(self, name: str, content: BinaryIO) -> None:
        place = Location(self._place.bucket, self._path(name))
        with self._explained("be read"):
            try:
                self._connection.download(place, content.write)
            except NotFound as error:
                self._connection.check_bucket(self._place.bucket)
                raise KeyError(name) from error

    def _path(self, name: str) -> str:
        path = self._root + check_name(name)
        if len(path.encode()) > NAME_BYTES:
            message = f"{self.uri}/{name[:200]} is longer than the {NAME_BYTES} bytes of an object's name: shorten the output's URI"
            raise OutputError(message)
        return path

    def _stored(self, blob: Blob) -> StoredObject:
        return StoredObject(blob.name.removeprefix(self._root), blob.size, dict(blob.metadata or {}))

    def _explained(self, action: str) -> AbstractContextManager[None]:
        return explained(self._place.bucket, f"{self.uri} cannot {action}")


def _measured(content: BinaryIO) -> tuple[int, str]:
    """Size in bytes and CRC32C: told beforehand, so that no damaged object ever comes to be."""
    checksum = Crc32c()
    while piece := content.read(_PIECE_BYTES):
        checksum.write(piece)
    return content.tell(), str(checksum)


def _disk_errors(place: object) -> AbstractContextManager[None]:
    remedy = "free some space, or set TMPDIR to another folder"
    folder = place if isinstance(place, Path) else Path(tempfile.gettempdir())
    return disk_errors(f"{place} cannot be used for a copy of an object", remedy, folder)
