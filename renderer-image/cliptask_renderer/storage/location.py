"""Which place in which storage does a URI name? There is one way to write it, since its text decides who may use it."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

SCHEMES = ("gs", "s3", "az")
_BUCKET = re.compile(r"[a-z0-9][-_.a-z0-9]{1,220}[a-z0-9]")


class Location(NamedTuple):
    """Where in a storage."""

    bucket: str
    path: str
    """An object's name or a prefix of names, without slashes around it."""


def location(uri: str) -> Location | None:
    """The place behind e.g. ``gs://bucket/path``, percent-encoded as every URL of a task; None for what is none."""
    try:
        parts = urlsplit(uri)
        path = unquote(parts.path, errors="strict").strip("/")
    except ValueError:
        return None
    is_plain = uri.startswith(f"{parts.scheme}://") and not parts.query and not parts.fragment
    odd = {"", ".", ".."}
    if parts.scheme not in SCHEMES or not is_plain or not path.isprintable():
        return None
    if not _BUCKET.fullmatch(parts.netloc):
        return None
    if path and odd & {*path.split("/")}:
        return None
    return Location(parts.netloc, path)


def uri_of(scheme: str, place: Location) -> str:
    """The reverse, percent-encoded."""
    return f"{scheme}://{place.bucket}/{quote(place.path)}".rstrip("/")
