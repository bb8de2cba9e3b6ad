"""How does content come into a bucket? In chunks, with its checksum told beforehand, so that no damaged object ever comes to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from google.api_core.exceptions import BadRequest
from google.cloud.storage import Blob, Bucket
from google.cloud.storage.exceptions import DataCorruption

from cliptask_renderer.storage.crc32c import Checksum
from cliptask_renderer.storage.gcs_client import Connection
from cliptask_renderer.storage.labels import NO_CACHE, content_type

_CHUNK_BYTES = 32 << 20
"""Of an upload, held in memory (without it the client holds the whole file). Smaller ones are slower: each is a request."""
_PIECE_BYTES = 1 << 18


def new_blob(
    bucket: Bucket, path: str, metadata: Mapping[str, str] | None = None, *, replace: bool = False
) -> Blob:
    """An object that is yet to be made, with its type and all that is told of it."""
    blob = bucket.blob(path, chunk_size=_CHUNK_BYTES)
    blob.metadata = dict(metadata or {})
    blob.content_type = content_type(path)
    if replace:
        blob.cache_control = NO_CACHE
    return blob


def concerns_checksum(error: BadRequest) -> bool:
    """Whether the storage refuses content for not having the checksum that was told."""
    return "crc32c" in str(error).lower()


def upload(connection: Connection, blob: Blob, content: BinaryIO, *, replace: bool = False) -> None:
    """Make an object of the content. Raises what the client raises.

    ``PreconditionFailed``: it exists already, perhaps by this very upload, an answer to which was lost. ``DataCorruption``:
    it arrived damaged, and there is no object.
    """
    content.seek(0)
    checksum = Checksum()
    while piece := content.read(_PIECE_BYTES):
        checksum.write(piece)
    try:
        blob.upload_from_file(
            content,
            rewind=True,
            size=content.tell(),
            content_type=blob.content_type,
            if_generation_match=None if replace else 0,
            checksum="crc32c",
            crc32c_checksum_value=str(checksum),
            **connection.upload,
        )
    except BadRequest as error:
        if concerns_checksum(error):
            raise DataCorruption(error.response) from error
        raise
    connection.buckets_seen.add(blob.bucket.name)
