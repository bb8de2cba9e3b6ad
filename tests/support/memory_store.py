"""Where does everything lie in a test that has no disk? In memory, and with faults on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import google_crc32c

from cliptask_renderer.storage.base import (
    NamedObjects,
    Store,
    StoredObject,
    check_metadata,
    check_name,
    check_span,
    unexpected,
)
from support.faults import Faults


class MemoryStore:
    """A ``Store``. Calls go by the names of its methods, ``put`` being one of ``put_bytes``."""

    def __init__(self, uri: str = "gs://bucket/memory") -> None:
        self.uri = uri
        self.faults = Faults()
        self._objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self._lock = threading.RLock()

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every object whose name starts with ``prefix``, sorted by name, as they are at the first step."""
        with self._lock, self.faults.met("list"):
            found = [self._stored(name) for name in sorted(self._objects) if name.startswith(prefix)]
        yield from found

    def stat(self, name: str) -> StoredObject | None:
        """One object, or None."""
        with self._lock, self.faults.met("stat"):
            return self._stored(name) if check_name(name) in self._objects else None

    def put(
        self, name: str, file: Path, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store a file's content."""
        return self.put_bytes(name, file.read_bytes(), metadata, replace=replace)

    def put_bytes(
        self, name: str, content: bytes, metadata: Mapping[str, str] | None = None, *, replace: bool = False
    ) -> StoredObject:
        """Store small content."""
        own = check_metadata(check_name(name), metadata)
        with self._lock, self.faults.met("put_bytes"):
            return self._keep(name, content, own, replace=replace)

    def compose(
        self,
        name: str,
        head: bytes,
        parts: Sequence[tuple[NamedObjects, str]],
        metadata: Mapping[str, str] | None = None,
        *,
        crc32c: int,
        replace: bool = False,
    ) -> StoredObject:
        """Store ``head`` and what the parts hold."""
        own = check_metadata(check_name(name), metadata)
        content = head + b"".join(store.read(part) for store, part in parts)
        with self._lock, self.faults.met("compose"):
            if google_crc32c.value(content) != crc32c:
                raise unexpected(self.uri, name)
            return self._keep(name, content, own, replace=replace)

    @contextmanager
    def together(self) -> Iterator[Store]:
        """The store itself."""
        yield self

    def read(self, name: str, span: range | None = None) -> bytes:
        """A small object's content, or the span of any one's. Raises ``KeyError`` where there is none."""
        with self._lock, self.faults.met("read"):
            content = self._objects[check_name(name)][0]
            return content if span is None else content[check_span(span).start : span.stop]

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A file with the object's content. Raises ``KeyError`` where there is none."""
        content = self.read(name)
        with self.scratch() as folder:
            (folder / "object").write_bytes(content)
            yield folder / "object"

    def delete(self, name: str) -> None:
        """Remove an object; nothing happens where there is none."""
        with self._lock, self.faults.met("delete"):
            self._objects.pop(check_name(name), None)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder to work in, gone afterwards."""
        with TemporaryDirectory() as folder:
            yield Path(folder)

    def _keep(self, name: str, content: bytes, metadata: dict[str, str], *, replace: bool) -> StoredObject:
        if replace or name not in self._objects:
            self._objects[name] = content, metadata
        return self._stored(name)

    def _stored(self, name: str) -> StoredObject:
        content, metadata = self._objects[name]
        return StoredObject(name, len(content), dict(metadata))


class Fleeting(MemoryStore):
    """A store whose files meet something between the moment they are asked for and that of their use."""

    def __init__(self, meets: Callable[[Path], object]) -> None:
        super().__init__()
        self._meets = meets

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A file that has met it."""
        with super().local(name) as path:
            self._meets(path)
            yield path
