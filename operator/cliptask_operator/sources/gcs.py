"""How is a ``gs://`` source found and read? By Google's client, held to one generation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from google.api_core import exceptions as api

from cliptask_operator.sources.bucket_object import Found, arrive, place_of, replaced
from cliptask_operator.sources.partial_download import Download, Validators
from cliptask_operator.sources.settings import FetchSettings
from cliptask_renderer.storage.gcs_client import READER, Connection, explained, shared_connection
from cliptask_renderer.storage.location import Location


def copy_object(
    url: str,
    target: Path,
    settings: FetchSettings,
    known: Validators | None,
    stopped: threading.Event,
    connection: Connection | None = None,
) -> Download | None:
    """See ``download_object``. For a thread: it blocks. ``connection``: the process's own unless given."""
    place = place_of(url)
    found = _found(place, connection or shared_connection())
    return arrive(found, place, target, settings, known, stopped)


def _found(place: Location, connection: Connection) -> Found | None:
    with explained(place.bucket, "it cannot be fetched", READER):
        blob = connection.client.bucket(place.bucket).get_blob(place.path, **connection.call)
    if blob is None:
        return None

    def download(write: Callable[[bytes], object]) -> None:
        with explained(place.bucket, "it cannot be fetched", READER):
            try:
                connection.download(place, write, blob.generation)
            except api.NotFound as error:
                raise replaced() from error

    marks = Validators(etag=f"{blob.generation}-{blob.size}-{blob.crc32c}")
    return Found(blob.size, marks, blob.content_encoding or "", download)
