"""Which URLs may be fetched here? Told by the URL alone, before anything is asked; needs no HTTP client.

Errors of ``check_scheme`` and ``path_of`` name no URL: who asked knows which it was.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit
from urllib.request import url2pathname

from cliptask.errors import SourceError
from cliptask.names import public_url
from cliptask.spec.values import BUCKET_SCHEMES
from cliptask_operator.sources.settings import FetchSettings

ALLOW_HTTP_SETTING = "CLIPTASK_ALLOW_HTTP"
"""The setting that allows ``http://``."""


def refusal(url: str, settings: FetchSettings) -> SourceError | None:
    """Why a URL may not be fetched, named in the message; None where it may."""
    try:
        check_url(url, settings)
    except SourceError as error:
        return SourceError(f"{shown_url(url)}: {error}")
    return None


def check_url(url: str, settings: FetchSettings) -> None:
    """Raise ``SourceError`` for a URL that may not be fetched, before any request."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        refuse(f"it is no URL ({error})", "correct it", error)
    if scheme == "file":
        path_of(url, settings)
    elif f"{scheme}://" not in BUCKET_SCHEMES:
        check_scheme(scheme, settings)


def check_scheme(scheme: str, settings: FetchSettings, prefix: str = "") -> None:
    """Raise ``SourceError`` for a scheme that may not be fetched from."""
    if scheme == "https" or (scheme == "http" and settings.allow_http):
        return
    if scheme == "http":
        remedy = f"use https://, or allow it by the setting {ALLOW_HTTP_SETTING}=true"
        refuse(f"{prefix}plain http:// is not allowed", remedy)
    what = f"{prefix}{scheme}:// is not supported" if scheme else f"{prefix}it is no URL"
    refuse(what, "use https://, e.g. https://cdn.example.com/clip.mp4")


def path_of(url: str, settings: FetchSettings) -> Path:
    """The path behind a ``file://`` URL. Raises ``SourceError`` for what may not be read."""
    if not settings.allow_file:
        refuse(
            "file:// is read in local mode only",
            "upload the file, and write gs://bucket/object, s3://bucket/object or https://host/path",
        )
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        refuse("a file's name cannot hold a bare ? or #", "write them as %3F and %23")
    path = url2pathname(parts.path)
    if parts.netloc not in {"", "localhost"} or not path.startswith("/") or "\0" in path:
        refuse("it names no file on this machine", "write e.g. file:///home/me/clip.mp4")
    return Path(path)


def shown_url(url: str) -> str:
    """The URL without what nobody may read."""
    try:
        parts = urlsplit(url)
        return public_url(url) if parts.scheme else parts.path
    except ValueError:
        return f"{url.partition(':')[0]}://..."


def refuse(what: str, remedy: str, cause: Exception | None = None) -> NoReturn:
    """Raise ``SourceError``."""
    message = f"{what}; {remedy}"
    raise SourceError(message) from cause
