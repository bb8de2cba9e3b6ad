"""How is a source in a bucket of S3 or a container of Azure's found and read? By the store's own door, held to one ETag."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from cliptask_operator.sources.bucket_object import Found, arrive, place_of, replaced
from cliptask_operator.sources.partial_download import Download, Validators
from cliptask_operator.sources.settings import FetchSettings
from cliptask_renderer.storage.bucket import Bucket, Changed, Gone, download, patiently
from cliptask_renderer.storage.open import open_bucket


def copy_object(
    url: str,
    target: Path,
    settings: FetchSettings,
    known: Validators | None,
    stopped: threading.Event,
    bucket: Bucket | None = None,
) -> Download | None:
    """See ``download_object``. For a thread: it blocks. ``bucket``: by the process's own client unless given."""
    place = place_of(url)
    found = _found(bucket or open_bucket(urlsplit(url).scheme, place.bucket), place.path)
    return arrive(found, place, target, settings, known, stopped)


def _found(bucket: Bucket, path: str) -> Found | None:
    with bucket.explained("it cannot be fetched", reads=True):
        known = patiently(bucket, lambda: bucket.head(path))
    if known is None:
        return None

    def read(write: Callable[[bytes], object]) -> None:
        with bucket.explained("it cannot be fetched", reads=True):
            try:
                download(bucket, path, write, etag=known.etag)
            except (Gone, Changed) as error:
                raise replaced() from error

    return Found(known.size_bytes, Validators(etag=f"{known.etag}-{known.size_bytes}"), known.coding, read)
