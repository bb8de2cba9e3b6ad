"""How much of a source has arrived? A temporary file with a limit and a hash, until the source is whole."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cliptask.errors import DiskFull
from cliptask.facts import Fact
from cliptask_operator.sources.urls import refuse
from cliptask_renderer.storage.disk_errors import OTHER_DISK, disk_errors, free_bytes
from cliptask_renderer.storage.scratch import scratch_root


@dataclass(frozen=True)
class Validators:
    """A server's marks of a content, by which it recognizes later whether the content is still the same."""

    etag: str = ""
    last_modified: str = ""

    @property
    def is_strong(self) -> bool:
        """Whether the ETag stands for every byte (RFC 9110, 8.8.1), as a well-formed one does that is not weak."""
        return re.fullmatch(r'"[!#-~]+"', self.etag) is not None

    def changed_since(self) -> dict[str, str]:
        """Headers that ask for the content only if it is another one; none where nothing is known."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if _can_be_sent(value)}

    def rest_after(self, size_bytes: int) -> dict[str, str]:
        """Headers that ask for the rest of the same content; none where that cannot be asked for (RFC 9110, 13.1.5)."""
        condition = self.etag if self.is_strong else self.last_modified
        is_possible = size_bytes and _can_be_sent(condition)
        return {"Range": f"bytes={size_bytes}-", "If-Range": condition} if is_possible else {}

    def contradict(self, others: Validators) -> bool:
        """Whether both say something, and not the same."""
        pairs = ((self.etag, others.etag), (self.last_modified, others.last_modified))
        return any(mine and other and mine != other for mine, other in pairs)


def _can_be_sent(value: str) -> bool:
    """Whether a header may hold it, and a server would learn something from it: not from an ETag of nothing."""
    return value.isascii() and value.isprintable() and bool(value.strip('W/"'))


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

    Raises ``OutputError`` where the disk refuses, ``DiskFull`` as soon as it is known that there is no room for all of it.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.size_bytes = 0
        self._expected_bytes: int | None = None
        self._path = path
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()

    def __enter__(self) -> Self:
        with self._disk_errors():
            self._file = self._path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        with self._disk_errors():
            self._file.close()

    def expect(self, size_bytes: int) -> None:
        """Learn how large the whole is. Raises ``SourceError`` beyond the limit, ``DiskFull`` where it has no room."""
        self.check(size_bytes)
        self._expected_bytes = size_bytes
        with self._disk_errors():
            if size_bytes - self.size_bytes > free_bytes(self._path.parent):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def check(self, size_bytes: int) -> None:
        """Raise ``SourceError`` for a size beyond the limit."""
        if size_bytes > self._max_bytes:
            limit = f"the {self._max_bytes} bytes that one source may have here"
            refuse(f"it is larger than {limit}", "make it smaller, or have CLIPTASK_MAX_SOURCE_BYTES raised")

    def write(self, piece: bytes) -> None:
        """Add a piece. Raises ``SourceError`` beyond the limit."""
        self.check(self.size_bytes + len(piece))
        with self._disk_errors():
            self._file.write(piece)
        self.size_bytes += len(piece)
        self._hash.update(piece)

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

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        problem, remedy = "a source cannot be kept while it arrives", "make room or correct the permissions"
        try:
            with disk_errors(problem, remedy, scratch_root(self._path.parent)):
                yield
        except DiskFull as error:
            lacking = max((self._expected_bytes or 0) - self.size_bytes, 0) or None
            raise DiskFull(error.state, error.free_bytes, OTHER_DISK, lacking) from error
