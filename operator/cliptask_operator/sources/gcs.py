"""How is a ``gs://`` source downloaded into a file? By the store's client, hashed and within limits like any other.

Errors say what is wrong and the remedy, and name no URL: the caller knows which it was.
"""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

from google.api_core import exceptions as api

from cliptask.errors import TransientError
from cliptask_operator.sources.content_coding import compressions
from cliptask_operator.sources.partial_download import Download, PartialDownload, Validators
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.sources.urls import refuse
from cliptask_renderer.storage.gcs_client import (
    READER,
    Connection,
    Location,
    explained,
    location,
    shared_connection,
)


def place_of(url: str) -> Location:
    """The object behind ``gs://bucket/object``. Raises ``SourceError`` where it is none."""
    if "?" in url or "#" in url:
        refuse(
            "an object of gs:// is its newest generation, and has no query",
            "leave out what follows ? or #, or write them as %3F and %23 where they belong to the name",
        )
    place = location(url)
    if place is None or not place.path:
        refuse(
            "it names no object",
            "write gs://bucket/object, without empty parts, . and .., and %20 for a space",
        )
    return place


async def download_object(
    url: str, target: Path, settings: FetchSettings, known: Validators | None
) -> Download | None:
    """``copy_object`` in a thread, which a cancellation ends soon."""
    stopped = threading.Event()
    try:
        return await asyncio.to_thread(copy_object, url, target, settings, known, stopped)
    finally:
        stopped.set()


def copy_object(
    url: str,
    target: Path,
    settings: FetchSettings,
    known: Validators | None,
    stopped: threading.Event,
    connection: Connection | None = None,
) -> Download | None:
    """Download an object into ``target``; None where it is the ``known`` one. For a thread: it blocks.

    Raises ``SourceError`` where another attempt would not help, ``SetupError`` where the administrator has to give
    permission or credentials, and ``TransientError``, also soon after ``stopped``. ``connection``: the process's own
    unless given.
    """
    place = place_of(url)
    connection = connection or shared_connection()
    with explained(place.bucket, "it cannot be fetched", READER):
        blob = connection.client.bucket(place.bucket).get_blob(place.path, **connection.call)
    if blob is None:
        what = f"there is no object {place.path} in the bucket {place.bucket}, or no such bucket"
        refuse(what, "check the URL")
    if coding := compressions(blob.content_encoding or ""):
        refuse(f"it is stored compressed ({coding})", "upload it as it is, without a Content-Encoding")
    validators = Validators(etag=f"{blob.generation}-{blob.size}-{blob.crc32c}")
    if validators == known:
        return None
    until = time.monotonic() + settings.timeout_s
    with PartialDownload(target, settings.max_bytes) as partial:
        partial.expect(blob.size)

        def write(piece: bytes) -> None:
            if stopped.is_set():
                message = "it was interrupted; try again"
                raise TransientError(message)
            if time.monotonic() > until:
                what = f"it did not arrive within {settings.timeout_s:g} s ({partial.size_bytes} bytes came)"
                refuse(what, "make it smaller, or have CLIPTASK_FETCH_TIMEOUT_S raised")
            partial.write(piece)

        with explained(place.bucket, "it cannot be fetched", READER):
            try:
                connection.download(place, write, blob.generation)
            except api.NotFound as error:
                message = "it was replaced or deleted while it was read; try again"
                raise TransientError(message) from error
    return partial.complete(validators)
