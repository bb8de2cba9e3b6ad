"""How much of a source has arrived? A temporary file with a limit and a hash, until the source is whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cliptask.facts import Fact
from cliptask_operator.sources.urls import refuse
from cliptask_renderer.storage.disk_errors import disk_errors

_disk_errors = disk_errors("a source cannot be kept while it arrives", "make room or correct the permissions")


@dataclass(frozen=True)
class Validators:
    """A server's marks of a content, by which it recognizes later whether the content is still the same."""

    etag: str = ""
    last_modified: str = ""

    def changed_since(self) -> dict[str, str]:
        """Headers that ask for the content only if it is another one; none where nothing is known."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}

    def rest_after(self, size_bytes: int) -> dict[str, str]:
        """Headers that ask for the rest of the same content; none where that cannot be asked for (RFC 9110, 13.1.5)."""
        # A weak ETag allows bytes to differ.
        condition = self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified
        return {"Range": f"bytes={size_bytes}-", "If-Range": condition} if size_bytes and condition else {}


class Download(Fact):
    """A content that arrived whole. Stored as its URL's record, it holds nothing of the URL itself."""

    sha256: str
    etag: str = ""
    last_modified: str = ""
    size_bytes: int
    mtime_ns: int | None = None
    """Of a file on this machine."""

    @property
    def validators(self) -> Validators:
        """The server's marks, empty where it gave none."""
        return Validators(self.etag, self.last_modified)


class PartialDownload:
    """A file that grows by pieces, hashed on the way, never beyond ``max_bytes``.

    Raises ``OutputError`` where the disk refuses.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.size_bytes = 0
        self._path = path
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()

    @_disk_errors
    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        return self

    @_disk_errors
    def __exit__(self, *_: object) -> None:
        self._file.close()

    def check(self, size_bytes: int) -> None:
        """Raise ``SourceError`` for a size beyond the limit."""
        if size_bytes > self._max_bytes:
            limit = f"the {self._max_bytes} bytes that one source may have here"
            refuse(f"it is larger than {limit}", "make it smaller, or have CLIPTASK_MAX_SOURCE_BYTES raised")

    @_disk_errors
    def write(self, piece: bytes) -> None:
        """Add a piece. Raises ``SourceError`` beyond the limit."""
        self.size_bytes += len(piece)
        self.check(self.size_bytes)
        self._hash.update(piece)
        self._file.write(piece)

    def restart(self) -> None:
        """Remove everything that arrived."""
        if self.size_bytes:
            self._file.seek(0)
            self._file.truncate()
            self._hash = hashlib.sha256()
            self.size_bytes = 0

    def complete(self, validators: Validators = Validators(), mtime_ns: int | None = None) -> Download:
        """The download, once nothing is missing."""
        return Download(
            sha256=self._hash.hexdigest(),
            etag=validators.etag,
            last_modified=validators.last_modified,
            size_bytes=self.size_bytes,
            mtime_ns=mtime_ns,
        )
