"""What has come of a source so far? A bounded temporary file and the hash of what is in it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NoReturn, Self

from cliptask.errors import SourceError
from cliptask_renderer.storage.disk_errors import disk_errors

_disk_errors = disk_errors("a source cannot be kept while it arrives", "make room or correct the permissions")


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

    @property
    def sha256(self) -> str:
        """Of what has come so far, in hex."""
        return self._hash.hexdigest()

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
        """Forget all that came."""
        if self.size_bytes:
            self._file.seek(0)
            self._file.truncate()
            self._hash = hashlib.sha256()
            self.size_bytes = 0


def refuse(what: str, remedy: str, cause: Exception | None = None) -> NoReturn:
    """Raise ``SourceError``."""
    message = f"{what}; {remedy}"
    raise SourceError(message) from cause
