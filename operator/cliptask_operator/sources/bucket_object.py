"""How is a source in a bucket downloaded into a file? By the stores' clients, hashed and within limits like any other.

Errors say what is wrong and the remedy, and name no URL: the caller knows which it was.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cliptask.errors import TransientError
from cliptask_operator.sources.content_coding import compressions
from cliptask_operator.sources.partial_download import Download, PartialDownload, Validators
from cliptask_operator.sources.settings import FetchSettings
from cliptask_operator.sources.urls import refuse
from cliptask_renderer.storage.location import Location, location


@dataclass(frozen=True)
class Found:
    """An object as it is now."""

    size_bytes: int
    validators: Validators
    coding: str
    """Its Content-Encoding."""
    download: Callable[[Callable[[bytes], object]], object]
    """Hand its bytes over piece by piece. Raises ``TransientError`` where it is no more the same."""


def place_of(url: str) -> Location:
    """The object behind e.g. ``gs://bucket/object``. Raises ``SourceError`` where it is none."""
    scheme = urlsplit(url).scheme
    if "?" in url or "#" in url:
        refuse(
            f"an object of {scheme}:// is its newest version, and has no query",
            "leave out what follows ? or #, or write them as %3F and %23 where they belong to the name",
        )
    place = location(url)
    if place is None or not place.path:
        refuse(
            "it names no object",
            f"write {scheme}://bucket/object, without empty parts, . and .., and %20 for a space",
        )
    return place


async def download_object(
    url: str, target: Path, settings: FetchSettings, known: Validators | None
) -> Download | None:
    """Download it into ``target`` in a thread, which a cancellation ends soon; None where it is the ``known`` one.

    Raises ``SourceError`` where another attempt would not help, ``SetupError`` where the administrator has to give
    permission or credentials, and ``TransientError``.
    """
    copy: Callable[[str, Path, FetchSettings, Validators | None, threading.Event], Download | None]
    if urlsplit(url).scheme == "gs":
        from cliptask_operator.sources import gcs  # noqa: PLC0415  a client only where it is used

        copy = gcs.copy_object
    else:
        from cliptask_operator.sources import stored_object  # noqa: PLC0415  see above

        copy = stored_object.copy_object
    stopped = threading.Event()
    try:
        return await asyncio.to_thread(copy, url, target, settings, known, stopped)
    finally:
        stopped.set()


def arrive(
    found: Found | None,
    place: Location,
    target: Path,
    settings: FetchSettings,
    known: Validators | None,
    stopped: threading.Event,
) -> Download | None:
    """Write what was found into ``target``; None where it is the ``known`` one. Raises as ``download_object``, also soon after ``stopped``."""
    if found is None:
        what = f"there is no object {place.path} in the bucket {place.bucket}, or no such bucket"
        refuse(what, "check the URL")
    if coding := compressions(found.coding):
        refuse(f"it is stored compressed ({coding})", "upload it as it is, without a Content-Encoding")
    if found.validators == known:
        return None
    until = time.monotonic() + settings.timeout_s
    with PartialDownload(target, settings.max_bytes) as partial:
        partial.expect(found.size_bytes)

        def write(piece: bytes) -> None:
            if stopped.is_set():
                message = "it was interrupted; try again"
                raise TransientError(message)
            if time.monotonic() > until:
                what = f"it did not arrive within {settings.timeout_s:g} s ({partial.size_bytes} bytes came)"
                refuse(what, "make it smaller, or have CLIPTASK_FETCH_TIMEOUT_S raised")
            partial.write(piece)

        found.download(write)
    return partial.complete(found.validators)


def replaced() -> TransientError:
    """What is said of an object that is no more the one that was found."""
    return TransientError("it was replaced or deleted while it was read; try again")
