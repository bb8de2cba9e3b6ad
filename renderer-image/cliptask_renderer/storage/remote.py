"""What does every store have in common whose objects are far away? Copies in scratch folders, and content small enough for memory."""

from __future__ import annotations

import io
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Self

from cliptask.errors import TransientError
from cliptask_renderer.storage.base import StoredObject, check_span
from cliptask_renderer.storage.disk_errors import disk_errors
from cliptask_renderer.storage.scratch import chosen_scratch, held


class RemoteStore(ABC):
    """The part of a ``Store`` that hangs on no storage's ways."""

    def __init__(self, scratch: Path | None) -> None:
        """``scratch``: where its scratch folders lie; None: where temporary files do (``TMPDIR``)."""
        self._scratch = scratch

    @property
    @abstractmethod
    def uri(self) -> str:
        """See ``Store``."""

    @abstractmethod
    def _upload(
        self, name: str, content: BinaryIO, metadata: Mapping[str, str] | None, *, replace: bool
    ) -> StoredObject:
        """Store what the file holds, whole or not at all."""

    @abstractmethod
    def _download(self, name: str, content: BinaryIO, span: range | None = None) -> None:
        """Write an object, or so many bytes of it. Raises ``KeyError`` where there is none."""

    def put(
        self, name: str, file: Path, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store a file's content; the file stays."""
        with _disk_errors(file), file.open("rb") as content:
            return self._upload(name, content, metadata, replace=replace)

    def put_bytes(
        self, name: str, content: bytes, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store small content."""
        return self._upload(name, io.BytesIO(content), metadata, replace=replace)

    @contextmanager
    def together(self) -> Iterator[Self]:
        """The store itself: what is written is there at once, and no disk is waited for."""
        yield self

    def read(self, name: str, span: range | None = None) -> bytes:
        """A small object's content, or so many bytes of any one: by one request. Raises ``KeyError`` where there is none."""
        content = io.BytesIO()
        self._download(name, content, None if span is None else check_span(span))
        return content.getvalue()

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A temporary copy of the object, gone afterwards. Raises ``KeyError`` where there is none."""
        with self.scratch() as folder:
            path = folder / "object"
            with _disk_errors(folder), path.open("wb") as content:
                self._download(name, content)
            yield path

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder to work in, gone afterwards."""
        if self._scratch is not None:
            with chosen_scratch(self._scratch) as work:
                yield work
            return
        with _disk_errors("the folder for temporary files"):
            folder = tempfile.TemporaryDirectory(prefix="cliptask-", ignore_cleanup_errors=True)
        with folder as path, held(Path(path)):
            yield Path(path)

    def _unlucky(self, name: str) -> TransientError:
        return TransientError(
            f"{self.uri}/{name} cannot be written: it arrives damaged, or others write and delete it at the same time; try again later"
        )


def _disk_errors(place: object) -> AbstractContextManager[None]:
    remedy = "free some space, or set TMPDIR to another folder"
    folder = place if isinstance(place, Path) else Path(tempfile.gettempdir())
    return disk_errors(f"{place} cannot be used for a copy of an object", remedy, folder)
